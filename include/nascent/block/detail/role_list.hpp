// SPDX-License-Identifier: Apache-2.0
/// \file
/// The roles of a block's fields by field, found by their names.
#pragma once

#include <cstddef>
#include <string_view>

#include "nascent/block/reflection.hpp"
#include "nascent/block/roles.hpp"

namespace nascent::detail {

template <class Block>
concept states_roles = requires {
  typename Block::roles;
};

inline constexpr field_role no_role{};

/// The fields' roles by field, with one spare element, and the first name among the roles that is no field's.
template <std::size_t Fields>
struct role_list {
  const field_role* roles[Fields + 1]{};
  std::string_view unknown{};

  constexpr const field_role& operator[](std::size_t j) const { return *roles[j]; }
};

/// Where a name stands among others, looked for from `from` on and then from the beginning; `count` where it does not.
constexpr std::size_t find_name(const std::string_view* names, std::size_t count, std::size_t from,
                                std::string_view name) {
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t j = from + n < count ? from + n : from + n - count;
    if (names[j] == name) return j;
  }
  return count;
}

/// Puts roles in the order of fields.
template <std::size_t Fields>
struct role_sorter {
  const std::string_view* names;       ///< of the fields
  const std::string_view* role_names;  ///< in the order of the roles

  template <class... Roles>
  constexpr role_list<Fields> operator()(const Roles&...) const {
    const field_role* const meanings[] = {&Roles::meaning..., &no_role};
    role_list<Fields> list;
    for (const field_role*& role : list.roles) role = &no_role;
    std::size_t next = 0;
    for (std::size_t k = 0; k < sizeof...(Roles); ++k) {
      const std::size_t j = find_name(names, Fields, next, role_names[k]);
      if (j < Fields) {
        list.roles[j] = meanings[k];
        next = j + 1;
      } else if (list.unknown.empty()) {
        list.unknown = role_names[k];
      }
    }
    return list;
  }
};

/// Those that are given by position.
template <std::size_t Fields, class... Roles>
constexpr role_list<Fields> list_roles(const role::by_field<Roles...>*) {
  static_assert(sizeof...(Roles) <= Fields,
                "nascent: role::by_field found more roles than fields; allowed: one a field");
  role_list<Fields> list{{&Roles::meaning...}};
  for (std::size_t j = sizeof...(Roles); j <= Fields; ++j) list.roles[j] = &no_role;
  return list;
}

template <class Block>
consteval auto sort_roles() {
  constexpr std::size_t fields = field_count<Block>;
  if constexpr (!states_roles<Block>) {
    return role_sorter<fields>{nullptr, nullptr}();
  } else if constexpr (requires { list_roles<fields>(static_cast<typename Block::roles*>(nullptr)); }) {
    return list_roles<fields>(static_cast<typename Block::roles*>(nullptr));
  } else {
    constexpr typename Block::roles all{};
    return with_fields(all,
                       role_sorter<fields>{natural_names<Block>.data(), natural_names<typename Block::roles>.data()});
  }
}
/// The same for all types of one template, so they are listed for one of them.
template <class Natural>
inline constexpr auto natural_roles = sort_roles<Natural>();
template <class Block>
inline constexpr auto& roles_of = natural_roles<natural_block<Block>>;

}  // namespace nascent::detail
