// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/to_network.hpp"

#include <string>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "nascent/base/random.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"

using namespace nascent;
using namespace test;

TEST_CASE("a network is called like its space, unless it has a name of its own") {
  CHECK(to_network(zoo::efficientnet_b0.only()).name() == "EfficientNet-B0");
  CHECK(to_network(zoo::efficientnet_b0.only(), "B0").name() == "B0");
}

TEST_CASE("layers know the names of their stages") {
  const network graph = to_network(zoo::efficientnet_b0.only());
  CHECK(graph.stage_of(0) == "stem");
  CHECK(graph.stage_of(1) == "1");
  CHECK(graph.stage_of(graph.layers().size() - 1) == "head.dense");
  CHECK(graph.stage_of(graph.layers().size() - 2) == "head.global_pool");
}

TEST_CASE("layers read what comes before them, and every tensor is read") {
  random_engine rng(9);
  for (int i = 0; i < 50; ++i) {
    const network graph = to_network(zoo::gpunet.sample(rng));
    const auto& layers = graph.layers();
    for (std::size_t k = 0; k < layers.size(); ++k) {
      for (int o = 0; o < layers[k].operand_count; ++o) {
        const int operand = layers[k].operands[static_cast<std::size_t>(o)];
        REQUIRE(operand <= static_cast<int>(k));
        if (layers[k].kind != layer_kind::multiply || o == 0) REQUIRE(graph.tensor_shape(operand) == layers[k].input);
      }
    }
    for (const int readers : graph.readers()) REQUIRE(readers > 0);
  }
}

// The plan of Tan and Le (2019): outputs of the stages at 224 px.
TEST_CASE("EfficientNet-B0 has the shapes of its paper") {
  const network graph = to_network(zoo::efficientnet_b0.only());
  const auto output_of = [&](std::string_view stage) {
    shape last{};
    for (std::size_t k = 0; k < graph.layers().size(); ++k)
      if (graph.stage_of(k) == stage) last = graph.layers()[k].output;
    return last;
  };
  CHECK(output_of("stem") == shape{1, 112, 112, 32});
  CHECK(output_of("1") == shape{1, 112, 112, 16});
  CHECK(output_of("2") == shape{1, 56, 56, 24});
  CHECK(output_of("3") == shape{1, 28, 28, 40});
  CHECK(output_of("4") == shape{1, 14, 14, 80});
  CHECK(output_of("5") == shape{1, 14, 14, 112});
  CHECK(output_of("6") == shape{1, 7, 7, 192});
  CHECK(output_of("7") == shape{1, 7, 7, 320});
  CHECK(output_of("head.conv") == shape{1, 7, 7, 1280});
  CHECK(graph.output() == shape{1, 1, 1, 1000});
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

TEST_CASE("a candidate that cannot exist names the stage") {
  const auto small = scaled(windows.only(), {.resolution = 8});
  CHECK_THROWS_MATCHES(
      to_network(small), network_error,
      Catch::Matchers::Message("nascent: network 'windows', stage '2': found 4 against 5; allowed: a feature map "
                               "of 1x1 or more; use a larger input, or padding"));
}

// What was decided, slot by slot, is what the blocks of the graph say: every field that is chosen, of every layer.
TEST_CASE("the blocks of a graph have the decided fields") {
  const auto check = [](const auto& space, std::uint64_t seed) {
    using space_type = std::remove_cvref_t<decltype(space)>;
    random_engine rng(seed);
    std::size_t compared = 0;
    for (int i = 0; i < 100; ++i) {
      const auto c = space.sample(rng);
      const network graph = to_network(c);
      INFO(space.name() << ", rank " << to_decimal(space.rank(c)).c_str());
      std::size_t covered = 0;
      for (const network_part& p : graph.parts()) covered += p.block >= 0 ? p.layer_count : 0;
      REQUIRE(covered == graph.layers().size());
      for (std::size_t k = 0; k < space_type::slot_count; ++k) {
        if (c.digits[k] < 0 || space.slot(k).role != slot_role::field) continue;
        const std::string path(space.slot(k).path.view());
        const typed_value value = space.value(k, c.digits[k]);
        // "stage.field", "stage[layer].field", "stage.block.field", "stage[layer].block.field"
        const std::string field = path.substr(path.rfind('.') + 1);
        const std::string stage = path.substr(0, path.find_first_of(".["));
        const auto bracket = path.find('[');
        const int layer = bracket == std::string::npos ? -1 : std::stoi(path.substr(bracket + 1));
        for (const block_span& b : graph.blocks()) {
          if (b.parent >= 0 || graph.stage_of(b) != stage || (layer >= 0 && b.layer != layer)) continue;
          const typed_value* found = b.find(field);
          if (found == nullptr) continue;  // of another alternative
          ++compared;
          CHECK(found->name() == value.name());
          CHECK(found->number() == value.number());
        }
      }
    }
    CHECK(compared > 500);
  };
  check(zoo::gpunet, 1);
  check(zoo::once_for_all, 2);
  check(zoo::efficientnet_x, 3);
}

TEST_CASE("a skip connection between stages is a block of its own") {
  constexpr auto space = define([] {
    return search_space("connected")
        .input(3, 16)
        .stage("a", conv{.filters = 8})
        .stage("b", mbconv{.filters = 16})
        .skip("a");
  });
  const network graph = to_network(space.only());
  REQUIRE(graph.blocks().size() == 3);
  const block_span& b = graph.blocks()[2];
  CHECK(b.name == "skip_connection");
  CHECK(graph.stage_of(b) == "b");
  CHECK(b.layer == 1);
  CHECK(b.find("from")->name() == "a");
  CHECK(b.find("residual")->name() == "project");
  CHECK(b.end_layer() == graph.layers().size());
}

TEST_CASE("blocks have the fields that scaling gave them") {
  const network graph = to_network(scaled(zoo::efficientnet_b0.only(), {.width = 1.4, .depth = 1.8}));
  int last_stage = 0;
  for (const block_span& b : graph.blocks())
    if (graph.stage_of(b) == "6" && b.parent < 0) {
      ++last_stage;
      CHECK(b.find("filters")->integer() == 272);  // EfficientNet-B4's
    }
  CHECK(last_stage == 8);
}
