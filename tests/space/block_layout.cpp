// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/block_layout.hpp"

#include <array>
#include <cstddef>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

/// Options of all fields in their order.
template <class Block>
constexpr auto options_of(const Block& block) {
  std::array<std::size_t, detail::block_layout<Block>::field_total> options{};
  detail::block_layout<Block>::list_options(block, options.data());
  return options;
}

}  // namespace

TEST_CASE("a block's chosen fields take one slot each, in declaration order") {
  constexpr auto block =
      mbconv{.filters = range(16, 32, 8), .kernel = one_of(3, 5), .expand = 6, .se = one_of(0., .25)};
  using layout = detail::block_layout<std::remove_cvref_t<decltype(block)>>;
  constexpr const auto& fields = layout::table.entries;
  STATIC_REQUIRE(layout::slots_per_layer == 3);
  STATIC_REQUIRE(layout::shared_slots == 0);
  CHECK(fields[0].name == "filters");
  CHECK(fields[0].slot == 0);
  CHECK(options_of(block)[0] == 3);
  CHECK(fields[1].slot == 1);
  CHECK(fields[2].slot == -1);
  CHECK(fields[3].slot == 2);
  CHECK(layout::count_options(options_of(block).data()).later_layer.value == 3 * 2 * 2);
  STATIC_REQUIRE(layout::field_slot<0, 3> == 2);
}

TEST_CASE("alternatives take a slot for the block, then the fields of each; shared fields come first") {
  constexpr auto block = either(mbconv{.filters = shared(one_of(16, 24)), .kernel = one_of(3, 5, 7)}, skip{});
  using layout = detail::block_layout<std::remove_cvref_t<decltype(block)>>;
  constexpr const auto& fields = layout::table.entries;
  STATIC_REQUIRE(layout::offers_skip);
  STATIC_REQUIRE(layout::shared_slots == 1);
  STATIC_REQUIRE(layout::block_slot == 1);
  STATIC_REQUIRE(layout::slots_per_layer == 2);
  CHECK(fields[0].kind == field_kind::shared);
  CHECK(fields[0].slot == 0);
  CHECK(fields[1].slot == 2);
  const auto ways = layout::count_options(options_of(block).data());
  CHECK(ways.shared.value == 2);
  CHECK(ways.later_layer.value == 3 + 1);  // three kernels, or skipped
  CHECK(ways.first_layer.value == 3);
  CHECK(layout::block_names[1] == "skip");
}

TEST_CASE("fixed and tied fields have one option, those of all alternatives follow each other") {
  constexpr auto block = either(conv{.filters = tied_to("stem.filters"), .kernel = one_of(3, 5)},
                                depthwise_conv{.kernel = one_of(3, 5, 7)}, skip{});
  using layout = detail::block_layout<std::remove_cvref_t<decltype(block)>>;
  STATIC_CHECK(layout::field_total == 6 + 3);
  STATIC_CHECK(detail::has_ties<std::remove_cvref_t<decltype(block)>>);
  STATIC_CHECK(!detail::has_ties<conv<>>);
  CHECK(options_of(block) == std::array<std::size_t, 9>{1, 2, 1, 1, 1, 1, 3, 1, 1});
  CHECK(layout::table.entries[6].alternative == 1);
  CHECK(layout::table.entries[6].name == "kernel");
  STATIC_CHECK(layout::field_slot<1, 0> == 2);
}
