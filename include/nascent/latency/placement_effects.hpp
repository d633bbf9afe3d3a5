// SPDX-License-Identifier: Apache-2.0
/// \file
/// What all kernels of one network have in common: how large it is and how long it takes, and how fast the machine was
/// when it ran.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/latency/entry.hpp"
#include "nascent/timing/quantile_curve.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

/// Fits time(kernel, placement) = time(kernel) x size(weights of the network) x length(time of the network) x
/// slowdown(placement) to the rows of a table, in logarithms:
/// * Times of kernels and what the kernels of a placement have in common, in turns: the former are means over a
/// kernel's placements, the
///   latter over the placement's kernels, weighted by their times; what is more than 10 % off counts as 10 %.
///   Placements are tied to each other by kernels that they share, so it does not matter in which order they were
///   measured. A twentieth of a placement's time is taken to be as usual beside them: where all that it shares are a
///   few small kernels, they do not say how fast the machine was.
/// * The more weights a network has, the more of each other its kernels push out of the caches; and the longer it
/// takes, the more do others
///   push out of a cache that is shared, before the next image needs it. Both are curves through quantiles of the
///   placements', fitted by least squares to what each placement's kernels have in common; what is far off counts less.
/// * The rest of it is the machine's: its slowdown.
/// The median placement has a slowdown of 1, the network of median size and time a factor of 1.
class placement_effects {
 public:
  /// Placements that share fewer kernels with others than this keep a slowdown of 1: one kernel alone may be slow.
  static constexpr std::size_t least_shared = 8;
  /// Networks that it takes to see what their size and time do, and so many for each knot of the curves.
  static constexpr std::size_t least_networks = 24;
  /// Of a placement's time, beside the kernels that it shares: so much weight has that it was as fast as others.
  static constexpr double taken_as_usual = 0.05;

  placement_effects() = default;

  /// Rows of one environment, those of a kernel behind one another, as `latency_store::load_placements` gives them.
  explicit placement_effects(std::span<const latency_entry> rows) {
    std::vector<cell> cells;
    std::vector<std::size_t> shared;
    std::vector<const latency_entry*> of_placement;  // any of its rows
    std::vector<double> times;                       // of all its kernels
    std::size_t kernels = 0;
    for_each_kernel(rows, [&](std::span<const latency_entry> mine) {
      for (const latency_entry& row : mine) {
        if (row.estimated || row.placement == 0 || row.time.trimmed_mean_ms <= 0) continue;
        const auto [place, is_new] = numbers_.try_emplace(row.placement, shared.size());
        if (is_new) {
          shared.push_back(0);
          times.push_back(0);
          of_placement.push_back(&row);
        }
        times[place->second] += row.time.trimmed_mean_ms;
        shared[place->second] += mine.size() > 1;
        cells.push_back({kernels, place->second, std::log(row.time.trimmed_mean_ms), row.time.trimmed_mean_ms});
      }
      ++kernels;
    });
    std::vector<double> counts(kernels, 0);
    for (const cell& c : cells) ++counts[c.kernel];
    std::erase_if(cells,
                  [&](const cell& c) { return counts[c.kernel] < 2; });  // they tell nothing of what placements share
    std::vector<bool> known;
    for (const std::size_t s : shared) known.push_back(s >= least_shared);
    slowdowns_ = common_parts(cells, kernels, known, times);
    const auto relative_to_median = [&] {
      if (slowdowns_.empty()) return;
      const double level = ordered_sample(slowdowns_).median();
      for (std::size_t p = 0; p < known.size(); ++p)
        if (known[p]) slowdowns_[p] -= level;
    };
    relative_to_median();
    network_logs_ = fit_networks(of_placement, known);
    for (std::size_t p = 0; p < known.size(); ++p)
      if (known[p]) slowdowns_[p] -= network_logs_[p];
    relative_to_median();
    deviation_ = deviation_of(slowdowns_);
  }

  /// What the time of every kernel is in a network of so many weights, whose kernels add up to so many ms in the table,
  /// over that in a network of median size and time. What is 0 is not known, and counts as the median.
  double network_factor(double network_weights, double ms) const { return std::exp(network_log(network_weights, ms)); }

  /// How fast the logarithm of `network_factor` changes with that of the weights, between two numbers of them, and with
  /// that of ms: the least and the largest slope.
  std::pair<double, double> size_slopes(double from_weights, double to_weights) const {
    return size_.slopes(std::log(from_weights), std::log(to_weights));
  }
  std::pair<double, double> length_slopes(double from_ms, double to_ms) const {
    return length_.slopes(std::log(from_ms), std::log(to_ms));
  }

  /// Time in this placement over that in the median one, but for the network's size and time; 1 where it is not known.
  double slowdown(std::int64_t placement) const {
    const auto found = numbers_.find(placement);
    return found == numbers_.end() ? 1.0 : std::exp(slowdowns_[found->second]);
  }

  /// Standard deviation of slowdowns between placements, relative; 0 where there are fewer than two.
  double deviation() const { return deviation_; }

  /// The smallest and the largest slowdown.
  std::pair<double, double> range() const {
    if (slowdowns_.empty()) return {1, 1};
    const auto [low, high] = std::ranges::minmax(slowdowns_);
    return {std::exp(low), std::exp(high)};
  }

  /// Adds a placement that was measured after the fit, of a network with so many weights: `rows` are those of its
  /// kernels that the table knows, each as measured and as the table has it, in ms; `network_ms` is the whole network
  /// as measured. Its slowdown is the median of theirs until the next fit, less where they are a small part of the
  /// network.
  void add(std::int64_t placement, double network_weights, double network_ms,
           std::span<const std::pair<double, double>> rows) {
    if (!numbers_.try_emplace(placement, slowdowns_.size()).second) return;
    double measured = 0;
    double in_table = 0;
    for (const auto& [now, usual] : rows) {
      measured += now;
      in_table += usual;
    }
    network_logs_.push_back(network_log(network_weights, measured > 0 ? network_ms * in_table / measured : 0));
    std::vector<std::pair<double, double>> ratios;
    for (const auto& [now, usual] : rows) ratios.emplace_back(std::log(now / usual) - network_logs_.back(), now);
    const double trust = measured / (measured + taken_as_usual * std::max(network_ms, measured));
    slowdowns_.push_back(ratios.size() >= least_shared ? trust * weighted_median(ratios) : 0.0);
    deviation_ = deviation_of(slowdowns_);
  }

  /// The row as the median placement of a network of median size and time would have it.
  latency_entry corrected(latency_entry row) const {
    const auto found = numbers_.find(row.placement);
    if (found != numbers_.end())
      row.time = scaled(row.time, std::exp(-slowdowns_[found->second] - network_logs_[found->second]));
    return row;
  }

 private:
  static constexpr int most_turns = 100;
  static constexpr double settled = 2e-5;

  struct cell {
    std::size_t kernel;
    std::size_t placement;
    double log_ms;
    double weight;
  };

  double network_log(double network_weights, double ms) const {
    return (network_weights > 0 ? size_(std::log(network_weights)) : 0) + (ms > 0 ? length_(std::log(ms)) : 0);
  }

  /// What the kernels of each placement have in common; 0 for those that share too little.
  static std::vector<double> common_parts(const std::vector<cell>& cells, std::size_t kernels,
                                          const std::vector<bool>& known, const std::vector<double>& times) {
    std::vector<double> parts(known.size(), 0);
    std::vector<std::vector<const cell*>> mine(known.size());
    for (const cell& c : cells) mine[c.placement].push_back(&c);
    constexpr double most_rest = 0.1;  // a kernel in trouble counts no more than one that is 10 % slow
    double change = std::numeric_limits<double>::infinity();
    for (int turn = 0; turn < most_turns && change > settled; ++turn) {
      const std::vector<double> means = kernel_means(cells, kernels, parts);
      change = 0;
      for (std::size_t p = 0; p < mine.size(); ++p) {
        if (!known[p] || mine[p].empty()) continue;
        const double usual = taken_as_usual * times[p];
        double sum = -usual * parts[p];
        double total = usual;
        for (const cell* c : mine[p]) {
          sum += c->weight * std::clamp(c->log_ms - means[c->kernel] - parts[p], -most_rest, most_rest);
          total += c->weight;
        }
        change = std::max(change, std::fabs(sum / total));
        parts[p] += sum / total;
      }
    }
    return parts;
  }

  /// Mean over each kernel's placements, less what these have in common.
  static std::vector<double> kernel_means(const std::vector<cell>& cells, std::size_t kernels,
                                          const std::vector<double>& parts) {
    std::vector<double> sums(kernels, 0);
    std::vector<double> counts(kernels, 0);
    for (const cell& c : cells) {
      sums[c.kernel] += c.log_ms - parts[c.placement];
      ++counts[c.kernel];
    }
    for (std::size_t k = 0; k < kernels; ++k) sums[k] = counts[k] > 0 ? sums[k] / counts[k] : 0;
    return sums;
  }

  /// Fits `size_` and `length_` to what placements have in common. Returns their sum for each placement. Rows of older
  /// tables do not say how long the network took: where too few do, only the size counts.
  std::vector<double> fit_networks(const std::vector<const latency_entry*>& of_placement,
                                   const std::vector<bool>& known) {
    const auto network_ms = [&](std::size_t p) {
      return of_placement[p]->network_ms * std::exp(-slowdowns_[p]);
    };  // as the table adds up
    const auto timed =
        std::ranges::count_if(of_placement, [](const latency_entry* row) { return row->network_ms > 0; });
    const bool has_lengths = static_cast<std::size_t>(timed) >= least_networks;
    std::vector<double> sizes, lengths, parts;
    for (std::size_t p = 0; p < known.size(); ++p) {
      if (!known[p] || of_placement[p]->network_weights <= 0) continue;
      if (has_lengths && of_placement[p]->network_ms <= 0) continue;
      lengths.push_back(has_lengths ? std::log(network_ms(p)) : 0);  // all the same: no curve
      sizes.push_back(std::log(static_cast<double>(of_placement[p]->network_weights)));
      parts.push_back(slowdowns_[p]);
    }
    std::vector<double> result(known.size(), 0);
    if (parts.size() < least_networks) return result;
    const std::size_t knots = std::clamp<std::size_t>(parts.size() / least_networks, 2, 8);
    size_ = quantile_curve(sizes, knots);
    length_ = quantile_curve(lengths, knots);
    // Minutes in which the machine was slow say little of networks: what is farther off than usual counts as if it were
    // usual.
    const auto rests = [&] {
      std::vector<double> all = parts;
      for (std::size_t i = 0; i < all.size(); ++i) all[i] -= size_(sizes[i]) + length_(lengths[i]);
      std::vector<double> distances = all;
      for (double& d : distances) d = std::fabs(d);
      const double usual = 2 * ordered_sample(std::move(distances)).median();
      for (double& rest : all) rest = std::clamp(rest, -usual, usual);
      return all;
    };
    double change = std::numeric_limits<double>::infinity();
    for (int turn = 0; turn < most_turns && change > settled; ++turn) {
      change = size_.improve(sizes, rests());
      change = std::max(change, length_.improve(lengths, rests()));
    }
    size_.raise(-size_(ordered_sample(sizes).median()));
    length_.raise(-length_(ordered_sample(lengths).median()));
    for (std::size_t p = 0; p < known.size(); ++p)
      result[p] = network_log(static_cast<double>(of_placement[p]->network_weights), network_ms(p));
    return result;
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
    for (const auto& [value, weight] : values) {
      half -= weight;
      if (half <= 0) return value;
    }
    return values.back().first;
  }

  std::unordered_map<std::int64_t, std::size_t> numbers_;
  std::vector<double> slowdowns_;     ///< logarithms, by placement
  std::vector<double> network_logs_;  ///< of the network's factor, by placement
  double deviation_ = 0;              ///< of `slowdowns_`: every prediction asks for it
  quantile_curve size_;               ///< of the logarithm of the number of weights
  quantile_curve length_;             ///< of the logarithm of ms
};

}  // namespace nascent
