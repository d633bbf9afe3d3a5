// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whole networks against each other on one device.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "nascent/executor/executor.hpp"
#include "nascent/timing/measure.hpp"

namespace nascent {

/// A network's time, and how it stands against the first one of the comparison.
struct compared_network {
  sample_summary time{};
  std::optional<paired_ratio> against_first{};  ///< its time over that of the first; none for the first itself
  verdict outcome = verdict::undecided;         ///< of that ratio
};

/// Compiles the networks and runs all of them in turns, round by round, so that what slows the machine for a while
/// slows all alike: ratios hold on a busy machine where times do not. One network is just measured. \throws
/// executor_error where a layer cannot run on the device
template <executor Executor>
std::vector<compared_network> compare_networks(Executor& device, std::span<const network> networks,
                                               const compare_options& options = {}, int batch = 1) {
  if (networks.empty()) return {};
  std::vector<decltype(prepare(device, networks.front(), batch))> compiled;
  compiled.reserve(networks.size());
  for (const network& graph : networks) {
    if (options.watch != nullptr) options.watch->throw_if_stopped();
    compiled.push_back(prepare(device, graph, batch));
  }
  std::vector<compared_network> result(networks.size());
  if (networks.size() == 1) result.front().time = measure(compiled.front(), options.measure);
  if (networks.size() < 2) return result;
  std::vector<detail::contestant> contestants;
  for (auto& c : compiled) contestants.push_back(detail::contestant_of(c));
  const std::vector<comparison> found = detail::compare_contestants(contestants, options);
  result.front().time = found.front().first;
  for (std::size_t i = 1; i < result.size(); ++i)
    result[i] = {.time = found[i - 1].second, .against_first = found[i - 1].ratio, .outcome = found[i - 1].outcome};
  return result;
}

}  // namespace nascent
