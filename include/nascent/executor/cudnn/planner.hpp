// SPDX-License-Identifier: Apache-2.0
/// \file
/// The planner: which of a network's kernels cuDNN has engines for on a given GPU, without that GPU.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/executor/cudnn/device_text.hpp"
#include "nascent/executor/cudnn/driver.hpp"
#include "nascent/executor/cudnn/engines.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/cudnn/lower.hpp"

namespace nascent::cudnn {

/// How a kernel runs.
enum class kernel_means : std::uint8_t {
  engine,        ///< an execution plan of one of cuDNN's engines
  library_call,  ///< one call of cuDNN's older interface, with kernels that cuDNN ships
  copies,        ///< copies within the device's memory, and no kernel of cuDNN's
  not_asked,     ///< only an engine that is compiled at run time could, and there is no driver library to ask with
  unsupported,   ///< no engine supports it, not even in parts
};

constexpr const char* to_string(kernel_means means) {
  switch (means) {
    case kernel_means::engine: return "engine";
    case kernel_means::library_call: return "library call";
    case kernel_means::copies: return "copies";
    case kernel_means::not_asked: return "not asked";
    case kernel_means::unsupported: return "unsupported";
  }
  return "unknown";
}

/// One kernel as it would run, and what cuDNN said of it.
struct planned_kernel {
  kernel what{};
  kernel_means means = kernel_means::unsupported;
  engine chosen{};                ///< the first of cuDNN's proposals whose plan could be made; of `means` engine
  bool last_resort = false;       ///< the chosen one was proposed for when nothing else works, whatever its speed
  std::vector<engine> engines{};  ///< all that support it, in the order of cuDNN's heuristics
  int configurations = 0;         ///< proposals in all: engines with their knobs
  int refused =
      0;  ///< proposals before the chosen one whose plan could not be made, or wants more workspace than allowed
  std::int64_t workspace = 0;    ///< bytes
  bool finalised = false;        ///< the plan was made; else only the heuristics were asked
  int copies = 0;                ///< of `means` copies: how many
  std::size_t fused_kernel = 0;  ///< which of the network's fused kernels it is, or is a part of
  std::string reason{};          ///< why the fused kernel was split, or why nothing runs it; empty where all is well

  bool runs() const { return means != kernel_means::not_asked && means != kernel_means::unsupported; }
  /// Tuned kernels that cuDNN ships, against kernels that it generates for this one graph.
  bool precompiled() const {
    return (means == kernel_means::engine && !chosen.runtime_compiled) || means == kernel_means::library_call;
  }
};

/// What a device would run for a network. `kernels` holds what really runs, as a compiled network's list does: a fused
/// kernel that no engine supports appears as its parts.
struct network_plan {
  std::string network;
  std::vector<kernel> fused;
  std::vector<planned_kernel> kernels;

  std::size_t count(const std::function<bool(const planned_kernel&)>& which) const {
    return static_cast<std::size_t>(std::ranges::count_if(kernels, which));
  }
  std::size_t precompiled() const {
    return count([](const planned_kernel& k) { return k.precompiled(); });
  }
  std::size_t runtime_compiled() const {
    return count([](const planned_kernel& k) { return k.means == kernel_means::engine && k.chosen.runtime_compiled; });
  }
  std::size_t copies() const {
    return count([](const planned_kernel& k) { return k.means == kernel_means::copies; });
  }
  std::size_t without_means() const {
    return count([](const planned_kernel& k) { return !k.runs(); });
  }
  /// Fused kernels that run as several.
  std::size_t splits() const {
    std::size_t n = 0;
    for (std::size_t i = 1; i < kernels.size(); ++i) {
      const bool second = kernels[i].fused_kernel == kernels[i - 1].fused_kernel;
      n += second && (i == 1 || kernels[i].fused_kernel != kernels[i - 2].fused_kernel) ? 1U : 0U;
    }
    return n;
  }
  /// Bytes of the one workspace that all kernels share.
  std::int64_t workspace() const {
    std::int64_t most = 0;
    for (const planned_kernel& k : kernels) most = std::max(most, k.workspace);
    return most;
  }
};

/// A distinct kernel of several networks.
struct surveyed_kernel {
  kernel fused;
  std::size_t occurrences = 0;  ///< in all networks
  std::vector<planned_kernel> parts{};
};

/// What to plan for. Numbers are added in f32 whatever the type; matrix units take f32 as TF32.
struct planner_options {
  data_type type = data_type::f16;
  int batch = 1;
  std::int64_t workspace_limit = std::int64_t{256} << 20;  ///< bytes
  bool finalise = true;  ///< make each plan, which compiles where the engine does that (0.3 to 1 s each); else believe
                         ///< the heuristics
};

namespace detail {

/// Why engines refused a graph, engine by engine: "engine 8: DATA_TYPE, x is neither ...". cuDNN tells the first thing
/// that each of them missed, and then every function on the way back; engines of other architectures are left out.
inline std::string reasons(const std::string& words) {
  constexpr std::string_view mark = "\"engineId\":";
  constexpr std::string_view status = "CUDNN_STATUS_NOT_SUPPORTED_";
  constexpr std::string_view because = "; Reason: ";
  constexpr std::size_t enough = 90;
  std::string result;
  for (std::size_t at = words.find(mark); at != std::string::npos; at = words.find(mark, at + 1)) {
    const std::string_view part = std::string_view(words).substr(at + mark.size());
    const std::size_t first = part.find(status);
    if (first == std::string_view::npos || first > part.find(mark)) continue;
    const std::string_view line = part.substr(first + status.size(), part.find('\n', first) - first - status.size());
    const std::size_t middle = line.find(because);
    if (middle == std::string_view::npos || line.starts_with("ARCH_MISMATCH")) continue;
    const std::string_view text = line.substr(middle + because.size());
    result += (result.empty() ? "engine " : "; engine ") + std::string(part.substr(0, part.find(','))) + ": " +
              std::string(line.substr(0, middle)) + ", " + std::string(text.substr(0, enough)) +
              (text.size() > enough ? "..." : "");
  }
  return result.empty() ? words.substr(0, words.find('\n')) : result;
}

/// The channels of each operand of a kernel's core.
inline std::vector<int> operand_channels(const network& graph, const layer& l) {
  std::vector<int> channels;
  for (int i = 0; i < l.operand_count; ++i)
    channels.push_back(graph.tensor_shape(l.operands[static_cast<std::size_t>(i)]).channels);
  return channels;
}

}  // namespace detail

/// Plans networks for a device that need not be there: `cudnn::planner p(cudnn::devices::h200(), {.type =
/// data_type::f16, .batch = 128})`. Equal kernels are planned once. Use one planner for one thread.
class planner {
 public:
  /// \throws device_properties_error where cuDNN refuses the description, device_error where the device is too old for
  /// the type or for this cuDNN
  explicit planner(device_properties device, const planner_options& how = {})
      : device_(std::move(device)), options_(how), driver_(find_driver()), description_(detail::describe(device_)) {
    check_device(device_, how.type);
    if (how.batch < 1) throw executor_error("executor.option", "cudnn, batch", std::to_string(how.batch), "1 or more");
  }

  const device_properties& device() const { return device_; }
  const planner_options& options() const { return options_; }
  driver_kind driver() const { return driver_; }

  /// What a plan made here is worth: one sentence for reports.
  std::string standing() const {
    switch (driver_) {
      case driver_kind::none:
        return "There is no driver library (libcuda.so.1) here: engines that are compiled at run time could not be "
               "asked, and kernels that need one are "
               "marked \"not asked\". A driver, or nascent's stand-in for one, lifts that.";
      case driver_kind::stand_in:
        return "Planned with a stand-in for the driver: heuristics, support checks and compilation are cuDNN's own, "
               "the last step, loading the compiled "
               "kernel into a device, was only pretended. Nothing was run.";
      case driver_kind::real: return "Planned with NVIDIA's driver, for the device described; nothing was run.";
    }
    return {};
  }

  network_plan plan(const network& graph) {
    network_plan result{.network = graph.name(), .fused = fuse(graph), .kernels = {}};
    for (std::size_t i = 0; i < result.fused.size(); ++i)
      for (planned_kernel& part : parts_of(result.fused[i], graph)) {
        part.fused_kernel = i;
        result.kernels.push_back(std::move(part));
      }
    return result;
  }

  /// The distinct kernels of several networks, for instance of many samples of a space, in the order in which they are
  /// met.
  std::vector<surveyed_kernel> survey(std::span<const network> networks) {
    std::vector<surveyed_kernel> result;
    std::map<std::string, std::size_t, std::less<>> seen;
    for (const network& graph : networks)
      for (const kernel& k : fuse(graph)) {
        const auto [place, is_new] = seen.try_emplace(k.signature(), result.size());
        if (is_new) result.push_back({.fused = k, .parts = parts_of(k, graph)});
        ++result[place->second].occurrences;
      }
    return result;
  }

  /// \throws device_error where cuDNN no longer, or not yet, supports the device, or the device lacks the type
  static void check_device(const device_properties& device, data_type type) {
    const auto refuse = [&](const std::string& found, const std::string& allowed) {
      throw device_error("executor.device", "cudnn, '" + device.name + "'", found, allowed);
    };
    if (type == data_type::int8) refuse("type int8", "f32, bf16 or f16; oneDNN's executor has int8");
    const std::string own = "compute capability " + std::to_string(device.compute_capability / 100) + "." +
                            std::to_string(device.compute_capability / 10 % 10);
    const bool for_cuda_13 = cudnnGetCudartVersion() >= 13000;
    const int first_supported = for_cuda_13 ? 750 : 500;
    constexpr int first_with_bf16 = 800;
    if (device.compute_capability < first_supported)
      refuse(own,
             std::string(for_cuda_13 ? "7.5" : "5.0") + " and above, which cuDNN " + library_version() + " supports");
    if (type == data_type::bf16 && device.compute_capability < first_with_bf16)
      refuse(own + " with type bf16", "bf16 from 8.0 on; f16 and f32 here");
  }

 private:
  /// The kernel itself where it can run as one, else what it was split into.
  void add_parts(const kernel& k, const network& graph, const std::string& reason, std::vector<planned_kernel>& parts) {
    const auto [place, is_new] = known_.try_emplace(k.signature());
    if (is_new) place->second = plan_whole(k, graph);
    planned_kernel p = place->second;
    p.what = k;  // the one that was planned first has tensors of its own
    const auto halves = p.runs() || p.means == kernel_means::not_asked ? std::nullopt : nascent::split(k);
    if (!halves) {
      if (p.runs()) p.reason = reason;
      parts.push_back(std::move(p));
      return;
    }
    const std::string& why = reason.empty() ? p.reason : reason;
    add_parts(halves->first, graph, why, parts);
    add_parts(halves->second, graph, why, parts);
  }

  std::vector<planned_kernel> parts_of(const kernel& k, const network& graph) {
    std::vector<planned_kernel> parts;
    add_parts(k, graph, {}, parts);
    return parts;
  }

  planned_kernel plan_whole(const kernel& k, const network& graph) {
    planned_kernel p{.what = k};
    if (detail::lowering::must_split(k)) {
      p.reason = "copies and library calls have no activation";
      return p;
    }
    try {
      const detail::lowered_kernel said =
          detail::lowering(options_.type, options_.batch)(k, detail::operand_channels(graph, k.core));
      if (const auto* copies = std::get_if<std::vector<detail::strided_copy>>(&said)) {
        p.means = kernel_means::copies;
        p.copies = static_cast<int>(copies->size());
      } else if (std::holds_alternative<detail::fill_with_zeros>(said)) {
        p.means = kernel_means::copies;
        p.copies = 1;
      } else if (std::holds_alternative<detail::softmax_call>(said)) {
        p.means = kernel_means::library_call;
      } else {
        ask(std::get<detail::operation_graph>(said), p);
      }
    } catch (const library_error& e) {
      p.reason = e.what();
    }
    return p;
  }

  void ask(const detail::operation_graph& graph, planned_kernel& p) {
    const detail::planning_target target{.description = &description_};
    const auto proposals = detail::find_configurations(graph, target, &p.reason);
    p.configurations = static_cast<int>(proposals.size());
    for (const detail::configuration& c : proposals)
      if (std::ranges::find(p.engines, c.engine) == p.engines.end()) p.engines.push_back(c.engine);
    for (const detail::configuration& c : proposals) {
      try {
        if (options_.finalise) {
          const detail::execution_plan made = detail::make_plan(c, target);
          if (made.workspace > options_.workspace_limit) {
            p.reason = "a workspace of " + std::to_string(made.workspace) + " bytes, more than allowed";
            ++p.refused;
            continue;
          }
          p.workspace = made.workspace;
          p.finalised = true;
        }
        p.means = kernel_means::engine;
        p.chosen = c.engine;
        p.last_resort = c.last_resort;
        p.reason.clear();
        return;
      } catch (const library_error& e) {
        p.reason = e.what();
        ++p.refused;
      }
    }
    if (driver_ == driver_kind::none) {
      p.means = kernel_means::not_asked;
      p.reason = "engines that are compiled at run time could not be asked, no driver library";
    } else {
      p.reason = p.reason.empty() ? "no engine supports it" : detail::reasons(p.reason);
    }
  }

  device_properties device_;
  planner_options options_;
  driver_kind driver_;
  detail::descriptor description_;
  std::map<std::string, planned_kernel, std::less<>> known_;  ///< each as a whole, by signature
};

}  // namespace nascent::cudnn
