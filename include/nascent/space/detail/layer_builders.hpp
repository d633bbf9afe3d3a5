// SPDX-License-Identifier: Apache-2.0
/// \file
/// Single layers of a declared space by number: what goes through a space stage by stage at run time
/// calls.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "nascent/space/build.hpp"

namespace nascent::detail {

template <class Interpreter>
using layer_builder = tensor (*)(const digit* digits, int layer, net<Interpreter>& n, const tensor& x,
                                 const strides& stride);

template <class F, class Interpreter, std::size_t I>
constexpr tensor build_layer_of(const digit* digits, int layer, net<Interpreter>& n, const tensor& x,
                                const strides& stride) {
  using builder = candidate_builder<F>;
  if constexpr (std::is_same_v<typename builder::template step<I>, strides>)
    return builder::template one_layer<I>(digits, layer, n, x, stride, unscaled{});
  else return builder::template one_layer<I>(digits, layer, n, x, stride.height, unscaled{});
}

/// By stage.
template <class F, class Interpreter>
inline constexpr auto layer_builders = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<layer_builder<Interpreter>, sizeof...(I)>{&build_layer_of<F, Interpreter, I>...};
}
(std::make_index_sequence<declared<F>::stage_count>{});

}  // namespace nascent::detail
