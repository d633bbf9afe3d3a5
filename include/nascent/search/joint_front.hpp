// SPDX-License-Identifier: Apache-2.0
/// \file
/// Exact answers over all networks of a space by several costs at once, such as the latencies of several devices: the
/// front over all of them, and the network that gains most within limits on each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/search/detail/best_paths.hpp"
#include "nascent/search/exact_front.hpp"
#include "nascent/search/sum_limit.hpp"

namespace nascent {

/// A network of a space, what each of several sums makes of it, and what it gains.
template <space Space>
struct joint_network {
  candidate<Space> what{};
  std::vector<double> costs{};
  double gain = 0;
};

struct joint_front_options {
  /// How much less gain than the best one that costs no more anywhere a point may have: 0 is exact.
  double epsilon = 0;
  std::size_t labels = std::size_t{1} << 21;  ///< beginnings of networks kept after a step, at most
};

namespace detail {

inline void check_costs(std::span<const sum_limit> costs, const char* who) {
  if (costs.empty()) throw search_error("search.option", std::string(who) + ", costs", "none", "one or more");
  for (const sum_limit& l : costs) {
    const std::string where = std::string(who) + ", cost '" + l.name + "'";
    if (!l.sum) throw search_error("search.sum", where, "no sum", "a sum");
    if (std::isnan(l.most)) throw search_error("search.target", where, "nan", "numbers, or infinity for no limit");
  }
}

/// \throws search_error where no network keeps one of the limits
template <space Space>
std::vector<cheapest_ends> reachable_ends(const kernel_trellis<Space>& trellis, std::span<const sum_limit> costs,
                                          const char* who) {
  std::vector<cheapest_ends> ends;
  for (const sum_limit& l : costs) {
    ends.push_back(find_cheapest_ends(trellis, l.sum));
    const double least = ends.back().rest[0][0];
    if (least <= l.most) continue;
    const candidate<Space> cheapest = trellis.candidate_of(follow(ends.back()));
    throw search_error("search.target", std::string(who) + ", cost '" + l.name + "'", exact_text(l.most),
                       exact_text(least) + " or more: so much costs the cheapest network of space '" +
                           trellis.space().name() + "', rank " + to_decimal(trellis.space().rank(cheapest)).c_str());
  }
  return ends;
}

[[noreturn]] inline void refuse_together(std::span<const sum_limit> costs, const char* who) {
  std::string limits;
  for (const sum_limit& l : costs)
    if (std::isfinite(l.most)) limits += (limits.empty() ? "" : ", ") + l.name + " <= " + exact_text(l.most);
  throw search_error("search.target", std::string(who) + ", all costs", limits + " at once, which no network keeps",
                     "limits that one network keeps, though each of them alone can be kept");
}

/// The front by several costs and a gain, state by state from the start.
template <space Space, path_sum Gain>
class joint_search {
 public:
  joint_search(const kernel_trellis<Space>& trellis, std::span<const sum_limit> costs, const Gain& gain,
               const joint_front_options& options)
      : trellis_(&trellis),
        costs_(costs),
        gain_(&gain),
        options_(options),
        width_(options.epsilon / static_cast<double>(std::max<std::size_t>(trellis.steps(), 1))),
        ends_(reachable_ends(trellis, costs, "joint_front")) {
    for (const sum_limit& l : costs) most_.push_back(l.most + 1e-9 * std::fabs(l.most));  // sums in another order
  }

  std::vector<joint_network<Space>> run() {
    labels now;
    now.add(std::vector<double>(costs_.size(), 0), {});
    now.first = {0, 1};
    for (std::size_t p = 0; p < trellis_->steps(); ++p) now = pass(now, p);
    std::vector<joint_network<Space>> all;
    for (std::size_t n = 0; n < now.size(); ++n) {
      const auto spent = now.costs_of(n, costs_.size());
      all.push_back({.what = {}, .costs = {spent.begin(), spent.end()}, .gain = now.rest[n].gain});
      all.back().what = network_of(now.rest[n].before, now.rest[n].move);
    }
    std::vector<joint_network<Space>> front;  // of all states at the end
    for (const std::size_t i : nondominated(all, &joint_network<Space>::costs, &joint_network<Space>::gain))
      front.push_back(std::move(all[i]));
    return front;
  }

 private:
  struct label {
    double gain = 0;
    std::uint32_t before = 0;  ///< label of the step before
    std::uint32_t move = 0;    ///< of those of the step
  };
  struct labels {
    std::vector<label> rest{};
    std::vector<double> costs{};
    std::vector<std::size_t> first{};  ///< of each state

    std::size_t size() const { return rest.size(); }
    std::span<const double> costs_of(std::size_t n, std::size_t count) const {
      return std::span(costs).subspan(n * count, count);
    }
    void add(std::span<const double> spent, const label& l) {
      costs.insert(costs.end(), spent.begin(), spent.end());
      rest.push_back(l);
    }
  };
  struct move {
    trellis_path path{};
    double gain = 0;
    std::vector<double> costs{};
  };
  struct origin {
    std::uint32_t before = 0;
    std::uint32_t move = 0;
  };

  labels pass(const labels& now, std::size_t p) {
    std::vector<trellis_path>& taken = paths_.emplace_back();
    std::vector<std::vector<std::uint32_t>> arriving(trellis_->states(p + 1).size());  // moves, by state
    std::vector<move> moves;
    for (std::size_t n = 0; n + 1 < now.first.size(); ++n) {
      if (now.first[n] == now.first[n + 1]) continue;
      trellis_->for_each_path(p, n, [&](const trellis_path& path) {
        if (trellis_->completions(p + 1, path.to) == 0) return;
        move m{.path = path, .gain = (*gain_)(p, path)};
        if (!std::isfinite(m.gain))
          throw search_error("search.sum", "gain, step " + std::to_string(p), exact_text(m.gain), "finite numbers");
        for (const sum_limit& l : costs_) m.costs.push_back(l.sum(p, path));
        arriving[path.to].push_back(static_cast<std::uint32_t>(moves.size()));
        moves.push_back(std::move(m));
        taken.push_back(path);
      });
    }
    labels next;
    next.first = {0};
    for (std::size_t to = 0; to < arriving.size(); ++to) {
      labels open;
      std::vector<double> spent(costs_.size());
      for (const std::uint32_t m : arriving[to])
        for (std::size_t n = now.first[moves[m].path.from]; n < now.first[moves[m].path.from + 1]; ++n) {
          bool kept = true;
          for (std::size_t l = 0; l < spent.size(); ++l) {
            spent[l] = now.costs_of(n, costs_.size())[l] + moves[m].costs[l];
            kept = kept && spent[l] + ends_[l].rest[p + 1][to] <= most_[l];
          }
          if (kept) open.add(spent, {now.rest[n].gain + moves[m].gain, static_cast<std::uint32_t>(n), m});
          if (open.size() > 8 * options_.labels) refuse();
        }
      keep_best(open, next);
      next.first.push_back(next.size());
      if (next.size() > options_.labels) refuse();
    }
    std::vector<origin>& origins = origins_.emplace_back();
    for (const label& l : now.rest) origins.push_back({l.before, l.move});
    return next;
  }

  /// Appends those that no other one of their state beats. Gains that differ by less than a width count as equal.
  void keep_best(const labels& open, labels& next) const {
    std::vector<std::uint32_t> order(open.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto level = [&](std::uint32_t n) {
      return width_ > 0 ? std::floor(open.rest[n].gain / width_) : open.rest[n].gain;
    };
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
      if (level(a) != level(b)) return level(a) > level(b);
      const auto mine = open.costs_of(a, costs_.size());
      const auto theirs = open.costs_of(b, costs_.size());
      if (!std::ranges::equal(mine, theirs)) return std::ranges::lexicographical_compare(mine, theirs);
      return open.rest[a].gain != open.rest[b].gain ? open.rest[a].gain > open.rest[b].gain : a < b;
    });
    cost_cover cover(costs_.size());
    for (const std::uint32_t n : order)
      if (cover.add(open.costs_of(n, costs_.size()))) next.add(open.costs_of(n, costs_.size()), open.rest[n]);
  }

  candidate<Space> network_of(std::uint32_t before, std::uint32_t taken) const {
    candidate<Space> c = trellis_->space().undecided();
    for (std::size_t p = paths_.size(); p-- > 0;) {
      trellis_->decide(p, paths_[p][taken], c.digits.data());
      const origin& o = origins_[p][before];
      before = o.before;
      taken = o.move;
    }
    return c;
  }

  [[noreturn]] void refuse() const {
    throw search_error("search.too_large", "joint_front, space '" + std::string(trellis_->space().name()) + "'",
                       "more than " + std::to_string(options_.labels) + " beginnings of networks to keep",
                       "fewer, with a larger epsilon, lower limits or fewer devices; or more by "
                       "joint_front_options.labels, at some 100 bytes each; search_fronts looks at networks instead");
  }

  const kernel_trellis<Space>* trellis_;
  std::span<const sum_limit> costs_;
  const Gain* gain_;
  joint_front_options options_;
  double width_;
  std::vector<cheapest_ends> ends_;
  std::vector<double> most_;
  std::vector<std::vector<trellis_path>> paths_;  ///< by step: its moves
  std::vector<std::vector<origin>> origins_;      ///< by step: where the labels before it came from
};

}  // namespace detail

/// The front of all networks of a space by several costs, each with the limit that it has (infinity: none), and a gain:
/// the networks that no other one equals in all and beats in one. By falling gain. With two costs its size is that of a
/// surface and no longer of a line: where it is too large, an epsilon thins it, with the proof that no network gains
/// more than that above a point that costs no more anywhere.
///
///     joint_front(trellis, {{"server_ms", latency_sum(trellis, server), 3}, {"phone_ms", latency_sum(trellis, phone),
///                 40}}, gain)
///
/// \throws search_error where no network can be built, for a limit that no network keeps (it names the cheapest one),
/// for limits that none keeps together, for an epsilon below 0, and where it is too large
template <space Space, path_sum Gain>
std::vector<joint_network<Space>> joint_front(const kernel_trellis<Space>& trellis, const std::vector<sum_limit>& costs,
                                              const Gain& gain, const joint_front_options& options = {}) {
  if (!(options.epsilon >= 0) || !std::isfinite(options.epsilon))
    throw search_error("search.option", "joint_front_options.epsilon", exact_text(options.epsilon),
                       "0 or more, in units of gain");
  detail::check_costs(costs, "joint_front");
  detail::require_networks(trellis, "joint_front");
  auto front = detail::joint_search(trellis, std::span(costs), gain, options).run();
  if (front.empty()) detail::refuse_together(costs, "joint_front");
  return front;
}

/// The network that gains most among those that keep all limits. No other one is better. Its costs are in the order of
/// the limits. \throws search_error as joint_front does
template <space Space, path_sum Gain>
joint_network<Space> best_within(const kernel_trellis<Space>& trellis, const std::vector<sum_limit>& limits,
                                 const Gain& gain) {
  detail::check_costs(limits, "best_within");
  for (const sum_limit& l : limits)
    if (!std::isfinite(l.most))
      throw search_error("search.target", "best_within, cost '" + l.name + "'", exact_text(l.most), "finite numbers");
  detail::require_networks(trellis, "best_within");
  static_cast<void>(detail::reachable_ends(trellis, limits, "best_within"));
  detail::best_paths<Space> paths(trellis, limits);
  paths.begin(gain);
  const std::optional<candidate<Space>> found = paths.next();
  if (!found && paths.gave_up())
    throw search_error("search.too_large", "best_within, space '" + std::string(trellis.space().name()) + "'",
                       std::to_string(limits.size()) + " limits with too many networks at their edges", "fewer limits");
  if (!found) detail::refuse_together(limits, "best_within");
  return {.what = *found, .costs = paths.costs(), .gain = paths.gain()};
}

}  // namespace nascent
