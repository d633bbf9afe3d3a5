// SPDX-License-Identifier: Apache-2.0
/// \file
/// Beginnings of networks with all that the accuracy model reads of them, step by step: those that may still lead to a
/// better network than the best one known.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "nascent/base/watch.hpp"
#include "nascent/search/detail/accuracy_bound.hpp"

namespace nascent::detail {

/// The best network that a pass found, and what no other one exceeds.
struct label_pass {
  double value = -std::numeric_limits<double>::infinity();
  std::vector<std::size_t> edges{};  ///< of it, by step
  double bound = 0;
  bool complete = false;  ///< the watch did not end before it
};

template <class Trellis>
class accuracy_labels {
 public:
  /// Keeps references to all of these.
  accuracy_labels(const Trellis& trellis, const std::vector<tangent_fronts>& fronts, const network_limit& limit,
                  double tolerance, const watch& watched)
      : trellis_(&trellis),
        fronts_(&fronts),
        limit_(&limit),
        slopes_(limit.slopes()),
        tolerance_(tolerance),
        watch_(&watched) {}

  /// Goes through all steps with at most `width` labels at a time, those of the highest bounds. `value` is that of a
  /// network that is known.
  label_pass run(std::size_t width, double value) {
    width_ = width;
    target_ = value + tolerance_;
    label_pass result{.bound = value};
    origins_.clear();
    labels_ = {label{}};
    gains_.assign(fronts_->size(), 0);
    for (std::size_t p = 0; p < trellis_->steps(); ++p)
      if (!pass(p, result)) return result;
    for (std::size_t n = 0; n < labels_.size(); ++n) {
      const label& l = labels_[n];
      if (!limit_->holds(l.ms, l.weights)) continue;
      accuracy_sums sums{.log_width = l.log_width,
                         .points = l.points,
                         .fused_early = l.fused_early,
                         .penalty = l.penalty,
                         .blocks = l.blocks};
      const double top1 = top1_of(sums, l.score);
      if (top1 <= result.value) continue;
      result.value = top1;
      result.edges.assign(trellis_->steps(), 0);
      std::size_t at = n;
      for (std::size_t p = trellis_->steps(); p-- > 0;) {
        result.edges[p] = origins_[p][at].second;
        at = origins_[p][at].first;
      }
    }
    result.complete = true;
    return result;
  }

 private:
  struct label {
    double ms = 0;
    double weights = 0;
    double score = 0;     ///< of levels that are complete
    double capacity = 0;  ///< of the present one
    double log_width = 0;
    double points = 0;
    double penalty = 0;
    double bound = 0;
    float fused_early = 0;
    float blocks = 0;
    std::uint32_t state = 0;
    std::uint32_t before = 0;
    std::uint32_t edge = 0;
    int level = -1;  ///< whose capacity it is
  };

  /// All labels through one step, as they are sorted: by state. False where the watch ended.
  bool pass(std::size_t p, label_pass& result) {
    const std::size_t count = fronts_->size();
    const std::vector<accuracy_edge>& edges = trellis_->edges(p);
    std::vector<double> edge_gains;
    for (const accuracy_edge& e : edges)
      for (const tangent_fronts& f : *fronts_) edge_gains.push_back(f.tangent().gain(e.adds));
    next_.clear();
    next_gains_.clear();
    std::size_t likely = 0;  // the tangent that ruled out the last one
    for (std::size_t n = 0; n < labels_.size(); ++n) {
      if (n % 64 == 0 && watch_->ended()) return false;
      const label& from = labels_[n];
      const accuracy_state& state = trellis_->states(p)[from.state];
      for (std::size_t e = state.first; e < state.last; ++e) {
        const accuracy_edge& edge = edges[e];
        const double ms = from.ms + edge.adds.ms;
        const double weights = from.weights + edge.adds.weights;
        double bound = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < count && bound > target_; ++i) {
          const std::size_t t = i == 0 ? likely : i == likely ? 0 : i;
          const tangent_fronts& f = (*fronts_)[t];
          const double left = f.tangent().limit.most - ms - f.tangent().limit.per_weight * weights;
          const double gain = f.gain(p + 1, edge.to, left + 1e-9 * std::fabs(f.tangent().limit.most));
          bound = std::min(bound, f.tangent().start + gains_[n * count + t] + edge_gains[e * count + t] + gain);
          if (bound <= target_) likely = t;
        }
        if (bound <= target_) {
          result.bound = std::max(result.bound, bound);
          continue;
        }
        next_.push_back(extended(from, edge));
        next_.back().ms = ms;
        next_.back().weights = weights;
        next_.back().bound = bound;
        next_.back().before = static_cast<std::uint32_t>(n);
        next_.back().edge = static_cast<std::uint32_t>(e);
        for (std::size_t t = 0; t < count; ++t)
          next_gains_.push_back(gains_[n * count + t] + edge_gains[e * count + t]);
      }
      if (next_.size() > 2 * width_ + 4096) cut(width_, result);
    }
    drop_beaten();
    cut(width_, result);
    arrange();
    std::vector<std::pair<std::uint32_t, std::uint32_t>>& origins = origins_.emplace_back();
    for (const label& l : labels_) origins.push_back({l.before, l.edge});
    return true;
  }

  static label extended(const label& from, const accuracy_edge& edge) {
    label l = from;
    l.state = edge.to;
    const auto adds = [&](int level) { return edge.adds.capacity[static_cast<std::size_t>(level)]; };
    const auto score = [](int level, double capacity) {
      return accuracy_model::level_score(static_cast<std::size_t>(level), capacity);
    };
    if (edge.level == from.level && from.level >= 0) {
      l.capacity += adds(from.level);
    } else if (edge.level >= 0) {
      if (from.level >= 0) l.score += score(from.level, from.capacity + adds(from.level));
      l.score += edge.between;
      l.capacity = adds(edge.level);
    }
    l.level = edge.level;
    if (edge.closes) {
      l.score += score(l.level, l.capacity);
      l.capacity = 0;
      l.level = -1;
    } else if (l.capacity == 0) l.level = -1;
    l.log_width += edge.adds.log_width;
    l.points += edge.adds.points;
    l.penalty += edge.adds.penalty;
    l.fused_early += static_cast<float>(edge.adds.fused_early);
    l.blocks += static_cast<float>(edge.adds.blocks);
    return l;
  }

  /// Whether whatever follows is no better after `b` than after `a`, at the same state.
  bool beats(const label& a, const label& b) const {
    if (a.ms + slopes_.first * a.weights > b.ms + slopes_.first * b.weights) return false;
    if (a.ms + slopes_.second * a.weights > b.ms + slopes_.second * b.weights) return false;
    if (a.log_width < b.log_width || a.points < b.points || a.penalty > b.penalty || a.blocks < b.blocks) return false;
    if (std::min(a.fused_early, 4.0F) < std::min(b.fused_early, 4.0F)) return false;
    if (a.score < b.score) return false;
    if (a.capacity >= b.capacity) return true;
    if (a.level != b.level) return false;
    const auto level = static_cast<std::size_t>(b.level);
    return a.score + accuracy_model::level_score(level, a.capacity) >=
           b.score + accuracy_model::level_score(level, b.capacity);
  }

  /// Drops labels that others beat: each is held against a few with high bounds and the last ones that were kept.
  void drop_beaten() {
    constexpr std::size_t looks = 48;
    order_.resize(next_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::sort(order_, [&](std::size_t a, std::size_t b) {
      if (next_[a].state != next_[b].state) return next_[a].state < next_[b].state;
      if (next_[a].bound != next_[b].bound) return next_[a].bound > next_[b].bound;
      return a < b;
    });
    std::size_t kept = 0;
    std::size_t first = 0;
    for (const std::size_t n : order_) {
      if (kept == 0 || next_[order_[first]].state != next_[n].state) first = kept;
      bool beaten = false;
      for (std::size_t k = first; k < std::min(first + looks, kept) && !beaten; ++k)
        beaten = beats(next_[order_[k]], next_[n]);
      for (std::size_t k = std::max(first + looks, kept > looks ? kept - looks : 0); k < kept && !beaten; ++k)
        beaten = beats(next_[order_[k]], next_[n]);
      if (!beaten) order_[kept++] = n;
    }
    order_.resize(kept);
    take();
  }

  /// Leaves the `most` labels with the highest bounds.
  void cut(std::size_t most, label_pass& result) {
    if (next_.size() <= most) return;
    order_.resize(next_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::nth_element(order_, order_.begin() + static_cast<std::ptrdiff_t>(most),
                             [&](std::size_t a, std::size_t b) {
                               return next_[a].bound != next_[b].bound ? next_[a].bound > next_[b].bound : a < b;
                             });
    result.bound = std::max(result.bound, next_[order_[most]].bound);
    order_.resize(most);
    std::ranges::sort(order_);
    take();
  }

  /// Leaves the labels of `order_`, in that order.
  void take() {
    const std::size_t count = fronts_->size();
    taken_.clear();
    taken_gains_.clear();
    for (const std::size_t n : order_) {
      taken_.push_back(next_[n]);
      taken_gains_.insert(taken_gains_.end(), next_gains_.begin() + static_cast<std::ptrdiff_t>(n * count),
                          next_gains_.begin() + static_cast<std::ptrdiff_t>((n + 1) * count));
    }
    std::swap(next_, taken_);
    std::swap(next_gains_, taken_gains_);
  }

  /// Makes them the labels of the next step.
  void arrange() {
    std::swap(labels_, next_);
    std::swap(gains_, next_gains_);
  }

  const Trellis* trellis_;
  const std::vector<tangent_fronts>* fronts_;
  const network_limit* limit_;
  std::pair<double, double> slopes_;
  double tolerance_;
  const watch* watch_;
  std::size_t width_ = 0;
  double target_ = 0;
  std::vector<label> labels_;
  std::vector<double> gains_;  ///< of the labels so far, in each tangent
  std::vector<label> next_;
  std::vector<double> next_gains_;
  std::vector<label> taken_;
  std::vector<double> taken_gains_;
  std::vector<std::size_t> order_;
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> origins_;  ///< by step: label before, edge
};

}  // namespace nascent::detail
