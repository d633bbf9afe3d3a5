// SPDX-License-Identifier: Apache-2.0
/// \file
/// A declared space as bounds of cost look at it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "nascent/cost/detail/bound_search.hpp"
#include "nascent/cost/detail/work_options.hpp"
#include "nascent/space/detail/layer_builders.hpp"

namespace nascent::detail {

/// What a stage does besides its layers.
struct stage_ends {
  strides (*stride)(const digit*);
  int (*skip_from)(std::size_t option);  ///< null where no connection is declared
  residual skip_kind;
};

template <class F, std::size_t I>
constexpr int skip_source_of(std::size_t option) {
  using layout = stage_layout<F, I>;
  const char* from = "none";
  if constexpr (layout::skip_chosen) from = layout::declared_stage.skip.from[option];
  else from = layout::declared_stage.skip.from;
  return stage_named(stage_names<F>.data(), I, from);
}
template <class F, std::size_t I>
constexpr strides stride_of(const digit* digits) {
  return candidate_builder<F>::template stride<I>(digits);
}
template <class F, std::size_t I>
constexpr stage_ends ends_of() {
  using layout = stage_layout<F, I>;
  if constexpr (layout::has_skip) return {&stride_of<F, I>, &skip_source_of<F, I>, layout::declared_stage.skip.kind};
  else return {&stride_of<F, I>, nullptr, residual::none};
}
template <class F, std::size_t... I>
constexpr std::array<stage_ends, sizeof...(I)> list_ends(std::index_sequence<I...>) {
  return {ends_of<F, I>()...};
}
template <class F>
inline constexpr auto all_stage_ends = list_ends<F>(std::make_index_sequence<declared<F>::stage_count>{});

template <class F>
struct declared_bounds {
  static constexpr std::size_t stages() { return declared<F>::stage_count; }
  static constexpr std::size_t slots() { return slot_total<F>; }
  static constexpr const stage_facts& facts(std::size_t i) { return all_stage_facts<F>[i]; }
  static constexpr int first_slot(std::size_t i) { return stage_slots<F>[i]; }
  static constexpr int options(std::size_t slot) { return slot_places<F>[slot].size; }
  static constexpr bool has_skip(std::size_t i) { return all_stage_ends<F>[i].skip_from != nullptr; }
  static constexpr int skip_from(std::size_t i, std::size_t option) { return all_stage_ends<F>[i].skip_from(option); }
  static constexpr residual skip_kind(std::size_t i) { return all_stage_ends<F>[i].skip_kind; }
  static constexpr strides stride(std::size_t i, const digit* digits) { return all_stage_ends<F>[i].stride(digits); }
  static constexpr bool keeps(std::size_t c, const digit* digits) { return joint_counter<F>::keeps(c, digits); }

  static constexpr tensor input(const digit* digits) {
    null_interpreter none;
    net<null_interpreter> n(none);
    const image_size image = image_size_of(decided_block<F, 0, 0>(digits, 0).resolution);
    return n.input(image.height, image.width, declared<F>::value.channels());
  }
  static constexpr counted_layer build(std::size_t i, int layer, const digit* digits, const tensor& x,
                                       const strides& stride) {
    return count_layer([&]<class Interpreter>(net<Interpreter>& n) {
      return layer_builders<F, Interpreter>[i](digits, layer, n, x, stride);
    });
  }

  /// Calls `visit(stage, slot)` for every slot that a stage's fields are tied to.
  template <class Visit>
  static constexpr void for_each_tie(Visit visit) {
    [&]<std::size_t... K>(std::index_sequence<K...>) { (visit_ties<tied_stages<F>.at[K]>(visit), ...); }
    (std::make_index_sequence<tied_stages<F>.count>{});
  }

 private:
  template <std::size_t I, class Visit>
  static constexpr void visit_ties(Visit visit) {
    stage_layout<F, I>::for_each_alternative([&](auto a) {
      using block = typename stage_layout<F, I>::template alternative_type<a()>;
      if constexpr (has_ties<block>) {
        const auto slots = slots_of_fields<F, I, a()>(std::make_index_sequence<field_count<block>>{});
        for (std::size_t j = 0; j < field_count<block>; ++j)
          if (field_kinds<block>[j] == field_kind::tied) visit(I, slots[j]);
      }
    });
  }
};

template <class F>
constexpr constraint_set constraints_to_keep(bool keep) {
  if constexpr (constraint_total < F >> 0) {
    if (keep) return joint_counter<F>::constraints();
  }
  return {};
}

/// The one option to try of each slot, or -1: decisions that blocks say only add work, and that no constraint is about.
template <class F>
constexpr std::array<digit, slot_total<F> + 1> lone_options(const constraint_set& set, bool largest) {
  std::array<digit, slot_total<F> + 1> lone{};
  for (std::size_t k = 0; k < slot_total<F>; ++k) {
    const slot_work& w = work_of_slots<F>.slots[k];
    lone[k] = w.effect == work_effect::none     ? digit{0}
              : w.effect == work_effect::rising ? (largest ? w.most : w.least)
                                                : inactive;
  }
  for (std::size_t c = 0; c < set.count; ++c)
    for (int s = 0; s < set.constraints[c].slots; ++s)
      lone[static_cast<std::size_t>(set.slots[set.constraints[c].first_slot + s])] = inactive;
  return lone;
}

/// What a promise of blocks would leave out is tried after all where some network cannot be built.
template <class F>
constexpr auto search_declared(measured what, bool largest, bool keep_constraints) {
  const declared_bounds<F> space;
  const constraint_set set = constraints_to_keep<F>(keep_constraints);
  auto lone = lone_options<F>(set, largest);
  auto best = bound_search(space, set, what, largest, lone.data()).run();
  if (!best.faulted || !best.complete) return best;
  lone.fill(inactive);
  return bound_search(space, set, what, largest, lone.data()).run();
}

}  // namespace nascent::detail
