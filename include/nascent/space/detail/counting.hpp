// SPDX-License-Identifier: Apache-2.0
/// \file
/// Counting, ranking and drawing the configurations of one stage. Stages are independent of each other unless
/// constraints join them, so a space without constraints is a mixed-radix number whose digits are stages.
#pragma once

#include "nascent/base/random.hpp"
#include "nascent/space/detail/layout.hpp"

namespace nascent::detail {

/// Decisions at random.
template <class Rng>
struct random_draws {
  static constexpr bool one_per_slot = false;
  Rng& rng;

  /// A number below n for the decision of a slot.
  template <class Number>
  constexpr Number below(const digit* /*slot*/, Number n) const {
    return n == 1 ? Number{0} : random_below(rng, n);
  }
};

/// Decisions by the coordinates of a point, in units of 2^-64, one for each slot of a space.
struct point_draws {
  static constexpr bool one_per_slot = true;
  const digit* first;  ///< slot of the space
  const std::uint64_t* at;

  template <class Number>
  constexpr Number below(const digit* slot, Number n) const {
    return share_of(n, at[slot - first]);
  }
};

/// Stage I of space F as a set of configurations 0 .. size - 1. `d` points at the stage's first slot.
template <class F, std::size_t I>
struct stage_counter {
  using layout = stage_layout<F, I>;
  static constexpr bool small = !layout::size.overflow && layout::size.value <= ~std::uint64_t{0};
  /// Arithmetic of ranks: 64 bits where they suffice.
  using rank_type = std::conditional_t<small, std::uint64_t, uint128>;
  /// The same for one layer: a stage of many layers is larger than each of them.
  using layer_rank = std::conditional_t<!layout::later_layer_options.overflow &&
                                            layout::later_layer_options.value <= ~std::uint64_t{0},
                                        std::uint64_t, uint128>;

  static constexpr void clear(digit* d) {
    for (int k = 0; k < layout::slot_count; ++k) d[k] = inactive;
  }

  /// Calls `visit(slot, options)` for every chosen field of alternative A, in slot order.
  template <std::size_t A, field_kind Kind, class Visit>
  static constexpr void for_each_slot(Visit&& visit) {
    using block = typename layout::template alternative_type<A>;
    [[maybe_unused]] const auto one = [&](auto j) {
      if constexpr (field_kinds<block>[j()] == Kind)
        visit(layout::template field_slot<A, j()>,
              options(field<j()>(alternative_of<A>(layout::declared_stage.block))));
    };
    [&]<std::size_t... J>(std::index_sequence<J...>) { (one(std::integral_constant<std::size_t, J>{}), ...); }
    (std::make_index_sequence<field_count<block>>{});
  }

  /// Every slot that belongs to the stage as a whole and is active when it has layers: shared fields, stride, skip.
  template <class Visit>
  static constexpr void for_each_common_slot(Visit&& visit) {
    if constexpr (layout::shared_slots > 0)
      layout::for_each_alternative([&](auto a) { for_each_slot<a(), field_kind::shared>(visit); });
    if constexpr (layout::stride_chosen) visit(layout::stride_slot, layout::stride_options);
    if constexpr (layout::skip_chosen) visit(layout::skip_slot, layout::skip_options);
  }

  /// Calls `visit(integral_constant A)` for the alternative that the layer's block slot names.
  template <std::size_t A = 0, class Visit>
  static constexpr void with_alternative(const digit* layer, Visit&& visit) {
    if constexpr (A + 1 == layout::alternatives) visit(std::integral_constant<std::size_t, A>{});
    else if (layer[layout::block_slot] == static_cast<digit>(A)) visit(std::integral_constant<std::size_t, A>{});
    else with_alternative<A + 1>(layer, visit);
  }

  static constexpr layer_rank layer_options(bool first) {
    return static_cast<layer_rank>(first && layout::independent ? layout::first_layer_options.value
                                                                : layout::later_layer_options.value);
  }

  static constexpr int layers(const digit* d) {
    if constexpr (layout::layers_chosen) {
      const int n = layout::layers_at(static_cast<std::size_t>(d[layout::layers_slot]));
      // The compiler must see that loops over layers stay inside the stage's slots, or it warns of accesses that cannot
      // be.
      if (n < 0 || n > layout::max_layers) __builtin_unreachable();
      return n;
    } else {
      return layout::max_layers;
    }
  }

  template <class Draws>
  static constexpr void decide_slot(const Draws& draws, digit& slot, std::size_t n) {
    slot = static_cast<digit>(draws.below(&slot, static_cast<std::uint64_t>(n)));
  }

  /// One layer, uniform over its configurations. `layer` points at the stage's slots shifted by the layer's number.
  template <class Draws>
  static constexpr void decide_layer(const Draws& draws, digit* layer, bool first) {
    if constexpr (layout::alternatives > 1) {
      layer_rank r = draws.below(layer + layout::block_slot, layer_options(first));
      int chosen = static_cast<int>(layout::alternatives) - 1;
      bool found = false;
      layout::for_each_alternative([&](auto a) {
        const auto n = static_cast<layer_rank>(layout::template alternative_options<a()>.value);
        if (!found && r < n) {
          chosen = static_cast<int>(a());
          found = true;
        }
        if (!found) r -= n;
      });
      for (int k = 0; k < layout::slots_per_layer; ++k) layer[layout::block_slot + k] = inactive;
      layer[layout::block_slot] = static_cast<digit>(chosen);
    }
    with_alternative(layer, [&](auto a) {
      for_each_slot<a(), field_kind::chosen>([&](int slot, std::size_t n) { decide_slot(draws, layer[slot], n); });
    });
  }

  /// Digit of the layers slot, each weighted by the configurations it leaves.
  template <class Draws>
  static constexpr digit decide_layers(const Draws& draws, const digit* slot) {
    if constexpr (!layout::independent && !Draws::one_per_slot) {
      constexpr auto nonempty = static_cast<std::uint64_t>(layout::layer_options - (layout::may_be_empty ? 1 : 0));
      if constexpr (layout::may_be_empty) {
        if (draws.below(slot, static_cast<rank_type>(layout::size.value)) == 0)
          return static_cast<digit>(layout::empty_digit);
      }
      const auto d = static_cast<digit>(draws.below(slot, nonempty));
      return layout::may_be_empty && d >= layout::empty_digit ? static_cast<digit>(d + 1) : d;
    } else {
      auto r = draws.below(slot, static_cast<rank_type>(layout::size.value));
      std::size_t d = 0;
      for (; d + 1 < layout::layer_options; ++d) {
        const auto n = static_cast<rank_type>(weights[d]);
        if (r < n) break;
        r -= n;
      }
      return static_cast<digit>(d);
    }
  }
  static constexpr auto weights = [] {
    std::array<uint128, layout::layer_options> w{};
    for (std::size_t d = 0; d < layout::layer_options; ++d) w[d] = layout::options_with(layout::layers_at(d)).value;
    return w;
  }();

  template <class Rng>
  static constexpr void sample(Rng& rng, digit* d) {
    decide(random_draws<Rng>{rng}, d);
  }

  template <class Draws>
  static constexpr void decide(const Draws& draws, digit* d) {
    if constexpr (layout::slot_count == 0) return;
    if constexpr (layout::layers_chosen) d[layout::layers_slot] = decide_layers(draws, d + layout::layers_slot);
    const int n = layers(d);
    if constexpr (layout::may_be_empty) {
      if (n == 0) {
        const digit kept = d[layout::layers_slot];
        clear(d);
        d[layout::layers_slot] = kept;
        return;
      }
    }
    for_each_common_slot([&](int slot, std::size_t m) { decide_slot(draws, d[slot], m); });
    decide_layer(draws, d, true);
    if constexpr (layout::independent) {
      int j = 1;
      for (; j < n; ++j) decide_layer(draws, d + j * layout::slots_per_layer, false);
      for (int k = layout::block_slot + n * layout::slots_per_layer; k < layout::stride_slot; ++k) d[k] = inactive;
    }
  }

  static constexpr rank_type rank_layer(const digit* layer, rank_type before, bool first) {
    rank_type r = before;
    with_alternative(layer, [&](auto a) {
      layer_rank offset = 0;
      layer_rank value = 0;
      layout::for_each_alternative([&](auto b) {
        if (b() < a()) offset += static_cast<layer_rank>(layout::template alternative_options<b()>.value);
      });
      for_each_slot<a(), field_kind::chosen>(
          [&](int slot, std::size_t n) { value = value * n + static_cast<std::uint64_t>(layer[slot]); });
      r = r * layer_options(first) + offset + value;
    });
    return r;
  }

  /// Position of a configuration in the order: by layer count, then shared fields, stride, skip, then layer by layer.
  static constexpr rank_type rank(const digit* d) {
    rank_type offset = 0;
    if constexpr (layout::layers_chosen)
      for (int k = 0; k < d[layout::layers_slot]; ++k)
        offset += static_cast<rank_type>(weights[static_cast<std::size_t>(k)]);
    const int n = layers(d);
    if (n == 0) return offset;
    rank_type r = 0;
    for_each_common_slot([&](int slot, std::size_t m) { r = r * m + static_cast<std::uint64_t>(d[slot]); });
    r = rank_layer(d, r, true);
    if constexpr (layout::independent)
      for (int j = 1; j < n; ++j) r = rank_layer(d + j * layout::slots_per_layer, r, false);
    return offset + r;
  }

  static constexpr void unrank_layer(layer_rank r, digit* layer) {
    if constexpr (layout::alternatives > 1) {
      bool found = false;
      int chosen = static_cast<int>(layout::alternatives) - 1;
      layout::for_each_alternative([&](auto a) {
        const auto n = static_cast<layer_rank>(layout::template alternative_options<a()>.value);
        if (!found && r < n) {
          chosen = static_cast<int>(a());
          found = true;
        }
        if (!found) r -= n;
      });
      for (int k = 0; k < layout::slots_per_layer; ++k) layer[layout::block_slot + k] = inactive;
      layer[layout::block_slot] = static_cast<digit>(chosen);
    }
    with_alternative(layer, [&](auto a) {
      unrank_fields<a(), field_count<typename layout::template alternative_type<a()>>>(r, layer);
    });
  }

  /// Fields from the last to the first: the last one is the fastest digit.
  template <std::size_t A, std::size_t J>
  static constexpr void unrank_fields(layer_rank r, digit* layer) {
    if constexpr (J > 0) {
      using block = typename layout::template alternative_type<A>;
      if constexpr (field_kinds<block>[J - 1] == field_kind::chosen) {
        constexpr std::uint64_t n = options(field<J - 1>(alternative_of<A>(layout::declared_stage.block)));
        layer[layout::template field_slot<A, J - 1>] = static_cast<digit>(r % n);
        r /= n;
      }
      unrank_fields<A, J - 1>(r, layer);
    }
  }

  static constexpr void unrank(rank_type r, digit* d) {
    if constexpr (layout::slot_count == 0) return;
    std::size_t chosen = 0;
    if constexpr (layout::layers_chosen) {
      for (; chosen + 1 < layout::layer_options && r >= static_cast<rank_type>(weights[chosen]); ++chosen)
        r -= static_cast<rank_type>(weights[chosen]);
    }
    const int n = layout::layers_at(chosen);
    if (n == 0) {
      clear(d);
    } else {
      if constexpr (layout::independent) {
        for (int k = layout::block_slot + n * layout::slots_per_layer; k < layout::stride_slot; ++k) d[k] = inactive;
        constexpr auto later = static_cast<rank_type>(layout::later_layer_options.value);
        for (int j = n - 1; j > 0; --j) {
          unrank_layer(static_cast<layer_rank>(r % later), d + j * layout::slots_per_layer);
          r /= later;
        }
      }
      constexpr auto first = static_cast<rank_type>(layout::independent ? layout::first_layer_options.value
                                                                        : layout::later_layer_options.value);
      unrank_layer(static_cast<layer_rank>(r % first), d);
      r /= first;
      int slots[layout::shared_slots + 2] = {};
      std::size_t sizes[layout::shared_slots + 2] = {};
      int count = 0;
      for_each_common_slot([&](int slot, std::size_t m) {
        slots[count] = slot;
        sizes[count++] = m;
      });
      while (count > 0) {
        --count;
        d[slots[count]] = static_cast<digit>(r % sizes[count]);
        r /= sizes[count];
      }
    }
    if constexpr (layout::layers_chosen) d[layout::layers_slot] = static_cast<digit>(chosen);
  }
};

}  // namespace nascent::detail
