// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/layout.hpp"

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace test;

namespace {

template <class Space>
std::vector<std::string> paths(const Space& space) {
  std::vector<std::string> all;
  for (std::size_t k = 0; k < space.slot_count; ++k) all.emplace_back(space.slot(k).path.view());
  return all;
}

/// Everything at once: shared and chosen fields of two blocks and skip, a stride, a connection, layers.
constexpr auto full = define([] {
  return search_space("full")
      .input(3, one_of(32, 64))
      .choose("se", one_of(0, .25))
      .stage("1", either(mbconv{.filters = shared(one_of(8, 16)),
                                .kernel = one_of(3, 5),
                                .se = tied_to("se"),
                                .act = one_of(relu, swish)},
                         skip{}))
      .layers(independent(range(1, 2)))
      .skip(one_of("none", "input"))
      .stride(one_of(1, 2))
      .stage("2", mbconv{.filters = 16, .se = tied_to("se")});
});

template <std::size_t Stage, class Space>
using layout_of = detail::stage_layout<typename Space::declaration_type, Stage>;

}  // namespace

TEST_CASE("slots of a stage: shared fields, per layer the block and its fields, stride, skip, layers") {
  CHECK(paths(full) == std::vector<std::string>{"input.resolution", "se", "1.filters", "1[0].block", "1[0].kernel",
                                                "1[0].act", "1[1].block", "1[1].kernel", "1[1].act", "1.stride",
                                                "1.skip", "1.layers"});
}

TEST_CASE("layers that share their configuration have one set of slots") {
  CHECK(paths(alternating::space) == std::vector<std::string>{"1.block", "1.conv.filters", "1.mbconv.kernel",
                                                              "1.layers", "2.block", "2.fused_mbconv.kernel"});
  CHECK(paths(depths::space) ==
        std::vector<std::string>{"input.resolution", "1.filters", "1.stride", "1.layers", "2.kernel", "2.layers"});
}

TEST_CASE("fixed and tied fields have no slot") {
  CHECK(paths(tied::space) == std::vector<std::string>{"width", "1.kernel", "2.expand", "2.layers"});
}

TEST_CASE("each slot hangs on the one that decides whether it takes part") {
  const auto parent_of = [](const auto& space, std::string_view path) {
    const int parent = space.slot(space.find(path)).parent;
    return parent < 0 ? std::string("always") : std::string(space.slot(static_cast<std::size_t>(parent)).path.view());
  };
  CHECK(parent_of(full, "1.filters") == "always");  // the stage is never empty
  CHECK(parent_of(full, "1[0].block") == "always");
  CHECK(parent_of(full, "1[0].kernel") == "1[0].block");
  CHECK(parent_of(full, "1[1].block") == "1.layers");
  CHECK(parent_of(full, "1[1].kernel") == "1[1].block");
  CHECK(parent_of(full, "1.layers") == "always");
  CHECK(parent_of(depths::space, "1.stride") == "1.layers");
  CHECK(parent_of(depths::space, "2.kernel") == "always");
  CHECK(parent_of(alternating::space, "1.block") == "1.layers");
}

TEST_CASE("a stage knows its extent before anything is counted") {
  using space = std::remove_cvref_t<decltype(full)>;
  STATIC_CHECK(layout_of<2, space>::alternatives == 2);
  STATIC_CHECK(layout_of<2, space>::offers_skip);
  STATIC_CHECK(layout_of<2, space>::min_layers == 1);
  STATIC_CHECK(layout_of<2, space>::max_layers == 2);
  STATIC_CHECK(layout_of<2, space>::slot_count == 10);
  STATIC_CHECK(layout_of<2, space>::first_layer_options.value == 4);
  STATIC_CHECK(layout_of<2, space>::later_layer_options.value == 5);
  STATIC_CHECK(layout_of<2, space>::size.value == 2 * 2 * 2 * (4 + 4 * 5));
  STATIC_CHECK(layout_of<3, space>::slot_count == 0);
  STATIC_CHECK(layout_of<3, space>::size.value == 1);
  using optional = std::remove_cvref_t<decltype(depths::space)>;
  STATIC_CHECK(layout_of<1, optional>::may_be_empty);
  STATIC_CHECK(layout_of<1, optional>::empty_digit == 0);
  STATIC_CHECK(!layout_of<2, optional>::may_be_empty);
}

TEST_CASE("stages with ties are listed: the others are checked once for their type") {
  using F = std::remove_cvref_t<decltype(full)>::declaration_type;
  constexpr const auto& tied = nascent::detail::tied_stages<F>;
  STATIC_CHECK(tied.count == 2);
  STATIC_CHECK(tied.at[0] == 2);
  STATIC_CHECK(tied.at[1] == 3);
}

TEST_CASE("facts of a stage say its least and most layers, and where it has none") {
  using F = std::remove_cvref_t<decltype(depths::space)>::declaration_type;
  const auto& facts = nascent::detail::all_stage_facts<F>[1];
  CHECK(facts.empty_digit == 0);
  CHECK(facts.min_layers == 0);
  CHECK(facts.layer_counts[facts.layer_options - 1] == facts.max_layers);
  CHECK(facts.size.value == layout_of<1, std::remove_cvref_t<decltype(depths::space)>>::size.value);
}
