// SPDX-License-Identifier: Apache-2.0
/// \file
/// One primitive layer with its shapes: what every interpreter of a network reads.
#pragma once

#include <array>
#include <cstdint>

#include "nascent/network/activation.hpp"
#include "nascent/network/kernel_group.hpp"
#include "nascent/network/shape.hpp"

namespace nascent {

enum class layer_kind : std::uint8_t {
  convolution,          ///< any grouping: groups == input channels is a depthwise convolution
  dense,                ///< matrix product over channels of a 1x1 map
  max_pool,             ///< SAME padding; padded positions never win
  average_pool,         ///< SAME padding; padded positions are not counted
  global_average_pool,  ///< mean over height and width, output 1x1
  add,                  ///< element-wise sum of two maps of one shape
  multiply,             ///< a map times a 1x1 map, broadcast over height and width
  concatenate,          ///< along channels
  slice,                ///< `output.channels` channels from `first_channel` on, a pure copy
  softmax,              ///< over the `groups` equal parts of the channels, element by element: the parts sum to 1
  activate,             ///< an activation of its own
  space_to_depth,       ///< n x n blocks of pixels become channels, a pure copy; n is `stride`
  space_to_batch,       ///< n x n interleaved sub-maps become a batch, a pure copy; n is `stride`
  batch_to_space,       ///< the inverse
};

/// What is known of a kind by itself.
struct layer_kind_facts {
  const char* name;
  kernel_group group;
};
constexpr layer_kind_facts facts_of(layer_kind kind) {
  switch (kind) {
    case layer_kind::convolution: return {"convolution", kernel_group::convolution};
    case layer_kind::dense: return {"dense", kernel_group::dense};
    case layer_kind::max_pool: return {"max_pool", kernel_group::pool};
    case layer_kind::average_pool: return {"average_pool", kernel_group::pool};
    case layer_kind::global_average_pool: return {"global_average_pool", kernel_group::pool};
    case layer_kind::add: return {"add", kernel_group::sum};
    case layer_kind::multiply: return {"multiply", kernel_group::gate};
    case layer_kind::concatenate: return {"concatenate", kernel_group::copy};
    case layer_kind::slice: return {"slice", kernel_group::copy};
    case layer_kind::softmax: return {"softmax", kernel_group::activation};
    case layer_kind::activate: return {"activate", kernel_group::activation};
    case layer_kind::space_to_depth: return {"space_to_depth", kernel_group::copy};
    case layer_kind::space_to_batch: return {"space_to_batch", kernel_group::copy};
    case layer_kind::batch_to_space: return {"batch_to_space", kernel_group::copy};
  }
  return {"unknown", kernel_group::copy};
}
constexpr const char* to_string(layer_kind kind) { return facts_of(kind).name; }

/// A layer of a network. Tensors are numbered: 0 is the network's input, layer i (from 0) makes tensor i + 1.
struct layer {
  static constexpr int max_operands = 8;

  layer_kind kind = layer_kind::convolution;
  activation act = activation::identity;  ///< applied last
  bool batch_norm = false;                ///< gamma and beta are parameters; folded into weights at inference
  bool bias = false;
  padding pad = padding::same;  ///< of a convolution's or a pool's window
  int kernel_height = 1;
  int kernel_width = 1;
  int stride = 1;
  int dilation = 1;
  int groups = 1;
  int first_channel = 0;
  shape input{};  ///< of the first operand; `channels` is the sum over operands for concatenate
  shape output{};
  int operand_count = 1;
  std::array<int, max_operands> operands{};  ///< tensor numbers

  /// Whether a window slides over the map.
  constexpr bool has_window() const {
    return kind == layer_kind::convolution || kind == layer_kind::max_pool || kind == layer_kind::average_pool;
  }
  constexpr bool has_weights() const { return kind == layer_kind::convolution || kind == layer_kind::dense; }
  constexpr bool is_depthwise() const {
    return kind == layer_kind::convolution && groups > 1 && groups == input.channels && groups == output.channels;
  }
  friend constexpr bool operator==(const layer&, const layer&) = default;
};

/// The group of a kernel by its core. A gate is the map that squeeze-and-excite multiplies.
constexpr kernel_group group_of(const layer& l) {
  if (l.kind != layer_kind::convolution) return facts_of(l.kind).group;
  if (l.is_depthwise()) return kernel_group::depthwise;
  if (l.groups > 1) return kernel_group::grouped;
  return l.kernel_height == 1 && l.kernel_width == 1 ? kernel_group::pointwise : kernel_group::convolution;
}

/// Elements of a layer's kernel, without bias: height x width x (input channels / groups) x output channels.
constexpr std::int64_t weight_elements(const layer& l) {
  if (!l.has_weights()) return 0;
  const std::int64_t taps = std::int64_t{l.kernel_height} * l.kernel_width;
  // The two common cases without a division: this runs in loops over millions of candidates.
  if (l.groups == 1) return detail::wrapping(detail::wrapping(taps, l.input.channels), l.output.channels);
  if (l.groups == l.input.channels) return detail::wrapping(taps, l.output.channels);
  return detail::wrapping(detail::wrapping(taps, l.input.channels / l.groups), l.output.channels);
}

/// Trainable parameters: weights, bias, and the gamma and beta of a batch normalisation (no moving statistics).
constexpr std::int64_t params(const layer& l) {
  return detail::wrapping_sum(
      weight_elements(l), (l.bias ? l.output.channels : 0) + (l.batch_norm ? 2 * std::int64_t{l.output.channels} : 0));
}

/// Multiply-adds for one image. Only convolutions and dense layers count, as in the papers' tables.
constexpr std::int64_t macs(const layer& l) { return detail::wrapping(weight_elements(l), l.output.positions()); }

/// Outputs of convolutions and dense layers in elements ("activations" of Radosavovic et al., 2020).
constexpr std::int64_t activations(const layer& l) { return l.has_weights() ? l.output.elements() : 0; }

/// Bytes that a layer moves to and from memory for `batch` images: it reads its inputs and, once per batch, its
/// weights, and writes its output; bias, normalisation and activation are fused. A residual sum that is fused into the
/// convolution before it only reads the other operand.
constexpr std::int64_t traffic(const layer& l, bool fused_sum, data_type type, int batch) {
  const auto output = static_cast<std::uint64_t>(l.output.elements());
  std::uint64_t elements = static_cast<std::uint64_t>(l.input.elements()) + output;
  if (l.kind == layer_kind::add) elements = fused_sum ? output : 3 * output;
  if (l.kind == layer_kind::slice) elements = 2 * output;
  if (l.kind == layer_kind::multiply)
    elements += static_cast<std::uint64_t>(std::int64_t{l.output.batch} * l.output.channels);
  const std::int64_t constants =
      detail::wrapping_sum(weight_elements(l), l.bias || l.batch_norm ? l.output.channels : 0);
  return detail::wrapping(detail::wrapping_sum(detail::wrapping(static_cast<std::int64_t>(elements), batch), constants),
                          size_of(type));
}

}  // namespace nascent
