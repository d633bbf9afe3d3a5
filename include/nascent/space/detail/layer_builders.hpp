// SPDX-License-Identifier: Apache-2.0
/// \file
/// Single layers and constraints of a declared space by number: what goes through a space stage by stage at run time
/// calls.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "nascent/space/build.hpp"
#include "nascent/space/detail/constraints.hpp"

namespace nascent::detail {

template <class Interpreter>
using layer_builder = tensor (*)(const digit* digits, int layer, net<Interpreter>& n, const tensor& x, int stride);

template <class F, class Interpreter, std::size_t I>
constexpr tensor build_layer_of(const digit* digits, int layer, net<Interpreter>& n, const tensor& x, int stride) {
  return candidate_builder<F>::template one_layer<I>(digits, layer, n, x, stride, unscaled{});
}

/// By stage.
template <class F, class Interpreter>
inline constexpr auto layer_builders = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<layer_builder<Interpreter>, sizeof...(I)>{&build_layer_of<F, Interpreter, I>...};
}
(std::make_index_sequence<declared<F>::stage_count>{});

/// By constraint, with a spare element.
template <class F>
inline constexpr auto constraint_tests = []<std::size_t... C>(std::index_sequence<C...>) {
  return std::array<bool (*)(const digit*), sizeof...(C) + 1>{&constraint_holds<F, C>...};
}
(std::make_index_sequence<constraint_total<F>>{});

}  // namespace nascent::detail
