// SPDX-License-Identifier: Apache-2.0
/// \file
/// Where a network's time goes, kernel by kernel under the roofs of a device, and why one network is slower than
/// another.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/cost/roofline.hpp"
#include "nascent/network/kernel_group.hpp"
#include "nascent/timing/measure.hpp"

namespace nascent {

/// One kernel as it ran.
struct explained_kernel {
  std::string stage{};
  std::string signature{};
  kernel_group group = kernel_group::copy;
  roofline at{};                 ///< for the whole batch; the latency is measured inside the running network
  std::string implementation{};  ///< what ran it, where the executor says so
  std::string types{};           ///< of the maps that it reads and writes, where the executor says so: "u8 > s8"

  double macs() const { return at.work.operations / 2; }
  /// Whether it did less arithmetic than is counted: Winograd's algorithm by the implementation's name, or any by a
  /// rate above the roof. How far from its limits it is, E does not say then.
  bool saves_arithmetic() const { return implementation.find("wino") != std::string::npos || at.is_effective(); }
};

/// A network as it ran.
struct explained_network {
  std::string name{};
  std::vector<explained_kernel> kernels{};
  sample_summary whole{};  ///< of whole passes, for the batch
};

/// Several kernels together.
struct kernel_sum {
  std::string name{};
  int kernels = 0;
  double ms = 0;
  double memory_bound_ms = 0;  ///< part of `ms` in kernels left of the ridge point
  double saving_ms = 0;        ///< part of `ms` in kernels that save arithmetic
  double ideal_ms = 0;         ///< sum over kernels, each under its own lower roof
  workload work{};

  double macs() const { return work.operations / 2; }
  double efficiency() const { return ms == 0 ? 0 : ideal_ms / ms; }
  kernel_sum& add(const explained_kernel& k) {
    ++kernels;
    ms += k.at.latency_ms;
    if (k.at.bound() == bound_by::memory) memory_bound_ms += k.at.latency_ms;
    // What saves arithmetic beats the time of all of it: it must not make up for kernels that waste theirs.
    const bool saves = k.saves_arithmetic();
    if (saves) saving_ms += k.at.latency_ms;
    ideal_ms += saves ? std::min(k.at.ideal_ms(), k.at.latency_ms) : k.at.ideal_ms();
    work += k.at.work;
    return *this;
  }
};

inline kernel_sum sum_of(const explained_network& n) {
  kernel_sum sum{.name = n.name};
  for (const explained_kernel& k : n.kernels) sum.add(k);
  return sum;
}

/// One sum for each group that occurs, the longest first.
inline std::vector<kernel_sum> sums_by_group(const explained_network& n) {
  std::vector<kernel_sum> sums(kernel_group_count);
  for (const explained_kernel& k : n.kernels) {
    kernel_sum& sum = sums[static_cast<std::size_t>(k.group)];
    sum.name = to_string(k.group);
    sum.add(k);
  }
  std::erase_if(sums, [](const kernel_sum& s) { return s.kernels == 0; });
  std::ranges::sort(
      sums, [](const kernel_sum& a, const kernel_sum& b) { return a.ms != b.ms ? a.ms > b.ms : a.name < b.name; });
  return sums;
}

/// A stage of one network beside that of another. Where one has no such stage, it has no kernels there.
struct stage_pair {
  std::string name{};
  kernel_sum first{};
  kernel_sum second{};
  std::vector<std::size_t> first_kernels{};  ///< positions in the networks
  std::vector<std::size_t> second_kernels{};
};

namespace detail {

/// "2a" and "2b" are parts of stage 2, "head.conv" is one of "head".
inline std::string_view stage_key(std::string_view name) {
  name = name.substr(0, name.find('.'));
  const std::size_t digits = name.find_first_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 && digits + 1 == name.size() ? name.substr(0, digits) : name;
}

/// The stages of a network in order, neighbours of one name together.
inline std::vector<std::string> stages_of(const explained_network& n) {
  std::vector<std::string> names;
  for (const explained_kernel& k : n.kernels)
    if (names.empty() || names.back() != stage_key(k.stage)) names.emplace_back(stage_key(k.stage));
  return names;
}

/// The longest common subsequence of two lists, merged with what is in one of them only: pairs of positions, -1 for
/// none.
inline std::vector<std::pair<int, int>> align(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const std::size_t columns = b.size() + 1;
  std::vector<int> common((a.size() + 1) * columns, 0);  // of what begins at (i, j)
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      common[i * columns + j] = a[i] == b[j] ? 1 + common[(i + 1) * columns + j + 1]
                                             : std::max(common[(i + 1) * columns + j], common[i * columns + j + 1]);
  std::vector<std::pair<int, int>> pairs;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) pairs.emplace_back(static_cast<int>(i++), static_cast<int>(j++));
    else if (j == b.size() || (i < a.size() && common[(i + 1) * columns + j] >= common[i * columns + j + 1]))
      pairs.emplace_back(static_cast<int>(i++), -1);
    else pairs.emplace_back(-1, static_cast<int>(j++));
  }
  return pairs;
}

}  // namespace detail

/// The stages of two networks side by side, by name and order.
inline std::vector<stage_pair> pair_stages(const explained_network& first, const explained_network& second) {
  const std::vector<std::string> a = detail::stages_of(first);
  const std::vector<std::string> b = detail::stages_of(second);
  std::vector<stage_pair> pairs;
  std::vector<std::size_t> place_of_a(a.size());
  std::vector<std::size_t> place_of_b(b.size());
  for (const auto& [i, j] : detail::align(a, b)) {
    if (i >= 0) place_of_a[static_cast<std::size_t>(i)] = pairs.size();
    if (j >= 0) place_of_b[static_cast<std::size_t>(j)] = pairs.size();
    pairs.push_back({.name = i >= 0 ? a[static_cast<std::size_t>(i)] : b[static_cast<std::size_t>(j)]});
  }
  const auto fill = [&](const explained_network& n, const std::vector<std::string>& stages,
                        const std::vector<std::size_t>& places, auto sum, auto list) {
    std::size_t stage = 0;
    for (std::size_t k = 0; k < n.kernels.size(); ++k) {
      if (detail::stage_key(n.kernels[k].stage) != stages[stage]) ++stage;
      stage_pair& pair = pairs[places[stage]];
      (pair.*sum).name = pair.name;
      (pair.*sum).add(n.kernels[k]);
      (pair.*list).push_back(k);
    }
  };
  fill(first, a, place_of_a, &stage_pair::first, &stage_pair::first_kernels);
  fill(second, b, place_of_b, &stage_pair::second, &stage_pair::second_kernels);
  return pairs;
}

/// Measures every kernel of a compiled network inside the running network and puts it under its roofs: maps from the
/// cache that holds them, weights from the memory that holds the network. `graph` is what was compiled. \throws
/// nascent::error for options that make no sense, profile_error where the device lists no peak for the type
template <compiled_network C>
explained_network explain_network(C& compiled, const network& graph, const device_profile& device, data_type type,
                                  const measure_options& how = {}) {
  const double needed = working_set(graph, type, compiled.batch());
  const network_measurement times = measure_kernels(compiled, how);
  const std::span<const kernel> kernels = compiled.kernels();
  explained_network result{.name = graph.name(), .whole = times.whole};
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    result.kernels.push_back({.stage = graph.stage_of(kernels[i].first_layer),
                              .signature = kernels[i].signature(),
                              .group = group_of(kernels[i].core),
                              .at = {.work = work_of(kernels[i], type, compiled.batch()),
                                     .under = roofs_of(device, type, kernels[i], compiled.batch(), needed),
                                     .latency_ms = times.kernels[i].trimmed_mean_ms}});
    if constexpr (requires { compiled.kernel_implementation(i); })
      result.kernels.back().implementation = compiled.kernel_implementation(i);
    if constexpr (requires { compiled.kernel_types(i); }) result.kernels.back().types = compiled.kernel_types(i);
  }
  return result;
}

/// Two compiled networks measured in turns, `rounds` times each within the budget, so that a machine that slows down
/// for a while slows both: every kernel's time is its median over the rounds, and `whole` is that of the middle round.
template <compiled_network First, compiled_network Second>
std::pair<explained_network, explained_network> explain_networks(First& first, const network& first_graph,
                                                                 Second& second, const network& second_graph,
                                                                 const device_profile& device, data_type type,
                                                                 measure_options how = {}, int rounds = 5) {
  rounds = std::max(1, rounds);
  how.budget_ms /= rounds;
  std::vector<explained_network> of_first;
  std::vector<explained_network> of_second;
  for (int round = 0; round < rounds; ++round) {
    if (round % 2 == 0) of_first.push_back(explain_network(first, first_graph, device, type, how));
    of_second.push_back(explain_network(second, second_graph, device, type, how));
    if (round % 2 == 1) of_first.push_back(explain_network(first, first_graph, device, type, how));
  }
  const auto merge = [](std::vector<explained_network>& all) {
    std::ranges::sort(all, [](const explained_network& a, const explained_network& b) {
      return a.whole.median_ms < b.whole.median_ms;
    });
    explained_network merged = all[all.size() / 2];
    for (std::size_t k = 0; k < merged.kernels.size(); ++k) {
      std::vector<double> times;
      for (const explained_network& n : all) times.push_back(n.kernels[k].at.latency_ms);
      merged.kernels[k].at.latency_ms = ordered_sample(std::move(times)).median();
    }
    return merged;
  };
  return {merge(of_first), merge(of_second)};
}

}  // namespace nascent
