// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/once_for_all.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/kernels/space_kernels.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

namespace {

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using namespace nascent;

/// A table with made-up times for all kernels of a space.
template <class Space>
latency_table filled(const Space& space) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  std::vector<latency_entry> entries;
  for (const space_kernel& k : kernels_of(space)) {
    const double ms = .01 * static_cast<double>(entries.size() + 1);
    entries.push_back({.signature = k.signature,
                       .time = {.median_ms = ms, .trimmed_mean_ms = ms, .low_ms = ms, .high_ms = ms, .count = 5}});
  }
  table.add(entries);
  return table;
}

template <class Space>
void check_round_trip(const Space& space, once_for_all_keys keys) {
  const latency_table table = filled(space);
  once_for_all_dictionary written(keys);
  random_engine rng(20260131);
  std::vector<network> networks;
  for (int i = 0; i < 50; ++i) networks.push_back(to_network(space.sample(rng)));
  for (const network& n : networks) written.add(n, table);
  const once_for_all_dictionary read(keys, json::parse(written.to_json().dump()));
  CHECK(read.size() == written.size());
  for (const network& n : networks) {
    const std::size_t layers = n.layers().size();
    const auto blocks = once_for_all_blocks(n, keys);
    CHECK(blocks.front().first_layer == 0);
    CHECK(blocks.back().last_layer == layers - 1);
    for (std::size_t i = 1; i < blocks.size(); ++i) CHECK(blocks[i].first_layer == blocks[i - 1].last_layer + 1);
    CHECK(read(n) == Approx(table.predict(n).ms).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("keys are those of the public code") {
  // By hand, after the classes ProxylessNASLatencyTable and MBv3LatencyTable of the Once-for-All repository.
  const auto proxyless = once_for_all_blocks(to_network(zoo::proxylessnas.unrank(0)), once_for_all_keys::proxylessnas);
  CHECK(proxyless[0].key == "Conv-input:224x224x3-output:112x112x32");
  CHECK(proxyless[1].key == "expanded_conv-input:112x112x32-output:112x112x16-expand:1-kernel:3-stride:1-idskip:0");
  CHECK(proxyless[2].key == "expanded_conv-input:112x112x16-output:56x56x32-expand:3-kernel:3-stride:2-idskip:0");
  CHECK(proxyless[3].key == "expanded_conv-input:56x56x32-output:56x56x32-expand:3-kernel:3-stride:1-idskip:1");
  CHECK(proxyless[proxyless.size() - 2].key == "Conv_1-input:7x7x320-output:7x7x1280");
  CHECK(proxyless.back().key == "Logits-input:7x7x1280-output:1001");
  const auto v3 = once_for_all_blocks(to_network(zoo::once_for_all.unrank(0)), once_for_all_keys::mobilenet_v3);
  CHECK(v3[0].key == "Conv-input:224x224x3-output:112x112x16");
  CHECK(v3[1].key == "expanded_conv-input:112x112x16-output:112x112x16-expand:16-kernel:3-stride:1-idskip:1-se:0-hs:0");
  CHECK(v3[2].key == "expanded_conv-input:112x112x16-output:56x56x24-expand:48-kernel:3-stride:2-idskip:0-se:0-hs:0");
  CHECK(v3[v3.size() - 5].key.ends_with("-se:1-hs:1"));
  CHECK(v3[v3.size() - 4].key == "Conv_1-input:7x7x160-output:7x7x960");
  CHECK(v3[v3.size() - 3].key == "AvgPool2D-input:7x7x960-output:1x1x960");
  CHECK(v3[v3.size() - 2].key == "Conv_2-input:1x1x960-output:1x1x1280");
  CHECK(v3.back().key == "Logits-input:1x1x1280-output:1000");
}

TEST_CASE("a dictionary predicts what its table predicts") {
  check_round_trip(zoo::proxylessnas, once_for_all_keys::proxylessnas);
  check_round_trip(zoo::once_for_all, once_for_all_keys::mobilenet_v3);
}

TEST_CASE("a block has the sum of its kernels' times, the least of their samples, and says what is estimated") {
  const network n = to_network(zoo::proxylessnas.unrank(0));
  const std::vector<kernel> kernels = fuse(n);
  // 10, 11, 12 ... samples in the order of the network; the first kernel of the second block is an estimate.
  const auto blocks = once_for_all_blocks(n, once_for_all_keys::proxylessnas);
  std::map<std::string, latency_entry> entries;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const double ms = 1 + static_cast<double>(i);
    entries.try_emplace(kernels[i].signature(),
                        latency_entry{.signature = kernels[i].signature(),
                                      .time = {.median_ms = 2 * ms,
                                               .trimmed_mean_ms = ms,
                                               .low_ms = ms,
                                               .high_ms = 3 * ms,
                                               .count = 10 + (kernels.size() - i)},
                                      .estimated = kernels[i].first_layer == blocks[1].first_layer});
  }
  std::vector<latency_entry> rows;
  for (const auto& [signature, e] : entries) rows.push_back(e);
  latency_table table(":memory:", device_description{});
  table.add(rows);
  once_for_all_dictionary written(once_for_all_keys::proxylessnas);
  written.add(n, table);
  for (const once_for_all_block& b : blocks) {
    double ms = 0;
    std::size_t count = 1000;
    bool estimated = false;
    for (const kernel& k : kernels)
      if (k.first_layer >= b.first_layer && k.last_layer <= b.last_layer) {
        const latency_entry& e = entries.at(k.signature());
        ms += e.time.trimmed_mean_ms;
        count = std::min(count, e.time.count);
        estimated = estimated || e.estimated;
      }
    const json& found = written.to_json().at(b.key);
    CAPTURE(b.key);
    CHECK(found.at("mean").get<double>() == Approx(ms));
    CHECK(found.at("count") == count);
    CHECK(found.contains("estimated") == estimated);
  }
  CHECK(written.to_json().at(blocks[1].key).contains("estimated"));
  CHECK_FALSE(written.to_json().at(blocks[0].key).contains("estimated"));
  // What is there stays.
  for (latency_entry& e : rows) e.time.trimmed_mean_ms *= 2;
  latency_table other(":memory:", device_description{});
  other.add(rows);
  const json before = written.to_json();
  written.add(n, other);
  CHECK(written.to_json() == before);
}

TEST_CASE("networks that are nearly of Once-for-All's kind are refused where they differ") {
  struct parts {
    kernel_size stem = 3;
    int stem_stride = 2;
    kernel_size window = 3;
    int dilation = 1;
    activation expansion = relu6;
    activation middle = relu6;
    activation projection = identity;
    activation sum = identity;
    bool gates = false;
    int tail = 0;
  };
  const auto fault = [](const parts& p, once_for_all_keys keys = once_for_all_keys::proxylessnas) -> std::string {
    network graph("n", {1, 32, 32, 3});
    net<network> n(graph);
    auto x = n.input(32, 32, 3);
    n.stage("stem");
    n.begin_block({.name = "conv"});
    x = n.conv(x, {.filters = 16, .kernel = p.stem, .stride = p.stem_stride, .act = relu6});
    n.end_block();
    n.stage("1");
    n.begin_block({.name = "mbconv"});
    auto y = n.conv(x, {.filters = 48, .act = p.expansion});
    y = n.depthwise_conv(y, {.kernel = p.window, .dilation = p.dilation, .act = p.middle});
    if (p.gates) y = squeeze_excite(n, y, 8, relu);
    y = n.conv(y, {.filters = 16, .act = p.projection});
    x = n.add(y, x, p.sum);
    n.end_block();
    n.stage("head");
    x = n.global_pool(n.conv(x, {.filters = 64, .act = relu6}));
    x = n.dense(x, {.units = 10});
    if (p.tail > 0) n.dense(x, {.units = p.tail});
    try {
      const auto blocks = once_for_all_blocks(graph, keys);
      return blocks[1].key;
    } catch (const latency_table_error& e) {
      return e.what();
    }
  };
  CHECK(fault({}) == "expanded_conv-input:16x16x16-output:16x16x16-expand:3-kernel:3-stride:1-idskip:1");
  CHECK_THAT(fault({.stem = 5}), ContainsSubstring("layer 0") && ContainsSubstring("a first convolution of 3x3"));
  CHECK_THAT(fault({.stem = {3, 1}}), ContainsSubstring("a first convolution of 3x3"));
  CHECK_THAT(fault({.stem_stride = 1}), ContainsSubstring("layer 0"));
  CHECK_THAT(fault({.window = {3, 5}}), ContainsSubstring("inverted bottlenecks"));
  CHECK_THAT(fault({.dilation = 2}), ContainsSubstring("inverted bottlenecks"));
  CHECK_THAT(fault({.expansion = relu}), ContainsSubstring("the same activation as the depthwise layer's"));
  CHECK_THAT(fault({.expansion = swish, .middle = swish}), ContainsSubstring("relu or relu6"));
  CHECK_THAT(fault({.projection = relu}), ContainsSubstring("a linear 1x1 convolution"));
  CHECK_THAT(fault({.sum = relu}), ContainsSubstring("a sum without an activation"));
  CHECK_THAT(fault({.gates = true}), ContainsSubstring("no squeeze-and-excite; use the keys of MobileNetV3"));
  CHECK_THAT(fault({.tail = 5}), ContainsSubstring("nothing after the classifier"));
}

TEST_CASE("what has no key is refused by name") {
  const auto blocks = [](const network& n, once_for_all_keys keys) { return once_for_all_blocks(n, keys); };
  const network b0 = to_network(zoo::efficientnet_b0.only());
  CHECK_THROWS_WITH(blocks(b0, once_for_all_keys::mobilenet_v3),
                    ContainsSubstring("'EfficientNet-B0'") && ContainsSubstring("stage '1'") &&
                        ContainsSubstring("swish") && ContainsSubstring("hswish"));
  CHECK_THROWS_WITH(blocks(to_network(zoo::once_for_all.unrank(0)), once_for_all_keys::proxylessnas),
                    ContainsSubstring("stage"));
  const network none("none", {1, 8, 8, 3});
  CHECK_THROWS_WITH(blocks(none, once_for_all_keys::proxylessnas),
                    ContainsSubstring("layer 0") && ContainsSubstring("3x3"));
  once_for_all_dictionary empty(once_for_all_keys::proxylessnas);
  const network n = to_network(zoo::proxylessnas.unrank(0));
  CHECK_THROWS_WITH(empty.ms(n), ContainsSubstring("no block 'Conv-input:224x224x3-output:112x112x32'"));
  const latency_table nothing(":memory:", device_description{});
  CHECK_THROWS_WITH(empty.add(n, nothing),
                    ContainsSubstring("found no kernel") && ContainsSubstring("measure network"));
  CHECK_THROWS_AS(once_for_all_dictionary(once_for_all_keys::proxylessnas, json::parse(R"({"a": {"count": 1}})")),
                  json_error);
  CHECK_THROWS_AS(once_for_all_dictionary(once_for_all_keys::proxylessnas, json::array()), json_error);
}
