// SPDX-License-Identifier: Apache-2.0
/// \file
/// The network that a model becomes while it is read, node by node, and how it is tidied up at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/detail/onnx_refusal.hpp"
#include "nascent/network/net.hpp"
#include "nascent/network/network.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent::detail {

/// What a layer of a draft may become a part of.
enum class onnx_part : std::uint8_t {
  none,
  summand,  ///< a scale that only adds: the bias of the layer before it
  factor,   ///< a scale that only multiplies: what a bare normalisation is multiplied with
  bare,     ///< a normalisation without factors and summands of its own
};

/// Layers with their parameters, in the words of a net: what does not fit ends the reading of a node.
class onnx_draft {
 public:
  explicit onnx_draft(std::string name) : graph_(std::move(name), {}), net_(graph_) {}

  void begin(const shape& input) {
    checked([&] { return net_.input(input); });
  }
  network& graph() { return graph_; }
  net<network>& words() { return net_; }
  const layer& last() const { return graph_.layers().back(); }

  /// The layer that `word(net)` adds, made for this node. \throws onnx_refusal for a fault of the net
  template <class Word>
  tensor add(const std::string& node, Word word, layer_parameters values = {}, onnx_part part = onnx_part::none) {
    const tensor made = checked([&] { return word(net_); });
    const std::size_t layers = graph_.layers().size();
    parameters_.resize(layers);
    nodes_.resize(layers, node);
    parts_.resize(layers, onnx_part::none);
    if (layers == 0) return made;
    count(values.kernel.size() + values.bias.size());
    parameters_.back() = std::move(values);
    parts_.back() = part;
    return made;
  }
  /// Takes the kernel and the bias of the layer that was added last, whose shape is known now.
  void take(std::vector<float> kernel, std::vector<float> bias) {
    count(kernel.size() + bias.size());
    parameters_.back().kernel = std::move(kernel);
    parameters_.back().bias = std::move(bias);
  }
  /// So many numbers all layers together may have: weights may be used again, but not without end.
  void limit(std::size_t numbers) { left_ = numbers; }
  /// The same for the network's tensor `id`.
  const layer* made_by(int id) const { return id == 0 ? nullptr : &graph_.layers()[static_cast<std::size_t>(id - 1)]; }

  struct result {
    network graph;
    network_parameters parameters;
    std::vector<std::string> nodes;
  };
  /// The network without what no output needs, and with summands, normalisations and activations in the layers that
  /// they follow.
  result tidied() const {
    const std::vector<layer>& layers = graph_.layers();
    const std::vector<int> readers = graph_.readers();
    const std::vector<std::size_t> unused = graph_.unused();
    result r{network(graph_.name(), graph_.input()), {}, {}};
    std::vector<layer> kept;
    std::vector<onnx_part> parts;
    std::vector<int> number(layers.size() + 1, 0);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (std::ranges::binary_search(unused, i)) continue;
      layer l = layers[i];
      const auto before = static_cast<std::size_t>(l.operands[0]);
      for (std::size_t k = 0; k < l.operand_count; ++k) l.operands[k] = number[static_cast<std::size_t>(l.operands[k])];
      const int into = l.operands[0];
      if (into > 0 && readers[before] == 1) {
        const auto at = static_cast<std::size_t>(into - 1);
        if (absorbed(kept[at], parts[at], r.parameters[at], l, parts_[i], parameters_[i])) {
          number[i + 1] = into;
          continue;
        }
      }
      kept.push_back(l);
      parts.push_back(parts_[i]);
      r.parameters.push_back(parameters_[i]);
      r.nodes.push_back(nodes_[i]);
      number[i + 1] = static_cast<int>(kept.size());
    }
    for (const layer& l : kept) r.graph(l);
    for (const network_output& o : graph_.outputs()) {
      const int id = number[static_cast<std::size_t>(o.tensor)];
      const shape& s = r.graph.tensor_shape(id);
      // One that is the last map and has the usual name need not be said.
      if (graph_.outputs().size() > 1 || o.name != "output" || id != static_cast<int>(kept.size()))
        r.graph.output(o.name, {s.batch, s.height, s.width, s.channels, id});
    }
    return r;
  }

 private:
  void count(std::size_t numbers) {
    if (numbers > left_) throw onnx_refusal{"more parameters than the model is worth", "weights that are in the file"};
    left_ -= numbers;
  }

  template <class Word>
  tensor checked(Word word) {
    const tensor made = word();
    if (!net_.fault()) return made;
    const fault_record fault = net_.fault();
    const int layers = static_cast<int>(graph_.layers().size());
    net_ = net<network>(graph_);  // what comes after is read for its own faults
    net_.skip_ids(layers, 1);
    parameters_.resize(graph_.layers().size());
    nodes_.resize(graph_.layers().size());
    parts_.resize(graph_.layers().size());
    throw onnx_refusal{std::string(fault.numbers().view()), to_string(fault.what)};
  }

  /// Makes a layer a part of the one before it, which nothing else reads. False where it is none.
  static bool absorbed(layer& into, onnx_part& part, layer_parameters& values, const layer& l, onnx_part as,
                       const layer_parameters& more) {
    if (into.act != activation::identity) return false;
    const bool convolves = into.kind == layer_kind::convolution || into.kind == layer_kind::transposed_convolution;
    const auto take_activation = [&] {
      into.set_function(l.function());
      return true;
    };
    if (l.kind == layer_kind::activate) {
      if (!into.has_weights() && !into.scales_channels() && into.kind != layer_kind::add) return false;
      return take_activation();
    }
    if (l.kind != layer_kind::scale) return false;
    if (l.batch_norm) {
      if (!convolves || into.batch_norm) return false;
      into.batch_norm = true;
      values.norm = more.norm;
    } else if (as == onnx_part::summand) {
      if (!(into.has_weights() || into.scales_channels()) || into.kind == layer_kind::rms_norm || into.bias ||
          into.batch_norm)
        return false;
      into.bias = true;
      values.bias = more.bias;
    } else if (as == onnx_part::factor && part == onnx_part::bare) {
      part = onnx_part::none;
      values.kernel = more.kernel;
    } else {
      return false;
    }
    return take_activation();
  }

  network graph_;
  net<network> net_;
  network_parameters parameters_;
  std::vector<std::string> nodes_;
  std::vector<onnx_part> parts_;
  std::size_t left_ = std::size_t{1} << 24;
};

}  // namespace nascent::detail
