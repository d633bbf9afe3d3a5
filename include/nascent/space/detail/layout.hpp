// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a declaration to slots: which decisions there are, in which order, and when each is active.
///
/// Order of a stage's slots: shared fields; then per layer (once, if the layers share their configuration) the
/// alternative and the fields of each block in declaration order; then stride, skip, layers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/base/text.hpp"
#include "nascent/space/detail/block_layout.hpp"

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

/// Calls `visit(stage)` for every stage of a declaration. Visitors that are no lambdas of a template of the space are
/// compiled once for a type of stage, whatever space it is in.
template <class Visit, std::size_t... I, class... Stages>
constexpr void visit_stages(Visit& visit, const alternative_storage<std::index_sequence<I...>, Stages...>& stages) {
  (visit(static_cast<const alternative<I, Stages>&>(stages).block), ...);
}

/// The number, or the choice of numbers, of layers.
template <class Layers>
constexpr const auto& counts_of(const Layers& layers) {
  if constexpr (is_independent<Layers>) return layers.count;
  else return layers;
}
/// Layers at option `o` of such a number or choice.
template <class Counts>
constexpr int layers_of(const Counts& counts, [[maybe_unused]] std::size_t o) {
  if constexpr (choice<Counts>) return counts[o];
  else if constexpr (std::is_same_v<Counts, single_layer>) return 1;
  else return counts;
}

/// Ways to configure the parts of a stage.
struct stage_ways {
  checked_uint128 common{1};  ///< shared fields, stride, skip connection
  checked_uint128 first_layer{1};
  checked_uint128 later_layer{1};
  bool independent = false;

  /// Distinct configurations of the stage when it has `layers` layers.
  constexpr checked_uint128 with(int layers) const {
    if (layers <= 0) return {1};
    const checked_uint128 n = checked_multiply(common, first_layer);
    return independent ? checked_multiply(n, checked_power(later_layer, layers - 1)) : n;
  }
};

/// What loops over stages need, so that they are loops and not templates.
struct stage_facts {
  std::string_view declared_name{};
  bool in_head = false;
  bool named_choice = false;
  bool independent = false;
  bool offers_skip = false;
  bool layers_chosen = false;
  bool tied = false;  ///< a field, in any alternative, is tied to another stage
  int alternatives = 1;
  int min_layers = 1;
  int max_layers = 1;
  int empty_digit = -1;    ///< option of the layers that is 0
  int configurations = 1;  ///< how often the per-layer slots repeat
  int slots_per_layer = 0;
  int block_slot = 0;
  int stride_slot = 0;
  int skip_slot = 0;
  int layers_slot = 0;
  int slot_count = 0;
  std::size_t stride_options = 0;  ///< 0 where nothing is chosen
  std::size_t skip_options = 0;
  std::size_t layer_options = 1;
  const int* layer_counts = nullptr;  ///< by option
  std::size_t field_total = 0;
  const field_entry* fields = nullptr;
  const std::size_t* field_options = nullptr;
  const std::string_view* block_names = nullptr;
  checked_uint128 size{};

  constexpr void number_layers() {
    min_layers = max_layers = 0;
    for (std::size_t o = 0; o < layer_options; ++o) {
      const int layers = layer_counts[o];
      if (o == 0 || layers > max_layers) max_layers = layers;
      if (o == 0 || layers < min_layers) min_layers = layers;
      if (layers == 0 && empty_digit < 0) empty_digit = static_cast<int>(o);
    }
    if (max_layers < 0) max_layers = 0;
  }
  constexpr void number_slots() {
    stride_slot = block_slot + slots_per_layer * configurations;
    skip_slot = stride_slot + (stride_options > 0 ? 1 : 0);
    layers_slot = skip_slot + (skip_options > 0 ? 1 : 0);
    slot_count = layers_slot + (layers_chosen ? 1 : 0);
  }
  constexpr void count(const stage_ways& ways) {
    size = {0};
    for (std::size_t o = 0; o < layer_options; ++o) size = checked_add(size, ways.with(layer_counts[o]));
  }
};

/// How many options of fields and layers the stages have to list.
struct number_counter {
  std::size_t fields = 0;
  std::size_t layers = 0;
  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    fields += block_layout<Block>::field_total;
    layers += options(counts_of(stage.layers));
  }
};

struct number_writer {
  std::size_t* fields;
  int* layers;
  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    block_layout<Block>::list_options(stage.block, fields);
    fields += block_layout<Block>::field_total;
    const auto& counts = counts_of(stage.layers);
    for (std::size_t o = 0; o < options(counts); ++o) *layers++ = layers_of(counts, o);
  }
};

/// Options of all fields and layers of a space, stage after stage, with a spare element each.
template <std::size_t Fields, std::size_t Layers>
struct stage_numbers {
  std::array<std::size_t, Fields + 1> fields{};
  std::array<int, Layers + 1> layers{};
};
// Functions, not lambdas, here and below: a lambda in a template costs g++ several times as much.
template <class F>
consteval number_counter count_numbers() {
  number_counter n;
  visit_stages(n, declared<F>::stages.items);
  return n;
}
template <class F>
consteval auto list_numbers() {
  constexpr number_counter total = count_numbers<F>();
  stage_numbers<total.fields, total.layers> numbers;
  number_writer writer{numbers.fields.data(), numbers.layers.data()};
  visit_stages(writer, declared<F>::stages.items);
  return numbers;
}
template <class F>
inline constexpr auto all_stage_numbers = list_numbers<F>();

/// What blocks are given of a stage's stride, a value or a choice: a number where rows and columns cannot differ.
template <class Stride>
struct step_type_of {
  using type = std::conditional_t<std::is_same_v<Stride, strides>, strides, int>;
};
template <choice Stride>
struct step_type_of<Stride> : step_type_of<typename Stride::value_type> {};
template <class Stride>
using step_of = typename step_type_of<Stride>::type;

template <class Choice>
constexpr std::size_t chosen_options([[maybe_unused]] const Choice& c) {
  if constexpr (choice<Choice>) return c.size();
  else return 0;
}

struct facts_writer {
  stage_facts* to;
  const std::size_t* fields;
  const int* layers;

  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    using layout = block_layout<Block>;
    stage_facts& f = *to++;
    f.declared_name = stage.name;
    f.in_head = stage.in_head();
    f.named_choice = is_named_choice<Block>;
    f.independent = is_independent<Layers>;
    f.offers_skip = layout::offers_skip;
    f.tied = has_ties<Block>;
    f.alternatives = static_cast<int>(layout::alternatives);
    const auto& counts = counts_of(stage.layers);
    f.layers_chosen = choice<std::remove_cvref_t<decltype(counts)>>;
    f.layer_options = options(counts);
    f.layer_counts = layers;
    layers += f.layer_options;
    f.field_total = layout::field_total;
    f.fields = layout::table.entries;
    f.field_options = fields;
    fields += layout::field_total;
    f.block_names = layout::block_names.data();
    f.number_layers();
    f.slots_per_layer = layout::slots_per_layer;
    f.block_slot = layout::block_slot;
    f.configurations = f.independent ? f.max_layers : 1;
    f.stride_options = chosen_options(stage.stride);
    if constexpr (!std::is_same_v<Skip, no_skip>) f.skip_options = chosen_options(stage.skip.from);
    f.number_slots();
    const field_options<layout::alternatives> ways = layout::count_options(f.field_options);
    f.count({checked_multiply(ways.shared,
                              {(choice<Stride> ? f.stride_options : 1) * (f.skip_options > 0 ? f.skip_options : 1)}),
             ways.first_layer, ways.later_layer, f.independent});
  }
};
template <class F>
consteval auto list_facts() {
  std::array<stage_facts, declared<F>::stage_count> facts{};
  facts_writer writer{facts.data(), all_stage_numbers<F>.fields.data(), all_stage_numbers<F>.layers.data()};
  visit_stages(writer, declared<F>::stages.items);
  return facts;
}
template <class F>
inline constexpr auto all_stage_facts = list_facts<F>();

/// What code that draws, ranks and builds stage I needs as types and constants. A declaration by itself does not need
/// it.
template <class F, std::size_t I>
struct stage_layout : block_layout<std::remove_cvref_t<decltype(stage_at<F, I>().block)>> {
  static constexpr const auto& declared_stage = stage_at<F, I>();
  static constexpr const stage_facts& facts = all_stage_facts<F>[I];
  using stage_type = std::remove_cvref_t<decltype(declared_stage)>;
  using block_type = std::remove_cvref_t<decltype(declared_stage.block)>;
  using layers_type = std::remove_cvref_t<decltype(declared_stage.layers)>;
  using stride_type = std::remove_cvref_t<decltype(declared_stage.stride)>;
  using skip_type = std::remove_cvref_t<decltype(declared_stage.skip)>;
  using blocks = block_layout<block_type>;

  static constexpr bool independent = is_independent<layers_type>;

  static constexpr const auto& layer_counts() { return counts_of(declared_stage.layers); }
  using counts_type = std::remove_cvref_t<decltype(layer_counts())>;
  static constexpr bool layers_chosen = choice<counts_type>;
  static constexpr std::size_t layer_options = facts.layer_options;
  /// Layers at digit `d` of the layers slot.
  static constexpr int layers_at(std::size_t d) { return layers_of(layer_counts(), d); }
  static constexpr int max_layers = facts.max_layers;
  static constexpr int min_layers = facts.min_layers;
  static constexpr bool may_be_empty = min_layers <= 0;
  static constexpr int empty_digit = facts.empty_digit;

  static constexpr bool stride_chosen = choice<stride_type>;
  using step_type = step_of<stride_type>;
  static constexpr std::size_t stride_options = stride_chosen ? facts.stride_options : 1;
  static constexpr bool has_skip = !std::is_same_v<skip_type, no_skip>;
  static constexpr bool skip_chosen = facts.skip_options > 0;
  static constexpr std::size_t skip_options = skip_chosen ? facts.skip_options : 1;

  static constexpr int configurations = facts.configurations;
  static constexpr int stride_slot = facts.stride_slot;
  static constexpr int skip_slot = facts.skip_slot;
  static constexpr int layers_slot = facts.layers_slot;
  static constexpr int slot_count = facts.slot_count;

  static constexpr field_options<blocks::alternatives> counted = blocks::count_options(facts.field_options);

  /// Ways to fill the per-layer fields of alternative A.
  template <std::size_t A>
  static constexpr checked_uint128 alternative_options = counted.of_layer[A];
  /// Ways to configure a layer that may be skipped, and the first layer, which may not.
  static constexpr checked_uint128 later_layer_options = counted.later_layer;
  static constexpr checked_uint128 first_layer_options = counted.first_layer;

  /// Distinct configurations of the stage when it has `layers` layers.
  static constexpr checked_uint128 options_with(int layers) {
    return stage_ways{checked_multiply(counted.shared, {stride_options * skip_options}), counted.first_layer,
                      counted.later_layer, independent}
        .with(layers);
  }
  static constexpr checked_uint128 size = facts.size;
};

template <class F, class Visit>
constexpr void for_each_stage(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (visit(std::integral_constant<std::size_t, I>{}), ...); }
  (std::make_index_sequence<declared<F>::stage_count>{});
}

/// Numbers of the stages with ties: the checks of the others do not depend on the space.
template <std::size_t Stages>
struct stage_list {
  std::array<std::size_t, Stages> at{};
  std::size_t count = 0;
  constexpr explicit stage_list(const std::array<stage_facts, Stages>& facts) {
    for (std::size_t i = 0; i < Stages; ++i)
      if (facts[i].tied) at[count++] = i;
  }
};
template <class F>
inline constexpr stage_list<declared<F>::stage_count> tied_stages{all_stage_facts<F>};

/// First slot of each stage; the last element is the number of slots.
template <std::size_t Stages>
constexpr std::array<int, Stages + 1> add_slots(const std::array<stage_facts, Stages>& facts) {
  std::array<int, Stages + 1> first{};
  for (std::size_t i = 0; i < Stages; ++i) first[i + 1] = first[i] + facts[i].slot_count;
  return first;
}
template <class F>
inline constexpr auto stage_slots = add_slots(all_stage_facts<F>);

/// Where a slot comes from, and when it is active: always, or when the digit of `parent` is in `when`.
struct slot_place {
  int stage = 0;
  int layer = -1;  ///< -1 unless the layers choose independently
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
        if (facts.layer_counts[d] >= needs_layers) place.when |= std::uint64_t{1} << d;
    }
    places[base + slot] = place;
  };
  for (int j = 0; j < facts.configurations; ++j) {
    const int shift = j * facts.slots_per_layer;
    const int layer = facts.independent ? j : -1;
    const bool no_skip_here = facts.independent && j == 0 && facts.offers_skip;
    if (facts.alternatives > 1)
      put(facts.block_slot + shift,
          {.layer = layer, .role = slot_role::block, .size = facts.alternatives - (no_skip_here ? 1 : 0)}, j + 1);
    for (std::size_t i = 0; i < facts.field_total; ++i) {
      const field_entry& f = facts.fields[i];
      if (f.slot < 0) continue;
      slot_place place{.layer = layer,
                       .alternative = f.alternative,
                       .field = f.field,
                       .size = static_cast<int>(facts.field_options[i])};
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
  if (facts.stride_options > 0)
    put(facts.stride_slot, {.role = slot_role::stride, .size = static_cast<int>(facts.stride_options)}, 1);
  if (facts.skip_options > 0)
    put(facts.skip_slot, {.role = slot_role::skip, .size = static_cast<int>(facts.skip_options)}, 1);
  if (facts.layers_chosen)
    put(facts.layers_slot, {.role = slot_role::layers, .size = static_cast<int>(facts.layer_options)}, 0);
}

template <class F>
inline constexpr std::size_t slot_total = static_cast<std::size_t>(stage_slots<F>[declared<F>::stage_count]);

template <std::size_t Slots, std::size_t Stages>
constexpr std::array<slot_place, Slots + 1> place_all(const std::array<stage_facts, Stages>& facts,
                                                      const std::array<int, Stages + 1>& first) {
  std::array<slot_place, Slots + 1> places{};
  for (std::size_t i = 0; i < Stages; ++i) place_slots(facts[i], static_cast<int>(i), first[i], places.data());
  return places;
}
template <class F>
inline constexpr auto slot_places = place_all<slot_total<F>>(all_stage_facts<F>, stage_slots<F>);

}  // namespace detail
}  // namespace nascent
