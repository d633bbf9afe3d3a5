// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks of TuNAS (Bender et al., 2020) and of its public code, google-research/google-research, tunas/, 0c1bbe5
/// (Apache-2.0): the operations that name a network of the ProxylessNAS space, ProxylessNAS-Mobile (Cai et al., 2019),
/// and the two networks that run well on several devices ("Discovering Multi-Hardware Mobile Models via Architecture
/// Search", Chu et al., 2020). All have 1001 classes.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nascent/zoo/mobile.hpp"
#include "nascent/zoo/tunas.hpp"

namespace nascent::zoo {

/// A network of `proxylessnas` as the public code names it: the kernel of the separable layer (0, 1, 2 for 3, 5, 7),
/// then one operation for each of 21 layers: 0, 1, 2 for expansion 3 with kernel 3, 5, 7; 3, 4, 5 for expansion 6; 6
/// for a skipped layer.
using proxylessnas_operations = std::array<int, 22>;
inline constexpr int proxylessnas_skip = 6;

namespace detail {

/// Slots of a layer in `proxylessnas`; -1 where the layer has no such choice.
struct proxylessnas_layer_slots {
  int block = -1;
  int kernel = -1;
  int expand = -1;
};

/// A stage's slots lie layer after layer: block where a layer may be skipped, kernel, expansion.
template <class Space>
inline constexpr auto proxylessnas_slots = [] {
  const auto find = [](std::string_view path) { return static_cast<int>(Space::find(path)); };
  std::array<proxylessnas_layer_slots, 22> slots{};
  slots[0].kernel = find("separable.kernel");
  const std::string_view first_layers[]{"1[0].block", "2[0].block", "3[0].block", "4[0].block", "5[0].block"};
  for (std::size_t stage = 0; stage < 5; ++stage) {
    const int first = find(first_layers[stage]);
    for (int layer = 0; layer < 4; ++layer)
      slots[1 + 4 * stage + static_cast<std::size_t>(layer)] = {first + 3 * layer, first + 3 * layer + 1,
                                                                first + 3 * layer + 2};
  }
  slots[21] = {-1, find("6.kernel"), find("6.expand")};
  return slots;
}();

}  // namespace detail

/// The type of `proxylessnas`.
using proxylessnas_space = std::remove_const_t<decltype(proxylessnas)>;

/// The candidate that operations name. \throws space_error where one does not exist; the slot is named. A template, as
/// are all functions here that look into the space: only programs that call them pay for its paths and vectors.
template <class Space = proxylessnas_space>
constexpr auto proxylessnas_candidate(const proxylessnas_operations& operations) {
  std::array<int, Space::slot_count> vector{};
  vector.fill(inactive);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto& slots = detail::proxylessnas_slots<Space>[i];
    const int operation = operations[i];
    const auto put = [&](int slot, int option) { vector[static_cast<std::size_t>(slot)] = option; };
    const bool skipped = slots.block >= 0 && operation >= proxylessnas_skip;
    if (slots.block >= 0) put(slots.block, skipped ? 1 + operation - proxylessnas_skip : 0);
    if (skipped) continue;
    put(slots.kernel, slots.expand >= 0 ? operation % 3 : operation);
    if (slots.expand >= 0) put(slots.expand, operation / 3);
  }
  return Space::decode(vector);
}

/// The operations that name a candidate; the inverse.
template <std::same_as<proxylessnas_space> Space>
constexpr proxylessnas_operations operations_of(const candidate<Space>& c) {
  proxylessnas_operations operations{};
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto& slots = detail::proxylessnas_slots<Space>[i];
    const auto decided = [&](int slot) { return slot < 0 ? 0 : int{c.digits[static_cast<std::size_t>(slot)]}; };
    operations[i] = decided(slots.block) == 1 ? proxylessnas_skip : 3 * decided(slots.expand) + decided(slots.kernel);
  }
  return operations;
}

/// A network of the ProxylessNAS space by its operations, built without looking into the space.
struct proxylessnas_body {
  proxylessnas_operations operations;

  constexpr tensor operator()(auto& net, tensor x) const {
    constexpr std::string_view names[] = {"1", "2", "3", "4", "5"};
    constexpr int filters[] = {32, 40, 80, 96, 192};
    constexpr int strides[] = {2, 2, 2, 1, 2};
    x = add_stage(net, x, "stem", conv{.filters = 32}, 1, 2);
    x = add_stage(net, x, "separable", block(16, operations[0], 1));
    for (std::size_t i = 0; i < 5; ++i) {
      net.stage(names[i]);
      for (std::size_t j = 0; j < 4; ++j) {
        const int operation = operations[1 + 4 * i + j];
        if (operation != proxylessnas_skip)
          x = place(net, block(filters[i], operation % 3, operation / 3 == 0 ? 3 : 6), x, j == 0 ? strides[i] : 1);
      }
    }
    x = add_stage(net, x, "6", block(320, operations[21] % 3, operations[21] / 3 == 0 ? 3 : 6));
    x = add_stage(net, x, "head", conv{.filters = 1280, .kernel = 1});
    return classify(net, x, 1001);
  }

 private:
  static constexpr mbconv<> block(int filters, int kernel, int expand) {
    return {.filters = filters, .kernel = 3 + 2 * kernel, .expand = expand};
  }
};

/// ProxylessNAS-Mobile: 32 filters, then per stage the kernels 5 3, 7 3 5 5, 7 5 5 5, 5 5 5 5, 7 7 7 7, 7.
inline constexpr proxylessnas_operations proxylessnas_mobile_operations{0, 1, 0, 6, 6, 2, 0, 1, 1, 5, 1,
                                                                        1, 1, 4, 1, 1, 1, 5, 5, 2, 2, 5};

inline constexpr model proxylessnas_mobile{
    "ProxylessNAS-Mobile",
    224,
    proxylessnas_body{proxylessnas_mobile_operations},
    {4.0, .320, "MobileNetV3 paper, Table 3",
     "params printed 2 % below a straight count: unexplained, 4080512 with 1000 classes elsewhere"}};

/// The best on average over devices.
inline constexpr model mobilenet_multi_avg{
    "MobileNet-Multi-AVG", 224,
    inverted_network<12>{.stem = 32,
                         .rows = {{{.stage = "1a", .filters = 32, .expand = 3, .stride = 2},
                                   {.stage = "1b", .filters = 32, .expand = 2},
                                   {.stage = "2a", .filters = 64, .expand = 5, .kernel = 5, .stride = 2},
                                   {.stage = "2b", .filters = 64, .expand = 3},
                                   {.stage = "2c", .filters = 64, .expand = 2},
                                   {.stage = "2d", .filters = 64, .expand = 3},
                                   {.stage = "3a", .filters = 128, .kernel = 5, .stride = 2},
                                   {.stage = "3b", .filters = 128, .expand = 3, .layers = 3},
                                   {.stage = "4a", .filters = 160},
                                   {.stage = "4b", .filters = 160, .expand = 4},
                                   {.stage = "5a", .filters = 192, .stride = 2},
                                   {.stage = "5b", .filters = 192, .expand = 4, .kernel = 5, .layers = 3}}},
                         .head = 960,
                         .dense_units = 1280,
                         .classes = 1001}};

/// The best in the worst case over devices.
inline constexpr model mobilenet_multi_max{
    "MobileNet-Multi-MAX", 224,
    inverted_network<12>{.stem = 32,
                         .rows = {{{.stage = "1", .filters = 32, .expand = 3, .stride = 2},
                                   {.stage = "2a", .filters = 64, .kernel = 5, .stride = 2},
                                   {.stage = "2b", .filters = 64, .expand = 2, .layers = 2},
                                   {.stage = "3a", .filters = 128, .kernel = 5, .stride = 2},
                                   {.stage = "3b", .filters = 128, .expand = 4},
                                   {.stage = "3c", .filters = 128, .expand = 3, .layers = 2},
                                   {.stage = "4a", .filters = 128},
                                   {.stage = "4b", .filters = 128, .expand = 3},
                                   {.stage = "5a", .filters = 160, .stride = 2},
                                   {.stage = "5b", .filters = 160, .expand = 4, .kernel = 5},
                                   {.stage = "5c", .filters = 160, .expand = 5},
                                   {.stage = "5d", .filters = 160, .expand = 4, .kernel = 5}}},
                         .head = 960,
                         .dense_units = 1280,
                         .classes = 1001}};

}  // namespace nascent::zoo
