// SPDX-License-Identifier: Apache-2.0
/// \file
/// The trellis of a space: all its networks at once, as paths through states. A state is what the layers to come depend
/// on: the shape of the map, and earlier decisions that later ones look at. Networks are many (1.3e24 for GPUNet),
/// states are few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/base/text_map.hpp"
#include "nascent/kernels/detail/stage_decisions.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// A kernel that networks of a space consist of.
struct space_kernel {
  kernel what{};  ///< without its place in a network
  std::string signature{};
  double per_network = 0;  ///< how often it occurs in a network drawn uniformly, on average; exact up to rounding
};

/// What a step does with the decisions that it takes.
enum class trellis_step_kind : std::uint8_t {
  stage,         ///< a whole stage of equal layers
  stage_counts,  ///< the same where the layers differ, or where a skip connection ends them
  choices,       ///< a stage of independent layers: how many there are, and what they share
  layer,         ///< one of them
};

/// What the layers to come depend on. States are numbered from 0 before each step, and after the last one.
struct trellis_state {
  tensor map{};                   ///< that the next layer reads
  bool last_layer_seen = false;   ///< inside a stage of independent layers with a skip connection
  std::vector<digit> live{};      ///< decisions that are still looked at: those of `kernel_trellis::live_slots`
  std::vector<tensor> outputs{};  ///< of stages that a skip connection may still add
  std::vector<std::int64_t>
      totals{};  ///< of constraints that later decisions can still break: what they are about so far
};

/// A path through one step, from a state to a state: the decisions of a stage or of a layer. Groups are numbers in
/// `kernel_trellis::groups()`.
struct trellis_path {
  std::size_t from = 0;
  std::size_t edge = 0;     ///< which decisions, of those that the step takes in this state
  std::size_t option = 0;   ///< which layer count, in steps of kind `stage`; else 0
  std::size_t to = 0;       ///< state before the next step
  int repeats = 0;          ///< further layers after the first
  std::int32_t first = 0;   ///< group of kernels of the first layer, or of all
  std::int32_t repeat = 0;  ///< of each further layer
};

namespace detail {

/// Where a decision leads, and through which groups of kernels. Group 0 is empty.
struct trellis_edge {
  std::int32_t first = 0;   ///< group of kernels of the first layer, or of all
  std::int32_t repeat = 0;  ///< of each further layer
  std::int32_t to = -1;     ///< state after the step; for `stage` a row of `targets`; -1 where no network can go
};

struct trellis_step {
  trellis_step_kind kind = trellis_step_kind::stage;
  int stage = 0;
  int layer = 0;
  std::size_t combinations =
      1;  ///< decisions, layer counts apart; the number after the last stands for a stage or layer that is not there
  std::size_t width = 1;  ///< edges of a state
  std::size_t layer_options = 1;
  std::vector<int> layers{};  ///< of each option
  std::size_t states = 0;
  std::vector<trellis_edge> edges{};    ///< states x width
  std::vector<std::int32_t> targets{};  ///< of `stage`: rows x layer options
};

/// The finished trellis.
struct trellis {
  std::vector<trellis_step> steps{};
  std::vector<std::vector<trellis_state>> states{};  ///< before each step, and after the last
  std::vector<std::vector<int>> live{};              ///< slots whose decisions these states hold
  std::vector<std::vector<uint128>> ways{};          ///< for each state before each step: paths from the start
  std::vector<std::vector<uint128>> completions{};   ///< paths to the end
  std::vector<space_kernel> kernels{};               ///< most frequent first
  std::vector<std::vector<std::int32_t>> groups{};   ///< kernels that come together: those of a layer, in order
  uint128 networks = 0;                              ///< that can be built
};

/// Calls `visit(path)` for every path through a step from one state.
template <class Visit>
void for_each_path_from(const trellis_step& step, std::size_t from, Visit&& visit) {
  for (std::size_t e = 0; e < step.width; ++e) {
    const trellis_edge& edge = step.edges[from * step.width + e];
    if (edge.to < 0) continue;
    if (step.kind != trellis_step_kind::stage) {
      visit(trellis_path{from, e, 0, static_cast<std::size_t>(edge.to), 0, edge.first, edge.repeat});
      continue;
    }
    for (std::size_t option = 0; option < step.layer_options; ++option) {
      const std::int32_t to = step.targets[static_cast<std::size_t>(edge.to) * step.layer_options + option];
      const int layers = step.layers[option];
      if (to >= 0)
        visit(trellis_path{from, e, option, static_cast<std::size_t>(to), layers > 1 ? layers - 1 : 0, edge.first,
                           edge.repeat});
    }
  }
}

/// Calls `visit(path)` for every path through a step.
template <class Visit>
void for_each_path(const trellis_step& step, Visit&& visit) {
  for (std::size_t n = 0; n < step.states; ++n) for_each_path_from(step, n, visit);
}

/// A layer of a stage, built on a map of some shape.
struct built_layer {
  std::int32_t group = 0;  ///< of its kernels
  tensor out{};
  bool possible = true;
};

/// What is appended to a key that tells equal things.
template <class Number>
void append_bytes(std::string& key, Number n) {
  key.append(reinterpret_cast<const char*>(&n), sizeof n);
}
inline void append_bytes(std::string& key, const tensor& t) {
  for (const int n : {t.batch, t.height, t.width, t.channels}) append_bytes(key, n);
}

/// Builds layers, fuses them, and numbers the kernels and the groups that it meets.
class layer_recorder {
 public:
  layer_recorder(const space_decisions& space, layer_source source, trellis& out)
      : space_(&space), source_(source), out_(&out) {
    out.groups.emplace_back();
  }

  /// Layer `layer` of stage `stage` on `x`, as the digits say; `from` is added at its end where it is given. \throws
  /// space_error
  built_layer build(int stage, int layer, bool first, const digit* digits, const tensor& x, const tensor* from) {
    const stage_decisions& s = space_->stages[static_cast<std::size_t>(stage)];
    const strides stride = first ? s.stride(digits) : strides{1};
    if (stage != stage_) built_.clear();
    stage_ = stage;
    std::string key;
    append_bytes(key, stride);
    append_bytes(key, x);
    append_bytes(key, from != nullptr);
    if (from != nullptr) append_bytes(key, *from);
    for (const int slot : s.ties()) append_bytes(key, digits[slot]);
    for (int k = s.first_slot(); k < s.first_layer_slot(); ++k) append_bytes(key, digits[k]);
    const int own = s.first_layer_slot() + (s.independent() ? layer * s.slots_per_layer() : 0);
    for (int k = own; k < own + s.slots_per_layer(); ++k) append_bytes(key, digits[k]);
    const auto [place, is_new] = built_.try_emplace(std::move(key));
    if (is_new) place->second = record(static_cast<std::size_t>(stage), layer, stride, digits, x, from);
    return place->second;
  }

  /// The number of a group of kernels.
  std::int32_t group_of(std::vector<std::int32_t> kernels) {
    if (kernels.empty()) return 0;
    std::string key;
    for (const std::int32_t k : kernels) append_bytes(key, k);
    const auto [place, is_new] = groups_.try_emplace(std::move(key), static_cast<std::int32_t>(out_->groups.size()));
    if (is_new) out_->groups.push_back(std::move(kernels));
    return place->second;
  }

 private:
  built_layer record(std::size_t stage, int layer, const strides& stride, const digit* digits, const tensor& x,
                     const tensor* from) {
    const stage_decisions& s = space_->stages[stage];
    network graph({}, x.shape());
    net<network> n(graph);
    tensor in = x;
    in.id = 0;
    tensor added{};
    if (from != nullptr) {  // an activation stands for the layer that made it: nothing fuses with that
      graph({.kind = layer_kind::activate, .input = from->shape(), .output = from->shape()});
      n.skip_ids(1, 1);
      added = *from;
      added.id = 1;
    }
    const int before = n.layer_count();
    tensor out = source_.build_layer(source_.space, {digits, space_->slot_count}, stage, layer, n, in, stride);
    if (from != nullptr) {
      if (n.layer_count() == before)
        throw space_error("space.skip", place_in(space_->name, detail::joined("stage ", s.name())),
                          "a skip connection right after a layer that does nothing", "after layers that make a map");
      out = connect(n, out, added, s.skip_kind());
    }
    built_layer result{.out = out, .possible = !n.fault()};
    result.out.id = 0;
    if (!result.possible) return result;
    // The layers to come read the output: whether a convolution has other readers than a sum decides about fusion.
    nascent::layer reader{.kind = layer_kind::activate, .input = out.shape(), .output = out.shape()};
    reader.operands[0] = out.id;
    graph(reader);
    std::vector<kernel> kernels = fuse(graph);
    kernels.pop_back();
    std::vector<std::int32_t> group;
    for (std::size_t i = from != nullptr ? 1 : 0; i < kernels.size(); ++i) group.push_back(number_of(kernels[i]));
    result.group = group_of(std::move(group));
    return result;
  }

  std::int32_t number_of(kernel k) {
    const auto [place, is_new] = kernels_.try_emplace(k.signature(), static_cast<std::int32_t>(out_->kernels.size()));
    if (is_new) {
      k.core.operands = {};
      k.residual_tensor = k.output_tensor = -1;
      k.first_layer = k.last_layer = 0;
      out_->kernels.push_back({.what = k, .signature = place->first});
    }
    return place->second;
  }

  const space_decisions* space_;
  layer_source source_;
  trellis* out_;
  int stage_ = -1;
  std::unordered_map<std::string, built_layer> built_;  ///< of the present stage
  text_map<std::int32_t> kernels_;
  std::unordered_map<std::string, std::int32_t> groups_;
};

}  // namespace detail
}  // namespace nascent
