// SPDX-License-Identifier: Apache-2.0
/// \file
/// Fronts of labels: sorted vectors by rising cost, and so by rising gain, merged two by two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent::detail {

/// The beginning of a network, up to some state.
struct front_label {
  double cost = 0;
  double gain = 0;
  std::uint32_t before = 0;  ///< label of the state before
  std::uint32_t move = 0;    ///< path from there
};

/// A way from a state to another one.
struct front_move {
  double cost = 0;
  double gain = 0;
  std::uint32_t to = 0;
  std::uint32_t number = 0;
};

/// What no other one is better than, of both; of equal ones, `a`'s.
inline void merge_fronts(std::span<const front_label> a, std::span<const front_label> b,
                         std::vector<front_label>& out) {
  out.resize(a.size() + b.size());
  front_label* next = out.data();
  double best = -std::numeric_limits<double>::infinity();
  const front_label* i = a.data();
  const front_label* j = b.data();
  const front_label* const a_end = i + a.size();
  const front_label* const b_end = j + b.size();
  while (i != a_end && j != b_end) {
    const bool from_a = i->cost < j->cost || (i->cost == j->cost && i->gain >= j->gain);
    const front_label* taken = from_a ? i : j;
    *next = *taken;
    const bool better = taken->gain > best;
    next += better;
    best = better ? taken->gain : best;
    i += from_a;
    j += !from_a;
  }
  for (; i != a_end; ++i)
    if (i->gain > best) best = (*next++ = *i).gain;
  for (; j != b_end; ++j)
    if (j->gain > best) best = (*next++ = *j).gain;
  out.resize(static_cast<std::size_t>(next - out.data()));
}

/// The front of many fronts. They are merged like the digits of a binary counter: a label is looked at as often as the
/// logarithm of their number, less what drops out on the way.
class front_merger {
 public:
  /// Adds a front, moved; without what costs more than `most`.
  void add(std::span<const front_label> front, std::uint32_t first_number, const front_move& move, double most) {
    shifted_.clear();
    for (std::size_t n = 0; n < front.size(); ++n) {
      const double cost = front[n].cost + move.cost;
      if (cost > most) break;
      shifted_.push_back({cost, front[n].gain + move.gain, first_number + static_cast<std::uint32_t>(n), move.number});
    }
    if (!shifted_.empty()) carry(shifted_);
  }

  /// Appends the front of all that was added to `out`, and is empty again.
  void finish(std::vector<front_label>& out) {
    shifted_.clear();
    for (auto& run : runs_) {
      if (run.empty()) continue;
      merge_fronts(run, shifted_, merged_);
      std::swap(merged_, shifted_);
      run.clear();
    }
    out.insert(out.end(), shifted_.begin(), shifted_.end());
  }

 private:
  void carry(std::vector<front_label>& run) {
    for (std::size_t level = 0;; ++level) {
      if (level == runs_.size()) runs_.emplace_back();
      if (runs_[level].empty()) {
        std::swap(runs_[level], run);
        return;
      }
      merge_fronts(runs_[level], run, merged_);
      std::swap(merged_, run);
      runs_[level].clear();
    }
  }

  std::vector<std::vector<front_label>> runs_;
  std::vector<front_label> shifted_;
  std::vector<front_label> merged_;
};

/// Keeps of a front, from `first` on, so few labels that each one dropped costs no less and gains at most `width` more
/// than a kept one. Returns how much more at most.
inline double thin_front(std::vector<front_label>& labels, std::size_t first, double width) {
  double most = 0;
  std::size_t kept = first;
  for (std::size_t n = first; n < labels.size(); ++n) {
    const double more = n == first ? 0 : labels[n].gain - labels[kept - 1].gain;
    if (n > first && more <= width) most = std::max(most, more);
    else labels[kept++] = labels[n];
  }
  labels.resize(kept);
  return most;
}

/// Leaves of the moves from one state, those that no other one to the same state is better than; sorts them by state
/// and cost.
inline void reduce_moves(std::vector<front_move>& moves) {
  std::ranges::sort(moves, [](const front_move& a, const front_move& b) {
    if (a.to != b.to) return a.to < b.to;
    if (a.cost != b.cost) return a.cost < b.cost;
    if (a.gain != b.gain) return a.gain > b.gain;
    return a.number < b.number;
  });
  std::size_t kept = 0;
  for (const front_move& m : moves)
    if (kept == 0 || moves[kept - 1].to != m.to || m.gain > moves[kept - 1].gain) moves[kept++] = m;
  moves.resize(kept);
}

}  // namespace nascent::detail
