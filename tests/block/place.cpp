// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/place.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"

using namespace nascent;

namespace {

enum class taste : std::uint8_t { sweet, sour };
constexpr const char* to_string(taste t) { return t == taste::sweet ? "sweet" : "sour"; }
enum class nameless : std::uint8_t { any };

/// A user's block with fields of all kinds.
struct own {
  int filters;
  double ratio{.0625};
  float share{.5F};
  bool deep{true};
  taste flavour{taste::sour};
  nameless other{nameless::any};
  long long large{1LL << 40};

  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
  }
};

/// A block made of blocks.
struct pair {
  int filters;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = place(net, mbconv{.filters = filters, .se = .25}, input, stride);
    return place(net, mbconv{.filters = filters, .kernel = 5}, x);
  }
};

struct nothing {
  constexpr auto operator()(auto& /*net*/, auto input, int /*stride*/) const { return input; }
};

static_assert(block_interpreter<network>);
static_assert(!block_interpreter<layer_counter> && !block_interpreter<cost_counter> &&
              !block_interpreter<null_interpreter>);

}  // namespace

TEST_CASE("a network remembers a placed block with its name and typed fields") {
  const network graph =
      make_network("one", {1, 8, 8, 3}, [](auto& n, auto x) { place(n, own{.filters = 24}, n.activate(x, relu), 2); });
  REQUIRE(graph.blocks().size() == 1);
  const block_span& b = graph.blocks()[0];
  CHECK(b.name == "own");
  CHECK(b.first_layer == 1);
  CHECK(b.layer_count == 1);
  CHECK(b.parent == -1);
  CHECK(std::vector<std::string_view>(b.field_names.begin(), b.field_names.end()) ==
        std::vector<std::string_view>{"filters", "ratio", "share", "deep", "flavour", "other", "large"});
  CHECK(b.values[0] == typed_value::of_integer(24));
  CHECK(b.values[1] == typed_value::of_real(.0625));
  CHECK(b.values[2] == typed_value::of_real(.5));
  CHECK(b.values[3] == typed_value::of_boolean(true));
  CHECK(b.values[4] == make_value(taste::sour));
  CHECK(b.values[5] == typed_value::of_enumerator("nameless", {}, 0));
  CHECK(b.values[6] == typed_value::of_integer(1LL << 40));
}

TEST_CASE("the layers of a placed block are those of a called one") {
  const shape in{1, 14, 14, 16};
  const auto built = [&](auto build) { return make_network("n", in, build).layers(); };
  CHECK(built([](auto& n, auto x) { place(n, pair{24}, x, 2); }) == built([](auto& n, auto x) { pair{24}(n, x, 2); }));
}

TEST_CASE("blocks inside a block are its parts") {
  const network graph = make_network("two", {1, 16, 16, 16}, [](auto& n, auto x) {
    n.stage("first");
    place(n, pair{24}, x, 2);
  });
  std::vector<std::string> names;
  for (const block_span& b : graph.blocks()) names.emplace_back(b.name);
  CHECK(names == std::vector<std::string>{"pair", "mbconv", "squeeze_excitation", "mbconv"});
  CHECK(graph.blocks()[0].layer_count == graph.layers().size());
  CHECK(graph.blocks()[1].parent == 0);
  CHECK(graph.blocks()[2].parent == 1);
  CHECK(graph.blocks()[3].parent == 0);
  CHECK(graph.blocks()[1].end_layer() == graph.blocks()[3].first_layer);
  CHECK(graph.blocks()[2].find("hidden")->integer() == 4);
  for (const block_span& b : graph.blocks()) CHECK(b.layer == 0);
  CHECK(graph.parts().size() == 1);
}

TEST_CASE("a block that makes no layer is none") {
  const network graph = make_network("skips", {1, 8, 8, 16}, [](auto& n, auto x) {
    n.stage("first");
    x = place(n, nothing{}, x);
    x = place(n, conv{.filters = 16}, x);
    x = place(n, nothing{}, x);
    place(n, conv{.filters = 16}, x);
  });
  REQUIRE(graph.blocks().size() == 2);
  CHECK(graph.blocks()[0].layer == 0);
  CHECK(graph.blocks()[1].layer == 1);
  CHECK(graph.blocks()[1].repeat == 1);
}

TEST_CASE("an interpreter that only counts sees no difference") {
  const auto counted = [](auto build) {
    layer_counter sink;
    net n(sink);
    build(n, n.input(16, 16, 16));
    return sink.total();
  };
  CHECK(counted([](auto& n, auto x) { place(n, pair{24}, x, 2); }) ==
        counted([](auto& n, auto x) { pair{24}(n, x, 2); }));
}
