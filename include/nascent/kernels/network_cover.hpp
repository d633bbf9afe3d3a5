// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks of a space that bring kernels: the best one for given values of kernels, found among all by dynamic
/// programming.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/kernels/space_kernels.hpp"

namespace nascent {

/// A network and what it brings.
template <space Space>
struct covering_network {
  candidate<Space> what{};
  double value = 0;
  double cost = 0;
};

/// Finds networks of a space that have the kernels one wants. One search looks at every edge of the trellis once, which
/// stands for all networks.
template <space Space>
class network_cover {
 public:
  /// Keeps a pointer to the trellis.
  explicit network_cover(const kernel_trellis<Space>& trellis) : trellis_(&trellis) {
    for (const auto& group : trellis.groups()) {
      for (auto k = group.begin(); k != group.end(); ++k)
        members_.push_back({static_cast<std::size_t>(*k), std::find(group.begin(), k, *k) == k});
      ends_.push_back(members_.size());
    }
  }

  /// Sets what kernels are worth, and what each time that one occurs costs; both in the order of the trellis.
  void weigh(std::vector<double> values, std::vector<double> costs) {
    values_ = std::move(values);
    costs_ = std::move(costs);
    groups_.assign(ends_.size(), {});
    for_each_member([&](std::size_t g, const member& m) {
      groups_[g].cost += costs_[m.kernel];
      if (m.first) groups_[g].value += values_[m.kernel];
    });
  }

  /// The share of a network's time that each kernel has, on average over all networks; `ms` are the times of kernels. A
  /// network's time is taken to be the mean of those that have the layer in question with the maps around it; the sum
  /// is 1.
  std::vector<double> shares(std::vector<double> ms) {
    const detail::trellis& t = trellis_->data();
    const std::size_t steps = t.steps.size();
    weigh(ms, ms);
    const auto time_of = [&](const trellis_path& path) {
      return groups_[static_cast<std::size_t>(path.first)].cost +
             path.repeats * groups_[static_cast<std::size_t>(path.repeat)].cost;
    };
    // Mean time of what lies before and after each state: a path counts for as many networks as it is part of.
    std::vector<std::vector<double>> before(steps + 1);
    std::vector<std::vector<double>> after(steps + 1);
    for (std::size_t p = 0; p <= steps; ++p) {
      before[p].assign(t.ways[p].size(), 0);
      after[p].assign(t.ways[p].size(), 0);
    }
    for (std::size_t p = 0; p < steps; ++p)
      detail::for_each_path(t.steps[p], [&](const trellis_path& path) {
        if (t.ways[p + 1][path.to] == 0) return;
        const double share = static_cast<double>(t.ways[p][path.from]) / static_cast<double>(t.ways[p + 1][path.to]);
        before[p + 1][path.to] += share * (before[p][path.from] + time_of(path));
      });
    for (std::size_t p = steps; p-- > 0;)
      detail::for_each_path(t.steps[p], [&](const trellis_path& path) {
        if (t.completions[p][path.from] == 0) return;
        const double share =
            static_cast<double>(t.completions[p + 1][path.to]) / static_cast<double>(t.completions[p][path.from]);
        after[p][path.from] += share * (after[p + 1][path.to] + time_of(path));
      });
    std::vector<double> per_ms(t.groups.size(),
                               0);  // of each group: how often it occurs, over the time of its networks
    for (std::size_t p = 0; p < steps; ++p)
      detail::for_each_path(t.steps[p], [&](const trellis_path& path) {
        const double often =
            static_cast<double>(t.ways[p][path.from] * t.completions[p + 1][path.to]) / static_cast<double>(t.networks);
        const double time = before[p][path.from] + time_of(path) + after[p + 1][path.to];
        if (time <= 0) return;
        per_ms[static_cast<std::size_t>(path.first)] += often / time;
        per_ms[static_cast<std::size_t>(path.repeat)] += path.repeats * often / time;
      });
    std::vector<double> result(ms.size(), 0);
    for (std::size_t g = 0; g < t.groups.size(); ++g)
      for (const std::int32_t k : t.groups[g])
        result[static_cast<std::size_t>(k)] += per_ms[g] * ms[static_cast<std::size_t>(k)];
    const double total = std::accumulate(result.begin(), result.end(), 0.0);
    if (total > 0)
      for (double& share : result) share /= total;
    return result;
  }

  /// The network with the largest value, by the last `weigh`. A kernel's value counts once
  /// in a layer, and once in equal layers after the first. (What stages share counts in each: then the network found is
  /// not the best one by that much.)
  covering_network<Space> best() const {
    const detail::trellis& t = trellis_->data();
    const std::vector<group_sum>& groups = groups_;
    constexpr double never = -std::numeric_limits<double>::infinity();
    const std::size_t steps = t.steps.size();
    std::vector<std::vector<trellis_path>> made(steps);
    std::vector<double> after(t.completions[steps].size(), 0);
    for (std::size_t p = steps; p-- > 0;) {
      const detail::trellis_step& step = t.steps[p];
      made[p].resize(step.states);
      std::vector<double> here(step.states, never);
      detail::for_each_path(step, [&](const trellis_path& path) {
        const group_sum& first = groups[static_cast<std::size_t>(path.first)];
        double sum = first.value + after[path.to];
        if (path.repeats > 0) sum += groups[static_cast<std::size_t>(path.repeat)].value;
        if (sum <= here[path.from]) return;
        here[path.from] = sum;
        made[p][path.from] = path;
      });
      after = std::move(here);
    }
    return follow(made);
  }

  /// A random network: one with kernels of tilts t_1, t_2 ... (by kernel, in the order of the trellis) is exp(t_1 + t_2
  /// + ...) times as likely as one without. By tilts of 0 all networks are equally likely. What is not tilted is as in
  /// any random network.
  covering_network<Space> draw(std::span<const double> tilts, random_engine& rng) const {
    const detail::trellis& t = trellis_->data();
    std::vector<double> tilt_of(ends_.size(), 0);
    for_each_member([&](std::size_t g, const member& m) {
      if (m.first) tilt_of[g] += tilts[m.kernel];
    });
    const auto tilt = [&](const trellis_path& path) {
      return tilt_of[static_cast<std::size_t>(path.first)] +
             (path.repeats > 0 ? tilt_of[static_cast<std::size_t>(path.repeat)] : 0);
    };
    constexpr double never = -std::numeric_limits<double>::infinity();
    const std::size_t steps = t.steps.size();
    // Logarithms of the weights of all that can follow a state.
    std::vector<std::vector<double>> after(steps + 1);
    after[steps].assign(t.completions[steps].size(), 0);
    for (std::size_t p = steps; p-- > 0;) {
      after[p].assign(t.steps[p].states, never);
      detail::for_each_path(t.steps[p], [&](const trellis_path& path) {
        const double more = tilt(path) + after[p + 1][path.to];
        double& sum = after[p][path.from];
        const auto [low, high] = std::minmax(sum, more);
        sum = low == never ? high : high + std::log1p(std::exp(low - high));
      });
    }
    std::vector<std::vector<trellis_path>> made(steps);
    std::size_t state = 0;
    for (std::size_t p = 0; p < steps; ++p) {
      made[p].resize(t.steps[p].states);
      double left = random_unit(rng);
      std::size_t next = 0;
      detail::for_each_path_from(t.steps[p], state, [&](const trellis_path& path) {
        const double share = std::exp(tilt(path) + after[p + 1][path.to] - after[p][state]);
        if (left < 0 || share <= 0) return;
        made[p][state] = path;
        next = path.to;
        left -= share;
      });
      state = next;
    }
    return follow(made);
  }

 private:
  struct group_sum {
    double value = 0;
    double cost = 0;
  };
  struct member {
    std::size_t kernel = 0;
    bool first = true;  ///< in its group
  };

  /// Calls `visit(group, member)` for all members of all groups.
  template <class Visit>
  void for_each_member(Visit&& visit) const {
    for (std::size_t g = 0, at = 0; g < ends_.size(); ++g)
      for (; at < ends_[g]; ++at) visit(g, members_[at]);
  }

  /// The candidate of the choices, and what it really brings: each kernel once.
  covering_network<Space> follow(const std::vector<std::vector<trellis_path>>& made) const {
    covering_network<Space> found;
    std::vector<trellis_path> paths;
    for (std::size_t p = 0, state = 0; p < made.size(); state = paths.back().to, ++p) paths.push_back(made[p][state]);
    found.what = trellis_->candidate_of(paths);
    std::vector<bool> seen(trellis_->kernels().size(), false);
    trellis_->walk(found.what, [&](std::int32_t group, int times) {
      for (const std::int32_t number : trellis_->groups()[static_cast<std::size_t>(group)]) {
        const auto k = static_cast<std::size_t>(number);
        found.cost += times * costs_[k];
        if (!seen[k]) found.value += values_[k];
        seen[k] = true;
      }
    });
    return found;
  }

  const kernel_trellis<Space>* trellis_;
  std::vector<member> members_;    ///< of all groups
  std::vector<std::size_t> ends_;  ///< of each group in them
  std::vector<double> values_;
  std::vector<double> costs_;
  std::vector<group_sum> groups_;
};

template <class Space>
network_cover(const kernel_trellis<Space>&) -> network_cover<Space>;

}  // namespace nascent
