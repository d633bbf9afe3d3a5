// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/marks.hpp"

#include <type_traits>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace nascent::detail;
using namespace test;

TEST_CASE("a stage keeps its block without marks, and the marks beside it") {
  constexpr auto marked = mbconv{.filters = fixed(one_of(8, 16)), .kernel = scaled(3), .expand = 6};
  using plain = decltype(mbconv{.filters = one_of(8, 16), .kernel = 3, .expand = 6});
  STATIC_CHECK(std::is_same_v<std::remove_const_t<decltype(without_marks(marked))>, plain>);
  STATIC_CHECK(without_marks(marked).filters[1] == 16);
  STATIC_CHECK(without_marks(marked).kernel == 3);
  STATIC_CHECK(marks_of<std::remove_const_t<decltype(marked)>>[0] == field_marks{.fixed = 1, .scaled = 2});
  STATIC_CHECK(!has_marks<plain>);
  STATIC_CHECK(marks_of<plain>[0] == field_marks{});
}

TEST_CASE("each alternative has marks of its own") {
  constexpr auto set = either(conv{.filters = 8}, mbconv{.filters = fixed(16)}, skip{});
  using type = std::remove_const_t<decltype(set)>;
  STATIC_CHECK(has_marks<type>);
  STATIC_CHECK(marks_of<type>[0] == field_marks{});
  STATIC_CHECK(marks_of<type>[1] == field_marks{.fixed = 1, .scaled = 0});
  STATIC_CHECK(marks_of<type>[2] == field_marks{});
  STATIC_CHECK(alternative_of<1>(without_marks(set)).filters == 16);
  STATIC_CHECK(std::is_same_v<std::remove_const_t<decltype(without_marks(set))>, alternatives<conv<>, mbconv<>, skip>>);
}

TEST_CASE("a space with marks is the space without them: size, paths, candidates, networks") {
  constexpr auto with = define([] {
    return search_space("s")
        .input(3, 32)
        .choose("width", fixed(one_of(8, 16)))
        .stage("1", conv{.filters = tied_to("width"), .kernel = one_of(1, 3)})
        .layers(fixed(range(1, 3)))
        .stage("2", either(mbconv{.filters = fixed(one_of(24, 32))}, skip{}))
        .layers(independent(range(1, 2)))
        .head(global_pool{}, dense{.units = scaled(one_of(64, 128))}, dense{10});
  });
  constexpr auto without = define([] {
    return search_space("s")
        .input(3, 32)
        .choose("width", one_of(8, 16))
        .stage("1", conv{.filters = tied_to("width"), .kernel = one_of(1, 3)})
        .layers(range(1, 3))
        .stage("2", either(mbconv{.filters = one_of(24, 32)}, skip{}))
        .layers(independent(range(1, 2)))
        .head(global_pool{}, dense{.units = one_of(64, 128)}, dense{10});
  });
  STATIC_CHECK(with.size() == without.size());
  REQUIRE(with.slot_count == without.slot_count);
  for (std::size_t k = 0; k < with.slot_count; ++k) CHECK(with.slot(k).path.view() == without.slot(k).path.view());
  for (uint128 i = 0; i < with.size(); ++i) REQUIRE(with.encode(with.unrank(i)) == without.encode(without.unrank(i)));
}
