// SPDX-License-Identifier: Apache-2.0
/// \file
/// Fusion: groups of layers that one primitive of a library runs, and the key that names them in a latency table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nascent/network/network.hpp"

namespace nascent {

/// A layer with what is fused into it: convolution + bias + activation, or convolution + bias + residual sum +
/// activation.
struct kernel {
  layer core{};                                    ///< `core.act` comes before the residual sum
  bool residual = false;                           ///< adds tensor `residual_tensor` to the output
  activation residual_act = activation::identity;  ///< after the sum
  int residual_tensor = -1;
  int output_tensor = -1;
  std::size_t first_layer = 0;  ///< index in the network of `core`
  std::size_t last_layer = 0;   ///< index of the last layer fused

  /// The key of a latency table: everything that time depends on for one image, nothing that it does not.
  std::string signature() const {
    const auto dims = [](const nascent::shape& s) {
      return (s.batch == 1 ? std::string() : std::to_string(s.batch) + "n") + std::to_string(s.height) + "x" +
             std::to_string(s.width) + "x" + std::to_string(s.channels);
    };
    std::string key = core.is_depthwise() ? "depthwise" : to_string(core.kind);
    key += " " + dims(core.input) + ">" + dims(core.output);
    if (core.kernel_height != 1 || core.kernel_width != 1) {
      key += " k" + std::to_string(core.kernel_height);
      if (core.kernel_width != core.kernel_height) key += "x" + std::to_string(core.kernel_width);
    }
    if (core.stride != 1) key += " s" + std::to_string(core.stride);
    if (core.pad != padding::same) key += std::string(" ") + to_string(core.pad);
    if (core.dilation != 1) key += " d" + std::to_string(core.dilation);
    if (core.groups != 1 && !core.is_depthwise()) key += " g" + std::to_string(core.groups);
    if (core.first_channel != 0) key += " from " + std::to_string(core.first_channel);
    if (core.kind == layer_kind::concatenate) key += " of " + std::to_string(core.operand_count);
    if (core.act != activation::identity) key += std::string(" ") + to_string(core.act);
    if (residual) key += " +sum";
    if (residual_act != activation::identity) key += std::string(" ") + to_string(residual_act);
    return key;
  }
};

/// Bytes that a kernel moves to and from memory for `batch` images.
constexpr std::int64_t traffic(const kernel& k, data_type type, int batch) {
  return traffic(k.core, false, type, batch) + (k.residual ? k.core.output.elements() * batch * size_of(type) : 0);
}

/// The kernels of a network in execution order. A residual sum joins the convolution that makes its first operand,
/// where that convolution comes directly before, has no activation of its own and nobody else reads it.
inline std::vector<kernel> fuse(const network& graph) {
  const std::vector<int> readers = graph.readers();
  const std::vector<layer>& layers = graph.layers();
  std::vector<kernel> kernels;
  kernels.reserve(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const layer& l = layers[i];
    const int made = static_cast<int>(i) + 1;
    if (l.kind == layer_kind::add && !kernels.empty()) {
      kernel& before = kernels.back();
      const bool follows = before.output_tensor == static_cast<int>(i) && before.last_layer + 1 == i;
      const int a = l.operands[0];
      const int b = l.operands[1];
      const int other = a == before.output_tensor ? b : a;
      if (follows && (a == before.output_tensor || b == before.output_tensor) && other != before.output_tensor &&
          before.core.kind == layer_kind::convolution && !before.residual && before.core.act == activation::identity &&
          readers[static_cast<std::size_t>(before.output_tensor)] == 1) {
        before.residual = true;
        before.residual_act = l.act;
        before.residual_tensor = other;
        before.output_tensor = made;
        before.last_layer = i;
        continue;
      }
    }
    kernels.push_back({.core = l, .output_tensor = made, .first_layer = i, .last_layer = i});
  }
  return kernels;
}

}  // namespace nascent
