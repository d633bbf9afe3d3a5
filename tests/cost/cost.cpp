// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/cost.hpp"

#include <array>
#include <string>
#include <vector>

#include "../space/literature.hpp"
#include "../space/spaces.hpp"
#include "published.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/network/kernel.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;
using namespace test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;
using Catch::Matchers::WithinRel;

namespace Catch {

template <>
struct StringMaker<costs> {
  static std::string convert(const costs& c) {
    return std::to_string(c.params) + " params, " + std::to_string(c.macs) + " MACs, " + std::to_string(c.activations) +
           " activations, " + std::to_string(c.layers) + " layers, " + std::to_string(c.traffic) + " bytes for " +
           std::to_string(c.batch);
  }
};

}  // namespace Catch

namespace {

/// The same costs by another way: over the graph, from its fused kernels.
template <class Candidate>
costs costs_of_graph(const Candidate& c, cost_options options) {
  const network graph = to_network(c);
  costs sum;
  sum.batch = options.batch;
  for (const layer& l : graph.layers()) {
    sum.params += params(l);
    sum.macs += macs(l);
    sum.activations += activations(l);
    ++sum.layers;
  }
  for (const kernel& k : fuse(graph)) sum.traffic += traffic(k, options.type, options.batch);
  return sum;
}

}  // namespace

// --- published networks

TEST_CASE("EfficientNet-B0, in a constant expression") {
  constexpr counts b0 = count(zoo::efficientnet_b0.only());
  STATIC_CHECK(b0.params == 5'288'548);
  STATIC_CHECK(b0.macs == 385'814'752);
}

TEST_CASE("EfficientNet-B0 to B7 by compound scaling") {
  for (const auto& [width, depth, resolution, params, macs] : published::efficientnets) {
    CAPTURE(width, depth, resolution);
    const counts c = count(scaled(zoo::efficientnet_b0.only(), {width, depth, resolution}));
    CHECK(c.params == params);
    CHECK(c.macs == macs);
  }
}

TEST_CASE("EfficientNet-X-B0 layer by layer") {
  const network graph = to_network(zoo::efficientnet_x_b0.only());
  std::vector<published::layer_counts> rows;
  bool gate = false;  // both convolutions of a squeeze-and-excite are one row
  for (const layer& l : graph.layers()) {
    if (!l.has_weights()) continue;
    const bool excites = gate;
    gate = l.kind == layer_kind::convolution && l.bias && !excites;
    if (excites) rows.back() = {rows.back().params + params(l), rows.back().macs + macs(l)};
    else rows.push_back({params(l), macs(l)});
  }
  REQUIRE(rows.size() == published::efficientnet_x_b0.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(rows[i].params == published::efficientnet_x_b0[i].params);
    CHECK(rows[i].macs == published::efficientnet_x_b0[i].macs);
  }
  constexpr counts total = count(zoo::efficientnet_x_b0.only());
  STATIC_CHECK(total.params == 7'584'104);
  STATIC_CHECK(total.macs == 920'421'088);
}

// GPUNet-2 is in the printed space, but for its head of 1280 filters instead of 1792, and with SAME padding: released,
// its strided fused convolutions have none, and fewer MACs (tests/zoo/gpunet_models.cpp).
TEST_CASE("GPUNet-2 is a vector of the paper's encoding") {
  constexpr std::array<int, 41> vector{5,                  // 384 px
                                       1,                  // stem of 32
                                       0, 0, 2,            // kernel 3, relu, 3 layers
                                       0, 1, 4, 1, 1, 0,   // 32 filters, kernel 5, expansion 6, SE, swish, 1 layer
                                       4, 0, 1, 0, 1, 2,   // 112, 3, 3, -, swish, 3
                                       3, 0, 4, 0, 1, 5,   // 144, 3, 6, -, swish, 6
                                       3, 1, 1, 0, 0, 4,   // 160, 5, 3, -, relu, 4
                                       3, 0, 1, 1, 1, 7,   // 224, 3, 3, SE, swish, 8
                                       9, 1, 0, 0, 0, 7};  // 832, 5, 2, -, relu, 7
  constexpr counts found = count(zoo::gpunet_encoded.decode(vector));
  const auto head_params = [](std::int64_t filters) { return 832 * filters + 2 * filters + filters * 1000 + 1000; };
  const auto head_macs = [](std::int64_t filters) { return 12 * 12 * 832 * filters + filters * 1000; };
  CHECK(found.params - head_params(1792) + head_params(1280) == 25'798'704);
  CHECK(found.macs - head_macs(1792) + head_macs(1280) == 8'708'618'240);
}

namespace {

template <class Ratio>
constexpr auto resnet_plan(const char* name, Ratio ratio, int groups) {
  const auto block = [=](int filters) { return bottleneck{.filters = filters, .ratio = ratio, .groups = groups}; };
  return search_space(name)
      .input(3, 224)
      .stage("stem", conv{.filters = 64, .kernel = 7})
      .stride(2)
      .stage("pool", max_pool{.kernel = 3})
      .stride(2)
      .stage("1", block(256))
      .layers(3)
      .stage("2", block(512))
      .stride(2)
      .layers(4)
      .stage("3", block(1024))
      .stride(2)
      .layers(6)
      .stage("4", block(2048))
      .stride(2)
      .layers(3)
      .head(global_pool{}, dense{1000});
}

}  // namespace

// torchvision: resnet50 has 25557032 parameters and 4.089 G multiply-adds, resnext50_32x4d 25028904.
TEST_CASE("ResNet-50 and ResNeXt-50") {
  constexpr auto resnet = define([] { return resnet_plan("ResNet-50", .25, 1); });
  constexpr auto resnext = define([] { return resnet_plan("ResNeXt-50", .5, 32); });
  STATIC_CHECK(count(resnet.only()).params == 25'557'032);
  STATIC_CHECK(count(resnet.only()).macs == 4'089'184'256);
  STATIC_CHECK(count(resnext.only()).params == 25'028'904);
}

// After huggingface/pytorch-image-models timm/models/regnet.py (Apache-2.0).
TEST_CASE("RegNetY-800MF: bottlenecks of ratio 1 in groups of 16 channels") {
  constexpr auto space = define([] {
    constexpr auto block = [](int filters) {
      return bottleneck{.filters = filters, .ratio = 1, .groups = filters / 16, .se = .25};
    };
    return search_space("RegNetY-800MF")
        .input(3, 224)
        .stage("stem", conv{.filters = 32})
        .stride(2)
        .stage("1", block(64))
        .stride(2)
        .stage("2", block(128))
        .stride(2)
        .layers(3)
        .stage("3", block(320))
        .stride(2)
        .layers(8)
        .stage("4", block(768))
        .stride(2)
        .layers(2)
        .head(global_pool{}, dense{1000});
  });
  STATIC_CHECK(count(space.only()).params == 6'263'168);
  STATIC_CHECK(count(space.only()).macs == 797'176'832);
}

// --- published benchmarks

namespace {

/// What Accel-NASBench calls MACs: four more for every output of a batch normalisation, and the inputs and outputs of
/// global pools.
struct accel_macs {
  std::int64_t sum = 0;
  void operator()(const layer& l) {
    sum += macs(l);
    if (l.batch_norm) sum += 4 * l.output.elements();
    if (l.kind == layer_kind::global_average_pool) sum += l.input.elements() + l.output.elements();
  }
};

}  // namespace

TEST_CASE("Accel-NASBench: parameters, and MACs by its own rule") {
  for (const auto& [stages, macs, params] : published::accel_nasbench) {
    std::vector<int> vector;
    for (const auto& [expand, kernel, layers, se] : stages)
      vector.insert(vector.end(), {kernel == 5, expand / 3, se, layers - 1});
    CAPTURE(vector);
    const auto c = accel_nasbench.decode(vector);
    CHECK(count(c).params == params);
    accel_macs rule;
    net<accel_macs> n(rule);
    build(c, n);
    CHECK(rule.sum == macs);
  }
}

// --- counting

TEMPLATE_TEST_CASE("costs of a candidate are those of its graph, traffic that of its fused kernels", "",
                   decltype(zoo::gpunet), decltype(zoo::once_for_all), decltype(zoo::mobilenet_v3_like),
                   decltype(zoo::efficientnet_x), decltype(connected::space), decltype(alternating::space)) {
  constexpr std::remove_const_t<TestType> space;
  constexpr std::uint64_t seed = 55;
  CAPTURE(seed);
  random_engine rng(seed);
  for (int i = 0; i < 200; ++i) {
    const auto c = space.sample(rng);
    CAPTURE(c);
    for (const cost_options options : {cost_options{}, cost_options{data_type::bf16, 128}}) {
      REQUIRE(cost(c, options) == costs_of_graph(c, options));
      const auto larger = scaled(c, {.width = 1.2, .depth = 1.5, .resolution = 260});
      REQUIRE(cost(larger, options) == costs_of_graph(larger, options));
    }
    const costs whole = cost(c);
    REQUIRE(count(c) == counts{whole.params, whole.macs, whole.layers});
  }
}

TEST_CASE("every candidate of the small spaces costs what its graph costs") {
  const auto check = [](const auto& space) {
    for (const auto& c : all_candidates(space)) REQUIRE(cost(c) == costs_of_graph(c, {}));
  };
  std::apply([&](const auto&... described) { (check(described.space), ...); }, small_spaces{});
}

namespace {

/// Adds a map to itself, and begins with that sum.
struct doubling {
  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.add(input, input);
    return net.conv(x, {.filters = input.channels, .stride = stride});
  }
};

}  // namespace

TEST_CASE("a sum of a map with itself joins no convolution") {
  constexpr auto space = define([] {
    return search_space("doubling")
        .input(3, 8)
        .stage("1", conv{.filters = 8, .act = nascent::identity})
        .stage("2", doubling{})
        .layers(range(1, 4));
  });
  for (const auto& c : all_candidates(space)) CHECK(cost(c) == costs_of_graph(c, {}));
}

TEST_CASE("traffic grows with the batch but for the weights, and halves with 16 bits") {
  const auto c = zoo::efficientnet_b0.only();
  const std::int64_t one = cost(c).traffic;
  const std::int64_t two = cost(c, {.batch = 2}).traffic;
  const std::int64_t three = cost(c, {.batch = 3}).traffic;
  CHECK(three - two == two - one);
  // What does not grow: every weight, and one shift for each output of a normalised or biased layer.
  std::int64_t constants = 0;
  const network graph = to_network(c);
  for (const layer& l : graph.layers())
    constants += weight_elements(l) + (l.bias || l.batch_norm ? l.output.channels : 0);
  CHECK(one - (two - one) == 4 * constants);
  CHECK(cost(c, {.type = data_type::bf16}).traffic * 2 == one);
  CHECK(cost(c, {.type = data_type::int8}).traffic * 4 == one);
  CHECK(cost(c, {.batch = 2}).macs == cost(c).macs);  // counts are for one image
}

TEST_CASE("operational intensity: two operations per multiply-add, over bytes") {
  const auto c = zoo::efficientnet_b0.only();
  const costs found = cost(c, {data_type::bf16, 128});
  CHECK_THAT(found.operational_intensity(),
             WithinRel(2. * 385'814'752 * 128 / static_cast<double>(found.traffic), 1e-12));
  CHECK(found.operational_intensity() > cost(c, {data_type::bf16, 1}).operational_intensity());
  CHECK(costs{}.operational_intensity() == 0);
}

// EfficientNet-X paper, section 3: its network does more work for each byte.
TEST_CASE("EfficientNet-X-B0 has a higher operational intensity than EfficientNet-B0") {
  constexpr cost_options batch{data_type::bf16, 128};
  CHECK(cost(zoo::efficientnet_x_b0.only(), batch).operational_intensity() >
        1.5 * cost(zoo::efficientnet_b0.only(), batch).operational_intensity());
}

// timm's results file lists 6.75 M activations for efficientnet_b0 at 224 px: outputs of convolutions and of
// the classifier.
TEST_CASE("activations are the outputs of convolutions and dense layers") {
  const costs b0 = cost(zoo::efficientnet_b0.only());
  CHECK_THAT(static_cast<double>(b0.activations), WithinRel(6.75e6, 0.001));
}

namespace {

/// Its last window has no padding, and does not fit into a small map.
inline constexpr auto windows = define([] {
  return search_space("windows")
      .input(3, 32)
      .stage("1", conv{.filters = 8})
      .stride(2)
      .stage("2", conv{.filters = 8, .kernel = 5, .pad = padding::valid})
      .head(global_pool{}, dense{10});
});

}  // namespace

TEST_CASE("a candidate that cannot exist is an error that names the stage") {
  const auto small = scaled(windows.only(), {.resolution = 8});
  CHECK_THROWS_MATCHES(count(small), space_error,
                       Message("nascent: space 'windows', stage 2: found 4 against 5; "
                               "allowed: a feature map of 1x1 or more; use a larger input, or padding"));
  CHECK_THROWS_AS(cost(small), space_error);
}

TEST_CASE("a width that wraps around to a small one is refused") {
  constexpr auto space = define([] {
    return search_space("wrapping")
        .input(3, 8)
        .stage("stem", conv{.filters = 16})
        .stage("1", mbconv{.filters = 16, .expand = one_of(1, (1 << 28) + 1)})  // 16 times that is 2^32 + 16
        .head(global_pool{}, dense{10});
  });
  CHECK(count(space.unrank(0)).params > 0);
  CHECK_THROWS_MATCHES(count(space.unrank(1)), space_error,
                       MessageMatches(ContainsSubstring("stage 1: found 2147483647")));
  CHECK_THROWS_AS(cost(space.unrank(1)), space_error);
}

TEST_CASE("counts that 64 bits do not hold are refused by name") {
  const auto b0 = zoo::efficientnet_b0.only();
  CHECK_THROWS_MATCHES(
      count(scaled_candidate<std::remove_cvref_t<decltype(zoo::efficientnet_b0)>>{b0, {.resolution = 2147483647}}),
      space_error, MessageMatches(ContainsSubstring("resolution: found 2147483647; allowed: 1 to 65536")));
  CHECK(count(scaled(b0, {.resolution = 16384})).macs > 0);
  CHECK_THROWS_MATCHES(count(scaled(b0, {.width = 10'000})), space_error,
                       MessageMatches(ContainsSubstring("network") || ContainsSubstring("allowed")));
  CHECK_THROWS_MATCHES(count(scaled(b0, {.depth = 10'000})), space_error,
                       MessageMatches(ContainsSubstring("at most 65536 layers")));
  CHECK_THROWS_MATCHES(cost(b0, {.batch = 0}), error,
                       MessageMatches(ContainsSubstring("cost_options.batch: found 0; allowed: 1 to 65536")));
  CHECK_THROWS_AS(cost(b0, {.batch = -3}), error);
  CHECK_THROWS_AS(cost(b0, {.batch = 65537}), error);
  CHECK(cost(b0, {.batch = 65536}).traffic > 0);
  const network large = make_network("large", {1, 65536, 65536, 1000}, [](auto& net, tensor x) {
    for (int i = 0; i < 8; ++i) x = net.activate(x, relu);
  });
  CHECK(cost(large).traffic == 8 * 2 * 4 * 65536LL * 65536 * 1000);
  CHECK_THROWS_MATCHES(cost(large, {.batch = 65536}), error, MessageMatches(ContainsSubstring("2^63 bytes or more")));
}
