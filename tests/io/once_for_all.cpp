// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/once_for_all.hpp"

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
