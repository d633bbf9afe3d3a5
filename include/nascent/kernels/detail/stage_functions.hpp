// SPDX-License-Identifier: Apache-2.0
/// \file
/// A declared space as tables of functions: what a program needs to go through its stages one after another, each with
/// all its decisions, without a template for every step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

namespace nascent::detail {

/// The decisions of stage I numbered densely: those of the stage as a whole (shared fields, stride, skip connection)
/// and those of one layer.
template <class F, std::size_t I>
struct stage_decisions {
  using layout = stage_layout<F, I>;
  using counter = stage_counter<F, I>;
  static constexpr uint128 common = layout::counted.shared.value * layout::stride_options * layout::skip_options;
  static constexpr uint128 first_layer =
      layout::independent ? layout::first_layer_options.value : layout::later_layer_options.value;
  static constexpr uint128 later_layer = layout::later_layer_options.value;

  /// `d` points at the stage's first slot.
  static constexpr std::size_t rank_common([[maybe_unused]] const digit* d) {
    std::size_t r = 0;
    counter::for_each_common_slot([&](int slot, std::size_t m) { r = r * m + static_cast<std::size_t>(d[slot]); });
    return r;
  }
  static void unrank_common(std::size_t r, [[maybe_unused]] digit* d) {
    std::array<std::pair<int, std::size_t>, layout::shared_slots + 3> slots{};
    std::size_t count = 0;
    counter::for_each_common_slot([&](int slot, std::size_t m) { slots[count++] = {slot, m}; });
    while (count > 0) {
      const auto [slot, m] = slots[--count];
      d[slot] = static_cast<digit>(r % m);
      r /= m;
    }
  }

  /// `d` points at the stage's first slot, shifted by the layer's number.
  static constexpr std::size_t rank_layer(const digit* d, bool first) {
    return static_cast<std::size_t>(counter::rank_layer(d, 0, first));
  }
  static void unrank_layer(std::size_t r, digit* d) {
    counter::unrank_layer(static_cast<typename counter::layer_rank>(r), d);
  }

  static constexpr bool is_skip(const digit* layer) {
    if constexpr (layout::offers_skip) return layer[layout::block_slot] == static_cast<digit>(layout::alternatives - 1);
    else return false;
  }
};

/// A stage of a space. Slots are numbered within the space.
struct stage_functions {
  short_text name{};
  uint128 common = 1;       ///< decisions of the stage as a whole
  uint128 first_layer = 1;  ///< decisions of its first layer, or of all layers alike
  uint128 later_layer = 1;
  bool independent = false;
  bool has_skip = false;
  int first_slot = 0;
  int slot_count = 0;
  int first_layer_slot = 0;  ///< slots before it, and from `after_layers` on, belong to the stage as a whole
  int after_layers = 0;
  int slots_per_layer = 0;
  int layers_slot = -1;
  std::size_t layer_options = 1;
  int max_layers = 1;
  std::vector<int> ties{};     ///< slots of other stages that its blocks look at
  std::vector<int> sources{};  ///< stages whose output a skip connection may add
  int (*layers_at)(std::size_t) = nullptr;
  void (*unrank_common)(std::size_t, digit*) = nullptr;  ///< given the stage's first slot
  void (*unrank_layer)(std::size_t, digit*) = nullptr;   ///< given the layer's first slot
  bool (*is_skip)(const digit*) = nullptr;
  tensor (*build_layer)(const digit*, int, net<network>&, tensor,
                        int) = nullptr;  ///< given all digits, the layer, its input and stride
  int (*stride)(const digit*) = nullptr;
  int (*source)(const digit*) = nullptr;  ///< stage that is added, or -1
  tensor (*connect)(net<network>&, tensor, tensor) = nullptr;
};

struct constraint_functions {
  std::vector<int> slots{};
  bool (*holds)(const digit*) = nullptr;
};

struct space_functions {
  const char* name = "";
  std::size_t slot_count = 0;
  tensor (*input)(const digit*) = nullptr;
  std::vector<stage_functions> stages{};
  std::vector<constraint_functions> constraints{};
};

/// Slots that the blocks of stage I are tied to.
template <class F, std::size_t I>
std::vector<int> tied_slots() {
  using layout = stage_layout<F, I>;
  std::vector<int> slots;
  layout::for_each_alternative([&](auto a) {
    using block = typename layout::template alternative_type<a()>;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      [[maybe_unused]] const auto one = [&](auto j) {
        if constexpr (field_kinds<block>[j()] == field_kind::tied)
          slots.push_back(find_slot<F>(field<j()>(alternative_of<a()>(layout::declared_stage.block)).path));
      };
      (one(std::integral_constant<std::size_t, J>{}), ...);
    }
    (std::make_index_sequence<field_count<block>>{});
  });
  return slots;
}

template <class F, std::size_t I>
stage_functions functions_of_stage() {
  using layout = stage_layout<F, I>;
  using decisions = stage_decisions<F, I>;
  using builder = candidate_builder<F>;
  constexpr int first = stage_slots<F>[I];
  stage_functions s{.name = stage_names<F>[I],
                    .common = decisions::common,
                    .first_layer = decisions::first_layer,
                    .later_layer = decisions::later_layer,
                    .independent = layout::independent,
                    .has_skip = layout::has_skip,
                    .first_slot = first,
                    .slot_count = layout::slot_count,
                    .first_layer_slot = first + layout::block_slot,
                    .after_layers = first + layout::stride_slot,
                    .slots_per_layer = layout::slots_per_layer,
                    .layers_slot = layout::layers_chosen ? first + layout::layers_slot : -1,
                    .layer_options = layout::layer_options,
                    .max_layers = layout::max_layers,
                    .ties = tied_slots<F, I>(),
                    .layers_at = &layout::layers_at,
                    .unrank_common = &decisions::unrank_common,
                    .unrank_layer = &decisions::unrank_layer,
                    .is_skip = &decisions::is_skip};
  if constexpr (I > 0) {
    s.build_layer = [](const digit* d, int layer, net<network>& n, tensor x, int stride) {
      return builder::template one_layer<I>(d, layer, n, x, stride, unscaled{});
    };
    s.stride = [](const digit* d) { return builder::template stride<I>(d); };
    if constexpr (layout::has_skip) {
      s.source = [](const digit* d) { return builder::template skip_source<I>(d); };
      s.connect = [](net<network>& n, tensor x, tensor from) {
        return detail::connect(n, x, from, layout::declared_stage.skip.kind);
      };
      const auto add = [&](const char* name) {
        if (const int source = stage_named(stage_names<F>.data(), I, name); source >= 0) s.sources.push_back(source);
      };
      if constexpr (layout::skip_chosen)
        for (std::size_t o = 0; o < layout::skip_options; ++o) add(layout::declared_stage.skip.from[o]);
      else add(layout::declared_stage.skip.from);
    }
  }
  return s;
}

template <class F>
space_functions functions_of_space() {
  space_functions space{.name = declared<F>::value.name(), .slot_count = slot_total<F>, .input = [](const digit* d) {
                          const int size = decided_block<F, 0, 0>(d, 0).resolution;
                          return tensor{1, size, size, declared<F>::value.channels(), 0};
                        }};
  for_each_stage<F>([&](auto i) { space.stages.push_back(functions_of_stage<F, i()>()); });
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    (space.constraints.push_back(
         {{constraint_slots<F, C>.begin(), constraint_slots<F, C>.end()}, &constraint_holds<F, C>}),
     ...);
  }
  (std::make_index_sequence<constraint_total<F>>{});
  return space;
}

}  // namespace nascent::detail
