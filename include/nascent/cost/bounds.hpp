// SPDX-License-Identifier: Apache-2.0
/// \file
/// The smallest and the largest cost over a whole space, without enumerating it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nascent/base/error.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/cost/detail/declared_bounds.hpp"

namespace nascent {

/// Whether bounds of cost look at a space's constraints.
enum class constraint_use : bool {
  keep,    ///< the bound is that of a network of the space
  ignore,  ///< it holds, but perhaps only a network that a constraint excludes attains it; less to go through
};

namespace detail {

/// Of spaces that are not declared: cost/run_time_bounds.hpp.
template <class Space>
struct run_time_bounds;

/// Its name is what compilers say.
[[noreturn]] inline void bound_needs_too_many_layers_for_a_constant_ask_at_run_time() {
  throw space_error("cost.bound", "bounds of cost", "a constant expression", "run time");
}

template <class Space, class Result>
constexpr std::int64_t bound_or_refuse(const Space& s, const Result& r) {
  if (!r.complete) {
    if (std::is_constant_evaluated()) bound_needs_too_many_layers_for_a_constant_ask_at_run_time();
    throw space_error("cost.bound", joined("space '", s.name(), "', bounds of cost"),
                      "more than 100 million layers to build",
                      "fewer; leave constraints out by constraint_use::ignore, or say by roles what only adds work");
  }
  if (!r.found)
    throw space_error("cost.bound", joined("space '", s.name(), "', bounds of cost"), "no network that can be built",
                      "one or more");
  return r.value;
}

template <class Space>
constexpr std::int64_t bound_of(const Space& s, measured what, bool largest, constraint_use use) {
  if constexpr (declared_space<Space>) {
    return bound_or_refuse(
        s, search_declared<typename Space::declaration_type>(what, largest, use == constraint_use::keep));
  } else {
    constexpr bool is_included = requires { sizeof(run_time_bounds<Space>); };
    static_assert(is_included,
                  "nascent: bounds of cost found a space that is not declared; allowed: after #include "
                  "<nascent/cost/run_time_bounds.hpp>");
    if constexpr (is_included) return run_time_bounds<Space>::find(s, what, largest, use);
    else return 0;
  }
}

}  // namespace detail

/// Bounds of MACs and parameters over all networks of a space that can be built, which one of them attains: exact,
/// whatever blocks do and in whatever order choices list their values. Of declared spaces they are constant
/// expressions where blocks say which fields only add work, as those of the library do (block/roles.hpp), or are few.
/// \throws space_error where there is too much to go through: in constant expressions 5000 layers, 600 with clang; at
/// run time 10^8; and where no network can be built
template <network_space Space>
constexpr std::int64_t max_macs(const Space& s, constraint_use use = constraint_use::keep) {
  return detail::bound_of(s, detail::measured::macs, true, use);
}
template <network_space Space>
constexpr std::int64_t min_macs(const Space& s, constraint_use use = constraint_use::keep) {
  return detail::bound_of(s, detail::measured::macs, false, use);
}
template <network_space Space>
constexpr std::int64_t max_params(const Space& s, constraint_use use = constraint_use::keep) {
  return detail::bound_of(s, detail::measured::params, true, use);
}
template <network_space Space>
constexpr std::int64_t min_params(const Space& s, constraint_use use = constraint_use::keep) {
  return detail::bound_of(s, detail::measured::params, false, use);
}

}  // namespace nascent
