// SPDX-License-Identifier: Apache-2.0
/// \file
/// All networks of a space, counted by what a sum over their paths comes to, in cells of a grid; and drawn from there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/random.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/search/exact_front.hpp"

namespace nascent::detail {

/// The least that a sum takes in each step: cells count what lies above.
template <space Space, path_sum Sum>
std::vector<double> least_of_steps(const kernel_trellis<Space>& trellis, const Sum& sum) {
  std::vector<double> least;
  for (std::size_t p = 0; p < trellis.steps(); ++p) {
    least.push_back(std::numeric_limits<double>::infinity());
    for (std::size_t n = 0; n < trellis.states(p).size(); ++n)
      trellis.for_each_path(p, n, [&](const trellis_path& path) {
        if (trellis.completions(p + 1, path.to) > 0) least.back() = std::min(least.back(), sum(p, path));
      });
  }
  return least;
}

/// Which way the parts of a sum are rounded to cells.
enum class cell_rounding : std::uint8_t {
  down,  ///< networks are counted at their total or below: counts up to a limit are at most too large
  up,    ///< at their total or above: at most too small
};

/// For each state and each number of cells: ways to go on from there that come to so many. All counts are exact; what
/// is rounded is the sum, by less than a cell for each step.
template <space Space, path_sum Sum>
class sum_grid {
 public:
  /// Keeps pointers to the trellis and the sum. `least` are those of `least_of_steps`, `limit` the largest sum that can
  /// be asked about. \throws stopped_error
  sum_grid(const kernel_trellis<Space>& trellis, const Sum& sum, std::vector<double> least, double limit,
           std::size_t cells, cell_rounding rounding, watch& watched)
      : trellis_(&trellis), sum_(&sum), least_(std::move(least)), cells_(cells), rounding_(rounding) {
    for (const double ms : least_) base_ += ms;
    const double smallest = std::max(1e-12 * std::max(std::fabs(limit), std::fabs(base_)), 1e-300);
    unit_ = std::max(limit - base_, smallest) / static_cast<double>(cells);
    ways_.resize(trellis.steps() + 1);
    ways_[trellis.steps()].assign(trellis.states(trellis.steps()).size(), std::vector<uint128>{1});
    watch_job job = watched.begin("counting networks by time", trellis.steps());
    for (std::size_t p = trellis.steps(); p-- > 0; job.advance()) {
      watched.throw_if_stopped();
      count_step(p);
    }
  }

  /// The last cell that a sum of at most `limit` can have; -1 where none can.
  std::ptrdiff_t cell_of_limit(double limit) const {
    const double cell = std::floor((limit - base_) / unit_ + steps_tolerance);
    return cell < 0 ? -1 : static_cast<std::ptrdiff_t>(std::min(cell, static_cast<double>(cells_)));
  }
  /// By so many cells the cell of a network may be below its sum.
  std::ptrdiff_t slack() const { return static_cast<std::ptrdiff_t>(trellis_->steps()); }

  /// Networks with cells from `first` to `last`.
  uint128 count(std::ptrdiff_t first, std::ptrdiff_t last) const {
    const std::vector<uint128>& all = ways_[0][0];
    uint128 sum = 0;
    for (std::ptrdiff_t b = std::max<std::ptrdiff_t>(first, 0);
         b <= last && b < static_cast<std::ptrdiff_t>(all.size()); ++b)
      sum += all[static_cast<std::size_t>(b)];
    return sum;
  }

  /// One of them, each as likely as any other. There must be one.
  template <class Rng>
  candidate<Space> draw(Rng& rng, std::ptrdiff_t first, std::ptrdiff_t last) const {
    uint128 r = random_below(rng, count(first, last));
    std::size_t left = static_cast<std::size_t>(std::max<std::ptrdiff_t>(first, 0));
    while (r >= ways_[0][0][left]) r -= ways_[0][0][left++];
    candidate<Space> c = trellis_->space().undecided();
    std::size_t state = 0;
    for (std::size_t p = 0; p < trellis_->steps(); ++p) {
      trellis_path taken;
      std::size_t cells = 0;
      bool found = false;
      trellis_->for_each_path(p, state, [&](const trellis_path& path) {
        if (found) return;
        const std::size_t e = cells_of(p, path);
        const uint128 n = e <= left ? ways(p + 1, path.to, left - e) : 0;
        found = r < n;
        if (!found) r -= n;
        else taken = path, cells = e;
      });
      trellis_->decide(p, taken, c.digits.data());
      left -= cells;
      state = taken.to;
    }
    return c;
  }

 private:
  static constexpr double tolerance = 1e-9;  ///< of a cell: the same sum in another order is the same
  static constexpr double steps_tolerance = 1e-7;

  uint128 ways(std::size_t p, std::size_t state, std::size_t cells) const {
    const std::vector<uint128>& all = ways_[p][state];
    return cells < all.size() ? all[cells] : 0;
  }

  /// Cells of a path; beyond the grid where they are too many.
  std::size_t cells_of(std::size_t p, const trellis_path& path) const {
    const double above = std::max(0.0, ((*sum_)(p, path) - least_[p]) / unit_);
    const double cell = rounding_ == cell_rounding::down ? std::floor(above + tolerance) : std::ceil(above - tolerance);
    return cell > static_cast<double>(cells_) ? cells_ + 1 : static_cast<std::size_t>(cell);
  }

  void count_step(std::size_t p) {
    const std::size_t states = trellis_->states(p).size();
    ways_[p].resize(states);
    std::vector<std::pair<std::size_t, std::size_t>> moves;  // where to, by how many cells
    for (std::size_t n = 0; n < states; ++n) {
      if (trellis_->completions(p, n) == 0) continue;
      moves.clear();
      trellis_->for_each_path(p, n, [&](const trellis_path& path) {
        if (trellis_->completions(p + 1, path.to) == 0) return;
        if (const std::size_t e = cells_of(p, path); e <= cells_) moves.emplace_back(path.to, e);
      });
      std::ranges::sort(moves);
      std::vector<uint128>& here = ways_[p][n];
      for (std::size_t i = 0; i < moves.size();) {
        std::size_t same = i;
        while (same < moves.size() && moves[same] == moves[i]) ++same;
        add(here, ways_[p + 1][moves[i].first], moves[i].second, same - i);
        i = same;
      }
    }
  }

  void add(std::vector<uint128>& here, const std::vector<uint128>& there, std::size_t cells, std::size_t times) const {
    const std::size_t end = std::min(there.size() + cells, cells_ + 1);
    if (end <= cells) return;
    if (here.size() < end) here.resize(end);
    uint128* to = here.data() + cells;
    if (times == 1)
      for (std::size_t b = 0; b < end - cells; ++b) to[b] += there[b];
    else
      for (std::size_t b = 0; b < end - cells; ++b) to[b] += times * there[b];
  }

  const kernel_trellis<Space>* trellis_;
  const Sum* sum_;
  std::vector<double> least_;
  std::size_t cells_;
  cell_rounding rounding_;
  double base_ = 0;
  double unit_ = 1;
  std::vector<std::vector<std::vector<uint128>>> ways_;  ///< by step, state and cells
};

}  // namespace nascent::detail
