// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/reflection.hpp"

#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/either.hpp"

using namespace nascent;

namespace user {

/// A block of a user's, in a namespace of their own.
template <class Width = int, class Ratio = double>
struct ghost_block {
  Width width_2{8};
  Ratio ratio{.5};
  bool flag{false};
};

struct nothing {};

/// As many fields as a block may have.
struct twelve {
  int a, b, c, d, e, f, g, h, i, j, k, l;
};

}  // namespace user

TEST_CASE("fields are counted") {
  STATIC_CHECK(field_count<user::nothing> == 0);
  STATIC_CHECK(field_count<skip> == 0);
  STATIC_CHECK(field_count<global_pool> == 0);
  STATIC_CHECK(field_count<space_to_depth<>> == 2);
  STATIC_CHECK(field_count<user::ghost_block<>> == 3);
  STATIC_CHECK(field_count<mbconv<>> == 11);
  STATIC_CHECK(field_count<user::twelve> == 12);
}

TEST_CASE("fields know their names, whatever they hold") {
  STATIC_CHECK(field_name<user::ghost_block<>, 0> == "width_2");
  STATIC_CHECK(field_name<user::ghost_block<>, 1> == "ratio");
  STATIC_CHECK(field_name<user::ghost_block<>, 2> == "flag");
  STATIC_CHECK(field_name<user::twelve, 11> == "l");
  STATIC_CHECK(field_name<mbconv<>, 0> == "filters");
  STATIC_CHECK(field_name<mbconv<>, 7> == "always_expand");
  STATIC_CHECK(field_name<mbconv<>, 8> == "pad");
  STATIC_CHECK(field_name<mbconv<>, 10> == "se_gate");
  using chosen = decltype(mbconv{.filters = range(96, 192, 16), .kernel = one_of(3, 5), .act = tied_to("stem.act")});
  STATIC_CHECK(field_name<chosen, 1> == "kernel");
  STATIC_CHECK(field_name<chosen, 4> == "act");
}

TEST_CASE("blocks know their names, without arguments and namespaces") {
  STATIC_CHECK(block_name<mbconv<>> == "mbconv");
  STATIC_CHECK(block_name<decltype(mbconv{.filters = range(96, 192, 16)})> == "mbconv");
  STATIC_CHECK(block_name<global_pool> == "global_pool");
  STATIC_CHECK(block_name<skip> == "skip");
  STATIC_CHECK(block_name<user::ghost_block<>> == "ghost_block");
  STATIC_CHECK(block_name<user::ghost_block<int_range, tie>> == "ghost_block");
}

TEST_CASE("a local type has a name too") {
  struct local {
    int filters;
  };
  STATIC_CHECK(block_name<local> == "local");
  STATIC_CHECK(field_name<local, 0> == "filters");
}

TEST_CASE("fields are reached by position") {
  constexpr user::ghost_block<int, double> block{.width_2 = 24, .ratio = .25, .flag = true};
  STATIC_CHECK(field<0>(block) == 24);
  STATIC_CHECK(field<1>(block) == .25);
  STATIC_CHECK(field<2>(block));
  constexpr user::twelve many{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  STATIC_CHECK(field<0>(many) + field<11>(many) == 13);
  const auto sum = [](const auto&... f) { return (0 + ... + f); };
  STATIC_CHECK(with_fields(many, sum) == 78);
  STATIC_CHECK(with_fields(user::nothing{}, [](const auto&... f) { return sizeof...(f); }) == 0);
}

TEST_CASE("fields can be changed through with_fields") {
  user::ghost_block<> block;
  with_fields(block, [](auto& width, auto&, auto&) { width = 48; });
  CHECK(block.width_2 == 48);
}
