// SPDX-License-Identifier: Apache-2.0
/// \file
/// Engines: what cuDNN can run an operation graph with, and the execution plans that they become.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cudnn_graph.h>

#include "nascent/executor/detail/cudnn/graph.hpp"

namespace nascent::cudnn {

/// One of cuDNN's engines, as its notes describe it.
struct engine {
  std::int64_t index = -1;  ///< cuDNN's number of it, for one pattern of operations
  bool runtime_compiled =
      false;  ///< generated for the graph by the run-time compiler; otherwise tuned kernels that cuDNN ships
  bool tensor_cores = false;
  bool reduced_sums = false;   ///< adds in less than f32
  bool rounds_inputs = false;  ///< rounds f32 to something smaller first

  friend bool operator==(const engine&, const engine&) = default;
};

namespace detail {

/// Whom to ask: a description of a device, or the handle of a real one.
struct planning_target {
  const descriptor* description = nullptr;
  cudnnHandle_t handle = nullptr;

  descriptor& tell(descriptor& d, cudnnBackendAttributeName_t for_description,
                   cudnnBackendAttributeName_t for_handle) const {
    return handle != nullptr ? d.set(for_handle, handle) : d.set(for_description, *description);
  }
};

/// A way to run a graph: an engine with all its knobs set.
struct configuration {
  descriptor settings;
  nascent::cudnn::engine engine{};
  bool last_resort = false;  ///< proposed for when nothing else works, whatever its speed
};

inline engine engine_of(const descriptor& configuration) {
  descriptor e(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, e);
  const auto behaviour = e.get_all<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE);
  const auto numbers = e.get_all<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);
  const auto notes = [&](cudnnBackendNumericalNote_t n) { return std::ranges::find(numbers, n) != numbers.end(); };
  return {.index = e.get<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX),
          .runtime_compiled = std::ranges::find(behaviour, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != behaviour.end(),
          .tensor_cores = notes(CUDNN_NUMERICAL_NOTE_TENSOR_CORE),
          .reduced_sums = notes(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION),
          .rounds_inputs = notes(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)};
}

/// Every configuration that cuDNN proposes, best first by its heuristics, those of last resort behind. Empty where no
/// engine supports the graph; then `why` is what cuDNN said. Engines that add in less than f32 are left out.
inline std::vector<configuration> find_configurations(const operation_graph& graph, const planning_target& target,
                                                      std::string* why = nullptr) {
  std::vector<configuration> result;
  static_cast<void>(last_words());
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) try {
      descriptor h(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
      h.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
      if (target.description != nullptr) h.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.description);
      h.finalise();
      for (descriptor& c : h.get_descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
        const engine e = engine_of(c);
        if (!e.reduced_sums) result.push_back({std::move(c), e, mode == CUDNN_HEUR_MODE_FALLBACK});
      }
    } catch (const library_error& e) {
      if (why != nullptr) *why = e.what();
    }
  if (result.empty() && why != nullptr && why->empty()) *why = last_words();
  return result;
}

/// An execution plan, ready to run on the device that it was made for. Keeps the graph alive that it was made of.
struct execution_plan {
  descriptor plan{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  nascent::cudnn::engine engine{};
  std::int64_t workspace = 0;  ///< bytes

  /// cuDNN's own text of the plan, with the compiled kernels; a plan can be made from it again without compiling.
  std::string json() const { return plan.get_text(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION); }
};

/// \throws library_error where the engine cannot run the graph on this device after all
inline execution_plan make_plan(const configuration& c, const planning_target& target) {
  execution_plan p;
  p.plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, c.settings);
  target.tell(p.plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_ATTR_EXECUTION_PLAN_HANDLE).finalise();
  p.engine = c.engine;
  p.workspace = p.plan.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
  return p;
}

/// A plan from the text that `execution_plan::json` gave. \throws library_error where it belongs to another device or
/// cuDNN
inline execution_plan restore_plan(const std::string& json, const engine& e, const planning_target& target) {
  execution_plan p;
  target.tell(p.plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
  p.plan.set_text(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, json).finalise();
  p.engine = e;
  p.workspace = p.plan.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
  return p;
}

}  // namespace detail

}  // namespace nascent::cudnn
