// SPDX-License-Identifier: Apache-2.0
/// \file
/// One primitive layer with its shapes: what every interpreter of a network reads.
#pragma once

#include <array>
#include <cstdint>

#include "nascent/network/activation.hpp"
#include "nascent/network/activation_function.hpp"
#include "nascent/network/kernel_group.hpp"
#include "nascent/network/shape.hpp"

namespace nascent {

enum class layer_kind : std::uint8_t {
  convolution,          ///< any grouping: groups == input channels is a depthwise convolution
  dense,                ///< matrix product over channels of a 1x1 map
  max_pool,             ///< padded positions never win
  average_pool,         ///< padded positions are zeros where `count_padding`, else not counted
  global_average_pool,  ///< mean over height and width, output 1x1
  add,                  ///< element-wise sum of two maps, the second repeated over `over`
  multiply,             ///< element-wise product of the same
  concatenate,          ///< along channels
  slice,                ///< part of a map, from `first_channel()`, row `top`, column `left` on, a pure copy
  softmax,              ///< over the `groups` equal parts of the channels, element by element: the parts sum to 1
  activate,             ///< an activation of its own
  space_to_depth,       ///< n x n blocks of pixels become channels, a pure copy; n is both strides
  space_to_batch,       ///< n x n interleaved sub-maps become a batch, a pure copy; n is both strides
  batch_to_space,       ///< the inverse
  scale,                ///< each channel times a number of its own, plus one: batch normalisation alone, layer scale
  layer_norm,           ///< over the channels, at each position: (x - mean) / sqrt(variance + epsilon), then as `scale`
  group_norm,           ///< the same over all positions of a map and the channels of each of `groups` groups
  rms_norm,         ///< over the channels, at each position: x / sqrt(mean of squares + epsilon), then a factor each
  reshape,          ///< the same numbers in the same order as a map of another height, width and depth
  transpose,        ///< channels become positions, and positions channels
  channel_softmax,  ///< over the channels of each of `groups` equal parts, at each position: each part sums to 1
  scores,  ///< each position of a map against all of another: in `groups` heads, products over sqrt(channels of a head)
  matmul,  ///< in `groups` heads: each position's channels weigh the positions of another map, which are added up
  class_token,             ///< a trained position before all others
  position_embedding,      ///< a trained number is added to each of a map
  transposed_convolution,  ///< every pixel adds its kernel, times itself, to the output, `stride` apart; `top` rows and
                           ///< `left` columns before the result are left out
  resize_nearest,          ///< output row y is input row floor(y * input / output), columns alike; a pure copy
  resize_bilinear,         ///< between the four nearest pixels, centres of pixels at half numbers
  pad,                     ///< zeros around the map, `top` rows and `left` columns before it
  channel_shuffle,         ///< the channels of `groups` groups take turns, a pure copy
  prelu,                   ///< x, below 0 times a trained slope of its channel (He et al., 2015)
  depth_to_space,          ///< the inverse of space_to_depth, a pure copy
};

/// What the second operand of a sum or a product is repeated over, to be as large as the first.
enum class broadcast : std::uint8_t {
  nothing,    ///< it is of the same shape
  positions,  ///< 1x1: a number for each channel, a gate
  channels,   ///< of one channel: a number for each position
  all,        ///< one number
};

constexpr const char* to_string(broadcast over) {
  switch (over) {
    case broadcast::nothing: return "nothing";
    case broadcast::positions: return "positions";
    case broadcast::channels: return "channels";
    case broadcast::all: return "all";
  }
  return "unknown";
}

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
    case layer_kind::scale: return {"scale", kernel_group::normalization};
    case layer_kind::layer_norm: return {"layer_norm", kernel_group::normalization};
    case layer_kind::group_norm: return {"group_norm", kernel_group::normalization};
    case layer_kind::rms_norm: return {"rms_norm", kernel_group::normalization};
    case layer_kind::reshape: return {"reshape", kernel_group::copy};
    case layer_kind::transpose: return {"transpose", kernel_group::copy};
    case layer_kind::channel_softmax: return {"channel_softmax", kernel_group::activation};
    case layer_kind::scores: return {"scores", kernel_group::product};
    case layer_kind::matmul: return {"matmul", kernel_group::product};
    case layer_kind::class_token: return {"class_token", kernel_group::copy};
    case layer_kind::position_embedding: return {"position_embedding", kernel_group::sum};
    case layer_kind::transposed_convolution: return {"transposed_convolution", kernel_group::convolution};
    case layer_kind::resize_nearest: return {"resize_nearest", kernel_group::copy};
    case layer_kind::resize_bilinear: return {"resize_bilinear", kernel_group::copy};
    case layer_kind::pad: return {"pad", kernel_group::copy};
    case layer_kind::channel_shuffle: return {"channel_shuffle", kernel_group::copy};
    case layer_kind::prelu: return {"prelu", kernel_group::activation};
    case layer_kind::depth_to_space: return {"depth_to_space", kernel_group::copy};
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
  bool bias : 1 = false;
  bool count_padding : 1 = false;       ///< of an average pool; a bit beside the other: a layer does not grow
  padding pad = padding::same;          ///< of a convolution's or a pool's window
  std::uint8_t epsilon_digits = 0;      ///< 6 for an epsilon of 1e-6; of layer, group and RMS normalisation
  broadcast over = broadcast::nothing;  ///< of a sum or a product
  std::uint8_t operand_count = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  std::uint16_t stride_height = 1;  ///< both are `network_limits::stride` at most
  std::uint16_t stride_width = 1;
  int dilation = 1;
  int groups = 1;
  /// The first channel of a slice, which has no activation; of other layers the numbers of theirs. Read it by
  /// `first_channel` and `act_numbers`.
  std::uint32_t first_channel_or_numbers = 0;
  std::uint16_t top = 0;   ///< rows of a slice, a pad, a transposed convolution: their kinds say which
  std::uint16_t left = 0;  ///< columns
  shape input{};           ///< of the first operand; `channels` is the sum over operands for concatenate
  shape output{};
  std::array<int, max_operands> operands{};  ///< tensor numbers

  /// Whether a window slides over the map.
  constexpr bool has_window() const {
    return kind == layer_kind::convolution || kind == layer_kind::max_pool || kind == layer_kind::average_pool;
  }
  constexpr bool has_weights() const {
    return kind == layer_kind::convolution || kind == layer_kind::dense || kind == layer_kind::transposed_convolution;
  }
  /// Whether it has a factor and a summand for each channel.
  constexpr bool scales_channels() const {
    return kind == layer_kind::scale || kind == layer_kind::layer_norm || kind == layer_kind::group_norm ||
           kind == layer_kind::rms_norm;
  }
  /// Whether it adds trained numbers that no input is multiplied with.
  constexpr bool embeds() const { return kind == layer_kind::class_token || kind == layer_kind::position_embedding; }
  /// Whether it has an entry in weights: a kernel and, unless it embeds or is a PReLU, a bias for each channel.
  constexpr bool has_constants() const {
    return has_weights() || scales_channels() || embeds() || kind == layer_kind::prelu;
  }
  constexpr int first_channel() const {
    return kind == layer_kind::slice ? static_cast<int>(first_channel_or_numbers) : 0;
  }
  constexpr bool has_act_numbers() const { return first_channel_or_numbers != 0 && kind != layer_kind::slice; }
  /// Those of `act`, where they are not its usual ones.
  constexpr activation_numbers act_numbers() const {
    return kind == layer_kind::slice ? activation_numbers{} : activation_numbers::of(first_channel_or_numbers);
  }
  /// What is applied last.
  constexpr activation_function function() const { return {act, act_numbers()}; }
  constexpr void set_function(const activation_function& f) {
    act = f.act;
    first_channel_or_numbers = f.numbers.bits();
  }
  /// A product of two maps.
  constexpr bool is_product() const { return kind == layer_kind::scores || kind == layer_kind::matmul; }
  constexpr bool is_depthwise() const {
    return kind == layer_kind::convolution && groups > 1 && groups == input.channels && groups == output.channels;
  }
  friend constexpr bool operator==(const layer&, const layer&) = default;
};

/// What a normalisation adds to the variance.
constexpr float epsilon_of(const layer& l) {
  double epsilon = 1;
  for (int i = 0; i < l.epsilon_digits; ++i) epsilon /= 10;
  return static_cast<float>(epsilon);
}

/// Rows above and below a map, and columns left and right of it, that a layer's window sees and that are not there.
struct window_padding {
  int above = 0;
  int below = 0;
  int left = 0;
  int right = 0;
  friend constexpr bool operator==(const window_padding&, const window_padding&) = default;
};
constexpr window_padding padding_of(const layer& l) {
  const bool is_pool = l.kind == layer_kind::max_pool || l.kind == layer_kind::average_pool;
  // The last window of a pool whose number of windows was rounded up reaches beyond the padding.
  const auto after = [&](int size, int windows, int kernel, int stride, int before) {
    const int own = padding_after(size, kernel, stride, l.dilation, l.pad);
    const int reached = (windows - 1) * stride + (kernel - 1) * l.dilation + 1 - size - before;
    return is_pool && reached > own ? reached : own;
  };
  const int above = padding_before(l.input.height, l.kernel_height, l.stride_height, l.dilation, l.pad);
  const int left = padding_before(l.input.width, l.kernel_width, l.stride_width, l.dilation, l.pad);
  return {above, after(l.input.height, l.output.height, l.kernel_height, l.stride_height, above), left,
          after(l.input.width, l.output.width, l.kernel_width, l.stride_width, left)};
}

/// The shape of the second operand of a sum or a product.
constexpr shape second_operand(const layer& l) {
  shape s = l.output;
  if (l.over == broadcast::positions || l.over == broadcast::all) s.height = s.width = 1;
  if (l.over == broadcast::channels || l.over == broadcast::all) s.channels = 1;
  return s;
}

/// The group of a kernel by its core. A gate is the map that squeeze-and-excite multiplies.
constexpr kernel_group group_of(const layer& l) {
  if (l.kind == layer_kind::multiply && l.over != broadcast::positions) return kernel_group::sum;
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

/// Numbers in the kernel that an executor takes: weights, a factor or a slope for each channel, or what is embedded.
constexpr std::int64_t kernel_elements(const layer& l) {
  if (l.kind == layer_kind::position_embedding)
    return detail::wrapping(detail::wrapping(l.output.height, l.output.width), l.output.channels);
  const bool one_each = l.scales_channels() || l.kind == layer_kind::class_token || l.kind == layer_kind::prelu;
  return one_each ? l.output.channels : weight_elements(l);
}
/// The same as trained: the factor of a batch normalisation is its gamma over the deviation, and no kernel.
constexpr std::int64_t trained_elements(const layer& l) {
  return l.scales_channels() && l.batch_norm ? 0 : kernel_elements(l);
}
/// Numbers in the bias that an executor takes.
constexpr std::int64_t bias_elements(const layer& l) {
  return l.has_weights() || l.scales_channels() ? l.output.channels : 0;
}

/// Trainable parameters: kernel, bias, and the gamma and beta of a batch normalisation (no moving statistics).
constexpr std::int64_t params(const layer& l) {
  return detail::wrapping_sum(
      trained_elements(l), (l.bias ? l.output.channels : 0) + (l.batch_norm ? 2 * std::int64_t{l.output.channels} : 0));
}

/// Multiply-adds for one image. Only convolutions, dense layers and products of maps count, as in the papers' tables.
/// A transposed convolution's kernel works once at each pixel that enters.
constexpr std::int64_t macs(const layer& l) {
  if (l.is_product()) return detail::wrapping(l.output.elements(), l.input.channels / l.groups);
  const shape& at = l.kind == layer_kind::transposed_convolution ? l.input : l.output;
  return detail::wrapping(weight_elements(l), at.positions());
}

/// Elements of the second map of a product, for one image.
constexpr std::int64_t second_elements(const layer& l) {
  if (!l.is_product()) return 0;
  const shape& positions =
      l.kind == layer_kind::scores ? l.output : l.input;  // whose channels are the others' positions
  const shape& channels = l.kind == layer_kind::scores ? l.input : l.output;
  return detail::wrapping(detail::wrapping(positions.channels / l.groups, channels.channels), l.input.batch);
}

/// Outputs of convolutions and dense layers in elements ("activations" of Radosavovic et al., 2020).
constexpr std::int64_t activations(const layer& l) { return l.has_weights() ? l.output.elements() : 0; }

/// Bytes that a layer moves to and from memory for `batch` images: it reads its inputs and, once per batch, its
/// weights, and writes its output; all of them, biases too, are of `type`; bias, normalisation and activation are
/// fused. A residual sum that is fused into the convolution before it only reads the other operand.
constexpr std::int64_t traffic(const layer& l, bool fused_sum, data_type type, int batch) {
  const auto output = static_cast<std::uint64_t>(l.output.elements());
  std::uint64_t elements = static_cast<std::uint64_t>(l.input.elements()) + output;
  if (l.kind == layer_kind::add)
    elements = fused_sum ? output : 2 * output + static_cast<std::uint64_t>(second_operand(l).elements());
  if (l.kind == layer_kind::slice) elements = 2 * output;
  if (l.kind == layer_kind::multiply) elements += static_cast<std::uint64_t>(second_operand(l).elements());
  if (l.is_product()) elements += static_cast<std::uint64_t>(second_elements(l));
  const std::int64_t constants =
      detail::wrapping_sum(kernel_elements(l), l.bias || l.batch_norm ? l.output.channels : 0);
  return detail::wrapping(detail::wrapping_sum(detail::wrapping(static_cast<std::int64_t>(elements), batch), constants),
                          size_of(type));
}

namespace detail {

/// The one name of a window's padding on a map: what pads as SAME does is SAME, and what does not pad is valid.
constexpr padding plain_padding(const layer& l, const shape& map, padding pad, bool ceil = false) {
  const auto before = [&](int size, int kernel, int stride) {
    return padding_before(size, kernel, stride, l.dilation, pad);
  };
  const auto as_same = [&](int size, int kernel, int stride) {
    return window_size(size, kernel, stride, l.dilation, pad, ceil) == same_size(size, stride) &&
           before(size, kernel, stride) == same_padding_before(size, kernel, stride, l.dilation);
  };
  if (as_same(map.height, l.kernel_height, l.stride_height) && as_same(map.width, l.kernel_width, l.stride_width))
    return padding::same;
  const bool none = before(map.height, l.kernel_height, l.stride_height) == 0 &&
                    before(map.width, l.kernel_width, l.stride_width) == 0;
  return none ? padding::valid : pad;
}

}  // namespace detail

}  // namespace nascent
