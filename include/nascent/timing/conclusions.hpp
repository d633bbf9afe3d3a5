// SPDX-License-Identifier: Apache-2.0
/// \file
/// Why one network is slower than another: sentences that follow from the figures of both.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/timing/explanation.hpp"

namespace nascent {

/// The sum of that name; null where there is none.
inline const kernel_sum* find_sum(const std::vector<kernel_sum>& sums, const std::string& name) {
  const auto found = std::ranges::find(sums, name, &kernel_sum::name);
  return found == sums.end() ? nullptr : &*found;
}

namespace detail {

/// "8.06", "0.0123", "1235".
inline std::string three_figures(double value) { return significant_text(value, 3); }
inline std::string per_cent(double share) { return std::to_string(std::lround(100 * share)) + " %"; }

/// "+1.2 ms in a, -0.8 ms in b": the largest differences, down to a tenth of them all.
inline std::string largest_differences(std::vector<std::pair<std::string, double>> by_name) {
  double all = 0;
  for (const auto& [name, ms] : by_name) all += std::abs(ms);
  std::ranges::sort(by_name, [](const auto& a, const auto& b) {
    return std::abs(a.second) != std::abs(b.second) ? std::abs(a.second) > std::abs(b.second) : a.first < b.first;
  });
  std::string text;
  for (std::size_t i = 0; i < by_name.size() && i < 4 && std::abs(by_name[i].second) >= .1 * all; ++i)
    text += (text.empty() ? "" : ", ") + std::string(by_name[i].second >= 0 ? "+" : "") +
            three_figures(by_name[i].second) + " ms in " + by_name[i].first;
  return text;
}

/// Of one network: groups of kernels whose share of the time is far above their share of the MACs.
inline void add_shares(const explained_network& n, std::vector<std::string>& sentences) {
  const kernel_sum all = sum_of(n);
  for (const kernel_sum& group : sums_by_group(n)) {
    const double time = group.ms / all.ms;
    const double macs = all.macs() == 0 ? 0 : group.macs() / all.macs();
    if (time < .05 || time < macs + .04) continue;
    std::string sentence = "In " + n.name + ", " + group.name + " take " + per_cent(time) + " of the time with " +
                           per_cent(macs) + " of the MACs";
    const double others = (all.macs() - group.macs()) / (all.ms - group.ms) * 1e-6;
    if (group.macs() > 0 && all.ms > group.ms)
      sentence += ": " + three_figures(group.macs() / group.ms * 1e-6) + " GMAC/s against " + three_figures(others) +
                  " in all others";
    sentence += "; " + per_cent(group.memory_bound_ms / group.ms) +
                " of their time is bound by memory, at an efficiency of " + per_cent(group.efficiency()) + ".";
    sentences.push_back(std::move(sentence));
  }
}

}  // namespace detail

/// The terms of equation 1 whose product is time(first) / time(second). Ideal rates are sums over kernels: W over the
/// least time in which all kernels could run one after another.
struct time_factors {
  double work = 1;        ///< MACs of the first over those of the second
  double ideal_rate = 1;  ///< C_ideal of the second over that of the first
  double efficiency = 1;  ///< E of the second over that of the first

  double product() const { return work * ideal_rate * efficiency; }
};

inline time_factors factors_of(const kernel_sum& first, const kernel_sum& second) {
  const double work = first.work.operations / second.work.operations;
  return {.work = work,
          .ideal_rate = first.ideal_ms / second.ideal_ms / work,
          .efficiency = second.efficiency() / first.efficiency()};
}

/// Sentences about two measured networks, most important first. `ratio` is time(second) / time(first) of whole passes
/// in the same rounds. What is said, and of which network first, follows from the figures: the network with fewer MACs
/// may as well be the faster one.
inline std::vector<std::string> conclusions(const explained_network& first, const explained_network& second,
                                            const paired_ratio& ratio) {
  using detail::per_cent;
  using detail::three_figures;
  const bool first_is_slower = ratio.median < 1;
  const explained_network& slow = first_is_slower ? first : second;
  const explained_network& fast = first_is_slower ? second : first;
  const kernel_sum a = sum_of(slow);
  const kernel_sum b = sum_of(fast);
  const time_factors factors = factors_of(a, b);
  std::vector<std::string> sentences;

  const double median = first_is_slower ? 1 / ratio.median : ratio.median;
  const double low = first_is_slower ? 1 / ratio.high : ratio.low;
  const double high = first_is_slower ? 1 / ratio.low : ratio.high;
  const bool sure = low > 1;
  sentences.push_back(slow.name + " takes " + three_figures(median) + " times the time of " + fast.name +
                      " (95 %: " + three_figures(low) + " to " + three_figures(high) + ")" +
                      (factors.work < 1 ? " in spite of " : " with ") + three_figures(factors.work) +
                      " times the MACs" + (sure ? "." : "; which of them is slower is not decided."));
  sentences.push_back("Kernel by kernel, equation 1 makes " + three_figures(factors.product()) + " times the time of " +
                      three_figures(factors.work) + " times the work, " + three_figures(factors.ideal_rate) +
                      " for the ideal rate (" + three_figures(a.work.intensity()) + " against " +
                      three_figures(b.work.intensity()) + " operations per byte), and " +
                      three_figures(factors.efficiency) + " for the efficiency (" + per_cent(a.efficiency()) +
                      " against " + per_cent(b.efficiency()) + ").");
  if (sure && factors.work > 1 && factors.product() < factors.work)
    sentences.push_back("MACs say which of the two is slower, not by how much: " + slow.name + " does " +
                        three_figures(a.macs() / a.ms * 1e-6) + " GMAC/s, " + fast.name + " " +
                        three_figures(b.macs() / b.ms * 1e-6) + ".");
  else if (sure && factors.work < 1)
    sentences.push_back(slow.name + " does " + three_figures(a.macs() / a.ms * 1e-6) + " GMAC/s, " + fast.name + " " +
                        three_figures(b.macs() / b.ms * 1e-6) + ": more than its MACs make up for.");
  sentences.push_back("Kernels bound by memory take " + per_cent(a.memory_bound_ms / a.ms) + " of the time of " +
                      slow.name + " and " + per_cent(b.memory_bound_ms / b.ms) + " of that of " + fast.name + ".");
  detail::add_shares(slow, sentences);
  detail::add_shares(fast, sentences);

  const std::vector<kernel_sum> groups_a = sums_by_group(slow);
  const std::vector<kernel_sum> groups_b = sums_by_group(fast);
  std::vector<std::pair<std::string, double>> by_group;
  for (int g = 0; g < kernel_group_count; ++g) {
    const std::string name = to_string(static_cast<kernel_group>(g));
    const kernel_sum* x = find_sum(groups_a, name);
    const kernel_sum* y = find_sum(groups_b, name);
    by_group.emplace_back(name, (x != nullptr ? x->ms : 0) - (y != nullptr ? y->ms : 0));
  }
  std::vector<std::pair<std::string, double>> by_stage;
  for (const stage_pair& p : pair_stages(slow, fast))
    by_stage.emplace_back("stage " + p.name, p.first.ms - p.second.ms);
  const std::string between = three_figures(a.ms - b.ms) + " ms between the two: ";
  sentences.push_back("Of the " + between + detail::largest_differences(by_group) + ".");
  sentences.push_back("By stage, of the " + between + detail::largest_differences(by_stage) + ".");
  return sentences;
}

}  // namespace nascent
