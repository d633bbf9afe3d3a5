// SPDX-License-Identifier: Apache-2.0
/// \file
/// Turns kernels of a network into steps that a device runs, with their weights in its memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <cudnn_ops.h>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/cudnn/engines.hpp"
#include "nascent/executor/cudnn/plan_cache.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/cudnn/choose.hpp"
#include "nascent/executor/detail/cudnn/lower.hpp"
#include "nascent/executor/detail/cudnn/runtime.hpp"

namespace nascent::cudnn::detail {

using tensor_description = std::unique_ptr<cudnnTensorStruct, give_back<&cudnnDestroyTensorDescriptor>>;

/// One kernel of a compiled network.
struct step {
  kernel what{};
  std::string implementation{};
  lowered_kernel work{};
  std::vector<configuration> proposals{};
  std::optional<execution_plan> plan{};
  device_memory weights{};
  device_memory bias{};
  std::vector<int> operands{};  ///< tensors, in the order of the layer's operands
  buffer_use use{};

  // Once all memory is planned:
  std::vector<std::byte*> from{};  ///< where each operand lies
  std::byte* residual = nullptr;
  std::byte* to = nullptr;
  std::size_t to_bytes = 0;
  std::vector<std::int64_t> ids{};
  std::vector<void*> addresses{};
  std::vector<float> constants{};  ///< that addresses point to
};

/// Where the parts of a network's steps come from.
struct assembly {
  const network& graph;
  const weights& values;
  int batch;
  data_type type;
  std::int64_t workspace_limit;
  const session& device;
  plan_cache& cache;
};

/// Makes the steps of one network, kernel after kernel.
class assembler {
 public:
  explicit assembler(const assembly& a) : a_(a), lower_(a.type, a.batch, a.device.handle()) {}

  /// Adds a kernel; as two where no engine runs it as one. \throws executor_error where nothing can run it
  void add(const kernel& k) {
    std::string why = "copies and library calls have no activation";
    if (!lowering::must_split(k))
      if (std::optional<step> s = attempt(k, why)) {
        load_weights(*s);
        steps_.push_back(std::move(*s));
        return;
      }
    const auto halves = nascent::split(k);
    if (!halves)
      throw executor_error(
          "executor.kernel",
          "cudnn, " + nascent::detail::layer_place(a_.graph, k.first_layer) + ", kernel '" + k.signature() + "', " +
              to_string(a_.type),
          "no engine of cuDNN " + library_version() + " for it on " + a_.device.name() + " (" + reasons(why) + ")",
          "kernels that have one");
    add(halves->first);
    add(halves->second);
  }

  std::vector<step>& steps() { return steps_; }

  /// Under which a kernel's plan is kept.
  static std::string key(const kernel& k, data_type type, int batch) {
    return k.signature() + ", " + to_string(type) + ", batch " + std::to_string(batch);
  }

 private:
  std::optional<step> attempt(const kernel& k, std::string& why) const try {
    const layer& l = k.core;
    std::vector<int> channels;
    step s{.what = k, .work = fill_with_zeros{}};
    for (int i = 0; i < l.operand_count; ++i) {
      s.operands.push_back(l.operands[static_cast<std::size_t>(i)]);
      channels.push_back(a_.graph.tensor_shape(s.operands.back()).channels);
    }
    s.use = {.reads = s.operands, .writes = k.output_tensor, .in_place = s.operands.back() == k.output_tensor};
    if (k.residual) s.use.reads.insert(s.use.reads.begin(), k.residual_tensor);
    s.work = lower_(k, channels);
    if (std::holds_alternative<operation_graph>(s.work)) {
      if (!find_plan(s, why)) return std::nullopt;
    } else if (const auto* copies = std::get_if<std::vector<strided_copy>>(&s.work)) {
      s.implementation = std::to_string(copies->size()) + " copies";
    } else {
      s.implementation = std::holds_alternative<softmax_call>(s.work) ? "cudnnSoftmaxForward" : "cudaMemset";
    }
    return s;
  } catch (const library_error& e) {
    why = e.what();
    return std::nullopt;
  }

  /// A plan that was kept, or the first proposal that a plan can be made of: tuning chooses later.
  bool find_plan(step& s, std::string& why) const {
    const planning_target target{.handle = a_.device.handle()};
    const std::string name = key(s.what, a_.type, a_.batch);
    if (const cached_plan* kept = a_.cache.find(name)) try {
        s.plan = restore_plan(kept->json, kept->engine, target);
        return true;
      } catch (const library_error&) {
        a_.cache.forget(name);  // of another driver, for instance; it is made again
      }
    s.proposals = find_configurations(std::get<operation_graph>(s.work), target, &why);
    while (!s.proposals.empty()) try {
        execution_plan p = make_plan(s.proposals.front(), target);
        if (p.workspace <= a_.workspace_limit) {
          s.plan = std::move(p);
          return true;
        }
        why = "a workspace of " + std::to_string(p.workspace) + " bytes, more than allowed";
        s.proposals.erase(s.proposals.begin());
      } catch (const library_error& e) {
        why = e.what();
        s.proposals.erase(s.proposals.begin());
      }
    return false;
  }

  void load_weights(step& s) const {
    if (!s.what.core.has_constants() || !std::holds_alternative<operation_graph>(s.work)) return;
    const layer_weights& w = a_.values[s.what.first_layer];
    const auto load = [&](const std::vector<float>& numbers) {
      const std::vector<std::byte> bytes = encode(numbers, a_.type);
      device_memory memory = allocate(bytes.size(), "weights of '" + a_.graph.name() + "'");
      a_.device.copy_to(memory.get(), bytes, "copying weights to the device");
      return memory;
    };
    s.weights = load(w.kernel);
    if (!w.bias.empty()) s.bias = load(w.bias);  // slopes of a PReLU come alone
  }

  assembly a_;
  lowering lower_;
  std::vector<step> steps_;
};

/// Fixes the addresses that a graph's plan is run with.
inline void bind(step& s) {
  auto* graph = std::get_if<operation_graph>(&s.work);
  if (graph == nullptr) return;
  s.constants.reserve(graph->arguments.size());  // its numbers must not move
  for (const graph_argument& a : graph->arguments) {
    s.ids.push_back(a.id);
    switch (a.what) {
      case role::input: s.addresses.push_back(s.from.front()); break;
      case role::second: s.addresses.push_back(s.what.residual ? s.residual : s.from.back()); break;
      case role::weights: s.addresses.push_back(s.weights.get()); break;
      case role::bias: s.addresses.push_back(s.bias.get()); break;
      case role::output: s.addresses.push_back(s.to); break;
      case role::constant: s.addresses.push_back(&s.constants.emplace_back(a.value)); break;
      case role::inside: break;  // no argument
    }
  }
}

inline void run_plan(const step& s, const execution_plan& plan, const session& device, std::byte* workspace) {
  descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, s.ids)
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, s.addresses)
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, static_cast<void*>(workspace))
      .finalise();
  check(cudnnBackendExecute(device.handle(), plan.plan.raw(), pack.raw()),
        "running kernel '" + s.what.signature() + "' with engine " + std::to_string(plan.engine.index));
}

inline void run_copy(const strided_copy& c, const step& s, cudaStream_t on) {
  const auto pitched = [&](std::byte* memory, const strided_copy::place& p) {
    return cudaPitchedPtr{memory + p.offset, p.row, c.width, c.slices == 1 ? c.rows : p.slice / p.row};
  };
  cudaMemcpy3DParms how{};
  how.srcPtr = pitched(s.from[static_cast<std::size_t>(c.operand)], c.from);
  how.dstPtr = pitched(s.to, c.to);
  how.extent = {c.width, c.rows, c.slices};
  how.kind = cudaMemcpyDeviceToDevice;
  check(cudaMemcpy3DAsync(&how, on), "copying for kernel '" + s.what.signature() + "'");
}

inline void run_softmax(const softmax_call& c, const step& s, const session& device, data_type type) {
  cudnnTensorDescriptor_t raw = nullptr;
  check(cudnnCreateTensorDescriptor(&raw), "describing a softmax");
  const tensor_description view(raw);
  check(cudnnSetTensor4dDescriptor(raw, CUDNN_TENSOR_NCHW, to_cudnn(type), c.maps, c.parts, 1, c.channels),
        "describing a softmax");
  const float one = 1;
  const float zero = 0;
  check(cudnnSoftmaxForward(device.handle(), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, &one, raw,
                            s.from.front(), &zero, raw, s.to),
        "running kernel '" + s.what.signature() + "'");
}

/// Starts a step on the device's stream.
inline void start(const step& s, const session& device, data_type type, std::byte* workspace) {
  if (s.plan) return run_plan(s, *s.plan, device, workspace);
  if (const auto* copies = std::get_if<std::vector<strided_copy>>(&s.work)) {
    for (const strided_copy& c : *copies) run_copy(c, s, device.stream());
  } else if (const auto* call = std::get_if<softmax_call>(&s.work)) {
    run_softmax(*call, s, device, type);
  } else {
    check(cudaMemsetAsync(s.to, 0, s.to_bytes, device.stream()), "clearing for kernel '" + s.what.signature() + "'");
  }
}

/// All that starting a network's kernels takes.
struct launcher {
  const session& device;
  std::span<const step> steps;
  data_type type;
  std::byte* workspace;

  void start(std::size_t i) const { detail::start(steps[i], device, type, workspace); }
  void start_all() const {
    for (std::size_t i = 0; i < steps.size(); ++i) start(i);
  }
};

}  // namespace nascent::cudnn::detail
