// SPDX-License-Identifier: Apache-2.0
/// \file
/// A surrogate that is a sum over decisions and over pairs of them: pareto_front and best_under find its exact maximum
/// over all networks of a space under a limit, where an acquisition function is otherwise tried on random candidates.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

/// What two decisions add where both are taken.
struct decision_pair {
  int first = 0;  ///< slot
  int second = 0;
  std::vector<std::vector<double>> values{};  ///< by the first one's option and the second one's
};

/// A sum over the decisions of a candidate: `values[slot][digit]`, nothing for decisions that are not active, and
/// pairs. Linear regression on one-hot decisions has this form, Thompson samples of it, and upper bounds of single
/// decisions.
template <space Space>
class sum_over_decisions {
 public:
  /// Keeps a pointer to the trellis. Pairs are of one stage or layer, or of ones as close as the trellis remembers:
  /// `kernel_trellis(space, {.remembered = 1})`. \throws search_error for values that are not finite, for too few of
  /// them, and for slots that the space does not have
  sum_over_decisions(const kernel_trellis<Space>& trellis, std::vector<std::vector<double>> values,
                     std::vector<decision_pair> pairs = {})
      : trellis_(&trellis), values_(std::move(values)), pairs_(std::move(pairs)) {
    const std::size_t slots = trellis.space().slot_count;
    if (values_.size() != slots)
      refuse("values", std::to_string(values_.size()), "one list for each slot, " + std::to_string(slots));
    const auto check = [](const std::vector<double>& list, const std::string& where) {
      for (const double v : list)
        if (!std::isfinite(v)) refuse(where, exact_text(v), "finite numbers");
    };
    for (std::size_t k = 0; k < values_.size(); ++k) check(values_[k], "values[" + std::to_string(k) + "]");
    for (std::size_t n = 0; n < pairs_.size(); ++n) {
      const auto bad = [&](int slot) { return slot < 0 || static_cast<std::size_t>(slot) >= slots; };
      if (bad(pairs_[n].first) || bad(pairs_[n].second) || pairs_[n].first == pairs_[n].second)
        refuse("pairs[" + std::to_string(n) + "]",
               "slots " + std::to_string(pairs_[n].first) + " and " + std::to_string(pairs_[n].second),
               "two different ones below " + std::to_string(slots));
      const std::size_t a = trellis.step_of(pairs_[n].first);
      const std::size_t b = trellis.step_of(pairs_[n].second);
      const auto& live = trellis.live_slots(std::max(a, b));
      if (a != b && std::ranges::find(live, a < b ? pairs_[n].first : pairs_[n].second) == live.end()) {
        const std::string apart = std::to_string(a < b ? b - a : a - b);
        refuse("pairs[" + std::to_string(n) + "]", "decisions " + apart + " steps apart",
               "as far as the trellis remembers; kernel_trellis(space, {.remembered = " + apart + "}) does");
      }
      for (const auto& list : pairs_[n].values) check(list, "pairs[" + std::to_string(n) + "]");
    }
  }

  /// Of a path: the decisions that it takes, and pairs of these with each other or with earlier ones.
  double operator()(std::size_t step, const trellis_path& path) const {
    auto now = trellis_->space().undecided();
    trellis_->decide(step, path, now.digits.data());
    double sum = 0;
    for (std::size_t k = 0; k < values_.size(); ++k)
      if (now.digits[k] != inactive) sum += value_of(values_[k], now.digits[k], k);
    if (pairs_.empty()) return sum;
    auto before = trellis_->space().undecided();
    const auto& live = trellis_->live_slots(step);
    const trellis_state& state = trellis_->states(step)[path.from];
    for (std::size_t i = 0; i < live.size(); ++i) before.digits[static_cast<std::size_t>(live[i])] = state.live[i];
    for (const decision_pair& pair : pairs_) {
      const auto a = static_cast<std::size_t>(pair.first);
      const auto b = static_cast<std::size_t>(pair.second);
      if (now.digits[a] == inactive && now.digits[b] == inactive) continue;
      const auto digit_of = [&](std::size_t slot) {
        return now.digits[slot] != inactive ? now.digits[slot] : before.digits[slot];
      };
      if (digit_of(a) != inactive && digit_of(b) != inactive) {
        if (static_cast<std::size_t>(digit_of(a)) >= pair.values.size())
          refuse_option(static_cast<std::size_t>(digit_of(a)), a);
        sum += value_of(pair.values[static_cast<std::size_t>(digit_of(a))], digit_of(b), b);
      }
    }
    return sum;
  }

  /// Of a candidate.
  double operator()(const candidate<Space>& c) const {
    double sum = 0;
    for (std::size_t k = 0; k < values_.size(); ++k)
      if (c.digits[k] != inactive) sum += value_of(values_[k], c.digits[k], k);
    for (const decision_pair& pair : pairs_) {
      const digit a = c.digits[static_cast<std::size_t>(pair.first)];
      const digit b = c.digits[static_cast<std::size_t>(pair.second)];
      if (a != inactive && b != inactive) sum += pair.values[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
    }
    return sum;
  }

 private:
  static double value_of(const std::vector<double>& list, digit option, std::size_t slot) {
    const auto i = static_cast<std::size_t>(option);
    if (i >= list.size()) refuse_option(i, slot);
    return list[i];
  }
  [[noreturn]] static void refuse_option(std::size_t option, std::size_t slot) {
    refuse("slot " + std::to_string(slot), "no value for option " + std::to_string(option), "one for each option");
  }
  [[noreturn]] static void refuse(const std::string& where, const std::string& found, const std::string& allowed) {
    throw search_error("search.sum", "sum_over_decisions, " + where, found, allowed);
  }

  const kernel_trellis<Space>* trellis_;
  std::vector<std::vector<double>> values_;
  std::vector<decision_pair> pairs_;
};

template <class Space, class... Rest>
sum_over_decisions(const kernel_trellis<Space>&, Rest...) -> sum_over_decisions<Space>;

}  // namespace nascent
