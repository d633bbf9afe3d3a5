// SPDX-License-Identifier: Apache-2.0
/// \file
/// NAS-Bench-Macro (Su et al., 2021): eight layers on CIFAR-10, each one of
/// three operations. By its public code, xiusu/NAS-Bench-Macro, train/model.py, b1ee7c6 (Apache-2.0).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nascent/block/block.hpp"
#include "nascent/block/place.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

/// One layer. Operation 0 passes its input on, by a linear 1x1 convolution where the shapes differ; 1 is an inverted
/// bottleneck of kernel 3 and expansion 3, operation 2 one of kernel 5 and expansion 6.
template <class Filters = int, class Operation = int>
struct macro_layer {
  Filters filters;
  Operation operation;

  struct roles {
    role::width filters;
  };
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    if (operation == 1)
      return place(net, mbconv{.filters = filters, .kernel = 3, .expand = 3, .pad = padding::symmetric}, input, stride);
    if (operation == 2)
      return place(net, mbconv{.filters = filters, .kernel = 5, .expand = 6, .pad = padding::symmetric}, input, stride);
    if (stride == 1 && input.channels == filters) return input;
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

namespace detail {

constexpr auto macro_any(int filters) { return macro_layer{.filters = filters, .operation = range(0, 2)}; }
constexpr auto macro_bottleneck(int filters) { return macro_layer{.filters = filters, .operation = range(1, 2)}; }
constexpr auto macro_start(const char* name) {
  return search_space(name).input(3, 32).stage("stem", conv{.filters = 32});
}

}  // namespace detail

/// The space as it was trained: a choice for each layer, in the order of the eight digits of a code. 3^8 = 6561.
inline constexpr auto nas_bench_macro = define([] {
  return detail::macro_start("NAS-Bench-Macro")
      .stage("1.1", detail::macro_any(64))
      .stride(2)
      .stage("1.2", detail::macro_any(64))
      .stage("2.1", detail::macro_any(128))
      .stride(2)
      .stage("2.2", detail::macro_any(128))
      .stage("2.3", detail::macro_any(128))
      .stage("3.1", detail::macro_any(256))
      .stride(2)
      .stage("3.2", detail::macro_any(256))
      .stage("3.3", detail::macro_any(256))
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{10});
});
static_assert(nas_bench_macro.size() == 6561);

/// The candidate of a code such as "22212220". \throws space_error for other texts. A template so that only programs
/// that call it pay for the space's vectors.
template <class Space = decltype(nas_bench_macro)>
constexpr auto nas_bench_macro_candidate(std::string_view code) {
  std::array<int, Space::slot_count> digits{};
  if (code.size() != digits.size())
    throw space_error("space.code", nascent::detail::place_in(Space{}.name(), "code"),
                      nascent::detail::joined("a length of ", code.size()), "a length of 8");
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = code[i] >= '0' && code[i] <= '2' ? code[i] - '0' : 3;
  return Space::decode(digits);
}

/// The same networks, each once: an operation 0 after the first layer of a stage is no layer at all. 9 * 21 * 21 =
/// 3969.
inline constexpr auto nas_bench_macro_distinct = define([] {
  return detail::macro_start("NAS-Bench-Macro, distinct networks")
      .stage("1.1", detail::macro_any(64))
      .stride(2)
      .stage("1.2", detail::macro_bottleneck(64))
      .layers(independent(range(0, 1)))
      .stage("2.1", detail::macro_any(128))
      .stride(2)
      .stage("2.2", detail::macro_bottleneck(128))
      .layers(independent(range(0, 2)))
      .stage("3.1", detail::macro_any(256))
      .stride(2)
      .stage("3.2", detail::macro_bottleneck(256))
      .layers(independent(range(0, 2)))
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{10});
});
static_assert(nas_bench_macro_distinct.size() == (3 * (1 + 2)) * (3 * (1 + 2 + 4)) * (3 * (1 + 2 + 4)));

/// The distinct network that a candidate of the trained space is.
template <class Space = decltype(nas_bench_macro_distinct)>
constexpr auto nas_bench_macro_network(const decltype(nas_bench_macro)::candidate_type& c) {
  // Slots of a stage: the first layer's operation, those of the later layers, how many of them there are.
  std::array<int, Space::slot_count> vector{};
  std::size_t from = 0;
  std::size_t to = 0;
  for (const int later : {1, 2, 2}) {
    vector[to] = c.digits[from++];
    int layers = 0;
    for (int i = 0; i < later; ++i, ++from)
      if (c.digits[from] > 0) vector[to + 1 + static_cast<std::size_t>(layers++)] = c.digits[from] - 1;
    for (int i = layers; i < later; ++i) vector[to + 1 + static_cast<std::size_t>(i)] = inactive;
    vector[to + 1 + static_cast<std::size_t>(later)] = layers;
    to += static_cast<std::size_t>(later) + 2;
  }
  return Space::decode(vector);
}

}  // namespace nascent::zoo
