// SPDX-License-Identifier: Apache-2.0
/// \file
/// The graph of one network: its layers in topological order with shapes, and the blocks that made them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/utf8.hpp"
#include "nascent/network/block_span.hpp"
#include "nascent/network/net.hpp"

namespace nascent {

/// A network that cannot exist: the text says in which stage, what was found and what is allowed.
struct network_error : error {
  using error::error;
};

/// An outermost block of a network, or a layer that is in no block.
struct network_part {
  std::size_t first_layer = 0;
  std::size_t layer_count = 1;
  int block = -1;  ///< its number in `network::blocks()`, -1 for a layer by itself
  int repeat = 0;  ///< how many equal parts come directly before it in its stage

  constexpr std::size_t end_layer() const { return first_layer + layer_count; }
};

/// The layers of one network. An interpreter itself: `net{graph}` records into it.
class network {
 public:
  network() = default;
  /// \throws network_error for a name that is no UTF-8
  network(std::string name, shape input) : name_(utf8(std::move(name))), input_(input) {}

  const std::string& name() const { return name_; }
  /// \throws network_error for a name that is no UTF-8
  void rename(std::string name) { name_ = utf8(std::move(name)); }
  const shape& input() const { return input_; }
  const shape& output() const { return layers_.empty() ? input_ : layers_.back().output; }
  const std::vector<layer>& layers() const { return layers_; }

  /// Name of the stage that layer `index` belongs to; empty where the network was built without stages.
  const std::string& stage_of(std::size_t index) const {
    static const std::string none;
    const int stage = stages_.at(index);
    return stage < 0 ? none : stage_names_[static_cast<std::size_t>(stage)];
  }
  /// The same for the stage of a block.
  const std::string& stage_of(const block_span& block) const { return stage_of(block.first_layer); }

  /// The blocks in the order in which they begin: a block stands before its parts. One that made no layer, such as a
  /// skipped one, is none.
  std::span<const block_span> blocks() const { return blocks_; }

  /// The whole network as its outermost blocks and the layers that are in none, in order.
  std::vector<network_part> parts() const {
    std::vector<network_part> all;
    const auto add = [&](network_part p, bool may_repeat) {
      if (!all.empty() && may_repeat) {
        const network_part& before = all.back();
        if (before.block < 0 && stages_[before.first_layer] == stages_[p.first_layer] &&
            same_layers(before.first_layer, p.first_layer, 1))
          p.repeat = before.repeat + 1;
      }
      all.push_back(p);
    };
    std::size_t at = 0;
    const auto lone = [&](std::size_t end) {
      for (; at < end; ++at) add({.first_layer = at}, true);
    };
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const block_span& b = blocks_[i];
      if (b.parent >= 0) continue;
      lone(b.first_layer);
      add({b.first_layer, b.layer_count, static_cast<int>(i), b.repeat}, false);
      at = b.end_layer();
    }
    lone(layers_.size());
    return all;
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

  /// Gives the input, the layers and the blocks to another interpreter, in the order in which they were built.
  template <interpreter Interpreter>
  void replay(Interpreter& sink) const {
    if constexpr (requires { sink.input(input_); }) sink.input(input_);
    std::size_t next = 0;
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if constexpr (block_interpreter<Interpreter>)
        for (; next < blocks_.size() && blocks_[next].first_layer == i; ++next) {
          sink.begin_block(blocks_[next].description());
          ends.push_back(blocks_[next].end_layer());
        }
      sink(layers_[i]);
      if constexpr (block_interpreter<Interpreter>)
        for (; !ends.empty() && ends.back() == i + 1; ends.pop_back()) sink.end_block();
    }
  }

  void operator()(const layer& l) {
    layers_.push_back(l);
    stages_.push_back(stage_);
  }
  void begin_block(const block_description& block) {
    const bool outermost = open_ < 0;
    const auto number = static_cast<int>(blocks_.size());
    block_span b{.name = block.name,
                 .stage = stage_,
                 .layer = outermost ? next_in_stage_++ : blocks_[static_cast<std::size_t>(open_)].layer,
                 .parent = open_,
                 .first_layer = layers_.size(),
                 .field_names = block.field_names};
    for (std::size_t i = 0; i < block.fields.size() && i < b.values.size(); ++i) b.values[i] = block.fields[i];
    blocks_.push_back(b);
    open_ = number;
  }
  void end_block() {
    const auto number = static_cast<std::size_t>(open_);
    block_span& b = blocks_[number];
    open_ = b.parent;
    b.layer_count = layers_.size() - b.first_layer;
    if (b.layer_count == 0) {
      if (open_ < 0) --next_in_stage_;
      blocks_.pop_back();  // what was in it is gone already
    } else if (open_ < 0) {
      if (last_outermost_ >= 0 && repeats(blocks_[static_cast<std::size_t>(last_outermost_)], b))
        b.repeat = blocks_[static_cast<std::size_t>(last_outermost_)].repeat + 1;
      last_outermost_ = static_cast<int>(number);
    }
  }
  void input(const shape& s) { input_ = s; }
  void stage(int number) {
    stage_ = number;
    next_in_stage_ = 0;
  }
  void stage_name(std::string_view name) { stage_names_.push_back(utf8(std::string(name))); }
  void name_stages(std::vector<std::string> names) {
    for (std::string& name : names) name = utf8(std::move(name));
    stage_names_ = std::move(names);
  }

 private:
  /// Names stand in files and pictures, which are UTF-8: here is where they come in.
  static std::string utf8(std::string name) {
    if (!is_utf8(name)) {
      for (char& c : name)
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
      throw network_error("network.name", "network or stage '" + name + "', its name", "bytes that are no UTF-8",
                          "UTF-8");
    }
    return name;
  }

  /// Whether `count` layers from a and from b on are equal but for their place: operands count from the layer
  /// backwards.
  bool same_layers(std::size_t a, std::size_t b, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      layer x = layers_[a + i];
      for (std::size_t k = 0; k < static_cast<std::size_t>(x.operand_count); ++k)
        x.operands[k] += static_cast<int>(b) - static_cast<int>(a);
      if (!(x == layers_[b + i])) return false;
    }
    return true;
  }
  bool repeats(const block_span& before, const block_span& b) const {
    return before.end_layer() == b.first_layer && before.stage == b.stage && before.name == b.name &&
           before.layer_count == b.layer_count && same_layers(before.first_layer, b.first_layer, b.layer_count);
  }

  std::string name_;
  shape input_{};
  std::vector<layer> layers_;
  std::vector<int> stages_;
  std::vector<std::string> stage_names_;
  std::vector<block_span> blocks_;
  int stage_ = -1;
  int next_in_stage_ = 0;
  int open_ = -1;
  int last_outermost_ = -1;
};

namespace detail {

/// \throws network_error for a fault of `what`, such as "network 'mine'"; `stage` is where the net does not know names.
[[noreturn]] inline void refuse(const std::string& what, const fault_record& fault, const std::string& stage = {}) {
  const std::string name = fault.stage_name.empty() ? stage : std::string(fault.stage_name);
  throw network_error("network.shape", what + (name.empty() ? "" : ", stage '" + name + "'"), fault.numbers().view(),
                      to_string(fault.what));
}

}  // namespace detail

/// Builds a network by hand: `build` is called with a net and its input tensor and adds layers.
/// \throws network_error where the shapes do not work out.
template <class Build>
network make_network(std::string name, shape input, Build&& build) {
  network graph(std::move(name), input);
  net builder(graph);
  build(builder, builder.input(input));
  if (builder.fault()) detail::refuse("network '" + graph.name() + "'", builder.fault());
  return graph;
}

}  // namespace nascent
