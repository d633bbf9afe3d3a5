// SPDX-License-Identifier: Apache-2.0
/// \file
/// Exact answers over all networks of a space, however many: the cheapest one, the whole Pareto front of two sums, the
/// best one under a limit. By dynamic programming over the trellis, whose states hold all that ties, constraints and
/// skips look at: a best path is a best network.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/label_front.hpp"
#include "nascent/search/path_sum.hpp"

namespace nascent {

/// A network of a space, and what two sums make of it.
template <space Space>
struct exact_network {
  candidate<Space> what{};
  double cost = 0;
  double gain = 0;
};

struct exact_front_options {
  /// How much less gain than the best one of its cost a point may have: 0 is exact. In units of gain.
  double epsilon = 0;
  double target = std::numeric_limits<double>::infinity();  ///< what a network may cost
};

/// The front of all networks of a space.
template <space Space>
struct exact_front {
  std::vector<exact_network<Space>> points{};  ///< by rising cost, and so by rising gain
  /// Proven: no network gains more than `slack` above the best point that costs no more. At most epsilon.
  double slack = 0;
  std::size_t labels = 0;  ///< beginnings of networks that were kept on the way
};

namespace detail {

template <space Space>
void require_networks(const kernel_trellis<Space>& trellis, const char* who) {
  if (trellis.networks() == 0)
    throw search_error("search.none_usable", std::string(who) + ", space '" + trellis.space().name() + "'",
                       "no network that can be built", "spaces with one or more");
}

/// For each state the least that a sum comes to between there and the end, and the path that leads there.
struct cheapest_ends {
  std::vector<std::vector<double>> rest;
  std::vector<std::vector<trellis_path>> path;
};

template <space Space, path_sum Sum>
cheapest_ends find_cheapest_ends(const kernel_trellis<Space>& trellis, const Sum& sum) {
  const std::size_t steps = trellis.steps();
  cheapest_ends found{std::vector<std::vector<double>>(steps + 1), std::vector<std::vector<trellis_path>>(steps)};
  found.rest[steps].assign(trellis.states(steps).size(), 0);
  for (std::size_t p = steps; p-- > 0;) {
    const std::size_t states = trellis.states(p).size();
    found.rest[p].assign(states, std::numeric_limits<double>::infinity());
    found.path[p].resize(states);
    for (std::size_t n = 0; n < states; ++n)
      trellis.for_each_path(p, n, [&](const trellis_path& path) {
        if (trellis.completions(p + 1, path.to) == 0) return;
        const double whole = sum(p, path) + found.rest[p + 1][path.to];
        if (std::isnan(whole))
          throw search_error("search.sum", "sum, step " + std::to_string(p), "nan", "finite numbers");
        if (whole >= found.rest[p][n]) return;
        found.rest[p][n] = whole;
        found.path[p][n] = path;
      });
  }
  return found;
}

/// Follows the cheapest ends from the start.
inline std::vector<trellis_path> follow(const cheapest_ends& ends) {
  std::vector<trellis_path> paths;
  for (std::size_t p = 0, state = 0; p < ends.path.size(); state = paths.back().to, ++p)
    paths.push_back(ends.path[p][state]);
  return paths;
}

/// The front of two sums, state by state from the start.
template <space Space, path_sum Cost, path_sum Gain>
class front_search {
 public:
  front_search(const kernel_trellis<Space>& trellis, const Cost& cost, const Gain& gain,
               const exact_front_options& options)
      : trellis_(&trellis), cost_(&cost), gain_(&gain), options_(options), ends_(find_cheapest_ends(trellis, cost)) {}

  /// What the cheapest network costs.
  double least() const { return ends_.rest[0][0]; }
  candidate<Space> cheapest() const { return trellis_->candidate_of(follow(ends_)); }

  exact_front<Space> run() {
    const std::size_t steps = trellis_->steps();
    labels_ = {front_label{}};
    first_ = {0, 1};
    exact_front<Space> result{.labels = 1};
    for (std::size_t p = 0; p < steps; ++p) {
      const double left = (options_.epsilon - result.slack) / static_cast<double>(steps - p);
      result.slack += pass(p, left);
      result.labels += labels_.size();
    }
    front_merger ends;  // the states at the end, if there are several
    for (std::size_t n = 0; n + 1 < first_.size(); ++n)
      ends.add(std::span(labels_).subspan(first_[n], first_[n + 1] - first_[n]), static_cast<std::uint32_t>(first_[n]),
               {}, options_.target);
    std::vector<front_label> front;
    ends.finish(front);
    result.points.reserve(front.size());
    for (const front_label& l : front) result.points.push_back({network_of(l.before), l.cost, l.gain});
    return result;
  }

 private:
  struct decision {
    std::uint32_t edge;
    std::uint32_t option;
  };
  struct origin {
    std::uint32_t before;
    std::uint32_t move;
  };

  /// All labels through one step. Returns what thinning them may lose.
  double pass(std::size_t p, double width) {
    const std::size_t targets = trellis_->states(p + 1).size();
    std::vector<decision>& decisions = decisions_.emplace_back();
    std::vector<std::vector<std::pair<std::uint32_t, front_move>>> arriving(targets);  // from which state, how
    std::vector<front_move> moves;
    std::vector<trellis_path> paths;
    for (std::size_t n = 0; n + 1 < first_.size(); ++n) {
      if (first_[n] == first_[n + 1]) continue;
      moves.clear();
      paths.clear();
      trellis_->for_each_path(p, n, [&](const trellis_path& path) {
        if (trellis_->completions(p + 1, path.to) == 0) return;
        const double gain = (*gain_)(p, path);
        if (!std::isfinite(gain))
          throw search_error("search.sum", "gain, step " + std::to_string(p), exact_text(gain), "finite numbers");
        moves.push_back(
            {(*cost_)(p, path), gain, static_cast<std::uint32_t>(path.to), static_cast<std::uint32_t>(paths.size())});
        paths.push_back(path);
      });
      reduce_moves(moves);
      for (front_move& m : moves) {
        const trellis_path& path = paths[m.number];
        m.number = static_cast<std::uint32_t>(decisions.size());
        decisions.push_back({static_cast<std::uint32_t>(path.edge), static_cast<std::uint32_t>(path.option)});
        arriving[m.to].push_back({static_cast<std::uint32_t>(n), m});
      }
    }
    double lost = 0;
    std::vector<front_label> next;
    std::vector<std::size_t> first{0};
    for (std::size_t to = 0; to < targets; ++to) {
      // Sums in another order may differ in the last digits: what counts is whether the whole is above the target.
      const double most = options_.target + 1e-9 * std::fabs(options_.target) - ends_.rest[p + 1][to];
      for (const auto& [from, move] : arriving[to])
        merger_.add(std::span(labels_).subspan(first_[from], first_[from + 1] - first_[from]),
                    static_cast<std::uint32_t>(first_[from]), move, most);
      merger_.finish(next);
      if (width > 0) lost = std::max(lost, thin_front(next, first.back(), width));
      first.push_back(next.size());
      if (next.size() > most_labels)
        throw search_error("search.too_large", "pareto_front, space '" + std::string(trellis_->space().name()) + "'",
                           "more than " + std::to_string(most_labels) + " beginnings of networks to keep",
                           "fewer, with a larger epsilon or a lower target");
    }
    std::vector<origin>& origins = origins_.emplace_back();
    origins.reserve(next.size());
    for (const front_label& l : next) origins.push_back({l.before, l.move});
    labels_ = std::move(next);
    first_ = std::move(first);
    return lost;
  }

  candidate<Space> network_of(std::uint32_t label) const {
    candidate<Space> c = trellis_->space().undecided();
    for (std::size_t p = decisions_.size(); p-- > 0;) {
      const origin& o = origins_[p][label];
      const decision& d = decisions_[p][o.move];
      trellis_->decide(p, {.edge = d.edge, .option = d.option}, c.digits.data());
      label = o.before;
    }
    return c;
  }

  static constexpr std::size_t most_labels = std::size_t{1} << 26;  ///< of one step: 1.6 GB

  const kernel_trellis<Space>* trellis_;
  const Cost* cost_;
  const Gain* gain_;
  exact_front_options options_;
  cheapest_ends ends_;
  std::vector<std::vector<decision>> decisions_;  ///< by step
  std::vector<std::vector<origin>> origins_;
  std::vector<front_label> labels_;  ///< before the present step, state by state
  std::vector<std::size_t> first_;   ///< of each state in them
  front_merger merger_;
};

}  // namespace detail

/// The network of a space with the least sum: `cheapest(trellis, params_sum(trellis))`. No other one is below.
/// \throws search_error where no network can be built
template <space Space, class Cost>
exact_network<Space> cheapest(const kernel_trellis<Space>& trellis, const Cost& cost) {
  static_assert(
      path_sum<Cost>,
      "nascent: cheapest: found a cost that is not a sum over the paths of a trellis; allowed: sum_over_kernels, "
      "latency_sum, "
      "macs_sum, params_sum, traffic_sum, sum_over_decisions; other objectives are for search()");
  if constexpr (path_sum<Cost>) {
    detail::require_networks(trellis, "cheapest");
    const detail::cheapest_ends ends = detail::find_cheapest_ends(trellis, cost);
    return {.what = trellis.candidate_of(detail::follow(ends)), .cost = ends.rest[0][0]};
  } else return {};
}

/// The front of all networks of a space by two sums, `price{.cost = ..., .gain = ...}`: what costs least for what it
/// gains. Of networks that are equal in both, one stands for all.
/// \throws search_error where no network can be built, where none meets the target (it names the cheapest one), for an
/// epsilon below 0, and for numbers that are none
template <space Space, class Price>
exact_front<Space> pareto_front(const kernel_trellis<Space>& trellis, const Price& price,
                                const exact_front_options& options = {}) {
  static_assert(detail::is_price<Price>,
                "nascent: pareto_front: found a price that is not two sums over the paths of a trellis, such as a "
                "function of networks; allowed: sum_over_kernels, latency_sum, macs_sum, params_sum, traffic_sum, "
                "sum_over_decisions; other objectives are for search()");
  if constexpr (detail::is_price<Price>) {
    if (!(options.epsilon >= 0))
      throw search_error("search.option", "exact_front_options.epsilon", exact_text(options.epsilon),
                         "0 or more, in units of gain");
    if (std::isnan(options.target))
      throw search_error("search.option", "exact_front_options.target", "nan", "numbers, or infinity for no limit");
    detail::require_networks(trellis, "pareto_front");
    detail::front_search search(trellis, price.cost, price.gain, options);
    if (search.least() > options.target)
      throw search_error("search.target", "exact_front_options.target", exact_text(options.target),
                         exact_text(search.least()) + " or more: so much costs the cheapest network of space '" +
                             trellis.space().name() + "', rank " +
                             to_decimal(trellis.space().rank(search.cheapest())).c_str());
    return search.run();
  } else return {};
}

/// The network that gains most among those that cost no more than a limit. No other one is better.
/// \throws search_error as pareto_front does
template <space Space, class Price>
exact_network<Space> best_under(const kernel_trellis<Space>& trellis, const Price& price, double limit) {
  static_assert(detail::is_price<Price>,
                "nascent: best_under: found a price that is not two sums over the paths of a trellis, such as a "
                "function of networks; allowed: sum_over_kernels, latency_sum, macs_sum, params_sum, traffic_sum, "
                "sum_over_decisions; other objectives are for search()");
  if constexpr (detail::is_price<Price>) return pareto_front(trellis, price, {.target = limit}).points.back();
  else return {};
}

/// The network with the fewest parameters.
template <space Space>
exact_network<Space> smallest(const kernel_trellis<Space>& trellis) {
  return cheapest(trellis, params_sum(trellis));
}

}  // namespace nascent
