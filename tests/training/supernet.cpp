// SPDX-License-Identifier: Apache-2.0
// Networks that run on slices of shared weights, against the same networks by themselves.
#include "nascent/training/supernet.hpp"

#undef CHECK  // PyTorch has one, too
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "refusal.hpp"
#include "supernet_space.hpp"
#include <ATen/ops/cat.h>
#include <catch2/catch_test_macros.hpp>

#include "nascent/training/trainable.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

/// Reproducible numbers in -1 to 1.
at::Tensor random_like(const at::Tensor& t, random_engine& rng) {
  const at::Tensor r = at::empty({t.numel()}, at::kDouble);
  for (std::int64_t i = 0; i < r.numel(); ++i) r.data_ptr<double>()[i] = static_cast<double>(rng() >> 11) * 0x1p-52 - 1;
  return r.view(t.sizes()).to(t.dtype());
}
at::Tensor images_for(const network& graph, int count, random_engine& rng) {
  const shape& in = graph.input();
  return random_like(at::empty({count, in.height, in.width, in.channels}), rng);
}
/// Affine parameters that are not all 1 and 0.
template <class Supernet>
void shake(const Supernet& shared, random_engine& rng) {
  const at::NoGradGuard off;
  for (const named_tensor& t : shared.tensors())
    if (t.role != parameter_role::kernel) t.value.add_(random_like(t.value, rng), 0.3);
}
double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / (1e-12 + b.abs().max().item<double>());
}
template <class Supernet>
std::vector<at::Tensor> gradients(const Supernet& shared) {
  std::vector<at::Tensor> all;
  for (const named_tensor& t : shared.tensors()) {
    all.push_back(t.value.grad().defined() ? t.value.grad().clone() : at::Tensor());
    t.value.mutable_grad().reset();
  }
  return all;
}
/// Of `test::supernet_space` by ranks of options: all the same.
auto candidate_with(auto&& option) {
  auto c = test::supernet_space.undecided();
  for (std::size_t k = 0; k < c.digits.size(); ++k)
    if (test::supernet_space.is_active(c, k))
      c.digits[k] = static_cast<digit>(
          option(std::string(test::supernet_space.slot(k).path.view()), test::supernet_space.slot(k).options));
  test::supernet_space.validate(c);
  return c;
}
/// The largest of each field; no layer is skipped.
auto largest() {
  return candidate_with([](const std::string& path, int options) { return path.ends_with("block") ? 0 : options - 1; });
}

template <class Space>
void check_against_trainable(const Space& space, int samples, std::uint64_t seed) {
  for (const auto sharing : {weight_sharing::within_alternatives, weight_sharing::between_alternatives}) {
    for (const bool again : {false, true}) {
      random_engine rng(seed);
      const supernet shared(space, {.sharing = sharing, .seed = seed, .rematerialize = again});
      shake(shared, rng);
      for (int i = 0; i < samples; ++i) {
        const auto c = space.sample(rng);
        const network graph = to_network(space, c);
        INFO("space '" << space.name() << "', sample " << i << " of seed " << seed);
        const at::Tensor images = images_for(graph, 4, rng);
        const trainable alone(graph, shared.parameters_of(c));
        CHECK(distance(shared.forward(c, images).front(), alone.forward(images, true).front()) <= 1e-5);
      }
    }
  }
}

}  // namespace

TEST_CASE("supernet: a candidate's outputs are those of its network by itself with copies of the slices") {
  check_against_trainable(test::supernet_space, 25, 3);
}

TEST_CASE("supernet: so are those of the spaces of TuNAS", "[long]") {
  constexpr auto small = define([] {
    return search_space("ProxylessNAS, small")
        .input(3, 32)
        .stage("stem", conv{.filters = 8})
        .stage("1",
               either(mbconv{.filters = 16, .kernel = one_of(3, 5, 7), .expand = one_of(1, 3, 6), .se = one_of(0, .25)},
                      skip{}))
        .stride(2)
        .layers(independent(4))
        .stage("2", either(fused_mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = one_of(1, 2)},
                           mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = one_of(1, 2)}))
        .layers(range(1, 3))
        .skip(one_of("none", "1"), residual::strided)
        .head(conv{.filters = 32}, global_pool{}, dense{10});
  });
  check_against_trainable(small, 40, 4);
}

TEST_CASE("supernet: the largest network has all weights") {
  const supernet shared(test::supernet_space);
  std::int64_t numbers = 0;
  for (const named_tensor& t : shared.slices(largest())) numbers += t.value.numel();
  CHECK(numbers == shared.layout().params());
  std::int64_t all = 0;
  for (const named_tensor& t : shared.tensors()) all += t.value.numel();
  CHECK(all == shared.layout().params());
}

TEST_CASE("supernet: what is written through one slice is read by another") {
  const supernet shared(test::supernet_space);
  const auto large = largest();
  const auto small = candidate_with([](const std::string& path, int options) {
    return path.ends_with("block") || path.ends_with("kernel") || path.ends_with("stem.filters") ? 0 : options - 1;
  });
  const auto kernels = [&](const auto& c) {
    std::vector<at::Tensor> all;
    for (const named_tensor& t : shared.slices(c))
      if (t.name.ends_with("kernel")) all.push_back(t.value);
    return all;
  };
  // Stem; then expansion, depthwise kernel and projection of layer 0 of stage "1".
  const std::vector<at::Tensor> of_large = kernels(large);
  const std::vector<at::Tensor> of_small = kernels(small);
  REQUIRE(of_large[2].sizes() == at::IntArrayRef({36, 5, 5, 1}));
  REQUIRE(of_small[2].sizes() == at::IntArrayRef({24, 3, 3, 1}));
  of_small[2].fill_(7);
  const at::Tensor& kernel = of_large[2];
  CHECK(kernel.narrow(0, 0, 24).narrow(1, 1, 3).narrow(2, 1, 3).eq(7).all().item<bool>());
  CHECK(kernel.eq(7).sum().item<std::int64_t>() == 24 * 9);
  of_large[1].fill_(-2);
  CHECK(of_small[1].eq(-2).all().item<bool>());
  CHECK(of_small[1].sizes() == at::IntArrayRef({24, 1, 1, 8}));

  const supernet apart(test::supernet_space, {.sharing = weight_sharing::within_alternatives});
  const at::Tensor own = apart.slices(large)[6].value;
  const at::Tensor other = apart.slices(small)[6].value;
  REQUIRE(own.dim() == 4);
  own.fill_(5);
  CHECK_FALSE(other.eq(5).any().item<bool>());
}

// In double precision, along one random direction for each tensor.
TEST_CASE("supernet: gradients are what finite differences say, recomputed or not, averaged or not") {
  const std::vector<layer_position> positions{{2, 1}, {2, 2}, {3, 0}};
  for (const bool again : {false, true})
    for (const bool averages : {false, true}) {
      random_engine rng(11);
      const supernet shared(test::supernet_space, {.seed = 5, .rematerialize = again});
      shake(shared, rng);
      for (const named_tensor& t : shared.tensors()) t.value.set_data(t.value.detach().to(at::kDouble));
      const auto c = test::supernet_space.sample(rng);
      const supernet_plan plan = shared.plan(c, averages ? std::span(positions) : std::span<const layer_position>());
      const at::Tensor images = images_for(plan.graph(), 5, rng).to(at::kDouble);
      const at::Tensor weights = random_like(shared.forward(plan, images).front().detach(), rng);
      const auto loss = [&] { return (shared.forward(plan, images).front() * weights).sum(); };
      loss().backward();
      const std::vector<at::Tensor> found = gradients(shared);
      const at::NoGradGuard off;
      std::size_t used = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i].defined()) continue;
        ++used;
        const at::Tensor& w = shared.tensors()[i].value;
        INFO(shared.tensors()[i].name << ", recomputed " << again << ", averaged " << averages);
        const at::Tensor direction = random_like(w, rng);
        constexpr double h = 1e-7;
        w.add_(direction, h);
        const double above = loss().item<double>();
        w.add_(direction, -2 * h);
        const double below = loss().item<double>();
        w.add_(direction, h);
        const double expected = (above - below) / (2 * h);
        CHECK(std::abs((found[i] * direction).sum().item<double>() - expected) <= 1e-5 * (1 + std::abs(expected)));
      }
      CHECK(used > 10);
    }
}

TEST_CASE("supernet: recomputed gradients are those that are kept") {
  double worst = 0;
  const auto check = [&](const auto& space, std::uint64_t seed) {
    const supernet kept(space, {.seed = seed});
    const supernet again(space, {.seed = seed, .rematerialize = true});
    random_engine rng(seed);
    for (int i = 0; i < 6; ++i) {
      const auto c = space.sample(rng);
      std::vector<layer_position> positions;
      if (i % 2 == 0)
        for (int stage = 1; stage < 6; ++stage)
          for (int layer = 0; layer < 4; ++layer) positions.push_back({stage, layer});
      const supernet_plan plan = kept.plan(c, positions);
      const at::Tensor images = images_for(plan.graph(), 6, rng);
      const at::Tensor y = kept.forward(plan, images).front();
      const at::Tensor weights = random_like(y.detach(), rng);
      (y * weights).sum().backward();
      const at::Tensor z = again.forward(again.plan(c, positions), images).front();
      CHECK(distance(z.detach(), y.detach()) <= 1e-6);
      (z * weights).sum().backward();
      // Some gradients are 0 but for rounding, as of a shift before a normalisation: all are seen beside the largest.
      const auto a = gradients(kept);
      const auto b = gradients(again);
      double largest = 0;
      double apart = 0;
      for (std::size_t k = 0; k < a.size(); ++k) {
        INFO(kept.tensors()[k].name);
        REQUIRE(a[k].defined() == b[k].defined());
        if (!a[k].defined()) continue;
        largest = std::max(largest, a[k].abs().max().item().toDouble());
        apart = std::max(apart, (a[k] - b[k]).abs().max().item().toDouble());
      }
      CHECK(apart <= 1e-5 * largest);
      worst = std::max(worst, apart / largest);
    }
  };
  check(test::supernet_space, 21);
  std::cout << "largest distance between gradients " << worst << "\n";
}

// What follows the last block is linear: the average of maps is that of outputs.
TEST_CASE("supernet: an averaged layer is the mean of its operations") {
  const supernet shared(test::supernet_space, {.seed = 9});
  const auto with = [](int gate) {
    return candidate_with([&](const std::string& path, int options) {
      if (path.ends_with("gate")) return gate;
      return path.ends_with("block") || path.ends_with("layers") ? 0 : options - 1;
    });
  };
  random_engine rng(2);
  const std::vector<layer_position> last{{3, 0}};
  const supernet_plan plan = shared.plan(with(0), last);
  const at::Tensor images = images_for(plan.graph(), 8, rng);
  const at::NoGradGuard off;
  const at::Tensor mean = (shared.forward(with(0), images).front() + shared.forward(with(1), images).front()) / 2;
  CHECK(distance(shared.forward(plan, images).front(), mean) <= 1e-5);
  CHECK(distance(shared.forward(with(0), images).front(), mean) > 1e-3);
}

// Of a layer that may be skipped the map itself is one of five.
TEST_CASE("supernet: a skipped layer that is averaged runs all the same") {
  const supernet shared(test::supernet_space, {.seed = 9});
  const auto with = [](int block) {
    return candidate_with([&](const std::string& path, int options) {
      return path == "1[2].block" ? block : path.ends_with("block") ? 0 : options - 1;
    });
  };
  random_engine rng(2);
  const std::vector<layer_position> here{{2, 2}};
  const supernet_plan skipped = shared.plan(with(1), here);
  const supernet_plan not_skipped = shared.plan(with(0), here);
  const at::Tensor images = images_for(skipped.graph(), 8, rng);
  const at::NoGradGuard off;
  CHECK(distance(shared.forward(skipped, images).front(), shared.forward(not_skipped, images).front()) <= 1e-6);
  double most = 0;
  for (const at::Tensor& t : shared.used(skipped))
    if (t.defined()) most = std::max(most, t.min().item<double>());
  CHECK(most == 1);
}

TEST_CASE("supernet: only what is used is regularised") {
  const supernet shared(test::supernet_space);
  const auto c = candidate_with([](const std::string& path, int) { return path == "1[1].block" ? 1 : 0; });
  const auto shares = shared.used(shared.plan(c));
  std::int64_t numbers = 0;
  for (const at::Tensor& t : shares)
    if (t.defined()) numbers += t.sum().item<double>() == 0 ? 0 : t.eq(1).sum().item<std::int64_t>();
  std::int64_t kernels = 0;
  for (const named_tensor& t : shared.slices(c))
    if (t.role == parameter_role::kernel) kernels += t.value.numel();
  CHECK(numbers == kernels);
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (shared.tensors()[i].name.starts_with("stage 1, layer 1,")) CHECK_FALSE(shares[i].defined());
  // Averaged over kernels 3 and 5, expansions 2 and 3, and the skip: an outer tap of the last channel is in one of
  // five.
  const std::vector<layer_position> here{{2, 1}};
  const auto averaged = shared.used(shared.plan(c, here));
  for (std::size_t i = 0; i < averaged.size(); ++i)
    if (shared.tensors()[i].name == "stage 1, layer 1, place 1.kernel") {
      REQUIRE(averaged[i].defined());
      CHECK(std::abs(averaged[i].max().item<double>() - 0.2) < 1e-6);
    }
}

TEST_CASE("supernet: what does not fit is refused by name") {
  using test::refusal;
  CHECK(refusal([] { supernet(test::supernet_space, {.device = "abacus"}); }).starts_with("training.device"));
  CHECK(refusal([] { supernet(test::supernet_space, {.epsilon = 0}); }).starts_with("training.option"));
  const supernet shared(test::supernet_space);
  CHECK(refusal([&] { shared.forward(largest(), at::empty({2, 8, 9, 2})); }).starts_with("training.images"));
}
