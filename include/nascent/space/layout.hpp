// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a declaration to slots: which decisions there are, in which order, and when each is active.
///
/// Order of a stage's slots: shared fields; then per layer (once, if the layers share their configuration) the alternative and the
/// fields of each block in declaration order; then stride, skip, layers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/space/block_layout.hpp"
#include "nascent/space/text.hpp"

namespace nascent {

/// The decision a slot takes: an index into its choice, or `inactive`.
using digit = std::int16_t;
inline constexpr digit inactive = -1;

/// What a slot decides.
enum class slot_role : std::uint8_t { field, block, stride, skip, layers };

namespace detail {

template <class F>
struct declared {
  static constexpr auto value = F{}();
  static constexpr auto stages = flatten(value.stages(), value.last());
  static constexpr std::size_t stage_count = decltype(stages)::size;
};

template <class F, std::size_t I>
constexpr const auto& stage_at() {
  return get<I>(declared<F>::stages);
}

/// Everything about stage I that types and constants say.
template <class F, std::size_t I>
struct stage_layout : block_layout<std::remove_cvref_t<decltype(stage_at<F, I>().block)>> {
  static constexpr const auto& declared_stage = stage_at<F, I>();
  using stage_type = std::remove_cvref_t<decltype(declared_stage)>;
  using block_type = std::remove_cvref_t<decltype(declared_stage.block)>;
  using layers_type = std::remove_cvref_t<decltype(declared_stage.layers)>;
  using stride_type = std::remove_cvref_t<decltype(declared_stage.stride)>;
  using skip_type = std::remove_cvref_t<decltype(declared_stage.skip)>;
  using blocks = block_layout<block_type>;

  static constexpr bool independent = is_independent<layers_type>;

  static constexpr const auto& layer_counts() {
    if constexpr (independent) return declared_stage.layers.count;
    else return declared_stage.layers;
  }
  using counts_type = std::remove_cvref_t<decltype(layer_counts())>;
  static constexpr bool layers_chosen = choice<counts_type>;
  static constexpr std::size_t count_layer_options() {
    if constexpr (layers_chosen) return layer_counts().size();
    else return 1;
  }
  static constexpr std::size_t layer_options = count_layer_options();
  /// Layers at digit `d` of the layers slot.
  static constexpr int layers_at(std::size_t d) {
    if constexpr (layers_chosen) return layer_counts()[d];
    else if constexpr (std::is_same_v<counts_type, single_layer>) return 1;
    else return layer_counts();
  }
  struct layer_numbers {
    int most = 0;
    int least = 0;
    int empty_digit = -1;
  };
  static constexpr layer_numbers find_layer_numbers() {
    layer_numbers n;
    for (std::size_t d = 0; d < layer_options; ++d) {
      const int layers = layers_at(d);
      if (layers > n.most) n.most = layers;
      if (d == 0 || layers < n.least) n.least = layers;
      if (layers == 0 && n.empty_digit < 0) n.empty_digit = static_cast<int>(d);
    }
    if (n.least > n.most) n.least = n.most;
    return n;
  }
  static constexpr layer_numbers numbers = find_layer_numbers();
  static constexpr int max_layers = numbers.most;
  static constexpr int min_layers = numbers.least;
  static constexpr bool may_be_empty = min_layers <= 0;
  static constexpr int empty_digit = numbers.empty_digit;

  static constexpr bool stride_chosen = choice<stride_type>;
  static constexpr std::size_t count_stride_options() {
    if constexpr (stride_chosen) return declared_stage.stride.size();
    else return 1;
  }
  static constexpr std::size_t stride_options = count_stride_options();
  static constexpr bool has_skip = !std::is_same_v<skip_type, no_skip>;
  static constexpr bool is_skip_chosen() {
    if constexpr (has_skip) return choice<std::remove_cvref_t<decltype(declared_stage.skip.from)>>;
    else return false;
  }
  static constexpr bool skip_chosen = is_skip_chosen();
  static constexpr std::size_t count_skip_options() {
    if constexpr (skip_chosen) return declared_stage.skip.from.size();
    else return 1;
  }
  static constexpr std::size_t skip_options = count_skip_options();

  static constexpr int configurations = independent ? max_layers : 1;  ///< how often the per-layer slots repeat
  static constexpr int stride_slot = blocks::shared_slots + blocks::slots_per_layer * configurations;
  static constexpr int skip_slot = stride_slot + (stride_chosen ? 1 : 0);
  static constexpr int layers_slot = skip_slot + (skip_chosen ? 1 : 0);
  static constexpr int slot_count = layers_slot + (layers_chosen ? 1 : 0);

  static constexpr typename blocks::field_list fields = blocks::list_fields(declared_stage.block);
  static constexpr typename blocks::field_options counted = blocks::count_options(fields);

  /// Ways to fill the per-layer fields of alternative A.
  template <std::size_t A>
  static constexpr checked_uint128 alternative_options = counted.of_layer[A];
  /// Ways to configure a layer that may be skipped, and the first layer, which may not.
  static constexpr checked_uint128 later_layer_options = counted.later_layer;
  static constexpr checked_uint128 first_layer_options = counted.first_layer;

  /// Distinct configurations of the stage when it has `layers` layers.
  static constexpr checked_uint128 options_with(int layers) {
    if (layers <= 0) return {1};
    checked_uint128 n = checked_multiply(counted.shared, {stride_options * skip_options});
    n = checked_multiply(n, counted.first_layer);
    return independent ? checked_multiply(n, checked_power(counted.later_layer, layers - 1)) : n;
  }
  static constexpr checked_uint128 count() {
    checked_uint128 sum{0};
    for (std::size_t d = 0; d < layer_options; ++d) sum = checked_add(sum, options_with(layers_at(d)));
    return sum;
  }
  static constexpr checked_uint128 size = count();
};

template <class F, class Visit>
constexpr void for_each_stage(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<declared<F>::stage_count>{});
}

/// What loops over stages need, so that they are loops and not templates.
struct stage_facts {
  std::string_view declared_name{};
  bool in_head = false;
  bool named_choice = false;
  bool independent = false;
  bool offers_skip = false;
  bool layers_chosen = false;
  int alternatives = 1;
  int min_layers = 1;
  int max_layers = 1;
  int configurations = 1;
  int slots_per_layer = 0;
  int block_slot = 0;
  int stride_slot = 0;
  int skip_slot = 0;
  int layers_slot = 0;
  int slot_count = 0;
  std::size_t stride_options = 0;  ///< 0 where nothing is chosen
  std::size_t skip_options = 0;
  std::size_t layer_options = 1;
  std::size_t field_total = 0;
  const field_entry* fields = nullptr;
  const std::string_view* block_names = nullptr;
  int (*layers_at)(std::size_t) = nullptr;
  checked_uint128 size{};
};

template <class F, std::size_t I>
constexpr stage_facts facts_of_stage() {
  using layout = stage_layout<F, I>;
  return {.declared_name = layout::declared_stage.name,
          .in_head = layout::declared_stage.in_head,
          .named_choice = is_named_choice<typename layout::block_type>,
          .independent = layout::independent,
          .offers_skip = layout::offers_skip,
          .layers_chosen = layout::layers_chosen,
          .alternatives = static_cast<int>(layout::alternatives),
          .min_layers = layout::min_layers,
          .max_layers = layout::max_layers,
          .configurations = layout::configurations,
          .slots_per_layer = layout::slots_per_layer,
          .block_slot = layout::block_slot,
          .stride_slot = layout::stride_slot,
          .skip_slot = layout::skip_slot,
          .layers_slot = layout::layers_slot,
          .slot_count = layout::slot_count,
          .stride_options = layout::stride_chosen ? layout::stride_options : 0,
          .skip_options = layout::skip_chosen ? layout::skip_options : 0,
          .layer_options = layout::layer_options,
          .field_total = layout::field_total,
          .fields = layout::fields.data(),
          .block_names = layout::block_names.data(),
          .layers_at = &layout::layers_at,
          .size = layout::size};
}
template <class F>
inline constexpr auto all_stage_facts = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<stage_facts, sizeof...(I)>{facts_of_stage<F, I>()...};
}(std::make_index_sequence<declared<F>::stage_count>{});

/// First slot of each stage; the last element is the number of slots.
template <class F>
inline constexpr auto stage_slots = [] {
  std::array<int, declared<F>::stage_count + 1> first{};
  for (std::size_t i = 0; i < declared<F>::stage_count; ++i) first[i + 1] = first[i] + all_stage_facts<F>[i].slot_count;
  return first;
}();

/// Where a slot comes from, and when it is active: always, or when the digit of `parent` is in `when`.
struct slot_place {
  int stage = 0;
  int layer = -1;        ///< -1 unless the layers choose independently
  int alternative = 0;
  int field = -1;
  slot_role role = slot_role::field;
  int size = 1;
  int parent = -1;
  std::uint64_t when = 0;
};

/// The places of one stage's slots.
constexpr void place_slots(const stage_facts& facts, int stage, int base, slot_place* places) {
  const auto put = [&](int slot, slot_place place, int needs_layers) {
    place.stage = stage;
    if (place.parent < 0 && facts.layers_chosen && needs_layers > facts.min_layers) {
      place.parent = base + facts.layers_slot;
      for (std::size_t d = 0; d < facts.layer_options && d < 64; ++d)
        if (facts.layers_at(d) >= needs_layers) place.when |= std::uint64_t{1} << d;
    }
    places[base + slot] = place;
  };
  for (int j = 0; j < facts.configurations; ++j) {
    const int shift = j * facts.slots_per_layer;
    const int layer = facts.independent ? j : -1;
    const bool no_skip_here = facts.independent && j == 0 && facts.offers_skip;
    if (facts.alternatives > 1)
      put(facts.block_slot + shift, {.layer = layer, .role = slot_role::block, .size = facts.alternatives - (no_skip_here ? 1 : 0)}, j + 1);
    for (std::size_t i = 0; i < facts.field_total; ++i) {
      const field_entry& f = facts.fields[i];
      if (f.slot < 0) continue;
      slot_place place{.layer = layer, .alternative = f.alternative, .field = f.field, .size = static_cast<int>(f.options)};
      if (f.kind == field_kind::shared) {
        place.layer = -1;
        if (j == 0) put(f.slot, place, 1);
        continue;
      }
      if (facts.alternatives > 1) {
        place.parent = base + facts.block_slot + shift;
        place.when = std::uint64_t{1} << f.alternative;
      }
      put(f.slot + shift, place, j + 1);
    }
  }
  if (facts.stride_options > 0) put(facts.stride_slot, {.role = slot_role::stride, .size = static_cast<int>(facts.stride_options)}, 1);
  if (facts.skip_options > 0) put(facts.skip_slot, {.role = slot_role::skip, .size = static_cast<int>(facts.skip_options)}, 1);
  if (facts.layers_chosen) put(facts.layers_slot, {.role = slot_role::layers, .size = static_cast<int>(facts.layer_options)}, 0);
}

template <class F>
inline constexpr auto slot_places = [] {
  std::array<slot_place, static_cast<std::size_t>(stage_slots<F>[declared<F>::stage_count]) + 1> places{};
  for (std::size_t i = 0; i < declared<F>::stage_count; ++i) place_slots(all_stage_facts<F>[i], static_cast<int>(i), stage_slots<F>[i], places.data());
  return places;
}();

template <class F>
inline constexpr std::size_t slot_total = static_cast<std::size_t>(stage_slots<F>[declared<F>::stage_count]);

}  // namespace detail
}  // namespace nascent
