// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the fields of a block mean: a block names the role of each in a nested type, and what fields may hold and what
/// width scaling multiplies follow from it. Names of fields are free.
///
///     template <class Channels = int, class Kernel = int>
///     struct separable {
///       Channels channels;
///       Kernel kernel{3};
///       struct roles {
///         role::width channels;
///         role::count kernel;
///       };
///       ...
///     };
///
/// `using roles = role::by_field<role::width, role::count>;` says the same by position, `role::none` where a field has
/// none: block/block.hpp does, because names cost the compiler a twentieth of a small declaration.
///
/// Bounds of cost (cost/bounds.hpp) try all values of a field unless its role says what it does to the cost: `window`,
/// `expansion`, `share`, `costless`, `work`. A block with `static constexpr bool grows_with_map = true;` says of itself
/// that a larger map never takes less and never gives out a smaller one, nor other channels. Such a promise is not
/// checked; without one bounds are exact all the same, and take longer.
///
/// A field without a role may hold anything and does not scale. A block without a width says so by a `roles` that names
/// none; one without `roles` has not said anything, and refuses to be scaled by width.
#pragma once

#include <cstdint>

#include "nascent/base/language.hpp"

namespace nascent {

namespace detail {
constexpr bool is_stride(int value) { return value == 1 || value == 2 || value == 4; }
template <class Size>
requires requires(const Size& s) { s.height + s.width; }
constexpr bool is_stride(const Size& s) { return is_stride(s.height) && is_stride(s.width); }
}  // namespace detail

/// What a field may hold.
struct value_rule {
  const char* allowed = nullptr;  ///< null where anything may be
  double least = 0;
  double most = 1e300;
  bool above_least = false;  ///< `least` itself is not allowed
  bool whole = false;        ///< counts something
  bool strides = false;      ///< only some values in between

  constexpr bool admits(double value) const {
    if (!allowed) return true;
    return value >= least && value <= most && !(above_least && value == least) &&
           (!strides || detail::is_stride(static_cast<int>(value)));
  }
};

/// What width scaling does to a field.
enum class width_scaling : std::uint8_t {
  none,    ///< leaves it alone
  scaled,  ///< multiplies and rounds it
  unsaid,  ///< asks for `fixed` or `scaled` at the place of use; leaves it alone in the last stage
};

/// What a field does to the parameters and multiply-adds of its block, all else being equal: what bounds of cost need
/// not try out. Whatever it does, `unknown` is true.
enum class work_effect : std::uint8_t {
  none,             ///< nothing, and the map does not depend on it: an activation
  rising,           ///< a larger value never takes less, and the map does not depend on it
  rising_from_one,  ///< the same of values from 1 on
  window,           ///< the same where the padding is SAME: other kinds let the map depend on the kernel
  unknown,          ///< anything
};

/// The meaning of a field.
struct field_role {
  value_rule rule{};
  width_scaling scaling = width_scaling::none;
  work_effect work = work_effect::unknown;
};

/// Types to name roles with. One of your own has the same form: `static constexpr field_role meaning{...}`.
namespace role {

/// Channels of the block's output or of a part of it: multiplied by width scaling.
struct width {
  static constexpr field_role meaning{{.allowed = "1 or more", .least = 1, .whole = true}, width_scaling::scaled};
};
/// Outputs of a layer that may be the network's last, whose number of classes does not scale: elsewhere its use says
/// `scaled(1280)` or `fixed(1280)`.
struct units {
  static constexpr field_role meaning{{.allowed = "1 or more", .least = 1, .whole = true}, width_scaling::unsaid};
};
/// A size or number that does not depend on the width: groups.
struct count {
  static constexpr field_role meaning{{.allowed = "1 or more", .least = 1, .whole = true}};
};
/// A `count` that is the size of a window: a kernel. A larger one never takes fewer parameters or multiply-adds.
struct window {
  static constexpr field_role meaning{
      {.allowed = "1 or more", .least = 1, .whole = true}, width_scaling::none, work_effect::window};
};
/// The same of something that may be absent: 0 for none.
struct count_or_none {
  static constexpr field_role meaning{{.allowed = "0 or more", .whole = true}};
};
/// A number of parts that are layers of their own.
struct parts {
  static constexpr field_role meaning{{.allowed = "1 to 64", .least = 1, .most = 64, .whole = true}};
};
/// What divides a map.
struct factor {
  static constexpr field_role meaning{{.allowed = "2 or more", .least = 2, .whole = true}};
};
/// A multiple of a width.
struct ratio {
  static constexpr field_role meaning{{.allowed = "above 0", .above_least = true}};
};
/// A `ratio` that leaves the block's output alone: a larger one, from 1 on, never takes less.
struct expansion {
  static constexpr field_role meaning{
      {.allowed = "above 0", .above_least = true}, width_scaling::none, work_effect::rising_from_one};
};
/// A part of a width; 0 for none.
struct fraction {
  static constexpr field_role meaning{{.allowed = "0 to 1", .most = 1}};
};
/// A `fraction` that leaves the block's output alone, as that of squeeze-and-excite: a larger one never takes less.
struct share {
  static constexpr field_role meaning{{.allowed = "0 to 1", .most = 1}, width_scaling::none, work_effect::rising};
};
/// A stride of the block's own, beside its stage's.
struct stride {
  static constexpr field_role meaning{{.allowed = "1, 2 or 4", .least = 1, .most = 4, .whole = true, .strides = true}};
};
/// Says nothing.
struct none {
  static constexpr field_role meaning{};
};
/// Changes neither the map nor parameters and multiply-adds: an activation.
struct costless {
  static constexpr field_role meaning{{}, width_scaling::none, work_effect::none};
};
/// What a larger value of never takes less, and leaves the map alone. Enumerators are compared by
/// `constexpr int work_of(your_enumeration)`, found beside their type.
struct work {
  static constexpr field_role meaning{{}, width_scaling::none, work_effect::rising};
};
/// Roles by position, in the order of the fields; those that it does not reach have none.
template <class... Roles>
struct by_field {};
/// Height and width of a map.
struct resolution {
  static constexpr field_role meaning{{.allowed = "1 to 65536", .least = 1, .most = 65536, .whole = true}};
};

}  // namespace role

}  // namespace nascent
