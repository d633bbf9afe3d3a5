// SPDX-License-Identifier: Apache-2.0
/// \file
/// Counting a space with constraints. They join slots: a table over the frontier (the decided slots that undecided ones
/// still depend on) holds the exact number of completions, so that ranks stay exact and no sample is ever rejected.
#pragma once

#include "nascent/space/detail/joint_schedule.hpp"

namespace nascent::detail {

/// Whether constraint C holds. Where not all slots are decided that could be: whether it can, as far as one sees.
template <class F, std::size_t C, bool Complete = true>
constexpr bool constraint_holds(const digit* d) {
  if constexpr (is_predicate<F, C>) return predicate_holds<F, C>(d);
  else return can_hold<Complete>(constraint_set_of<F>, constraint_set_of<F>.constraints[C], d);
}

template <class F>
struct constrained_counter {
  static constexpr std::size_t stages = declared<F>::stage_count;
  static constexpr int constraint_count = static_cast<int>(constraint_total<F>);
  static constexpr const auto& touched = touched_stages<F>;

  /// Ranks follow the order of the declaration wherever that order keeps the limits.
  static constexpr bool rearranged = joint_schedule<F, false>::planned.exceeded.what != nullptr;
  using schedule = joint_schedule<F, rearranged>;
  static constexpr std::size_t step_count = schedule::step_count;
  static constexpr const auto& planned = schedule::planned;
  static constexpr const auto& step_of = schedule::step_of;
  static constexpr bool too_large = planned.exceeded.what != nullptr;

  /// What is known of each constraint while slots are decided; of no use to predicates.
  static constexpr bool has_events = schedule::listed.count > 0;
  using running_totals = std::array<std::int64_t, has_events ? constraint_total<F> : 0>;
  static constexpr running_totals first_totals = [] {
    running_totals t{};
    if constexpr (has_events)
      for (std::size_t c = 0; c < constraint_total<F>; ++c) {
        const constraint_kind kind = constraint_set_of<F>.constraints[c].kind;
        t[c] = neutral(kind);
      }
    return t;
  }();

  /// The last step that decides a slot of predicate C.
  template <std::size_t C>
  static constexpr int completed_at = is_predicate<F, C>
                                          ? completed_by(step_of.data(),
                                                         constraint_set_of<F>.slots +
                                                             constraint_set_of<F>.constraints[C].first_slot,
                                                         constraint_set_of<F>.constraints[C].slots)
                                          : -1;

  static constexpr std::size_t state(const joint_step& s, const digit* d, const running_totals& totals) {
    std::size_t index = 0;
    for (std::size_t i = 0; i < s.part_count; ++i) {
      const frontier_part& part = s.parts[i];
      if (!has_events || part.event < 0) {
        index += part.weight * static_cast<std::size_t>(d[part.slot] + part.shift);
      } else if constexpr (has_events) {
        const auto e = static_cast<std::size_t>(part.event);
        const auto c = static_cast<std::size_t>(schedule::events[e].constraint);
        index += part.weight * schedule::totals[e].number(totals[c]);
      }
    }
    return index;
  }

  /// Whether the predicates that step `completed` makes complete hold.
  template <int Completed>
  static constexpr bool keeps_predicates(const digit* d) {
    bool holds = true;
    const auto one = [&](auto c) {
      if constexpr (completed_at<c()> == Completed) holds = holds && predicate_holds<F, c()>(d);
    };
    [&]<std::size_t... C>(std::index_sequence<C...>) { (one(std::integral_constant<std::size_t, C>{}), ...); }
    (std::make_index_sequence<constraint_total<F>>{});
    return holds;
  }
  static constexpr bool keeps_predicates_at(int completed, const digit* d) {
    return [&]<std::size_t... C>(std::index_sequence<C...>) { return (keeps_predicate_at<C>(completed, d) && ...); }
    (std::make_index_sequence<constraint_total<F>>{});
  }
  template <std::size_t C>
  static constexpr bool keeps_predicate_at([[maybe_unused]] int completed, [[maybe_unused]] const digit* d) {
    if constexpr (is_predicate<F, C>) return completed_at<C> != completed || predicate_holds<F, C>(d);
    else return true;
  }

  /// What step p, decided, makes of the totals; false where a constraint that is data is broken for sure.
  static constexpr bool follow([[maybe_unused]] const joint_step& s, [[maybe_unused]] const digit* d,
                               [[maybe_unused]] running_totals& totals) {
    if constexpr (has_events) {
      for (int n = s.first_event; n < s.end_of_events; ++n) {
        const constraint_event& e = schedule::events[static_cast<std::size_t>(n)];
        const auto c = static_cast<std::size_t>(e.constraint);
        if (e.term < 0) {
          if (!can_hold<true>(constraint_set_of<F>, constraint_set_of<F>.constraints[c], d)) return false;
        } else {
          totals[c] = advance(constraint_set_of<F>, e, totals[c], d);
          if (totals[c] == broken_total) return false;
        }
      }
    }
    return true;
  }

  /// Looks for one network that keeps the constraints, first options first, for as long as `tries` last. Much less work
  /// for the compiler than to count all of them; false says nothing.
  static constexpr bool finds_candidate(digit* d, const running_totals& totals, int& tries, std::size_t p = 0) {
    if (p == step_count) return true;
    const joint_step& s = planned.steps[p];
    const auto k = static_cast<std::size_t>(s.slot);
    const bool active = slot_is_active<F>(d, k);
    for (int option = active ? 0 : -1; option < (active ? slot_places<F>[k].size : 0) && tries > 0; ++option) {
      if (active) --tries;
      d[k] = static_cast<digit>(option);
      running_totals after = totals;
      if (keeps_predicates_at(static_cast<int>(p), d) && follow(s, d, after) && finds_candidate(d, after, tries, p + 1))
        return true;
    }
    d[k] = inactive;
    return false;
  }
  static constexpr bool finds_candidate() {
    std::array<digit, slot_total<F> + 1> d{};
    d.fill(inactive);
    int tries = 1000;
    return finds_candidate(d.data(), first_totals, tries);
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
    constexpr joint_step s = planned.steps[P];
    const auto options = P == step_count
                             ? std::size_t{1}
                             : static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(s.slot)].size);
    std::size_t per_option = 100 + 20 * constraint_total<F>;
    if (has_events)
      per_option += 10 * constraint_total<F> + 60 * planned.steps[P + (P < step_count ? 1 : 0)].part_count;
    for (int n = s.first_event; n < s.end_of_events; ++n) {
      const constraint_event& e = schedule::events[static_cast<std::size_t>(n)];
      const joint_constraint& c = constraint_set_of<F>.constraints[e.constraint];
      per_option += e.term < 0 ? static_cast<std::size_t>(40 * c.terms * (1 + c.rows)) : 150;
    }
    const std::size_t work = 40 + 60 * s.part_count + options * per_option;
    return work > 500000 ? std::size_t{1} : 500000 / work;
  }();

  /// The decisions and totals that the number of a state stands for.
  static constexpr void set_state(const joint_step& s, std::size_t index, digit* d,
                                  [[maybe_unused]] running_totals& totals) {
    for (std::size_t i = 0; i < s.part_count; ++i) {
      const frontier_part& part = s.parts[i];
      const std::size_t number = index / part.weight % part.radix;
      if (!has_events || part.event < 0) {
        d[part.slot] = static_cast<digit>(static_cast<int>(number) - part.shift);
      } else if constexpr (has_events) {
        const auto e = static_cast<std::size_t>(part.event);
        totals[static_cast<std::size_t>(schedule::events[e].constraint)] = schedule::totals[e].total(number);
      }
    }
  }

  /// Decisions without an alternative are in no state.
  static constexpr auto start = [] {
    std::array<digit, slot_total<F> + 1> d{};
    for (std::size_t k = 0; k < slot_total<F>; ++k) d[k] = radix_of(slot_places<F>[k]) == 1 ? digit{0} : inactive;
    return d;
  }();

  /// For `Count` states of step P from `First` on: ways to decide its slot and the later ones.
  template <std::size_t P, std::size_t First, std::size_t Count>
  static constexpr auto count_completions() {
    constexpr joint_step s = planned.steps[P];
    step_table<Count> result;
    if constexpr (P == step_count) {
      result.completions[0] = 1;
    } else {
      constexpr const auto& following = completions_of<P + 1>;
      constexpr const joint_step& then = planned.steps[P + 1];
      constexpr auto k = static_cast<std::size_t>(s.slot);
      constexpr std::size_t weight = then.weight_of(s.slot);
      constexpr bool changes_totals = s.end_of_events > s.first_event;
      std::array<digit, slot_total<F> + 1> d = start;
      running_totals totals = first_totals;
      for (std::size_t index = First; index < First + Count; ++index) {
        set_state(s, index, d.data(), totals);
        const bool active = slot_is_active<F>(d.data(), k);
        checked_uint128 sum{0};
        // The next state is linear in the digit of this slot: its number is not computed anew for every option.
        d[k] = 0;
        const std::size_t at_first = changes_totals ? 0 : state(then, d.data(), totals);
        for (int option = active ? 0 : -1; option < (active ? slot_places<F>[k].size : 0); ++option) {
          d[k] = static_cast<digit>(option);
          if (!keeps_predicates<static_cast<int>(P)>(d.data())) continue;
          if constexpr (changes_totals) {
            running_totals after = totals;
            if (follow(s, d.data(), after))
              sum = checked_add(sum, {following.completions[state(then, d.data(), after)]});
          } else {
            sum = checked_add(sum, {following.completions[at_first + static_cast<std::size_t>(option) * weight]});
          }
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

  static constexpr const constraint_set& constraints() { return constraint_set_of<F>; }

  /// Whether constraint i holds, or can, as far as one sees, where not all is decided.
  static constexpr bool keeps(std::size_t i, const digit* d) { return tests[i](d); }
  static constexpr auto tests = []<std::size_t... C>(std::index_sequence<C...>) {
    return std::array<bool (*)(const digit*), sizeof...(C)>{&constraint_holds<F, C, false>...};
  }
  (std::make_index_sequence<constraint_total<F>>{});

  static constexpr constraint_description describe(std::size_t i) {
    constraint_description c = constraint_descriptions<F>[i];
    const joint_constraint& joint = constraint_set_of<F>.constraints[i];
    c.slots = {constraint_set_of<F>.slots + joint.first_slot, static_cast<std::size_t>(joint.slots)};
    return c;
  }

  /// The first constraint that a candidate breaks, or -1. Where decisions are still to be made, `Complete` is false,
  /// and it is one that they cannot mend.
  template <bool Complete = true>
  static constexpr int broken_constraint(const digit* d) {
    int broken = -1;
    [&]<std::size_t... C>(std::index_sequence<C...>) {
      ((broken < 0 && !constraint_holds<F, C, Complete>(d) ? static_cast<void>(broken = static_cast<int>(C))
                                                           : static_cast<void>(0)),
       ...);
    }
    (std::make_index_sequence<constraint_total<F>>{});
    return broken;
  }

  /// Ways to go on after step p has decided its slot as `d` says; 0 where that breaks a constraint.
  static constexpr uint128 completions_after(std::size_t p, const digit* d, running_totals totals) {
    return keeps_predicates_at(static_cast<int>(p), d) && follow(planned.steps[p], d, totals)
               ? tables[p + 1][state(planned.steps[p + 1], d, totals)]
               : 0;
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
    running_totals totals = first_totals;
    for (std::size_t p = 0; p < step_count; ++p) {
      const auto k = static_cast<std::size_t>(planned.steps[p].slot);
      for (digit option = 0; option < d[k]; ++option) {
        seen[k] = option;
        r += completions_after(p, seen.data(), totals);
      }
      seen[k] = d[k];
      follow(planned.steps[p], d, totals);
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
    running_totals totals = first_totals;
    for (std::size_t p = 0; p < step_count; ++p) {
      const auto k = static_cast<std::size_t>(planned.steps[p].slot);
      d[k] = inactive;
      if (slot_is_active<F>(d, k)) {
        for (digit option = 0; option < slot_places<F>[k].size; ++option) {
          d[k] = option;
          const uint128 n = completions_after(p, d, totals);
          if (r < n) break;
          r -= n;
        }
      }
      follow(planned.steps[p], d, totals);
    }
  }

  template <class Choose>
  static constexpr void walk(digit* d, Choose choose) {
    running_totals totals = first_totals;
    for (std::size_t position = 0; position < slot_total<F>; ++position) {
      const auto k = static_cast<std::size_t>(joint_order<F, rearranged>[position]);
      if (!slot_is_active<F>(d, k)) {
        d[k] = inactive;
      } else if (step_of[k] < 0) {
        d[k] = choose(k, slot_places<F>[k].size, [](digit) { return true; });
      } else {
        const digit chosen = choose(k, slot_places<F>[k].size, [&](digit option) {
          d[k] = option;
          return completions_after(static_cast<std::size_t>(step_of[k]), d, totals) > 0;
        });
        d[k] = chosen;
      }
      if (step_of[k] >= 0) follow(planned.steps[static_cast<std::size_t>(step_of[k])], d, totals);
    }
  }
};

}  // namespace nascent::detail
