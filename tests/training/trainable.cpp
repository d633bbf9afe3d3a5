// SPDX-License-Identifier: Apache-2.0
// The layers in PyTorch's words against the reference executor's, and their gradients against finite differences.
#include "nascent/training/trainable.hpp"

#undef CHECK  // PyTorch has one, too
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "../executor/networks.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/reference.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

at::Tensor images_of(const network& graph, const std::vector<float>& numbers, int batch) {
  const shape& in = graph.input();
  return at::from_blob(const_cast<float*>(numbers.data()), {batch, in.height, in.width, in.channels}).clone();
}

std::vector<float> outputs_of(const trainable& model, const at::Tensor& images) {
  const at::NoGradGuard off;
  std::vector<float> all;
  for (const at::Tensor& o : model.forward(images, false)) {
    const at::Tensor numbers = o.contiguous();
    all.insert(all.end(), numbers.data_ptr<float>(), numbers.data_ptr<float>() + numbers.numel());
  }
  return all;
}

/// How far the outputs for two images are from the reference executor's with the folded weights.
double distance_to_reference(const network& graph, std::uint64_t seed) {
  const trainable model(graph, random_parameters(graph, seed));
  const std::vector<float> in = test::random_numbers(test::input_size(graph, 2), seed);
  return test::distance(outputs_of(model, images_of(graph, in, 2)),
                        test::run_once(reference::executor{}, graph, model.to_weights(), in, 2));
}

/// One of each kind of layer whose words take arguments.
network every_kind() {
  return make_network("every kind", {1, 8, 8, 6}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 6, .kernel = 3, .stride = 2, .groups = 2, .act = swish});
    x = net.resize(x, {.scale = 2, .how = interpolation::bilinear});
    x = net.depthwise_conv(x, {.kernel = {3, 5}, .dilation = 2, .act = mish, .bias = true, .batch_norm = true});
    x = net.transposed_conv(
        x, {.filters = 6, .kernel = 3, .stride = 2, .padding = 1, .groups = 2, .act = activation::tanh});
    x = net.add(net.max_pool(x, {.kernel = 3, .stride = 2}), net.average_pool(x, {.kernel = 3, .stride = 2}), gelu);
    x = net.prelu(net.channel_shuffle(x, 3));
    x = net.layer_norm(x, {});
    x = net.group_norm(x, {.groups = 2, .act = {elu, 0.7}});
    x = net.rms_norm(x, {});
    x = net.layer_scale(net.batch_norm(x, softplus));
    x = net.batch_to_space(net.conv(net.space_to_batch(x, 2), {.filters = 4, .act = hswish}), 2);
    x = net.slice(net.pad(net.space_to_depth(x, 2), {.top = 1, .left = 2}), 1, 8);
    x = net.resize(x, {.height = 4, .width = 5});
    x = net.position_embedding(x);
    x = net.class_token(net.tokens(x));
    x = net.matmul(net.channel_softmax(net.scores(x, x, 2), 2), x, 2);
    x = net.reshape(net.transpose(x), 4, 2, x.height * x.width);
    tensor gate = net.softmax(net.conv(net.global_pool(x), {.filters = 2 * x.channels, .bias = true}), 2);
    x = net.concatenate(net.multiply(x, net.slice(gate, 0, x.channels)), x);
    net.dense(net.global_pool(x), {.units = 5, .act = {leaky_relu, 0.2}});
  });
}

}  // namespace

TEST_CASE("trainable: networks of spaces give what the reference executor gives with the folded weights") {
  random_engine rng(5);
  for (int i = 0; i < 3; ++i) {
    const network one = to_network(scaled(zoo::gpunet.sample(rng), {.width = 0.25, .depth = 1, .resolution = 32}));
    INFO("GPUNet, sample " << i << " of seed 5");
    CHECK(distance_to_reference(one, 11) <= 1e-4);
    const network other =
        to_network(scaled(zoo::mobilenet_v3_like.sample(rng), {.width = 0.25, .depth = 1, .resolution = 48}));
    INFO("TuNAS, sample " << i << " of seed 5");
    CHECK(distance_to_reference(other, 12) <= 1e-4);
  }
}

TEST_CASE("trainable: random networks with every kind of layer agree with the reference executor") {
  std::set<layer_kind> seen;
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    const network graph = seed % 5 == 0 ? test::random_detector(seed) : test::random_network(seed, 3, seed % 2 == 0);
    if (graph.layers().empty()) continue;
    for (const layer& l : graph.layers()) seen.insert(l.kind);
    const double found = distance_to_reference(graph, seed);
    CHECK(found <= 1e-4);
    worst = std::max(worst, found);
  }
  std::cout << "largest distance " << worst << "\n";
  CHECK(seen.size() == 32);
}

// In double precision, along one random direction for each tensor.
TEST_CASE("trainable: gradients are what finite differences say") {
  const network graph = every_kind();
  for (const bool training : {true, false}) {
    const trainable model(graph, random_parameters(graph, 3));
    for (const named_tensor& t : model.tensors()) t.value.set_data(t.value.detach().to(at::kDouble));
    const std::vector<float> numbers = test::random_numbers(test::input_size(graph, 3), 4);
    const at::Tensor images = images_of(graph, numbers, 3).to(at::kDouble);
    test::dice roll(6);
    const auto random_like = [&](const at::Tensor& t) {
      const at::Tensor r = at::empty({t.numel()}, at::kDouble);
      for (std::int64_t i = 0; i < r.numel(); ++i) r.data_ptr<double>()[i] = static_cast<double>(roll.real());
      return r.view(t.sizes());
    };
    const at::Tensor weights = random_like(model.forward(images, training).front());
    const auto loss = [&] { return (model.forward(images, training).front() * weights).sum(); };
    loss().backward();
    const at::NoGradGuard off;
    for (const named_tensor& t : model.tensors()) {
      if (t.role == parameter_role::statistic) continue;
      INFO((training ? "training, " : "inference, ") << t.name);
      REQUIRE(t.value.grad().defined());
      const at::Tensor direction = random_like(t.value);
      constexpr double h = 1e-6;
      t.value.add_(direction, h);
      const double above = loss().item<double>();
      t.value.add_(direction, -2 * h);
      const double below = loss().item<double>();
      t.value.add_(direction, h);
      const double expected = (above - below) / (2 * h);
      const double found = (t.value.grad() * direction).sum().item<double>();
      CHECK(std::abs(found - expected) <= 1e-5 * (1 + std::abs(expected)));
    }
  }
}

TEST_CASE("trainable: training normalises by the batch, and averages its mean and variance") {
  const network graph = make_network("one", {1, 1, 1, 1}, [](auto& net, tensor x) { net.batch_norm(x, identity); });
  const trainable model(graph, 0, {.averaging = 0.75});
  const std::vector<float> values{1, 3, 5, 11};  // mean 5, deviations -4, -2, 0, 6: variance 14, of a sample 56 / 3
  const at::Tensor y = model.forward(images_of(graph, values, 4), true).front().detach().reshape({4});
  const float root = std::sqrt(14.0F + usual_epsilon);
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(y.data_ptr<float>()[i] - (values[i] - 5) / root) < 1e-5F);
  const layer_parameters after = model.to_parameters().front();
  CHECK(std::abs(after.norm.mean[0] - 0.25F * 5) < 1e-5F);
  CHECK(std::abs(after.norm.variance[0] - (0.75F + 0.25F * 56 / 3)) < 1e-5F);
}

// Window partition as Swin's authors and timm write it, and attention inside each window, by PyTorch.
TEST_CASE("trainable: attention in windows is that of PyTorch") {
  constexpr int side = 12, n = 4, channels = 10, heads = 2;
  const network graph = make_network("windows", {1, side, side, channels}, [](auto& net, tensor x) {
    x = net.windows(x, n);
    x = net.matmul(net.channel_softmax(net.scores(x, x, heads), heads), x, heads);
    net.join_windows(x, side, side);
  });
  const at::Tensor images = images_of(graph, test::random_numbers(test::input_size(graph, 3), 7), 3);  // NHWC
  const at::Tensor x = images.view({3, side / n, n, side / n, n, channels}).permute({0, 1, 3, 2, 4, 5});
  const at::Tensor tokens = x.reshape({-1, n * n, heads, channels / heads}).transpose(1, 2);
  const at::Tensor shares = (tokens.matmul(tokens.transpose(2, 3)) / std::sqrt(channels / heads)).softmax(3);
  const at::Tensor attended = shares.matmul(tokens).transpose(1, 2);
  const at::Tensor expected = attended.reshape({3, side / n, side / n, n, n, channels})
                                  .permute({0, 1, 3, 2, 4, 5})
                                  .reshape({3, side, side, channels});
  const std::vector<float> in(images.data_ptr<float>(), images.data_ptr<float>() + images.numel());
  const at::Tensor wanted = expected.contiguous();
  const std::vector<float> out(wanted.data_ptr<float>(), wanted.data_ptr<float>() + wanted.numel());
  CHECK(test::distance(outputs_of(trainable(graph, 0), images), out) < 1e-5);
  CHECK(test::distance(test::run_once(reference::executor{}, graph, weights(graph.layers().size()), in, 3), out) <
        1e-5);
}

TEST_CASE("trainable: parameters come back bit by bit") {
  const network graph = every_kind();
  const network_parameters given = random_parameters(graph, 8);
  const network_parameters back = trainable(graph, given).to_parameters();
  REQUIRE(back.size() == given.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    CHECK(back[i].kernel == given[i].kernel);
    CHECK(back[i].bias == given[i].bias);
    CHECK(back[i].norm.gamma == given[i].norm.gamma);
    CHECK(back[i].norm.beta == given[i].norm.beta);
    CHECK(back[i].norm.mean == given[i].norm.mean);
    CHECK(back[i].norm.variance == given[i].norm.variance);
  }
}

TEST_CASE("trainable: what does not fit is refused by name") {
  const network graph = every_kind();
  using test::refusal;
  CHECK(refusal([&] { trainable(graph, network_parameters(3)); }).starts_with("network.parameters"));
  const std::string device = refusal([&] { trainable(graph, 0, {.device = "abacus"}); });
  CHECK(device.starts_with("training.device"));
  CHECK(device.find("'abacus'") != std::string::npos);
  CHECK(refusal([&] { trainable(graph, 0, {.averaging = 1}); }).starts_with("training.option"));
  const trainable model(graph);
  const std::string shape = refusal([&] { model.forward(at::empty({2, 8, 9, 6}), false); });
  CHECK(shape.starts_with("training.images"));
  CHECK(shape.find("found 2 x 8 x 9 x 6; allowed: images x 8 x 8 x 6") != std::string::npos);
}
