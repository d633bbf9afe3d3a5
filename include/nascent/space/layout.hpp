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

#include "nascent/block/reflection.hpp"
#include "nascent/choice/uint128.hpp"
#include "nascent/space/declaration.hpp"
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

enum class field_kind : std::uint8_t { fixed, chosen, shared, tied };

template <class Field>
consteval field_kind kind_of_field() {
  if constexpr (is_shared<Field>) return field_kind::shared;
  else if constexpr (is_tie<Field>) return field_kind::tied;
  else if constexpr (choice<Field>) return field_kind::chosen;
  else return field_kind::fixed;
}

/// The kinds of a block's fields, as an array with one spare element so that it is never empty.
template <class Block>
inline constexpr auto field_kinds = [] {
  std::array<field_kind, field_count<Block> + 1> kinds{};
  if constexpr (field_count<Block> > 0) {
    []<std::size_t... J>(std::index_sequence<J...>, auto& out) {
      ((out[J] = kind_of_field<std::remove_cvref_t<decltype(*pointer_to_field<Block, J>())>>()), ...);
    }(std::make_index_sequence<field_count<Block>>{}, kinds);
  }
  return kinds;
}();

template <class Block>
consteval int count_kind(field_kind kind, std::size_t before = max_fields) {
  int n = 0;
  for (std::size_t j = 0; j < field_count<Block> && j < before; ++j) n += field_kinds<Block>[j] == kind ? 1 : 0;
  return n;
}

/// Options of a field: 1 where nothing is chosen.
template <class Field>
constexpr std::size_t options(const Field& f) {
  if constexpr (is_shared<Field>) return f.values.size();
  else if constexpr (choice<Field>) return f.size();
  else return 1;
}

/// Product of the options of a block's fields of one kind.
template <class Block>
constexpr checked_uint128 block_options(const Block& block, field_kind kind) {
  return with_fields(block, [&](const auto&... f) {
    checked_uint128 product{1};
    ((kind_of_field<std::remove_cvref_t<decltype(f)>>() == kind
          ? static_cast<void>(product = checked_multiply(product, {options(f)}))
          : static_cast<void>(0)),
     ...);
    return product;
  });
}

/// Everything about stage I that types and constants say.
template <class F, std::size_t I>
struct stage_layout {
  static constexpr const auto& declared_stage = stage_at<F, I>();
  using stage_type = std::remove_cvref_t<decltype(declared_stage)>;
  using block_type = std::remove_cvref_t<decltype(declared_stage.block)>;
  using layers_type = std::remove_cvref_t<decltype(declared_stage.layers)>;
  using stride_type = std::remove_cvref_t<decltype(declared_stage.stride)>;
  using skip_type = std::remove_cvref_t<decltype(declared_stage.skip)>;

  template <std::size_t A>
  using alternative_type = std::remove_cvref_t<decltype(alternative_of<A>(declared_stage.block))>;

  static constexpr std::size_t alternatives = alternative_count<block_type>;
  static constexpr bool independent = is_independent<layers_type>;
  static constexpr bool offers_skip = alternatives > 1 && is_skip<alternative_type<alternatives - 1>>;

  static constexpr const auto& layer_counts() {
    if constexpr (independent) return declared_stage.layers.count;
    else return declared_stage.layers;
  }
  using counts_type = std::remove_cvref_t<decltype(layer_counts())>;
  static constexpr bool layers_chosen = choice<counts_type>;
  static constexpr std::size_t layer_options = [] {
    if constexpr (layers_chosen) return layer_counts().size();
    else return std::size_t{1};
  }();
  /// Layers at digit `d` of the layers slot.
  static constexpr int layers_at(std::size_t d) {
    if constexpr (layers_chosen) return layer_counts()[d];
    else if constexpr (std::is_same_v<counts_type, single_layer>) return 1;
    else return layer_counts();
  }
  static constexpr int max_layers = [] {
    int most = 0;
    for (std::size_t d = 0; d < layer_options; ++d) most = layers_at(d) > most ? layers_at(d) : most;
    return most;
  }();
  static constexpr int min_layers = [] {
    int least = max_layers;
    for (std::size_t d = 0; d < layer_options; ++d) least = layers_at(d) < least ? layers_at(d) : least;
    return least;
  }();
  static constexpr bool may_be_empty = min_layers <= 0;
  static constexpr int empty_digit = [] {
    int at = -1;
    for (std::size_t d = 0; d < layer_options; ++d) at = layers_at(d) == 0 && at < 0 ? static_cast<int>(d) : at;
    return at;
  }();

  static constexpr bool stride_chosen = choice<stride_type>;
  static constexpr std::size_t stride_options = [] {
    if constexpr (stride_chosen) return declared_stage.stride.size();
    else return std::size_t{1};
  }();
  static constexpr bool has_skip = !std::is_same_v<skip_type, no_skip>;
  static constexpr bool skip_chosen = [] {
    if constexpr (has_skip) return choice<std::remove_cvref_t<decltype(declared_stage.skip.from)>>;
    else return false;
  }();
  static constexpr std::size_t skip_options = [] {
    if constexpr (skip_chosen) return declared_stage.skip.from.size();
    else return std::size_t{1};
  }();

  template <class Visit>
  static constexpr void for_each_alternative(Visit visit) {
    [&]<std::size_t... A>(std::index_sequence<A...>) {
      (visit(std::integral_constant<std::size_t, A>{}), ...);
    }(std::make_index_sequence<alternatives>{});
  }

  static constexpr int shared_slots = [] {
    int n = 0;
    for_each_alternative([&](auto a) { n += count_kind<alternative_type<a()>>(field_kind::shared); });
    return n;
  }();
  static constexpr int block_slot = shared_slots;  ///< of layer 0, where there are alternatives
  static constexpr int first_field_slot = shared_slots + (alternatives > 1 ? 1 : 0);
  static constexpr int slots_per_layer = [] {
    int n = alternatives > 1 ? 1 : 0;
    for_each_alternative([&](auto a) { n += count_kind<alternative_type<a()>>(field_kind::chosen); });
    return n;
  }();
  static constexpr int configurations = independent ? max_layers : 1;  ///< how often the per-layer slots repeat
  static constexpr int stride_slot = shared_slots + slots_per_layer * configurations;
  static constexpr int skip_slot = stride_slot + (stride_chosen ? 1 : 0);
  static constexpr int layers_slot = skip_slot + (skip_chosen ? 1 : 0);
  static constexpr int slot_count = layers_slot + (layers_chosen ? 1 : 0);

  /// Slot of field J of alternative A in layer 0, relative to the stage.
  template <std::size_t A, std::size_t J>
  static constexpr int field_slot = [] {
    constexpr field_kind kind = field_kinds<alternative_type<A>>[J];
    int at = kind == field_kind::shared ? 0 : first_field_slot;
    for_each_alternative([&](auto a) {
      if (a() < A) at += count_kind<alternative_type<a()>>(kind);
    });
    return at + count_kind<alternative_type<A>>(kind, J);
  }();

  /// Ways to fill the per-layer fields of alternative A.
  template <std::size_t A>
  static constexpr checked_uint128 alternative_options =
      block_options(alternative_of<A>(declared_stage.block), field_kind::chosen);

  static constexpr checked_uint128 shared_options = [] {
    checked_uint128 product{1};
    for_each_alternative([&](auto a) {
      product = checked_multiply(product, block_options(alternative_of<a()>(declared_stage.block), field_kind::shared));
    });
    return product;
  }();
  /// Ways to configure a layer that may be skipped, and the first layer, which may not.
  static constexpr checked_uint128 later_layer_options = [] {
    checked_uint128 sum{0};
    for_each_alternative([&](auto a) { sum = checked_add(sum, alternative_options<a()>); });
    return sum;
  }();
  static constexpr checked_uint128 first_layer_options = {later_layer_options.value - (offers_skip ? 1U : 0U),
                                                          later_layer_options.overflow};
  /// Distinct configurations of the stage when it has `layers` layers.
  static constexpr checked_uint128 options_with(int layers) {
    if (layers <= 0) return {1};
    checked_uint128 n = checked_multiply(shared_options, {stride_options * skip_options});
    n = checked_multiply(n, first_layer_options);
    return independent ? checked_multiply(n, checked_power(later_layer_options, layers - 1)) : n;
  }
  static constexpr checked_uint128 size = [] {
    checked_uint128 sum{0};
    for (std::size_t d = 0; d < layer_options; ++d) sum = checked_add(sum, options_with(layers_at(d)));
    return sum;
  }();
};

template <class F, class Visit>
constexpr void for_each_stage(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<declared<F>::stage_count>{});
}

/// First slot of each stage; the last element is the number of slots.
template <class F>
inline constexpr auto stage_slots = [] {
  std::array<int, declared<F>::stage_count + 1> first{};
  for_each_stage<F>([&](auto i) { first[i() + 1] = first[i()] + stage_layout<F, i()>::slot_count; });
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

template <class F>
inline constexpr auto slot_places = [] {
  std::array<slot_place, static_cast<std::size_t>(stage_slots<F>[declared<F>::stage_count]) + 1> places{};
  for_each_stage<F>([&](auto i) {
    using layout = stage_layout<F, i()>;
    const int base = stage_slots<F>[i()];
    const auto at_least = [](int layers) {
      std::uint64_t mask = 0;
      for (std::size_t d = 0; d < layout::layer_options && d < 64; ++d)
        if (layout::layers_at(d) >= layers) mask |= std::uint64_t{1} << d;
      return mask;
    };
    const auto put = [&](int slot, slot_place place, int needs_layers) {
      place.stage = static_cast<int>(i());
      if (place.parent < 0 && layout::layers_chosen && needs_layers > layout::min_layers) {
        place.parent = base + layout::layers_slot;
        place.when = at_least(needs_layers);
      }
      places[static_cast<std::size_t>(base + slot)] = place;
    };
    for (int j = 0; j < layout::configurations; ++j) {
      const int shift = j * layout::slots_per_layer;
      const int layer = layout::independent ? j : -1;
      const bool no_skip_here = layout::independent && j == 0 && layout::offers_skip;
      if constexpr (layout::alternatives > 1)
        put(layout::block_slot + shift,
            {.layer = layer,
             .role = slot_role::block,
             .size = static_cast<int>(layout::alternatives) - (no_skip_here ? 1 : 0)},
            j + 1);
      layout::for_each_alternative([&](auto a) {
        using block = typename layout::template alternative_type<a()>;
        [&]<std::size_t... J>(std::index_sequence<J...>) {
          [[maybe_unused]] const auto one = [&](auto field_index) {
            constexpr std::size_t at = field_index();
            constexpr field_kind kind = field_kinds<block>[at];
            if constexpr (kind == field_kind::chosen || kind == field_kind::shared) {
              slot_place place{.layer = kind == field_kind::shared ? -1 : layer,
                               .alternative = static_cast<int>(a()),
                               .field = static_cast<int>(at),
                               .size = static_cast<int>(options(field<at>(alternative_of<a()>(layout::declared_stage.block))))};
              constexpr int slot = layout::template field_slot<a(), at>;
              if constexpr (kind == field_kind::shared) {
                if (j == 0) put(slot, place, 1);
              } else {
                if constexpr (layout::alternatives > 1) {
                  place.parent = base + layout::block_slot + shift;
                  place.when = std::uint64_t{1} << a();
                }
                put(slot + shift, place, j + 1);
              }
            }
          };
          (one(std::integral_constant<std::size_t, J>{}), ...);
        }(std::make_index_sequence<field_count<block>>{});
      });
    }
    if constexpr (layout::stride_chosen)
      put(layout::stride_slot, {.role = slot_role::stride, .size = static_cast<int>(layout::stride_options)}, 1);
    if constexpr (layout::skip_chosen)
      put(layout::skip_slot, {.role = slot_role::skip, .size = static_cast<int>(layout::skip_options)}, 1);
    if constexpr (layout::layers_chosen)
      put(layout::layers_slot, {.role = slot_role::layers, .size = static_cast<int>(layout::layer_options)}, 0);
  });
  return places;
}();

template <class F>
inline constexpr std::size_t slot_total = static_cast<std::size_t>(stage_slots<F>[declared<F>::stage_count]);

}  // namespace detail
}  // namespace nascent
