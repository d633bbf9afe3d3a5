// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/roles.hpp"

#include <limits>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/block/detail/role_list.hpp"
#include "nascent/block/split_attention.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/either.hpp"

using namespace nascent;

namespace user {

/// A role of a user's.
struct odd_size {
  static constexpr field_role meaning{{.allowed = "1 to 9", .least = 1, .most = 9, .whole = true}};
};

/// Roles in another order than the fields; `act` has none.
template <class Channels = int, class Window = int, class Act = activation>
struct block {
  Channels channels;
  Window window{3};
  Act act{relu};

  struct roles {
    odd_size window;
    role::width channels;
  };
};

/// As simple as a block can be.
struct plain {
  int channels;
  struct roles {
    role::width channels;
  };
};

/// Roles in the order of the fields; the last field has none.
struct by_position {
  int window;
  int channels;
  int rest;
  using roles = role::by_field<role::none, role::width>;
};

struct silent {
  int channels;
};

struct misspelt {
  int channels;
  int kernel;
  struct roles {
    role::count kernel;
    role::width chanels;
  };
};

}  // namespace user

namespace {

template <class Block>
constexpr width_scaling scaling_of(std::string_view field) {
  for (std::size_t j = 0; j < field_count<Block>; ++j)
    if (detail::field_names<Block>[j] == field) return detail::roles_of<Block>[j].scaling;
  return width_scaling::unsaid;
}
template <class Block>
constexpr bool admits(std::string_view field, double value) {
  for (std::size_t j = 0; j < field_count<Block>; ++j)
    if (detail::field_names<Block>[j] == field) return detail::roles_of<Block>[j].rule.admits(value);
  return false;
}

}  // namespace

TEST_CASE("roles by position are those of the fields in their order") {
  STATIC_CHECK(scaling_of<user::by_position>("window") == width_scaling::none);
  STATIC_CHECK(scaling_of<user::by_position>("channels") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<user::by_position>("rest") == width_scaling::none);
  STATIC_CHECK(admits<user::by_position>("window", -1));
  STATIC_CHECK(!admits<user::by_position>("channels", 0));
}

TEST_CASE("roles find their fields by name, whatever their order and the fields' types") {
  using chosen = decltype(user::block{.channels = one_of(8, 16), .window = 3, .act = one_of(relu, swish)});
  STATIC_CHECK(scaling_of<user::block<>>("channels") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<chosen>("channels") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<chosen>("window") == width_scaling::none);
  STATIC_CHECK(scaling_of<chosen>("act") == width_scaling::none);
  STATIC_CHECK(admits<chosen>("window", 9));
  STATIC_CHECK(!admits<chosen>("window", 10));
  STATIC_CHECK(scaling_of<user::plain>("channels") == width_scaling::scaled);
  STATIC_CHECK(detail::roles_of<chosen>.unknown.empty());
}

TEST_CASE("a block without roles has said nothing: no rule, no width") {
  STATIC_CHECK(!detail::states_roles<user::silent>);
  STATIC_CHECK(scaling_of<user::silent>("channels") == width_scaling::none);
  STATIC_CHECK(admits<user::silent>("channels", 0));
  STATIC_CHECK(detail::states_roles<global_pool>);  // has said that it has no width
  STATIC_CHECK(detail::states_roles<skip>);
}

TEST_CASE("a role that no field has is found by its name") {
  STATIC_CHECK(detail::roles_of<user::misspelt>.unknown == "chanels");
  STATIC_CHECK(scaling_of<user::misspelt>("channels") == width_scaling::none);
}

TEST_CASE("what the library's blocks scale by width: filters, and units where that is said") {
  STATIC_CHECK(scaling_of<conv<>>("filters") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<mbconv<>>("filters") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<fused_mbconv<>>("filters") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<bottleneck<>>("filters") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<split_attention<>>("filters") == width_scaling::scaled);
  STATIC_CHECK(scaling_of<dense<>>("units") == width_scaling::unsaid);
  STATIC_CHECK(scaling_of<conv<>>("kernel") == width_scaling::none);
  STATIC_CHECK(scaling_of<conv<>>("groups") == width_scaling::none);
  STATIC_CHECK(scaling_of<mbconv<>>("expand") == width_scaling::none);
  STATIC_CHECK(scaling_of<split_attention<>>("radix") == width_scaling::none);
}

TEST_CASE("what fields of a role may hold") {
  for (const value_rule& whole : {role::width::meaning.rule, role::units::meaning.rule, role::count::meaning.rule}) {
    CHECK(whole.whole);
    CHECK(!whole.admits(0));
    CHECK(whole.admits(1));
  }
  STATIC_CHECK(!role::factor::meaning.rule.admits(1));
  STATIC_CHECK(!role::ratio::meaning.rule.admits(0));
  STATIC_CHECK(role::ratio::meaning.rule.admits(.01));
  STATIC_CHECK(role::fraction::meaning.rule.admits(0));
  STATIC_CHECK(!role::fraction::meaning.rule.admits(1.01));
  STATIC_CHECK(!role::stride::meaning.rule.admits(3));
  STATIC_CHECK(role::stride::meaning.rule.admits(4));
  STATIC_CHECK(role::resolution::meaning.rule.admits(65536));
  STATIC_CHECK(!role::resolution::meaning.rule.admits(65537));
  STATIC_CHECK(!role::fraction::meaning.rule.admits(std::numeric_limits<double>::quiet_NaN()));
}
