// SPDX-License-Identifier: Apache-2.0
/// \file
/// Upper bounds on the accuracy of networks under a limit of time: tangents of the accuracy model, which add up over
/// paths, and the exact fronts of these from every state to the end.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "nascent/accuracy/model.hpp"
#include "nascent/search/detail/accuracy_trellis.hpp"
#include "nascent/search/detail/label_front.hpp"
#include "nascent/search/detail/network_limit.hpp"

namespace nascent::detail {

/// Top-1 of what a network adds up. Sums that lie between those of networks have one too.
inline double top1_of(const accuracy_sums& s, double score) {
  const double fused = accuracy_priors::fused_early.points * std::min(s.fused_early, 4.0) / 4;
  return accuracy_model::best + accuracy_model::shape_points(score) + accuracy_model::width_points(s.log_width) +
         s.points + fused - (s.blocks > 0 ? s.penalty / s.blocks : 0);
}

inline double score_of(const accuracy_sums& s) {
  double score = 0;
  for (std::size_t i = 0; i < accuracy_sums::levels; ++i) score += accuracy_model::level_score(i, s.capacity[i]);
  return score;
}

/// The least function that is concave and nowhere below accuracy_model::width_points, from some width on.
class width_envelope {
 public:
  explicit width_envelope(double least) : least_(least) {
    double low = std::max(least, -0.5 * std::log(accuracy_fit::width_rate));  // from here on the points are concave
    double high = low + 5;
    if (excess(low) >= 0) high = low;
    while (high - low > 1e-9) {
      const double middle = (low + high) / 2;
      (excess(middle) < 0 ? low : high) = middle;
    }
    touch_ = high;
  }
  /// The tangent at a width: its slope, and its value at 0.
  std::pair<double, double> tangent(double at) const {
    if (at >= touch_) {
      const double slope = slope_at(at);
      return {slope, accuracy_model::width_points(at) - slope * at};
    }
    const double slope = slope_at(touch_);  // of the line from the beginning, but for 1e-9
    return {slope, std::max(accuracy_model::width_points(least_) - slope * least_,
                            accuracy_model::width_points(touch_) - slope * touch_)};
  }

 private:
  static double slope_at(double l) {
    return -accuracy_model::width_points(l) * accuracy_fit::width_rate * 2 * std::exp(2 * l);
  }
  /// Above 0 where the tangent at l lies above the points at the beginning.
  double excess(double l) const {
    return accuracy_model::width_points(l) - slope_at(l) * (l - least_) - accuracy_model::width_points(least_);
  }

  double least_;
  double touch_ = 0;
};

/// A sum that no network's accuracy exceeds, under a sum that none of them exceeds.
struct accuracy_tangent {
  std::array<double, accuracy_sums::levels> capacity{};
  double log_width = 0;
  double fused_early = 0;
  double penalty = 0;
  double start = 0;
  network_limit::line limit{};

  double gain(const accuracy_sums& s) const {
    double sum = s.points + log_width * s.log_width + fused_early * s.fused_early - penalty * s.penalty;
    for (std::size_t i = 0; i < capacity.size(); ++i) sum += capacity[i] * s.capacity[i];
    return sum;
  }
  double cost(const accuracy_sums& s) const { return s.ms + limit.per_weight * s.weights; }
};

/// The tangent at sums of networks, or between them, of networks of at most `most_blocks`.
inline accuracy_tangent tangent_at(const accuracy_sums& at, const width_envelope& width, double most_blocks,
                                   const network_limit::line& limit) {
  accuracy_tangent t{.penalty = 1 / std::max(most_blocks, 1.0), .start = accuracy_model::best, .limit = limit};
  const double lost = -accuracy_model::shape_points(score_of(at));
  t.start -= lost;
  for (std::size_t i = 0; i < t.capacity.size(); ++i) {
    t.capacity[i] = lost * accuracy_fit::weight[i] / (accuracy_fit::offset + at.capacity[i]);
    t.start -= t.capacity[i] * at.capacity[i];
  }
  const auto [slope, at_zero] = width.tangent(at.log_width);
  t.log_width = slope;
  t.start += at_zero;
  // Four fused blocks have all the points: a line through that corner, as steep as the place says.
  constexpr double each = accuracy_priors::fused_early.points / 4;
  t.fused_early = each * std::clamp(4.5 - at.fused_early, 0.0, 1.0);
  t.start += 4 * (each - t.fused_early);
  return t;
}

/// A tangent's front from each state to the end.
class tangent_fronts {
 public:
  /// `least_before` is what the cheapest way to each state costs, in the tangent's sum.
  template <class Trellis>
  tangent_fronts(const Trellis& trellis, const accuracy_tangent& tangent) : tangent_(tangent) {
    const std::size_t steps = trellis.steps();
    std::vector<std::vector<double>> before(steps + 1);
    for (std::size_t p = 0; p <= steps; ++p)
      before[p].assign(trellis.states(p).size(), std::numeric_limits<double>::infinity());
    before[0][0] = 0;
    for (std::size_t p = 0; p < steps; ++p)
      for (std::size_t n = 0; n < trellis.states(p).size(); ++n)
        for_edges(trellis, p, n, [&](std::size_t, const accuracy_edge& e) {
          before[p + 1][e.to] = std::min(before[p + 1][e.to], before[p][n] + tangent.cost(e.adds));
        });
    points_.resize(steps + 1);
    first_.resize(steps + 1);
    std::vector<front_label> after(trellis.states(steps).size());
    std::vector<std::size_t> after_first;
    for (std::size_t n = 0; n <= after.size(); ++n) after_first.push_back(n);
    keep(steps, after, after_first);
    front_merger merger;
    std::vector<front_move> moves;
    best_.resize(steps);
    for (std::size_t p = steps; p-- > 0;) {
      std::vector<front_label> here;
      std::vector<std::size_t> first{0};
      for (std::size_t n = 0; n < trellis.states(p).size(); ++n) {
        moves.clear();
        for_edges(trellis, p, n, [&](std::size_t number, const accuracy_edge& e) {
          moves.push_back({tangent.cost(e.adds), tangent.gain(e.adds), e.to, static_cast<std::uint32_t>(number)});
        });
        reduce_moves(moves);
        const double most = tangent.limit.most * (1 + 1e-9) - before[p][n];
        for (const front_move& m : moves)
          merger.add(std::span(after).subspan(after_first[m.to], after_first[m.to + 1] - after_first[m.to]),
                     static_cast<std::uint32_t>(after_first[m.to]), m, most);
        merger.finish(here);
        first.push_back(here.size());
      }
      for (const front_label& l : here) best_[p].push_back({l.before, l.move});
      keep(p, here, first);
      after = std::move(here);
      after_first = std::move(first);
    }
  }

  const accuracy_tangent& tangent() const { return tangent_; }
  bool feasible() const { return !points_[0].empty(); }
  /// No network under the limit is more accurate.
  double bound() const { return tangent_.start + points_[0].back().gain; }

  /// The most that is gained from a state to the end, for a cost of at most `left`; minus infinity where it cannot be.
  double gain(std::size_t step, std::size_t state, double left) const {
    const point* const begin = points_[step].data() + first_[step][state];
    const point* const end = points_[step].data() + first_[step][state + 1];
    const point* const above =
        std::upper_bound(begin, end, left, [](double cost, const point& p) { return cost < p.cost; });
    return above == begin ? -std::numeric_limits<double>::infinity() : above[-1].gain;
  }

  /// The network that has the bound: its edges, by number.
  std::vector<std::size_t> maximiser() const {
    std::vector<std::size_t> edges;
    std::size_t label = points_[0].size() - 1;
    for (const auto& step : best_) {
      edges.push_back(step[label].second);
      label = step[label].first;
    }
    return edges;
  }
  /// Forgets what only `maximiser` needs.
  void forget_ways() { best_ = {}; }

 private:
  struct point {
    double cost;
    double gain;
  };

  template <class Trellis, class Visit>
  static void for_edges(const Trellis& trellis, std::size_t p, std::size_t n, Visit&& visit) {
    const accuracy_state& s = trellis.states(p)[n];
    for (std::size_t e = s.first; e < s.last; ++e) visit(e, trellis.edges(p)[e]);
  }
  void keep(std::size_t p, const std::vector<front_label>& front, const std::vector<std::size_t>& first) {
    points_[p].reserve(front.size());
    for (const front_label& l : front) points_[p].push_back({l.cost, l.gain});
    first_[p] = first;
  }

  accuracy_tangent tangent_;
  std::vector<std::vector<point>> points_;  ///< by step, state by state
  std::vector<std::vector<std::size_t>> first_;
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> best_;  ///< next point and edge
};

}  // namespace nascent::detail
