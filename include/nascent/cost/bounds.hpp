// SPDX-License-Identifier: Apache-2.0
/// \file
/// The smallest and the largest cost over a whole space, without enumerating it.
#pragma once

#include "nascent/cost/cost.hpp"

namespace nascent {

namespace detail {

enum class measured : bool { macs, params };

/// Climbs from the corner where every choice takes its last (or first) option, one decision at a time, until a whole
/// sweep over the slots improves nothing. A constant per few slots, since compilers limit the work of one constant
/// evaluation. Slots of activations are passed over: they do not change counts.
template <class Space, measured What, bool Largest>
struct climb {
  using F = typename Space::declaration_type;
  static constexpr std::size_t slots_per_step = 4;
  static constexpr std::size_t steps = Space::slot_count / slots_per_step + 1;

  struct state {
    candidate<Space> best{};
    std::int64_t value = 0;
    bool improved = false;  ///< in this sweep
  };

  static constexpr std::int64_t measure(const candidate<Space>& c) {
    const counts total = count(c);
    return What == measured::macs ? total.macs : total.params;
  }

  static constexpr void settle(candidate<Space>& c) {
    for (std::size_t position = 0; position < Space::slot_count; ++position) {
      const auto k = static_cast<std::size_t>(slot_order<F>[position]);
      if (!slot_is_active<F>(c.digits.data(), k)) c.digits[k] = inactive;
      else if (c.digits[k] < 0) c.digits[k] = Largest ? static_cast<digit>(slot_places<F>[k].size - 1) : digit{0};
    }
  }

  static constexpr state corner() {
    state s;
    for (std::size_t k = 0; k < Space::slot_count; ++k) s.best.digits[k] = inactive;
    settle(s.best);
    s.value = measure(s.best);
    return s;
  }

  static constexpr state improve(state s, std::size_t first) {
    for (std::size_t k = first; k < first + slots_per_step && k < Space::slot_count; ++k) {
      const digit before = s.best.digits[k];
      if (before < 0 || !changes_counts<F>[k]) continue;
      for (int option = 0; option < slot_places<F>[k].size; ++option) {
        if (option == before) continue;
        candidate<Space> other = s.best;
        other.digits[k] = static_cast<digit>(option);
        settle(other);
        const std::int64_t found = measure(other);
        if (Largest ? found > s.value : found < s.value) s = {other, found, true};
      }
    }
    return s;
  }

  /// After step `Step` of sweep `Sweep`.
  template <std::size_t Sweep, std::size_t Step>
  static constexpr state after() {
    if constexpr (Step > 0) {
      return improve(reached<Sweep, Step - 1>, (Step - 1) * slots_per_step);
    } else if constexpr (Sweep == 0) {
      return corner();
    } else {
      state s = reached<Sweep - 1, steps>;
      s.improved = false;
      return s;
    }
  }
  template <std::size_t Sweep, std::size_t Step>
  static constexpr state reached = after<Sweep, Step>();

  template <std::size_t Sweep = 0>
  static constexpr std::int64_t value() {
    if constexpr (reached<Sweep, steps>.improved) return value<Sweep + 1>();
    else return reached<Sweep, steps>.value;
  }
};

/// The same where the space is known at run time only.
template <network_space Space>
class run_time_climb {
 public:
  run_time_climb(const Space& s, measured what, bool largest) : space_(s), what_(what), largest_(largest) {}

  std::int64_t value() const {
    candidate<Space> best = space_.undecided();
    settle(best);
    std::int64_t reached = measure(best);
    for (bool improved = true; improved;) {
      improved = false;
      for (std::size_t k = 0; k < space_.slot_count; ++k)
        for (int option = 0; best.digits[k] >= 0 && option < space_.slot(k).options; ++option) {
          candidate<Space> other = best;
          other.digits[k] = static_cast<digit>(option);
          settle(other);
          const std::int64_t found = measure(other);
          if (largest_ ? found <= reached : found >= reached) continue;
          best = other;
          reached = found;
          improved = true;
        }
    }
    return reached;
  }

 private:
  std::int64_t measure(const candidate<Space>& c) const {
    const counts total = count(space_, c);
    return what_ == measured::macs ? total.macs : total.params;
  }
  /// Until nothing changes: what a decision depends on may come after it.
  void settle(candidate<Space>& c) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t k = 0; k < space_.slot_count; ++k) {
        const bool active = space_.is_active(c, k);
        if (active == (c.digits[k] >= 0)) continue;
        c.digits[k] = !active ? inactive : largest_ ? static_cast<digit>(space_.slot(k).options - 1) : digit{0};
        changed = true;
      }
    }
  }

  const Space& space_;
  measured what_;
  bool largest_;
};

template <measured What, bool Largest, network_space Space>
constexpr std::int64_t bound_of([[maybe_unused]] const Space& s) {
  if constexpr (declared_space<Space>) return climb<Space, What, Largest>::value();
  else return run_time_climb<Space>(s, What, Largest).value();
}

}  // namespace detail

/// Bounds of MACs and parameters over all networks of a space. Exact where the cost rises or falls steadily with every
/// single choice, whatever the others are: so for every block of the library whose choices are listed in ascending
/// order of cost. Constraints are not looked at: with them, the bounds hold but may not be reached. Of declared spaces
/// they are constant expressions.
template <network_space Space>
constexpr std::int64_t max_macs(const Space& s) {
  return detail::bound_of<detail::measured::macs, true>(s);
}
template <network_space Space>
constexpr std::int64_t min_macs(const Space& s) {
  return detail::bound_of<detail::measured::macs, false>(s);
}
template <network_space Space>
constexpr std::int64_t max_params(const Space& s) {
  return detail::bound_of<detail::measured::params, true>(s);
}
template <network_space Space>
constexpr std::int64_t min_params(const Space& s) {
  return detail::bound_of<detail::measured::params, false>(s);
}

}  // namespace nascent
