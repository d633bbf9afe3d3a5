// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/model.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr model small{"small",
                      32,
                      [](auto& net, tensor x) {
                        x = add_stage(net, x, "stem", conv{.filters = 8}, 1, 2);
                        x = add_stage(net, x, "body", mbconv{.filters = 16, .expand = 4}, 5, 2);
                        return classify(net, x, 10);
                      },
                      {.params_m = 1, .source = "nowhere"}};

/// An interpreter that is told of every layer, also of equal ones.
struct plain_counter {
  counts total;
  constexpr void operator()(const layer& l) {
    total.params += params(l);
    total.macs += macs(l);
    ++total.layers;
  }
};

}  // namespace

static_assert(count(small).layers == 1 + 3 + 4 * 4 + 2);

TEST_CASE("equal blocks that are counted once and multiplied count as one by one") {
  plain_counter sink;
  net<plain_counter> n(sink);
  build(small, n);
  CHECK(sink.total == count(small));
}

TEST_CASE("another input size changes MACs but no parameters, and prints nothing") {
  CHECK(count(small.at(64)).params == count(small).params);
  CHECK(count(small.at(64)).macs > 3 * count(small).macs);
  CHECK(small.at(64).printed.source.empty());
}

TEST_CASE("a model at an image whose height and width differ") {
  const network wide = to_network(small.at({.height = 48, .width = 64}));
  CHECK(wide.input() == shape{1, 48, 64, 3});
  std::int64_t macs_of_wide = 0;
  for (const layer& l : wide.layers()) macs_of_wide += macs(l);
  CHECK(count(small.at({.height = 48, .width = 64})).macs == macs_of_wide);
  CHECK(count(small.at({.height = 48, .width = 64})).params == count(small).params);
  CHECK(small.at({.height = 48, .width = 64}).at(32).image() == image_size{32, 32});
  CHECK_THROWS_WITH(to_network(small.at({.height = 0, .width = 64})), ContainsSubstring("'small' at 0 x 64 px"));
}

TEST_CASE("a graph knows its stages and its name") {
  const network graph = to_network(small);
  CHECK(graph.name() == "small");
  CHECK(graph.input() == shape{1, 32, 32, 3});
  CHECK(graph.stage_of(0) == "stem");
  CHECK(graph.stage_of(1) == "body");
  CHECK(graph.stage_of(graph.layers().size() - 1) == "classifier");
}

TEST_CASE("an input that is too small is refused with the model and the stage") {
  constexpr model shrinking{"shrinking", 32, [](auto& net, tensor x) {
                              x = add_stage(net, x, "stem", conv{.filters = 8}, 1, 2);
                              x = add_stage(net, x, "body", conv{.filters = 8, .pad = padding::valid}, 1, 1);
                              return classify(net, x, 10);
                            }};
  CHECK_THROWS_WITH(to_network(shrinking.at(2)),
                    ContainsSubstring("'shrinking' at 2 px") && ContainsSubstring("stage 'body'"));
  CHECK_THROWS_WITH(count(shrinking.at(2)), ContainsSubstring("model 'shrinking'") && ContainsSubstring("stage body"));
  CHECK(count(small.at(1)).params == count(small).params);  // SAME windows fit every map
}
