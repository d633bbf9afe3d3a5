// SPDX-License-Identifier: Apache-2.0
// What cuDNN says of kernels on GPUs that are not here.
#include "nascent/executor/cudnn/planner.hpp"

#include <array>
#include <cstdint>
#include <iostream>
#include <map>

#include "../executor/networks.hpp"
#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/efficientnet_family.hpp"
#include "nascent/zoo/efficientnet_x_family.hpp"
#include "nascent/zoo/gpunet_models.hpp"

using namespace nascent;
using cudnn::kernel_means;

namespace {

/// Every fused kernel runs, whole or in parts whose reason is given, and the parts cover the layers in order.
void check_complete(const cudnn::network_plan& plan, const network& graph, bool finalised = false) {
  std::size_t next = 0;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < plan.kernels.size(); ++i) {
    const cudnn::planned_kernel& k = plan.kernels[i];
    INFO(graph.name() << ", kernel " << k.what.signature() << ": " << k.reason);
    if (cudnn::detail::lowering::refuses(k.what.core)) {
      CHECK(!k.runs());
      CHECK(!k.reason.empty());
      next = k.what.last_layer + 1;
      ++refused;
      continue;
    }
    CHECK(k.runs());
    CHECK(k.fused_kernel < plan.fused.size());
    const bool part = (i > 0 && plan.kernels[i - 1].fused_kernel == k.fused_kernel) ||
                      (i + 1 < plan.kernels.size() && plan.kernels[i + 1].fused_kernel == k.fused_kernel);
    CHECK(part == !k.reason.empty());
    CHECK(k.what.first_layer <= next);
    next = k.what.last_layer + 1;
    if (k.means == kernel_means::engine) {
      CHECK(k.configurations >= 1);
      CHECK(!k.engines.empty());
      CHECK(k.workspace >= 0);
      CHECK(k.finalised == finalised);
    }
  }
  CHECK(next == graph.layers().size());
  CHECK(plan.precompiled() + plan.runtime_compiled() + plan.copies() == plan.kernels.size() - refused);
}

/// Every plan is made, which compiles where the engine does that.
template <class Model>
void check_model(const Model& m, int batch) {
  test::need_driver_library();
  const network graph = to_network(m);
  cudnn::planner planner(cudnn::devices::h200(), {.batch = batch});
  const cudnn::network_plan plan = planner.plan(graph);
  check_complete(plan, graph, true);
  std::cout << graph.name() << ", batch " << batch << ": " << plan.fused.size() << " fused kernels, "
            << plan.kernels.size() << " run, " << plan.precompiled() << " tuned, " << plan.runtime_compiled()
            << " compiled at run time\n";
}

cudnn::planned_kernel only_kernel(cudnn::planner& planner, const network& graph) {
  const cudnn::network_plan plan = planner.plan(graph);
  REQUIRE(plan.kernels.size() == 1);
  return plan.kernels.front();
}

network one_conv(shape input, const conv_options& o) {
  return make_network("one", input, [&](auto& net, tensor x) { net.conv(x, o); });
}

}  // namespace

TEST_CASE("planner: EfficientNet-X-B0 on an H200, batch 1", "[long]") { check_model(zoo::efficientnet_x_family[0], 1); }
TEST_CASE("planner: EfficientNet-X-B0 on an H200, batch 128", "[long]") {
  check_model(zoo::efficientnet_x_family[0], 128);
}
TEST_CASE("planner: EfficientNet-B0 on an H200, batch 1", "[long]") { check_model(zoo::efficientnet_family[0], 1); }
TEST_CASE("planner: EfficientNet-B0 on an H200, batch 128", "[long]") { check_model(zoo::efficientnet_family[0], 128); }
TEST_CASE("planner: GPUNet-0 on an H200, batch 1", "[long]") { check_model(zoo::gpunet_models[0], 1); }
TEST_CASE("planner: GPUNet-0 on an H200, batch 128", "[long]") { check_model(zoo::gpunet_models[0], 128); }
TEST_CASE("planner: GPUNet-1 on an H200, batch 1", "[long]") { check_model(zoo::gpunet_models[1], 1); }
TEST_CASE("planner: GPUNet-1 on an H200, batch 128", "[long]") { check_model(zoo::gpunet_models[1], 128); }
TEST_CASE("planner: GPUNet-2 on an H200, batch 1", "[long]") { check_model(zoo::gpunet_models[2], 1); }
TEST_CASE("planner: GPUNet-2 on an H200, batch 128", "[long]") { check_model(zoo::gpunet_models[2], 128); }

/// GPUNet-0 on every device: in every type, or in one each, by turns.
void check_devices(bool every_type) {
  test::need_driver_library();
  const network graph = to_network(zoo::gpunet_models[0]);
  constexpr std::array types{data_type::f16, data_type::bf16, data_type::f32};
  std::size_t turn = 0;
  for (const auto& [name, device] : cudnn::devices::all()) {
    for (std::size_t t = 0; t < types.size(); ++t) {
      if (!every_type && t != turn % types.size()) continue;
      cudnn::planner planner(device, {.type = types[t], .batch = 8, .finalise = false});
      INFO(name << ", " << to_string(types[t]));
      check_complete(planner.plan(graph), graph);
    }
    ++turn;
  }
}

TEST_CASE("planner: other devices and types have an engine for every kernel, or its parts") { check_devices(false); }
TEST_CASE("planner: every other device in every type has an engine for every kernel, or its parts", "[long]") {
  check_devices(true);
}

void check_random(std::uint64_t from, std::uint64_t to) {
  test::need_driver_library();
  std::map<kernel_means, int> seen;
  for (const data_type type : {data_type::f16, data_type::f32}) {
    cudnn::planner planner(cudnn::devices::h200(), {.type = type, .batch = 2, .finalise = false});
    for (std::uint64_t seed = from; seed < to; ++seed) {
      const network graph = test::random_network(seed, 3, seed % 2 == 0);
      INFO("seed " << seed << ", " << to_string(type));
      const cudnn::network_plan plan = planner.plan(graph);
      check_complete(plan, graph);
      for (const auto& k : plan.kernels) ++seen[k.means];
    }
  }
  CHECK(seen[kernel_means::engine] > 0);
  CHECK(seen[kernel_means::copies] > 0);
  CHECK(seen[kernel_means::library_call] > 0);
}

TEST_CASE("planner: random networks, the odd kernels among them") { check_random(24, 40); }
TEST_CASE("planner: more random networks, the odd kernels among them", "[long]") { check_random(0, 40); }

TEST_CASE("planner: what the tuned engines know") {
  test::need_driver_library();
  for (const int batch : {1, 128}) {
    INFO("batch " << batch);
    cudnn::planner planner(cudnn::devices::h200(), {.batch = batch, .finalise = false});
    // Convolution + bias + relu: tuned engines on tensor cores, also where SAME pads unevenly; with swish, only what is
    // compiled.
    for (const int stride : {1, 2}) {
      const auto plain =
          only_kernel(planner, one_conv({1, 56, 56, 64}, {.filters = 64, .kernel = 3, .stride = stride, .act = relu}));
      CHECK(plain.precompiled());
      CHECK(plain.chosen.tensor_cores);
      CHECK(plain.configurations >= 10);
      CHECK(
          !only_kernel(planner, one_conv({1, 56, 56, 64}, {.filters = 64, .kernel = 3, .stride = stride, .act = swish}))
               .precompiled());
    }
    // Nothing that networks are made of needs an engine of last resort.
    for (const activation act : {identity, relu, relu6, swish, hswish, sigmoid})
      CHECK(!only_kernel(planner, one_conv({1, 28, 28, 64}, {.filters = 64, .kernel = 3, .act = act})).last_resort);
    // A residual sum is tuned as well, because the graph adds it before the bias.
    const auto sum = only_kernel(planner, make_network("sum", {1, 14, 14, 96}, [](auto& net, tensor x) {
                                   net.add(net.conv(x, {.filters = 96}), x, relu);
                                 }));
    CHECK(sum.what.residual);
    CHECK(sum.precompiled());
    CHECK(sum.chosen.tensor_cores);
    // Depthwise: tuned, and on vector units (EfficientNet-X, section 3.1, and every public report).
    const auto depthwise = only_kernel(planner, make_network("dw", {1, 28, 28, 96}, [](auto& net, tensor x) {
                                         net.depthwise_conv(x, {.act = relu});
                                       }));
    CHECK(depthwise.precompiled());
    CHECK(!depthwise.chosen.tensor_cores);
    // A gate for many images.
    const network gated =
        make_network("gate", {1, 28, 28, 96}, [](auto& net, tensor x) { net.multiply(x, net.global_pool(x)); });
    CHECK(planner.plan(gated).without_means() == 0);
  }
}

TEST_CASE("planner: a depthwise convolution with swish in bf16 is two kernels, and says why") {
  test::need_driver_library();
  const network graph =
      make_network("dw", {1, 28, 28, 96}, [](auto& net, tensor x) { net.depthwise_conv(x, {.act = swish}); });
  cudnn::planner f16(cudnn::devices::h200(), {.type = data_type::f16, .finalise = false});
  CHECK(f16.plan(graph).kernels.size() == 1);
  cudnn::planner bf16(cudnn::devices::h200(), {.type = data_type::bf16, .finalise = false});
  const cudnn::network_plan plan = bf16.plan(graph);
  if (plan.kernels.size() == 1) SKIP("cuDNN " + cudnn::library_version() + " has learned it");
  REQUIRE(plan.kernels.size() == 2);
  CHECK(plan.splits() == 1);
  CHECK(plan.kernels[0].what.core.act == activation::identity);
  CHECK(plan.kernels[1].what.core.kind == layer_kind::activate);
  CHECK(plan.kernels[0].reason.find("DATA_TYPE") != std::string::npos);
  check_complete(plan, graph);
}

TEST_CASE("planner: plans are made whole") {
  test::need_driver_library();
  cudnn::planner planner(cudnn::devices::h200());
  const network graph = make_network("few", {1, 14, 14, 32}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 32, .kernel = 3, .act = relu});
    x = net.depthwise_conv(x, {.act = swish});
    net.dense(net.global_pool(x), {.units = 10});
  });
  check_complete(planner.plan(graph), graph, true);
}

TEST_CASE("planner: a workspace that is not allowed is not used") {
  test::need_driver_library();
  const network graph = one_conv({1, 48, 48, 96}, {.filters = 112});
  cudnn::planner generous(cudnn::devices::h200());
  cudnn::planner strict(cudnn::devices::h200(), {.workspace_limit = 0});
  const auto free = only_kernel(generous, graph);
  const auto none = only_kernel(strict, graph);
  CHECK(none.workspace == 0);
  CHECK(none.refused >= (free.workspace > 0 ? 1 : 0));
}

TEST_CASE("planner: a survey counts kernels over networks") {
  test::need_driver_library();
  const network a = one_conv({1, 14, 14, 32}, {.filters = 32, .act = relu});
  const network b = make_network("b", {1, 14, 14, 32}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 32, .act = relu});
    net.conv(net.conv(x, {.filters = 32, .act = relu}), {.filters = 16});
  });
  cudnn::planner planner(cudnn::devices::h200(), {.finalise = false});
  const std::vector<network> both{a, b};
  const auto kernels = planner.survey(both);
  REQUIRE(kernels.size() == 2);
  CHECK(kernels[0].occurrences == 3);
  CHECK(kernels[1].occurrences == 1);
  CHECK(kernels[1].parts.size() == 1);
}

TEST_CASE("planner: without a driver library it says what it could not ask") {
  test::need_no_driver_library();
  cudnn::planner planner(cudnn::devices::h200());
  CHECK(planner.driver() == cudnn::driver_kind::none);
  CHECK(planner.standing().find("no driver library") != std::string::npos);
  const auto tuned = only_kernel(planner, one_conv({1, 56, 56, 64}, {.filters = 64, .kernel = 3, .act = relu}));
  CHECK(tuned.precompiled());
  const auto compiled = only_kernel(planner, one_conv({1, 56, 56, 64}, {.filters = 64, .kernel = 3, .act = swish}));
  CHECK(compiled.means == kernel_means::not_asked);
  CHECK(!compiled.runs());
  CHECK(compiled.reason == "engines that are compiled at run time could not be asked, no driver library");
}
