// SPDX-License-Identifier: Apache-2.0
/// \file
/// Engines that are compiled at run time take 0.3 to 1 s each, one after the other: here several are compiled at once,
/// before a network is put together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/executor/cudnn/device_text.hpp"
#include "nascent/executor/cudnn/engines.hpp"
#include "nascent/executor/cudnn/plan_cache.hpp"
#include "nascent/executor/cudnn/planner.hpp"
#include "nascent/executor/detail/cudnn/lower.hpp"

namespace nascent::cudnn::detail {

/// The first proposal for a kernel, as text, where it is one that is compiled at run time and its plan can be made.
/// Whatever goes wrong is met again, and reported, where the network is put together.
inline std::optional<cached_plan> prepare_plan(const kernel& k, const network& graph, data_type type, int batch,
                                               std::int64_t workspace_limit, const descriptor& device) try {
  const auto said = lowering(type, batch)(k, operand_channels(graph, k.core));
  const auto* g = std::get_if<operation_graph>(&said);
  if (g == nullptr) return std::nullopt;
  const planning_target target{.description = &device};
  const std::vector<configuration> proposals = find_configurations(*g, target);
  if (proposals.empty() || !proposals.front().engine.runtime_compiled) return std::nullopt;
  const execution_plan p = make_plan(proposals.front(), target);
  if (p.workspace > workspace_limit) return std::nullopt;
  return cached_plan{.engine = p.engine, .json = p.json()};
} catch (const std::exception&) {
  return std::nullopt;
}

/// Compiles what a network's kernels need and the cache lacks, with so many threads, for device number `device` of this
/// machine, and keeps it in the cache. Threads have no handle: they plan for the device's own description.
/// `key(kernel)` is the name in the cache.
template <class Key>
void prepare_plans(const network& graph, data_type type, int batch, std::int64_t workspace_limit, int device,
                   int threads, plan_cache& cache, Key&& key) {
  std::vector<kernel> kernels;
  std::set<std::string> seen;
  for (const kernel& k : fuse(graph))
    if (!lowering::must_split(k) && cache.find(key(k)) == nullptr && seen.insert(key(k)).second) kernels.push_back(k);
  std::vector<std::optional<cached_plan>> plans(kernels.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    try {
      descriptor description(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
      description.set(CUDNN_ATTR_DEVICEPROP_DEVICE_ID, std::int32_t{device}).finalise();
      for (std::size_t i = next++; i < kernels.size(); i = next++)
        plans[i] = prepare_plan(kernels[i], graph, type, batch, workspace_limit, description);
    } catch (const library_error&) {  // of a device that does not describe itself; nothing is prepared
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  for (std::size_t i = 0; i < kernels.size(); ++i)
    if (plans[i]) cache.keep(key(kernels[i]), std::move(*plans[i]));
}

}  // namespace nascent::cudnn::detail
