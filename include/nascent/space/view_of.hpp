// SPDX-License-Identifier: Apache-2.0
/// \file
/// The description of a space, and what describes itself: `const space_view v = view_of(gpunet);`
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "nascent/network/network.hpp"
#include "nascent/space/detail/view_builder.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent {

/// A space with a description of its stages: a declared one, or one that says it by `view()`.
template <class T>
concept described_space = space<T> &&(declared_space<T> || requires(const T& s) {
  { s.view() } -> std::convertible_to<space_view>;
});

/// The description of a space.
template <described_space Space>
space_view view_of(const Space& s) {
  if constexpr (requires { s.view(); }) return s.view();
  else return detail::view_builder<typename Space::declaration_type>().build();
}

/// A described space whose layers can be built one by one: what the kernels of all its networks are listed from.
template <class T>
concept layered_space = described_space<T> && network_space<T> &&
    requires(const T& s, std::span<const digit> decisions, net<network>& n, const tensor& x) {
  { s.build_layer(decisions, std::size_t{}, 0, n, x, 1) } -> std::same_as<tensor>;
  { s.keeps(std::size_t{}, decisions) } -> std::same_as<bool>;
  { s.undecided().digits.data() } -> std::convertible_to<const digit*>;
};

}  // namespace nascent
