// SPDX-License-Identifier: Apache-2.0
/// \file
/// Counting a space with constraints. They join slots: a table over the frontier (the decided slots that undecided ones
/// still depend on) holds the exact number of completions, so that ranks stay exact and no sample is ever rejected.
#pragma once

#include "nascent/space/detail/product.hpp"

namespace nascent::detail {

template <class F>
inline constexpr std::size_t constraint_total = std::remove_cvref_t<decltype(declared<F>::value.constraints())>::size;

/// The slots that constraint C names, -1 where a path is unknown.
template <class F, std::size_t C>
inline constexpr auto constraint_slots = [] {
  constexpr const auto& c = get<C>(declared<F>::value.constraints());
  std::array<int, std::size(c.paths)> slots{};
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = find_slot<F>(c.paths[i]);
  return slots;
}();

/// Whether constraint C holds; true where one of its choices is inactive.
template <class F, std::size_t C>
constexpr bool constraint_holds(const digit* d) {
  constexpr const auto& slots = constraint_slots<F, C>;
  for (const int k : slots)
    if (d[k] < 0) return true;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return static_cast<bool>(
        get<C>(declared<F>::value.constraints())
            .holds(choice_at<F, static_cast<std::size_t>(slots[I])>()[static_cast<std::size_t>(d[slots[I]])]...));
  }
  (std::make_index_sequence<slots.size()>{});
}

/// The stages that constraints touch are decided slot by slot; the others only multiply.
template <class F>
struct constrained_counter {
  static constexpr std::size_t stages = declared<F>::stage_count;
  static constexpr int constraint_count = static_cast<int>(constraint_total<F>);
  static constexpr std::size_t most_states = 65536;
  static constexpr std::size_t most_decisions = std::size_t{1} << 19;  ///< states times options: seconds of compiling
  static constexpr std::size_t most_frontier = 8;

  static constexpr auto touched = [] {
    std::array<bool, stages> t{};
    [&]<std::size_t... C>(std::index_sequence<C...>) {
      const auto one = [&](const auto& slots) {
        for (const int k : slots)
          if (k >= 0) t[static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(k)].stage)] = true;
      };
      (one(constraint_slots<F, C>), ...);
    }
    (std::make_index_sequence<constraint_total<F>>{});
    return t;
  }();

  struct step {
    int slot = 0;
    int frontier[most_frontier] = {};  ///< slots decided before this step that it or a later one depends on
    std::size_t frontier_size = 0;
    std::size_t states = 1;
  };

  static constexpr std::size_t step_count = [] {
    std::size_t n = 0;
    for (std::size_t k = 0; k < slot_total<F>; ++k)
      n += touched[static_cast<std::size_t>(slot_places<F>[k].stage)] ? 1 : 0;
    return n;
  }();

  /// Number of the step that decides a slot, or -1.
  static constexpr auto step_of = [] {
    std::array<int, slot_total<F> + 1> at{};
    int n = 0;
    for (std::size_t p = 0; p < slot_total<F>; ++p) {
      const auto k = static_cast<std::size_t>(slot_order<F>[p]);
      at[k] = touched[static_cast<std::size_t>(slot_places<F>[k].stage)] ? n++ : -1;
    }
    return at;
  }();

  /// The last step that decides a slot of constraint C.
  template <std::size_t C>
  static constexpr int completed_at = [] {
    int last = -1;
    for (const int k : constraint_slots<F, C>)
      last = step_of[static_cast<std::size_t>(k)] > last ? step_of[static_cast<std::size_t>(k)] : last;
    return last;
  }();

  struct plan {
    std::array<step, step_count + 1> steps{};
    std::size_t table = 0;
    std::size_t decisions = 0;
    bool too_large = false;
  };

  static constexpr plan planned = [] {
    plan result;
    // How long each slot is needed: until the last step that has it as parent or shares a constraint with it.
    std::array<int, slot_total<F> + 1> until{};
    for (std::size_t k = 0; k < slot_total<F>; ++k) {
      const int parent = slot_places<F>[k].parent;
      if (step_of[k] >= 0) result.steps[static_cast<std::size_t>(step_of[k])].slot = static_cast<int>(k);
      if (parent >= 0 && step_of[k] > until[static_cast<std::size_t>(parent)])
        until[static_cast<std::size_t>(parent)] = step_of[k];
    }
    [&]<std::size_t... C>(std::index_sequence<C...>) {
      const auto one = [&](const auto& slots, int last) {
        for (const int k : slots)
          if (last > until[static_cast<std::size_t>(k)]) until[static_cast<std::size_t>(k)] = last;
      };
      (one(constraint_slots<F, C>, completed_at<C>), ...);
    }
    (std::make_index_sequence<constraint_total<F>>{});
    for (std::size_t p = 0; p <= step_count; ++p) {
      step& s = result.steps[p];
      for (std::size_t q = 0; q < p; ++q) {
        const int slot = result.steps[q].slot;
        if (until[static_cast<std::size_t>(slot)] < static_cast<int>(p)) continue;
        if (s.frontier_size == most_frontier) {
          result.too_large = true;
          return result;
        }
        s.frontier[s.frontier_size++] = slot;
        s.states *= static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(slot)].size) + 1;
        if (s.states > most_states) {
          result.too_large = true;
          return result;
        }
      }
      result.table += s.states;
      if (p < step_count)
        result.decisions += s.states * static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(s.slot)].size);
    }
    result.too_large = result.table > most_states || result.decisions > most_decisions;
    return result;
  }();
  static constexpr bool too_large = planned.too_large;

  static constexpr std::size_t state(const step& s, const digit* d) {
    std::size_t index = 0;
    for (std::size_t f = 0; f < s.frontier_size; ++f) {
      const auto k = static_cast<std::size_t>(s.frontier[f]);
      index = index * (static_cast<std::size_t>(slot_places<F>[k].size) + 1) + static_cast<std::size_t>(d[k] + 1);
    }
    return index;
  }

  /// Whether the constraints that step `completed` makes complete hold.
  template <int Completed>
  static constexpr bool keeps_constraints(const digit* d) {
    bool holds = true;
    const auto one = [&](auto c) {
      if constexpr (completed_at<c()> == Completed) holds = holds && constraint_holds<F, c()>(d);
    };
    [&]<std::size_t... C>(std::index_sequence<C...>) { (one(std::integral_constant<std::size_t, C>{}), ...); }
    (std::make_index_sequence<constraint_total<F>>{});
    return holds;
  }
  static constexpr bool keeps_constraints_at(int completed, const digit* d) {
    return [&]<std::size_t... C>(std::index_sequence<C...>) {
      return ((completed_at<C> != completed || constraint_holds<F, C>(d)) && ...);
    }
    (std::make_index_sequence<constraint_total<F>>{});
  }

  /// Looks for one network that keeps the constraints, first options first, for as long as `tries` last. Much less work
  /// for the compiler than to count all of them; false says nothing.
  static constexpr bool finds_candidate(digit* d, int& tries, std::size_t p = 0) {
    if (p == step_count) return true;
    const auto k = static_cast<std::size_t>(planned.steps[p].slot);
    if (!slot_is_active<F>(d, k)) return finds_candidate(d, tries, p + 1);
    for (digit option = 0; option < slot_places<F>[k].size && tries > 0; ++option) {
      --tries;
      d[k] = option;
      if (keeps_constraints_at(static_cast<int>(p), d) && finds_candidate(d, tries, p + 1)) return true;
    }
    d[k] = inactive;
    return false;
  }
  static constexpr bool finds_candidate() {
    std::array<digit, slot_total<F> + 1> d{};
    d.fill(inactive);
    int tries = 1000;
    return finds_candidate(d.data(), tries);
  }

  template <std::size_t States>
  struct step_table {
    std::array<uint128, States> completions{};
    bool overflow = false;
  };

  /// States of step P that one constant evaluation counts. Compilers limit the work of each: clang stops at a million
  /// steps.
  template <std::size_t P>
  static constexpr std::size_t states_per_part = [] {
    constexpr step s = planned.steps[P];
    const auto options = P == step_count
                             ? std::size_t{1}
                             : static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(s.slot)].size);
    const std::size_t work = 40 + 20 * s.frontier_size + options * (100 + 20 * constraint_total<F>);
    return work > 500000 ? std::size_t{1} : 500000 / work;
  }();

  /// For `Count` states of step P from `First` on: ways to decide its slot and the later ones.
  template <std::size_t P, std::size_t First, std::size_t Count>
  static constexpr auto count_completions() {
    constexpr step s = planned.steps[P];
    step_table<Count> result;
    if constexpr (P == step_count) {
      result.completions[0] = 1;
    } else {
      constexpr const auto& following = completions_of<P + 1>;
      std::array<digit, slot_total<F> + 1> d{};
      constexpr auto k = static_cast<std::size_t>(s.slot);
      for (std::size_t index = First; index < First + Count; ++index) {
        std::size_t rest = index;
        for (std::size_t f = s.frontier_size; f-- > 0;) {
          const auto q = static_cast<std::size_t>(s.frontier[f]);
          const auto radix = static_cast<std::size_t>(slot_places<F>[q].size) + 1;
          d[q] = static_cast<digit>(static_cast<int>(rest % radix) - 1);
          rest /= radix;
        }
        const bool active = slot_is_active<F>(d.data(), k);
        checked_uint128 sum{0};
        // The next state is linear in the digit of this slot: its index is not computed anew for every option.
        d[k] = -1;
        const std::size_t without = state(planned.steps[P + 1], d.data());
        d[k] = 0;
        const std::size_t weight = state(planned.steps[P + 1], d.data()) - without;
        for (int option = active ? 0 : -1; option < (active ? slot_places<F>[k].size : 0); ++option) {
          d[k] = static_cast<digit>(option);
          if (keeps_constraints<static_cast<int>(P)>(d.data()))
            sum = checked_add(sum, {following.completions[without + static_cast<std::size_t>(option + 1) * weight]});
        }
        result.completions[index - First] = sum.value;
        result.overflow = result.overflow || sum.overflow || following.overflow;
      }
    }
    return result;
  }

  template <std::size_t P, std::size_t First, std::size_t Count>
  static constexpr step_table<Count> part_of = count_completions<P, First, Count>();

  template <std::size_t P>
  static constexpr auto join_parts() {
    constexpr std::size_t states = planned.steps[P].states;
    constexpr std::size_t part = states_per_part<P> < states ? states_per_part<P> : states;
    step_table<states> result;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const uint128* const pieces[] = {part_of < P, I * part,
                                       (I + 1) * part <= states ? part : states - I * part >.completions.data()...};
      const bool overflows[] = {part_of < P, I * part,
                                (I + 1) * part <= states ? part : states - I * part >.overflow...};
      for (std::size_t i = 0; i < states; ++i) result.completions[i] = pieces[i / part][i % part];
      for (const bool overflow : overflows) result.overflow = result.overflow || overflow;
    }
    (std::make_index_sequence<(states + part - 1) / part>{});
    return result;
  }

  /// Ways to decide the slots from step P on, for every state. A variable per step: each needs the one after it.
  template <std::size_t P>
  static constexpr step_table<planned.steps[P].states> completions_of = join_parts<P>();

  /// Its type is written out: to deduce it, a compiler counts everything as soon as the class is named.
  static constexpr std::array<const uint128*, step_count + 1> tables = []<std::size_t... P>(std::index_sequence<P...>) {
    return std::array<const uint128*, step_count + 1>{completions_of<P>.completions.data()...};
  }
  (std::make_index_sequence<too_large ? 0 : step_count + 1>{});

  /// Ways to decide all touched slots.
  static constexpr checked_uint128 touched_size = [] {
    if constexpr (too_large) return checked_uint128{0, true};
    else return checked_uint128{completions_of<0>.completions[0], completions_of<0>.overflow};
  }();

  /// Networks that the untouched stages make on their own.
  static constexpr checked_uint128 free_size = [] {
    checked_uint128 product{1};
    for (std::size_t i = 0; i < stages; ++i)
      if (!touched[i]) product = checked_multiply(product, all_stage_facts<F>[i].size);
    return product;
  }();
  static constexpr checked_uint128 size = checked_multiply(touched_size, free_size);

  static constexpr int broken_constraint(const digit* d) {
    int broken = -1;
    [&]<std::size_t... C>(std::index_sequence<C...>) {
      ((broken < 0 && !constraint_holds<F, C>(d) ? static_cast<void>(broken = static_cast<int>(C))
                                                 : static_cast<void>(0)),
       ...);
    }
    (std::make_index_sequence<constraint_total<F>>{});
    return broken;
  }

  /// Ways to go on after step p has decided its slot as `d` says; 0 where that breaks a constraint.
  static constexpr uint128 completions_after(std::size_t p, const digit* d) {
    return keeps_constraints_at(static_cast<int>(p), d) ? tables[p + 1][state(planned.steps[p + 1], d)] : 0;
  }

  template <class Rng>
  static constexpr void sample(Rng& rng, digit* d) {
    unrank_touched(random_below(rng, touched_size.value), d);
    for_each_stage<F>([&](auto i) {
      if (!touched[i()]) stage_counter<F, i()>::sample(rng, d + stage_slots<F>[i()]);
    });
  }

  static constexpr uint128 rank(const digit* d) {
    std::array<digit, slot_total<F> + 1> seen{};
    for (std::size_t k = 0; k < slot_total<F>; ++k) seen[k] = d[k];
    uint128 r = 0;
    for (std::size_t p = 0; p < step_count; ++p) {
      const auto k = static_cast<std::size_t>(planned.steps[p].slot);
      for (digit option = 0; option < d[k]; ++option) {
        seen[k] = option;
        r += completions_after(p, seen.data());
      }
      seen[k] = d[k];
    }
    for_each_stage<F>([&](auto i) {
      if (!touched[i()])
        r = r * stage_layout<F, i()>::size.value + stage_counter<F, i()>::rank(d + stage_slots<F>[i()]);
    });
    return r;
  }

  static constexpr void unrank(uint128 r, digit* d) {
    uint128 rest = r % free_size.value;
    unrank_touched(r / free_size.value, d);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto one = [&](auto reversed) {
        constexpr std::size_t i = stages - 1 - reversed();
        if constexpr (!touched[i]) {
          constexpr uint128 n = stage_layout<F, i>::size.value;
          stage_counter<F, i>::unrank(static_cast<typename stage_counter<F, i>::rank_type>(rest % n),
                                      d + stage_slots<F>[i]);
          rest /= n;
        }
      };
      (one(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<stages>{});
  }

  static constexpr void unrank_touched(uint128 r, digit* d) {
    for (std::size_t p = 0; p < step_count; ++p) {
      const auto k = static_cast<std::size_t>(planned.steps[p].slot);
      if (!slot_is_active<F>(d, k)) {
        d[k] = inactive;
        continue;
      }
      for (digit option = 0; option < slot_places<F>[k].size; ++option) {
        d[k] = option;
        const uint128 n = completions_after(p, d);
        if (r < n) break;
        r -= n;
      }
    }
  }

  template <class Choose>
  static constexpr void walk(digit* d, Choose choose) {
    for (std::size_t position = 0; position < slot_total<F>; ++position) {
      const auto k = static_cast<std::size_t>(slot_order<F>[position]);
      if (!slot_is_active<F>(d, k)) {
        d[k] = inactive;
      } else if (step_of[k] < 0) {
        d[k] = choose(k, slot_places<F>[k].size, [](digit) { return true; });
      } else {
        const digit chosen = choose(k, slot_places<F>[k].size, [&](digit option) {
          d[k] = option;
          return completions_after(static_cast<std::size_t>(step_of[k]), d) > 0;
        });
        d[k] = chosen;
      }
    }
  }
};

/// The counter that fits the space.
template <class F>
using joint_counter = std::conditional_t<constraint_total<F> == 0, product_counter<F>, constrained_counter<F>>;

}  // namespace nascent::detail
