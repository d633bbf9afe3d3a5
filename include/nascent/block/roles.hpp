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
/// A field without a role may hold anything and does not scale. A block without a width says so by a `roles` that names
/// none; one without `roles` has not said anything, and refuses to be scaled by width.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nascent/block/reflection.hpp"

namespace nascent {

namespace detail {
constexpr bool is_stride(int value) { return value == 1 || value == 2 || value == 4; }
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

/// The meaning of a field.
struct field_role {
  value_rule rule{};
  width_scaling scaling = width_scaling::none;
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
/// A size or number that does not depend on the width: kernels, groups.
struct count {
  static constexpr field_role meaning{{.allowed = "1 or more", .least = 1, .whole = true}};
};
/// What divides a map.
struct factor {
  static constexpr field_role meaning{{.allowed = "2 or more", .least = 2, .whole = true}};
};
/// A multiple of a width.
struct ratio {
  static constexpr field_role meaning{{.allowed = "above 0", .above_least = true}};
};
/// A part of a width; 0 for none.
struct fraction {
  static constexpr field_role meaning{{.allowed = "0 to 1", .most = 1}};
};
/// A stride of the block's own, beside its stage's.
struct stride {
  static constexpr field_role meaning{{.allowed = "1, 2 or 4", .least = 1, .most = 4, .whole = true, .strides = true}};
};
/// Height and width of a map.
struct resolution {
  static constexpr field_role meaning{{.allowed = "1 to 65536", .least = 1, .most = 65536, .whole = true}};
};

}  // namespace role

namespace detail {

template <class Block>
concept states_roles = requires {
  typename Block::roles;
};

/// The fields' roles by field, and the first name among the roles that is no field's.
template <std::size_t Fields>
struct role_list {
  std::array<field_role, Fields + 1> of{};
  std::string_view unknown{};
};

/// Takes the roles in the order of `roles`, whose names are `role_names`.
template <std::size_t Fields>
struct role_sorter {
  const std::string_view* role_names;
  const std::string_view* names;
  template <class... Roles>
  constexpr role_list<Fields> operator()(const Roles&...) const {
    const field_role meanings[] = {Roles::meaning..., {}};
    role_list<Fields> list;
    for (std::size_t k = 0; k < sizeof...(Roles); ++k) {
      std::size_t j = 0;
      while (j < Fields && names[j] != role_names[k]) ++j;
      if (j < Fields) list.of[j] = meanings[k];
      else if (list.unknown.empty()) list.unknown = role_names[k];
    }
    return list;
  }
};

template <class Block>
consteval auto sort_roles() {
  constexpr std::size_t fields = field_count<Block>;
  if constexpr (!states_roles<Block>) {
    return role_list<fields>{};
  } else {
    using roles = typename Block::roles;
    constexpr roles all{};
    return with_fields(all, role_sorter<fields>{natural_names<roles>.data(), natural_names<Block>.data()});
  }
}
/// The same for all types of one template, so they are listed for one of them.
template <class Natural>
inline constexpr auto natural_roles = sort_roles<Natural>();
template <class Block>
inline constexpr auto& roles_of = natural_roles<natural_block<Block>>;

}  // namespace detail
}  // namespace nascent
