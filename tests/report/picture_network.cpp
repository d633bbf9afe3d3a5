// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>

#include "../io/spaces.hpp"
#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/report/picture/network.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

namespace {

TEST_CASE("the picture of a network shows stages, layers, shapes, and equal blocks once") {
  const test::element root = test::read_xml(to_svg(to_network(test::efficientnet_b0.only())));
  CHECK(test::layout_fault(root) == "");
  for (const char* words :
       {"EfficientNet-B0", "stem", "7", "head.dense",
        "conv 3\xC3\x97"
        "3 /2, swish",
        "depthwise 5\xC3\x97"
        "5, swish",
        "squeeze-excite 1152 \xE2\x86\x92 48 \xE2\x86\x92 1152", "112 \xC3\x97 112 \xC3\x97 32",
        "7 \xC3\x97 7 \xC3\x97 1280", "dense", "124 layers \xC2\xB7 5.29 M params \xC2\xB7 386 M MACs"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
  CHECK(test::count_words(root, "\xC3\x97 2") == 2);  // stages 4 and 5: the first of three blocks differs
  CHECK(test::count_words(root, "\xC3\x97 3") == 1);  // stage 6
  CHECK(test::count_words(root, "add") == 5);         // stages 2 to 6, one each
}

TEST_CASE("projections are links, and blocks are folded where they begin") {
  const network graph = to_network(test::resnet50.only());
  const test::element root = test::read_xml(to_svg(graph));
  CHECK(test::layout_fault(root) == "");
  CHECK(test::count_words(root, "\xC3\x97 5") == 1);
  const detail::folded_network folded(graph);
  REQUIRE(folded.stages().size() == 8);
  const detail::network_stage& third = folded.stages()[4];
  REQUIRE(third.runs.size() == 2);
  CHECK(third.runs[0].times == 1);
  CHECK(third.runs[0].rows == 5);  // three convolutions, projection, sum
  CHECK(third.runs[1].times == 5);
  CHECK(third.runs[1].rows == 4);
}

TEST_CASE("folding keeps every layer: rows times their number make the network") {
  random_engine rng(11);
  const auto check = [](const network& graph) {
    const detail::folded_network folded(graph);
    std::size_t layers = 0;
    std::size_t rows = 0;
    for (const detail::network_stage& s : folded.stages())
      for (const detail::network_run& r : s.runs) {
        CHECK(r.first_row == rows);
        rows += r.rows;
        for (std::size_t i = r.first_row; i < rows; ++i)
          layers += (folded.rows()[i].last - folded.rows()[i].first + 1) * static_cast<std::size_t>(r.times);
      }
    CHECK(layers == graph.layers().size());
    CHECK(rows == folded.rows().size());
    for (std::size_t i = 0; i < rows; ++i)
      for (const int source : folded.rows()[i].sources) CHECK(source < static_cast<int>(i));
    CHECK(test::layout_fault(test::read_xml(to_svg(graph))) == "");
  };
  for (int i = 0; i < 30; ++i) check(to_network(test::mixed.sample(rng)));
  check(network{});
  check(make_network("by hand", {1, 32, 32, 3}, [](auto& n, auto x) {
    auto y = n.space_to_depth(x, 2);
    auto a = n.conv(y, {.filters = 8, .kernel = 3, .dilation = 2});
    auto b = n.conv(y, {.filters = 8, .kernel = {1, 5}, .groups = 4});
    auto c = n.activate(n.concatenate(a, b, y), swish);
    for (int i = 0; i < 9; ++i) c = n.conv(c, {.filters = 16, .kernel = 3});
    n.dense(n.global_pool(n.batch_to_space(n.space_to_batch(c, 2), 2)), {.units = 10});
  }));
}

TEST_CASE("numbers of activations are shown where they are not the usual ones") {
  const test::element root = test::read_xml(to_svg(make_network("acts", {1, 16, 16, 3}, [](auto& n, auto x) {
    x = n.conv(x, {.filters = 8, .kernel = 3, .act = leaky_relu});
    x = n.conv(x, {.filters = 9, .kernel = 3, .act = {leaky_relu, 0.1}});
    x = n.activate(n.conv(x, {.filters = 10}), {activation::clamp, -0.5, 20});
    n.prelu(x);
  })));
  for (const char* words : {"conv 3\xC3\x97"
                            "3, leaky_relu",
                            "conv 3\xC3\x97"
                            "3, leaky_relu 0.1",
                            "clamp -0.5 to 20", "prelu"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
}

}  // namespace
