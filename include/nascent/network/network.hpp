// SPDX-License-Identifier: Apache-2.0
/// \file
/// The graph of one network: its layers in topological order with shapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/network/net.hpp"

namespace nascent {

/// A network that cannot exist: the text says in which stage, what was found and what is allowed.
struct network_error : error {
  using error::error;
};

/// The layers of one network. An interpreter itself: `net{graph}` records into it.
class network {
 public:
  network() = default;
  network(std::string name, shape input) : name_(std::move(name)), input_(input) {}

  const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }
  const shape& input() const { return input_; }
  const shape& output() const { return layers_.empty() ? input_ : layers_.back().output; }
  const std::vector<layer>& layers() const { return layers_; }

  /// Name of the stage that layer `index` belongs to; empty where the network was built without stages.
  const std::string& stage_of(std::size_t index) const {
    static const std::string none;
    const int stage = stages_.at(index);
    return stage < 0 ? none : stage_names_[static_cast<std::size_t>(stage)];
  }

  /// Shape of a tensor: 0 is the input, i + 1 is what layer i makes.
  const shape& tensor_shape(int id) const {
    return id == 0 ? input_ : layers_.at(static_cast<std::size_t>(id - 1)).output;
  }

  /// How many layers read each tensor; the last tensor counts the network's output as a reader.
  std::vector<int> readers() const {
    std::vector<int> count(layers_.size() + 1, 0);
    for (const layer& l : layers_)
      for (int i = 0; i < l.operand_count; ++i)
        ++count[static_cast<std::size_t>(l.operands[static_cast<std::size_t>(i)])];
    ++count.back();
    return count;
  }

  void operator()(const layer& l) {
    layers_.push_back(l);
    stages_.push_back(stage_);
  }
  void input(const shape& s) { input_ = s; }
  void stage(int number) { stage_ = number; }
  void stage_name(std::string_view name) { stage_names_.emplace_back(name); }
  void name_stages(std::vector<std::string> names) { stage_names_ = std::move(names); }

 private:
  std::string name_;
  shape input_{};
  std::vector<layer> layers_;
  std::vector<int> stages_;
  std::vector<std::string> stage_names_;
  int stage_ = -1;
};

namespace detail {

/// \throws network_error for a fault of `what`, such as "network 'mine'"; `stage` is where the net does not know names.
[[noreturn]] inline void refuse(const std::string& what, const fault_record& fault, const std::string& stage = {}) {
  const std::string name = fault.stage_name.empty() ? stage : std::string(fault.stage_name);
  throw network_error("network.shape", what + (name.empty() ? "" : ", stage '" + name + "'"),
                      std::to_string(fault.found) + " against " + std::to_string(fault.allowed), to_string(fault.what));
}

}  // namespace detail

/// Builds a network by hand: `build` is called with a net and its input tensor and adds layers.
/// \throws network_error where the shapes do not work out.
template <class Build>
network make_network(std::string name, shape input, Build&& build) {
  network graph(std::move(name), input);
  net builder(graph);
  build(builder, tensor{input.batch, input.height, input.width, input.channels, 0});
  if (builder.fault()) detail::refuse("network '" + graph.name() + "'", builder.fault());
  return graph;
}

}  // namespace nascent
