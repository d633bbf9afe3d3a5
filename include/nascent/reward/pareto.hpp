// SPDX-License-Identifier: Apache-2.0
/// \file
/// Pareto fronts over two metrics, one to minimise (a cost) and one to maximise (a gain), and the area that a front
/// dominates; fronts over several costs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/reward/reward.hpp"

namespace nascent {

/// A point by what it costs (less is better) and what it gains (more is better).
struct cost_gain {
  double cost = 0;
  double gain = 0;

  friend constexpr bool operator==(const cost_gain&, const cost_gain&) = default;
};

/// Whether `a` costs no more and gains no less than `b`. Equal points do so to each other.
constexpr bool dominates_or_equals(const cost_gain& a, const cost_gain& b) {
  return a.cost <= b.cost && a.gain >= b.gain;
}

/// The same, and better in one of the two.
constexpr bool dominates(const cost_gain& a, const cost_gain& b) { return dominates_or_equals(a, b) && !(a == b); }

/// Indices of the points that no other dominates, by rising cost (and so by rising gain). Of equal points the first one
/// stands for all. `cost` and `gain` say what to read of a point: members or functions. Points are anything with size()
/// and []. O(n log n). \throws reward_error for a cost or gain that is not a number.
template <class Points, class Cost, class Gain>
std::vector<std::size_t> pareto_front(const Points& points, Cost cost, Gain gain) {
  const std::size_t n = points.size();
  std::vector<cost_gain> at(n);
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) {
    at[i] = {static_cast<double>(std::invoke(cost, points[i])), static_cast<double>(std::invoke(gain, points[i]))};
    if (std::isnan(at[i].cost) || std::isnan(at[i].gain))
      throw reward_error("reward.metric", "pareto_front, point " + std::to_string(i), "nan", "numbers");
    order[i] = i;
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (at[a].cost != at[b].cost) return at[a].cost < at[b].cost;
    if (at[a].gain != at[b].gain) return at[a].gain > at[b].gain;
    return a < b;
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order)
    if (front.empty() || at[i].gain > at[front.back()].gain) front.push_back(i);
  return front;
}

inline std::vector<std::size_t> pareto_front(const std::vector<cost_gain>& points) {
  return pareto_front(points, &cost_gain::cost, &cost_gain::gain);
}

/// Points by several costs, the less the better, as they come: which of them no earlier one is at most as dear as in
/// every cost. With one or two costs it takes the logarithm of those kept for each, else all of them.
class cost_cover {
 public:
  explicit cost_cover(std::size_t costs) : costs_(costs) {}

  /// Whether a point that was kept costs no more anywhere.
  bool covers(std::span<const double> point) const {
    if (costs_ <= 2) {
      const auto above = stairs_.upper_bound(costs_ == 0 ? 0 : point[0]);
      return above != stairs_.begin() && std::prev(above)->second <= (costs_ == 2 ? point[1] : 0);
    }
    for (std::size_t i = 0; i < kept_.size(); i += costs_)
      if (std::equal(point.begin(), point.end(), kept_.begin() + static_cast<std::ptrdiff_t>(i),
                     [](double mine, double theirs) { return theirs <= mine; }))
        return true;
    return false;
  }
  /// Keeps a point, unless it is covered; returns whether it did.
  bool add(std::span<const double> point) {
    if (covers(point)) return false;
    if (costs_ > 2) {
      kept_.insert(kept_.end(), point.begin(), point.end());
      return true;
    }
    const double second = costs_ == 2 ? point[1] : 0;
    const auto at = stairs_.insert_or_assign(costs_ == 0 ? 0 : point[0], second).first;
    auto next = std::next(at);
    while (next != stairs_.end() && next->second >= second) next = stairs_.erase(next);
    return true;
  }

 private:
  std::size_t costs_;
  std::map<double, double> stairs_;  ///< second cost by the first: it falls where that rises
  std::vector<double> kept_;         ///< of more than two, one behind another
};

/// Indices of the points that no other one dominates by several costs and one gain, by falling gain. Of equal points
/// the first one stands for all. `costs` gives a span (of equal length for all), `gain` a number for a point.
/// \throws reward_error for a cost or gain that is not a number
template <class Points, class Costs, class Gain>
std::vector<std::size_t> nondominated(const Points& points, Costs costs, Gain gain) {
  std::vector<std::size_t> order(points.size());
  const auto costs_at = [&](std::size_t i) { return std::span<const double>(std::invoke(costs, points[i])); };
  const auto gain_at = [&](std::size_t i) { return static_cast<double>(std::invoke(gain, points[i])); };
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    if (std::isnan(gain_at(i)) || std::ranges::any_of(costs_at(i), [](double c) { return std::isnan(c); }))
      throw reward_error("reward.metric", "nondominated, point " + std::to_string(i), "nan", "numbers");
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (gain_at(a) != gain_at(b)) return gain_at(a) > gain_at(b);
    const auto mine = costs_at(a);
    const auto theirs = costs_at(b);
    if (!std::ranges::equal(mine, theirs)) return std::ranges::lexicographical_compare(mine, theirs);
    return a < b;
  });
  if (order.empty()) return order;
  cost_cover cover(costs_at(0).size());
  std::erase_if(order, [&](std::size_t i) { return !cover.add(costs_at(i)); });
  return order;
}

/// Area between the points and a reference that is worse than they are (dearer, of less gain), in units of cost x gain.
/// Points that are not better than the reference in both add nothing. \throws reward_error for what is not a number.
inline double hypervolume(const std::vector<cost_gain>& points, const cost_gain& reference) {
  if (std::isnan(reference.cost) || std::isnan(reference.gain))
    throw reward_error("reward.metric", "hypervolume, reference", "nan", "numbers");
  double area = 0;
  double gained = reference.gain;
  for (const std::size_t i : pareto_front(points)) {
    if (points[i].cost >= reference.cost) break;
    if (points[i].gain <= gained) continue;
    area += (reference.cost - points[i].cost) * (points[i].gain - gained);
    gained = points[i].gain;
  }
  return area;
}

}  // namespace nascent
