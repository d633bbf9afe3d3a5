// SPDX-License-Identifier: Apache-2.0
// The space of NAS-Bench-Macro with its accuracies.
#pragma once

#include <algorithm>
#include <cstddef>

#include "nas_bench_macro.hpp"

#include "nascent/zoo/nas_bench_macro.hpp"

inline constexpr auto macro_space = nascent::zoo::nas_bench_macro;
using macro_candidate = decltype(macro_space)::candidate_type;

/// The eight digits of a candidate as a number in base 3: its place among the records.
constexpr std::size_t macro_code(const macro_candidate& c) {
  std::size_t code = 0;
  for (const nascent::digit d : c.digits) code = 3 * code + static_cast<std::size_t>(d);
  return code;
}

/// Mean test accuracy in per cent of the three trainings.
constexpr double macro_accuracy(const macro_candidate& c) { return nas_bench_macro_sums[macro_code(c)] / 300.0; }

/// The best accuracy that a searcher finds in so many trainings.
template <class Searcher>
double best_of_macro(Searcher& searcher, int trainings) {
  double best = 0;
  for (int i = 0; i < trainings; ++i) {
    const auto c = *searcher.ask();
    best = std::max(best, macro_accuracy(c));
    searcher.tell(c, macro_accuracy(c));
  }
  return best;
}
