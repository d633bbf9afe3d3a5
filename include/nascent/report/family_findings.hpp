// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the figures of a family report say, in sentences: where others are as good, and where they are better.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/report/family_report.hpp"

namespace nascent {

/// Estimated top-1 of a family's networks at a measured time, in per cent: between neighbours along the logarithm of
/// time. None outside of their times.
inline std::optional<double> top1_at(const family_report& r, const std::string& family, double ms) {
  const reported_network* below = nullptr;
  const reported_network* above = nullptr;
  for (const reported_network& n : r.networks) {
    if (n.family != family) continue;
    const double time = n.measured.time.median_ms;
    if (time <= ms && (below == nullptr || time > below->measured.time.median_ms)) below = &n;
    if (time >= ms && (above == nullptr || time < above->measured.time.median_ms)) above = &n;
  }
  if (below == nullptr || above == nullptr) return std::nullopt;
  if (below == above) return below->accuracy.top1;
  const double from = std::log(below->measured.time.median_ms);
  const double to = std::log(above->measured.time.median_ms);
  const double share = to > from ? (std::log(ms) - from) / (to - from) : 1;
  return below->accuracy.top1 + share * (above->accuracy.top1 - below->accuracy.top1);
}

namespace detail {

/// The least time of a family's networks, and the top-1 that comes with it.
inline const reported_network* fastest_of(const family_report& r, const std::string& family) {
  const reported_network* fastest = nullptr;
  for (const reported_network& n : r.networks)
    if (n.family == family && (fastest == nullptr || n.measured.time.median_ms < fastest->measured.time.median_ms))
      fastest = &n;
  return fastest;
}

/// How the family's networks stand against the line through another one's; those that are faster than all of it,
/// against its fastest.
inline std::string against_line(const family_report& r, const std::string& family) {
  if (std::ranges::count(r.networks, family, &reported_network::family) < 2) return {};
  std::string below;
  std::string compared;
  double least = 0;
  double most = 0;
  for (std::size_t i = r.base; i < r.networks.size(); ++i) {
    const reported_network& n = r.networks[i];
    auto line = top1_at(r, family, n.measured.time.median_ms);
    if (const reported_network* first = fastest_of(r, family);
        n.measured.time.median_ms < first->measured.time.median_ms)
      line = first->accuracy.top1;
    if (!line) continue;
    const double gain = n.accuracy.top1 - *line;
    least = compared.empty() ? gain : std::fmin(least, gain);
    most = compared.empty() ? gain : std::fmax(most, gain);
    compared += (compared.empty() ? "" : ", ") + name_in_family(n);
    if (gain < 0) below += (below.empty() ? "" : ", ") + name_in_family(n) + " by " + fixed_text(-gain, 2);
  }
  if (compared.empty()) return {};
  if (!below.empty()) return "Below " + family + " at the same time, in points of estimated top-1: " + below + ".";
  return compared + ": " + fixed_text(least, 2) + " to " + fixed_text(most, 2) + " points of estimated top-1 above " +
         family + " at the same time.";
}

}  // namespace detail

/// Whether another network is as accurate and as fast as the family's base; whether the family lies above other
/// families (of two networks or more) at the same time, and by how much; which level is no network of its own.
inline std::vector<std::string> findings_of(const family_report& r) {
  std::vector<std::string> sentences;
  std::vector<std::string> families;
  const reported_network& base = r.networks[r.base];
  for (std::size_t i = 0; i < r.base; ++i) {
    const reported_network& n = r.networks[i];
    if (n.accuracy.top1 >= base.accuracy.top1 && n.measured.time.median_ms <= base.measured.time.median_ms)
      sentences.push_back(n.name + " is as accurate and as fast as " + base.name +
                          ": the search has not found better.");
    bool is_new = !n.family.empty();
    for (const std::string& known : families) is_new = is_new && known != n.family;
    if (is_new) families.push_back(n.family);
  }
  for (const std::string& family : families)
    if (std::string sentence = detail::against_line(r, family); !sentence.empty())
      sentences.push_back(std::move(sentence));
  for (std::size_t i = r.base + 1; i < r.networks.size(); ++i)
    if (r.networks[i].cost == r.networks[i - 1].cost)
      sentences.push_back(r.networks[i].name + " is the network before it: the next larger one exceeds its target.");
  return sentences;
}

}  // namespace nascent
