// SPDX-License-Identifier: Apache-2.0
/// \file
/// The graph of one network: its layers in topological order with shapes, and the blocks that made them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/utf8.hpp"
#include "nascent/network/block_span.hpp"
#include "nascent/network/net.hpp"
#include "nascent/network/network_part.hpp"

namespace nascent {

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
  const std::vector<layer>& layers() const { return layers_; }

  /// What the network gives out, in the order in which it was declared; where nothing was, the last tensor, as
  /// "output".
  std::vector<network_output> outputs() const {
    if (!outputs_.empty()) return outputs_;
    return {{.name = "output", .tensor = static_cast<int>(layers_.size())}};
  }
  /// Their tensors alone.
  std::vector<int> output_tensors() const {
    std::vector<int> tensors;
    for (const network_output& o : outputs()) tensors.push_back(o.tensor);
    return tensors;
  }
  /// Shape of the only output. \throws network_error where there are several: `outputs` has them all
  const shape& output() const {
    if (outputs_.size() > 1)
      throw network_error("network.output", "network '" + name_ + "', the output",
                          std::to_string(outputs_.size()) + " of them", "1; outputs() has all");
    return tensor_shape(outputs_.empty() ? static_cast<int>(layers_.size()) : outputs_.front().tensor);
  }
  /// Elements of all outputs together, of one image.
  std::int64_t output_elements() const {
    if (outputs_.empty()) return tensor_shape(static_cast<int>(layers_.size())).elements();
    std::int64_t sum = 0;
    for (const network_output& o : outputs_) sum += tensor_shape(o.tensor).elements();
    return sum;
  }

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

  /// How many layers read each tensor; an output counts as one more.
  std::vector<int> readers() const {
    std::vector<int> count(layers_.size() + 1, 0);
    for (const layer& l : layers_)
      for (int i = 0; i < l.operand_count; ++i)
        ++count[static_cast<std::size_t>(l.operands[static_cast<std::size_t>(i)])];
    if (outputs_.empty()) ++count.back();
    for (const network_output& o : outputs_) ++count[static_cast<std::size_t>(o.tensor)];
    return count;
  }

  /// Numbers of the layers that no output needs.
  std::vector<std::size_t> unused() const {
    std::vector<bool> needed(layers_.size() + 1, false);
    for (const network_output& o : outputs()) needed[static_cast<std::size_t>(o.tensor)] = true;
    std::vector<std::size_t> none;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      const layer& l = layers_[i];
      if (!needed[i + 1]) none.push_back(i);
      else
        for (std::size_t k = 0; k < static_cast<std::size_t>(l.operand_count); ++k)
          needed[static_cast<std::size_t>(l.operands[k])] = true;
    }
    return {none.rbegin(), none.rend()};
  }

  /// Takes out the layers that no output needs.
  void prune();

  /// Gives the input, the layers, the blocks and the outputs that were declared to another interpreter, in the order in
  /// which they were built, outputs last.
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
    if constexpr (requires(const tensor& x) { sink.output(std::string_view(), x); })
      for (const network_output& o : outputs_) {
        const shape& s = tensor_shape(o.tensor);
        sink.output(o.name, tensor{s.batch, s.height, s.width, s.channels, o.tensor});
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
  /// \throws network_error for a name that is empty, taken or no UTF-8, and for a map that no layer made, or that is an
  /// output already
  void output(std::string_view name, const tensor& x) {
    const auto refuse = [&](const std::string& found, const std::string& allowed) {
      throw network_error("network.output", "network '" + name_ + "', output '" + std::string(name) + "'", found,
                          allowed);
    };
    if (name.empty()) refuse("no name", "a name, such as \"boxes\"");
    if (x.id < 1 || static_cast<std::size_t>(x.id) > layers_.size() || !(x.shape() == tensor_shape(x.id)))
      refuse(x.id == 0 ? "the network's input" : "a map that no layer made", "what a layer of this network made");
    for (const network_output& o : outputs_) {
      if (o.name == name) refuse("the name twice", "a name of its own");
      if (o.tensor == x.id) refuse("the map of output '" + o.name + "'", "a map of its own");
    }
    outputs_.push_back({utf8(std::string(name)), x.id});
  }
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
  struct remainder;

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
  std::vector<network_output> outputs_;  ///< none: the last tensor
  int stage_ = -1;
  int next_in_stage_ = 0;
  int open_ = -1;
  int last_outermost_ = -1;
};

/// An interpreter that keeps the layers of a network which are not in a list.
struct network::remainder {
  remainder(const network& all, std::span<const std::size_t> left_out)
      : from(all), without(left_out), number(all.layers_.size() + 1, 0), kept(all.name_, all.input_) {
    kept.stage_names_ = all.stage_names_;
  }
  void operator()(layer l) {
    enter_stage();
    const std::size_t i = at++;
    if (!without.empty() && without.front() == i) {
      without = without.subspan(1);
      return;
    }
    for (std::size_t k = 0; k < static_cast<std::size_t>(l.operand_count); ++k)
      l.operands[k] = number[static_cast<std::size_t>(l.operands[k])];
    kept(l);
    number[i + 1] = static_cast<int>(kept.layers_.size());
  }
  void begin_block(const block_description& block) {
    enter_stage();
    kept.begin_block(block);
  }
  void end_block() { kept.end_block(); }
  void output(std::string_view name, tensor x) {
    x.id = number[static_cast<std::size_t>(x.id)];
    kept.output(name, x);
  }
  void enter_stage() {
    if (kept.stage_ != from.stages_[at]) kept.stage(from.stages_[at]);
  }

  const network& from;
  std::span<const std::size_t> without;
  std::vector<int> number;  ///< of each tensor, among those kept
  network kept;
  std::size_t at = 0;
};

inline void network::prune() {
  const std::vector<std::size_t> none = unused();
  if (none.empty()) return;
  remainder rest{*this, none};
  replay(rest);
  *this = std::move(rest.kept);
}

namespace detail {

/// \throws network_error for a fault of `what`, such as "network 'mine'"; `stage` is where the net does not know names.
[[noreturn]] inline void refuse(const std::string& what, const fault_record& fault, const std::string& stage = {}) {
  const std::string name = fault.stage_name.empty() ? stage : std::string(fault.stage_name);
  throw network_error("network.shape", what + (name.empty() ? "" : ", stage '" + name + "'"), fault.numbers().view(),
                      to_string(fault.what));
}

/// After its last layer: the map that a network ends with is an output too, "output", where others were declared or it
/// is not the last one made; then no layer is left over. \throws network_error where one is, and is not to be pruned
inline void finish(network& graph, const tensor& last, unused_layers unused) {
  bool declared = last.id == 0;
  for (const network_output& o : graph.outputs()) declared = declared || o.tensor == last.id;
  if (!declared) graph.output("output", last);
  if (unused == unused_layers::keep) return;
  if (unused == unused_layers::prune) return graph.prune();
  const std::vector<std::size_t> none = graph.unused();
  if (none.empty()) return;
  const std::string& stage = graph.stage_of(none.front());
  throw network_error("network.unused",
                      "network '" + graph.name() + "', layer " + std::to_string(none.front()) +
                          (stage.empty() ? std::string() : " of stage '" + stage + "'") + " (" +
                          to_string(graph.layers()[none.front()].kind) + ")",
                      std::to_string(none.size()) + (none.size() == 1 ? " layer" : " layers") + " that no output needs",
                      "layers that one needs; declare outputs with net.output(map, name), or leave the rest out with "
                      "unused_layers::prune");
}

}  // namespace detail

/// Builds a network by hand: `build` is called with a net and its input tensor and adds layers. It declares outputs
/// with `net.output(map, name)`; a tensor that it returns is one too. \throws network_error where the shapes do not
/// work out, or a layer is left over that no output needs
template <class Build>
network make_network(std::string name, shape input, Build&& build, unused_layers unused = unused_layers::refuse) {
  network graph(std::move(name), input);
  net builder(graph);
  tensor last{};  // of the input's number: none
  if constexpr (std::same_as<decltype(build(builder, builder.input(input))), tensor>)
    last = build(builder, builder.input(input));
  else build(builder, builder.input(input));
  if (builder.fault()) detail::refuse("network '" + graph.name() + "'", builder.fault());
  detail::finish(graph, last, unused);
  return graph;
}

/// Where each output of a run with `batch` images lies in the numbers that `run(in, out)` fills: one after another, in
/// the order of `graph.outputs()`, images after one another within each. \throws network_error for another length
template <class Number>
std::vector<std::span<Number>> split_outputs(const network& graph, std::span<Number> all, int batch = 1) {
  if (static_cast<std::int64_t>(all.size()) != graph.output_elements() * batch)
    throw network_error("network.output", "network '" + graph.name() + "', split_outputs",
                        std::to_string(all.size()) + " numbers", std::to_string(graph.output_elements() * batch));
  std::vector<std::span<Number>> parts;
  std::size_t at = 0;
  for (const network_output& o : graph.outputs()) {
    parts.push_back(all.subspan(at, static_cast<std::size_t>(graph.tensor_shape(o.tensor).elements() * batch)));
    at += parts.back().size();
  }
  return parts;
}

}  // namespace nascent
