// SPDX-License-Identifier: Apache-2.0
/// \file
/// What all kernels of one network have in common: how large the network is, and how fast the machine was when it ran.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/latency/entry.hpp"
#include "nascent/latency/statistics.hpp"

namespace nascent {

/// Fits time(kernel, placement) = time(kernel) x size(weights of the network) x slowdown(placement) to the rows of a table, in logarithms
/// and in turns:
/// * The more weights a network has, the more of each other its kernels push out of the caches. `size_factor` is linear in the logarithm
///   of the number of weights between eight quantiles of the placements', by least squares weighted by time.
/// * What is left and slows all kernels of a placement alike is the machine's: its slowdown is the mean over the placement's kernels,
///   weighted by their times; what is more than 10 % off counts as 10 %.
/// * A kernel's time is the mean over its placements.
/// Placements are tied to each other by kernels that they share, so it does not matter in which order they were measured. The median
/// placement has a slowdown of 1, the network of median size a factor of 1.
class placement_effects {
 public:
  /// Placements that share fewer kernels with others than this keep a slowdown of 1: one kernel alone may be slow.
  static constexpr std::size_t least_shared = 8;
  /// Networks that it takes to see what their size does.
  static constexpr std::size_t least_sizes = 24;

  placement_effects() = default;

  /// Rows of one environment, those of a kernel behind one another, as `latency_store::load_placements` gives them.
  explicit placement_effects(std::span<const latency_entry> rows) {
    std::vector<cell> cells;
    std::vector<std::size_t> shared;
    std::vector<double> sizes;
    std::size_t kernels = 0;
    for_each_kernel(rows, [&](std::span<const latency_entry> mine) {
      for (const latency_entry& row : mine) {
        if (row.estimated || row.placement == 0 || row.time.trimmed_mean_ms <= 0) continue;
        const auto [place, is_new] = numbers_.try_emplace(row.placement, shared.size());
        if (is_new) {
          shared.push_back(0);
          sizes.push_back(static_cast<double>(row.network_weights));
        }
        shared[place->second] += mine.size() > 1;
        cells.push_back({kernels, place->second, std::log(row.time.trimmed_mean_ms), row.time.trimmed_mean_ms});
      }
      ++kernels;
    });
    std::vector<double> counts(kernels, 0);
    for (const cell& c : cells) ++counts[c.kernel];
    std::erase_if(cells, [&](const cell& c) { return counts[c.kernel] < 2; });  // they tell nothing of what placements share
    fit_sizes(cells, kernels, sizes);
    fit_slowdowns(cells, kernels, shared);
    deviation_ = deviation_of(logs_);
  }

  /// What the time of every kernel in a network with so many weights is times that in a network of median size; 1 where it is not known.
  double size_factor(double network_weights) const {
    if (knots_.empty() || network_weights <= 0) return 1;
    double sum = 0;
    for (const auto& [knot, share] : between_knots(network_weights)) sum += share * size_logs_[knot];
    return std::exp(sum);
  }

  /// Time in this placement over that in the median one, but for the size; 1 where it is not known.
  double slowdown(std::int64_t placement) const {
    const auto found = numbers_.find(placement);
    return found == numbers_.end() ? 1.0 : std::exp(logs_[found->second]);
  }

  /// Standard deviation of slowdowns between placements, relative; 0 where there are fewer than two.
  double deviation() const { return deviation_; }

  /// The smallest and the largest slowdown.
  std::pair<double, double> range() const {
    if (logs_.empty()) return {1, 1};
    const auto [low, high] = std::ranges::minmax(logs_);
    return {std::exp(low), std::exp(high)};
  }

  /// Adds a placement that was measured after the fit: `ratios` are the times of its kernels over what the table says for a network of its
  /// size, each with its weight. Its slowdown is their median until the next fit.
  void add(std::int64_t placement, std::vector<std::pair<double, double>> ratios) {
    const bool known = ratios.size() >= least_shared;
    for (auto& [ratio, weight] : ratios) ratio = std::log(ratio);
    if (!numbers_.try_emplace(placement, logs_.size()).second) return;
    logs_.push_back(known ? weighted_median(ratios) : 0.0);
    deviation_ = deviation_of(logs_);
  }

  /// The row as the median placement of a network of median size would have it.
  latency_entry corrected(latency_entry row) const {
    row.time = scaled(row.time, 1 / (slowdown(row.placement) * size_factor(static_cast<double>(row.network_weights))));
    return row;
  }

 private:
  static constexpr int most_turns = 100;
  static constexpr double settled = 2e-5;

  struct cell {
    std::size_t kernel;
    std::size_t placement;
    double log_ms;  ///< less what is explained already
    double weight;
  };

  /// The knots on both sides of a size, and their shares.
  std::array<std::pair<std::size_t, double>, 2> between_knots(double size) const {
    const double at = std::clamp(std::log(size), knots_.front(), knots_.back());
    const auto right = std::min(static_cast<std::size_t>(std::ranges::upper_bound(knots_, at) - knots_.begin()), knots_.size() - 1);
    const double share = (at - knots_[right - 1]) / (knots_[right] - knots_[right - 1]);
    return {{{right - 1, 1 - share}, {right, share}}};
  }

  /// Mean over each kernel's placements of what `explained` leaves.
  template <class Explained>
  static std::vector<double> kernel_means(const std::vector<cell>& cells, std::size_t kernels, Explained&& explained) {
    std::vector<double> sums(kernels, 0);
    std::vector<double> counts(kernels, 0);
    for (const cell& c : cells) {
      sums[c.kernel] += c.log_ms - explained(c);
      ++counts[c.kernel];
    }
    for (std::size_t k = 0; k < kernels; ++k) sums[k] = counts[k] > 0 ? sums[k] / counts[k] : 0;
    return sums;
  }

  void fit_sizes(std::vector<cell>& cells, std::size_t kernels, const std::vector<double>& sizes) {
    constexpr std::size_t most_knots = 8;
    std::vector<double> logs;
    for (const double size : sizes)
      if (size > 0) logs.push_back(std::log(size));
    if (logs.size() < least_sizes) return;
    const ordered_sample ordered(logs);
    for (std::size_t i = 0; i < most_knots; ++i) {
      const double knot = ordered.quantile(static_cast<double>(i) / (most_knots - 1));
      if (knots_.empty() || knot > knots_.back() + 1e-3) knots_.push_back(knot);
    }
    if (knots_.size() < 2) return knots_.clear();
    size_logs_.assign(knots_.size(), 0);
    const auto explained = [&](const cell& c) {
      double sum = 0;
      if (sizes[c.placement] > 0)
        for (const auto& [knot, share] : between_knots(sizes[c.placement])) sum += share * size_logs_[knot];
      return sum;
    };
    double change = std::numeric_limits<double>::infinity();
    for (int turn = 0; turn < most_turns && change > settled; ++turn) {
      constexpr double over_relaxation = 1.5;
      const std::vector<double> means = kernel_means(cells, kernels, explained);
      std::vector<double> sums(knots_.size(), 0);
      std::vector<double> total(knots_.size(), 0);
      for (const cell& c : cells) {
        if (sizes[c.placement] <= 0) continue;
        const double rest = c.log_ms - means[c.kernel] - explained(c);
        for (const auto& [knot, share] : between_knots(sizes[c.placement])) {
          sums[knot] += share * c.weight * rest;
          total[knot] += share * c.weight;
        }
      }
      change = 0;
      for (std::size_t i = 0; i < knots_.size(); ++i) {
        if (total[i] <= 0) continue;
        size_logs_[i] += over_relaxation * sums[i] / total[i];
        change = std::max(change, std::fabs(sums[i] / total[i]));
      }
    }
    for (cell& c : cells) c.log_ms -= explained(c);
    const double level = std::log(size_factor(std::exp(ordered.median())));
    for (double& log : size_logs_) log -= level;
  }

  static double deviation_of(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    double mean = 0;
    for (const double x : values) mean += x / static_cast<double>(values.size());
    double squares = 0;
    for (const double x : values) squares += (x - mean) * (x - mean);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
  }

  /// Values with their weights, at least one.
  static double weighted_median(std::vector<std::pair<double, double>>& values) {
    std::ranges::sort(values);
    double half = 0;
    for (const auto& [value, weight] : values) half += weight / 2;
    for (const auto& [value, weight] : values)
      if ((half -= weight) <= 0) return value;
    return values.back().first;
  }

  void fit_slowdowns(const std::vector<cell>& cells, std::size_t kernels, const std::vector<std::size_t>& shared) {
    logs_.assign(shared.size(), 0);
    std::vector<std::vector<const cell*>> mine(shared.size());
    for (const cell& c : cells) mine[c.placement].push_back(&c);
    constexpr double most_rest = 0.1;  // a kernel in trouble counts no more than one that is 10 % slow
    double change = std::numeric_limits<double>::infinity();
    for (int turn = 0; turn < most_turns && change > settled; ++turn) {
      const std::vector<double> means = kernel_means(cells, kernels, [&](const cell& c) { return logs_[c.placement]; });
      change = 0;
      for (std::size_t p = 0; p < mine.size(); ++p) {
        if (shared[p] < least_shared || mine[p].empty()) continue;
        double sum = 0;
        double total = 0;
        for (const cell* c : mine[p]) {
          sum += c->weight * std::clamp(c->log_ms - means[c->kernel] - logs_[p], -most_rest, most_rest);
          total += c->weight;
        }
        change = std::max(change, std::fabs(sum / total));
        logs_[p] += sum / total;
      }
    }
    if (logs_.empty()) return;
    const double level = ordered_sample(logs_).median();
    for (std::size_t p = 0; p < logs_.size(); ++p)
      if (shared[p] >= least_shared) logs_[p] -= level;
  }

  std::unordered_map<std::int64_t, std::size_t> numbers_;
  std::vector<double> logs_;
  double deviation_ = 0;           ///< of `logs_`: every prediction asks for it
  std::vector<double> knots_;      ///< logarithms of numbers of weights
  std::vector<double> size_logs_;  ///< of the factor, at the knots
};

}  // namespace nascent
