// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/path_advice.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

using namespace nascent;

namespace {

constexpr auto mixed = define([] {
  return search_space("mixed")
      .input(3, 32)
      .choose("width", one_of(8, 16))
      .stage("1", conv{.filters = tied_to("width"), .kernel = one_of(3, 5)})
      .layers(range(1, 2))
      .stage("2", either(conv{.filters = 8, .kernel = one_of(3, 5)}, mbconv{.filters = one_of(8, 16)}))
      .stride(one_of(1, 2))
      .layers(independent(range(1, 2)));
});
constexpr auto& parts = detail::paths_of<decltype(mixed)::declaration_type>;

constexpr short_text advice(std::string_view path) { return detail::advise_path(parts, path, "2.filters"); }
constexpr detail::named_thing thing(std::string_view path) {
  return detail::find_thing(parts, mixed.stage_count, path);
}

}  // namespace

TEST_CASE("edit distances of the textbooks") {
  STATIC_CHECK(detail::edit_distance("kitten", "sitting") == 3);
  STATIC_CHECK(detail::edit_distance("saturday", "sunday") == 3);
  STATIC_CHECK(detail::edit_distance("", "abc") == 3);
  STATIC_CHECK(detail::edit_distance("same", "same") == 0);
}

TEST_CASE("the nearest path is advised, and none that is far") {
  STATIC_CHECK(advice("1.kernl") == "a path, did you mean 1.kernel?");
  STATIC_CHECK(advice("2.kernel") == "a path, did you mean 1.kernel?");
  STATIC_CHECK(advice("2[0].conv.kernels") == "a path, did you mean 2[0].conv.kernel?");
  STATIC_CHECK(advice("2.strides") == "a path, did you mean 2.stride?");
  STATIC_CHECK(advice("resolution") == "a path, e.g. 2.filters");
}

TEST_CASE("what is fixed or tied is told from what does not exist") {
  using detail::named_thing;
  STATIC_CHECK(thing("1.filters") == named_thing::tied_field);
  STATIC_CHECK(thing("1.act") == named_thing::fixed_field);
  STATIC_CHECK(thing("1.stride") == named_thing::fixed_field);
  STATIC_CHECK(thing("2[1].conv.filters") == named_thing::fixed_field);
  STATIC_CHECK(thing("input.resolution") == named_thing::fixed_field);
  STATIC_CHECK(thing("1.expand") == named_thing::nothing);
  STATIC_CHECK(thing("3.filters") == named_thing::nothing);
  STATIC_CHECK(thing("1.layers") == named_thing::nothing);  // a choice
}

TEST_CASE("a star stands for any characters") {
  STATIC_CHECK(detail::matches("*.kernel", "2[0].conv.kernel"));
  STATIC_CHECK(detail::matches("2*kernel", "2[0].conv.kernel"));
  STATIC_CHECK(detail::matches("*", "1.kernel"));
  STATIC_CHECK(detail::matches("*.k*l", "1.kernel"));
  STATIC_CHECK(!detail::matches("*.kernel", "1.kernels"));
  STATIC_CHECK(!detail::matches("1.*", "21.kernel"));
}
