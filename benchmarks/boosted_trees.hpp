// SPDX-License-Identifier: Apache-2.0
// A surrogate of a table of trained networks: gradient-boosted regression trees over a few whole numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace benchmarks {

/// Squared loss, trees of fixed depth, every split of every column tried. Columns hold small whole numbers from 0 on.
class boosted_trees {
 public:
  using rows = std::vector<std::vector<std::uint8_t>>;

  boosted_trees(const rows& x, const std::vector<double>& y, int trees = 300, int depth = 6, double rate = 0.08) {
    for (const double v : y) mean_ += v / static_cast<double>(y.size());
    std::vector<double> left(y);
    for (double& v : left) v -= mean_;
    for (int t = 0; t < trees; ++t) {
      std::vector<std::size_t> all(x.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      roots_.push_back(grow(x, left, std::move(all), depth, rate));
      for (std::size_t i = 0; i < x.size(); ++i) left[i] -= leaf(roots_.back(), x[i]);
    }
  }

  double operator()(const std::vector<std::uint8_t>& row) const {
    double sum = mean_;
    for (const std::size_t root : roots_) sum += leaf(root, row);
    return sum;
  }

 private:
  struct node {
    std::size_t column = 0;
    std::uint8_t most = 0;  ///< on the left side
    std::size_t left = 0;   ///< 0 for a leaf
    std::size_t right = 0;
    double value = 0;
  };
  static constexpr std::size_t least_rows = 5;
  static constexpr std::size_t most_options = 16;

  double leaf(std::size_t n, const std::vector<std::uint8_t>& row) const {
    while (nodes_[n].left != 0) n = row[nodes_[n].column] <= nodes_[n].most ? nodes_[n].left : nodes_[n].right;
    return nodes_[n].value;
  }

  std::size_t grow(const rows& x, const std::vector<double>& left, std::vector<std::size_t> in, int depth,
                   double rate) {
    double sum = 0;
    for (const std::size_t i : in) sum += left[i];
    const auto count = static_cast<double>(in.size());
    node made{.value = rate * sum / count};
    double most_gain = 1e-9;
    for (std::size_t c = 0; depth > 0 && c < x[0].size(); ++c) {
      double sums[most_options] = {};
      std::size_t counts[most_options] = {};
      for (const std::size_t i : in) {
        sums[x[i][c]] += left[i];
        ++counts[x[i][c]];
      }
      double low = 0;
      std::size_t low_count = 0;
      for (std::size_t v = 0; v + 1 < most_options; ++v) {
        low += sums[v];
        low_count += counts[v];
        if (low_count < least_rows || in.size() - low_count < least_rows) continue;
        const auto n = static_cast<double>(low_count);
        const double gain = low * low / n + (sum - low) * (sum - low) / (count - n) - sum * sum / count;
        if (gain <= most_gain) continue;
        most_gain = gain;
        made.column = c;
        made.most = static_cast<std::uint8_t>(v);
      }
    }
    const std::size_t place = nodes_.size();
    nodes_.push_back(made);
    if (most_gain <= 1e-9) return place;
    const auto right = std::ranges::partition(in, [&](std::size_t i) { return x[i][made.column] <= made.most; });
    std::vector<std::size_t> above(right.begin(), right.end());
    in.erase(right.begin(), right.end());
    const std::size_t a = grow(x, left, std::move(in), depth - 1, rate);
    const std::size_t b = grow(x, left, std::move(above), depth - 1, rate);
    nodes_[place].left = a;
    nodes_[place].right = b;
    return place;
  }

  double mean_ = 0;
  std::vector<node> nodes_;
  std::vector<std::size_t> roots_;
};

}  // namespace benchmarks
