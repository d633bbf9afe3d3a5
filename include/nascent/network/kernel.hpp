// SPDX-License-Identifier: Apache-2.0
/// \file
/// Fusion: groups of layers that one primitive of a library runs, and the key that names them in a latency table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/network/fusion.hpp"
#include "nascent/network/layer_fields.hpp"
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
    std::string key = core.is_depthwise() ? "depthwise" : to_string(core.kind);
    key += " " + key_text(core.input) + ">" + key_text(core.output);
    for_each_field(core, [&](const layer_field& field, const auto& value, const auto& usual) {
      if (field.mark != nullptr && !(value == usual)) key += field.mark + key_text(value);
    });
    if (residual) key += " +sum";
    if (residual_act != activation::identity) key += " " + key_text(residual_act);
    return key;
  }

 private:
  static std::string key_text(const nascent::shape& s) {
    return (s.batch == 1 ? std::string() : std::to_string(s.batch) + "n") + std::to_string(s.height) + "x" +
           std::to_string(s.width) + "x" + std::to_string(s.channels);
  }
  static std::string key_text(const std::array<int, 2>& size) {
    return std::to_string(size[0]) + (size[1] == size[0] ? "" : "x" + std::to_string(size[1]));
  }
  static std::string key_text(const activation_numbers& n) {
    const std::string first = exact_text(n.first.value());
    return n.second.said() ? first + ".." + exact_text(n.second.value()) : first;
  }
  static std::string key_text(const strides& s) { return key_text(std::array{s.height, s.width}); }
  template <class Value>
  static std::string key_text(Value value) {
    if constexpr (std::is_enum_v<Value>) return to_string(value);
    else return std::to_string(value);
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
  sum_fusion fusion;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const layer& l = layers[i];
    const int added = fusion(l, static_cast<int>(i));
    if (added != sum_fusion::none && readers[i] == 1) {
      kernel& before = kernels.back();
      before.residual = true;
      before.residual_act = l.act;
      before.residual_tensor = added;
      before.output_tensor = static_cast<int>(i) + 1;
      before.last_layer = i;
      continue;
    }
    kernels.push_back({.core = l, .output_tensor = static_cast<int>(i) + 1, .first_layer = i, .last_layer = i});
  }
  return kernels;
}

/// A fused kernel taken apart: the kernel without the last thing fused into it, and that thing, a sum or an activation,
/// as a kernel of its own. Nothing where it is one thing.
inline std::optional<std::pair<kernel, kernel>> split(const kernel& k) {
  kernel first = k;
  kernel last{.output_tensor = k.output_tensor, .first_layer = k.first_layer, .last_layer = k.last_layer};
  if (k.residual) {
    first.residual = false;
    first.residual_act = activation::identity;
    first.residual_tensor = -1;
    first.last_layer = k.first_layer;
    first.output_tensor = static_cast<int>(k.first_layer) + 1;
    last.first_layer = k.last_layer;
    last.core = {.kind = layer_kind::add, .act = k.residual_act, .operand_count = 2};
    last.core.operands = {first.output_tensor, k.residual_tensor};
  } else if (k.core.act != activation::identity && k.core.kind != layer_kind::activate) {
    first.core.set_function(activation::identity);
    last.core = {.kind = layer_kind::activate};
    last.core.set_function(k.core.function());
    last.core.operands = {k.output_tensor};
  } else {
    return std::nullopt;
  }
  last.core.input = last.core.output = k.core.output;
  return std::pair{first, last};
}

}  // namespace nascent
