// SPDX-License-Identifier: Apache-2.0
/// \file
/// Counting a space without constraints: stages are independent, its size is the product of theirs. Spaces with
/// constraints are counted by what space/constraint.hpp brings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nascent/space/detail/counting.hpp"
#include "nascent/space/detail/paths.hpp"

namespace nascent {
struct constraint_description;
}  // namespace nascent

namespace nascent::detail {

template <class F>
constexpr bool slot_is_active(const digit* d, std::size_t k) {
  const slot_place& place = slot_places<F>[k];
  if (place.parent < 0) return true;
  const digit decided = d[place.parent];
  return decided >= 0 && (place.when >> decided & 1) != 0;
}

/// A digit uniform among the allowed options of a slot. One or more are allowed.
template <class Rng, class Allowed>
constexpr digit draw_allowed(Rng& rng, int options, Allowed is_allowed) {
  int count = 0;
  for (int option = 0; option < options; ++option) count += is_allowed(static_cast<digit>(option)) ? 1 : 0;
  auto skip = static_cast<int>(random_below(rng, static_cast<std::uint64_t>(count)));
  for (int option = 0; option < options; ++option)
    if (is_allowed(static_cast<digit>(option)) && skip-- == 0) return static_cast<digit>(option);
  return inactive;
}

/// All slots in an order in which a slot comes after the one that decides whether it is active: a stage's layer count
/// first.
template <class F>
inline constexpr auto slot_order = [] {
  std::array<int, slot_total<F> + 1> order{};
  std::size_t n = 0;
  for (std::size_t i = 0; i < declared<F>::stage_count; ++i) {
    const int first = stage_slots<F>[i];
    const int last = stage_slots<F>[i + 1];
    const bool layers = all_stage_facts<F>[i].layers_chosen;
    if (layers) order[n++] = last - 1;
    for (int k = first; k < last - (layers ? 1 : 0); ++k) order[n++] = k;
  }
  return order;
}();

/// The product of the sizes of all stages: the size where there are no constraints, more than the size where there are.
template <std::size_t Stages>
constexpr checked_uint128 multiply_sizes(const std::array<stage_facts, Stages>& all) {
  checked_uint128 product{1};
  for (std::size_t i = 0; i < Stages; ++i) product = checked_multiply(product, all[i].size);
  return product;
}
template <class F>
inline constexpr checked_uint128 size_without_constraints = multiply_sizes(all_stage_facts<F>);

template <class F>
inline constexpr std::size_t constraint_total = std::remove_cvref_t<decltype(declared<F>::value.constraints())>::size;

/// A space without constraints: stages are independent.
template <class F>
struct product_counter {
  static constexpr std::size_t stages = declared<F>::stage_count;
  static constexpr int constraint_count = 0;
  static constexpr bool too_large = false;
  static constexpr checked_uint128 size = size_without_constraints<F>;

  template <bool Complete = true>
  static constexpr int broken_constraint(const digit*) {
    return -1;
  }

  static constexpr bool keeps(std::size_t, const digit*) { return true; }
  template <class Description = constraint_description>
  static constexpr Description describe(std::size_t) {
    return {};
  }

  template <class Rng>
  static constexpr void sample(Rng& rng, digit* d) {
    for_each_stage<F>([&](auto i) { stage_counter<F, i()>::sample(rng, d + stage_slots<F>[i()]); });
  }

  static constexpr uint128 rank(const digit* d) {
    uint128 r = 0;
    for_each_stage<F>([&](auto i) {
      if constexpr (stage_layout<F, i()>::size.value > 1)
        r = r * stage_layout<F, i()>::size.value + stage_counter<F, i()>::rank(d + stage_slots<F>[i()]);
    });
    return r;
  }

  static constexpr void unrank(uint128 r, digit* d) { unrank_stages<stages>(r, d); }

  /// From the last stage to the first. Neighbouring stages are split off together while their product fits 64 bits: one
  /// long division serves several stages.
  template <std::size_t End>
  static constexpr void unrank_stages(uint128 r, digit* d) {
    if constexpr (End > 0) {
      constexpr std::size_t begin = group_begin(End);
      constexpr std::uint64_t n = group_size(begin, End);
      std::uint64_t part = 0;
      if constexpr (n == 0) {  // one stage alone is larger than 64 bits
        constexpr uint128 whole = stage_layout<F, begin>::size.value;
        stage_counter<F, begin>::unrank(static_cast<typename stage_counter<F, begin>::rank_type>(r % whole),
                                        d + stage_slots<F>[begin]);
        r /= whole;
      } else {
        if constexpr (begin == 0) {
          part = static_cast<std::uint64_t>(r);
        } else {
          part = static_cast<std::uint64_t>(r % n);
          r /= n;
        }
        unrank_group<begin, End>(part, d);
      }
      unrank_stages<begin>(r, d);
    }
  }
  template <std::size_t Begin, std::size_t End>
  static constexpr void unrank_group(std::uint64_t r, digit* d) {
    if constexpr (End > Begin) {
      constexpr auto n = static_cast<std::uint64_t>(stage_layout<F, End - 1>::size.value);
      stage_counter<F, End - 1>::unrank(r % n, d + stage_slots<F>[End - 1]);
      unrank_group<Begin, End - 1>(r / n, d);
    }
  }
  static constexpr auto sizes = [] {
    std::array<uint128, stages> all{};
    for (std::size_t i = 0; i < stages; ++i) all[i] = all_stage_facts<F>[i].size.value;
    return all;
  }();
  static constexpr std::size_t group_begin(std::size_t end) {
    uint128 product = sizes[end - 1];
    std::size_t begin = end - 1;
    while (begin > 0 && product <= ~std::uint64_t{0} && product * sizes[begin - 1] <= ~std::uint64_t{0} &&
           sizes[begin - 1] <= ~std::uint64_t{0})
      product *= sizes[--begin];
    return begin;
  }
  static constexpr std::uint64_t group_size(std::size_t begin, std::size_t end) {
    uint128 product = 1;
    for (std::size_t i = begin; i < end; ++i) product *= sizes[i];
    return product <= ~std::uint64_t{0} ? static_cast<std::uint64_t>(product) : 0;
  }

  /// Goes through all slots, each after the one that it depends on: `choose(k, options, is_allowed)` decides the active
  /// ones.
  template <class Choose>
  static constexpr void walk(digit* d, Choose choose) {
    for (std::size_t position = 0; position < slot_total<F>; ++position) {
      const auto k = static_cast<std::size_t>(slot_order<F>[position]);
      d[k] = slot_is_active<F>(d, k) ? choose(k, slot_places<F>[k].size, [](digit) { return true; }) : inactive;
    }
  }
};

/// A space with constraints, and their checks.
template <class F>
struct constrained_counter;
template <class F>
struct constraint_checker;

/// The counter that fits the space.
template <class F>
using joint_counter = std::conditional_t<constraint_total<F> == 0, product_counter<F>, constrained_counter<F>>;

}  // namespace nascent::detail
