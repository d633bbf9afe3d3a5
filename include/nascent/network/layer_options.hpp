// SPDX-License-Identifier: Apache-2.0
/// \file
/// The arguments of a net's words.
#pragma once

#include <cstdint>

#include "nascent/network/activation.hpp"
#include "nascent/network/activation_function.hpp"
#include "nascent/network/strides.hpp"

namespace nascent {

/// Height and width of a kernel; one number means a square one.
struct kernel_size {
  int height = 1;
  int width = 1;
  // Implicit on purpose: `.kernel = 3` and `.kernel = {1, 7}` both read well.
  constexpr kernel_size(int square) : height(square), width(square) {}
  constexpr kernel_size(int h, int w) : height(h), width(w) {}
  /// As large as its steps.
  constexpr explicit kernel_size(const strides& s) : height(s.height), width(s.width) {}
};

/// A yes or a no that may be left to what it depends on. No std::optional, whose header would be most of what a
/// declaration pays for the arguments of words.
struct said_or_not {
  constexpr said_or_not() = default;
  // Implicit on purpose: `.batch_norm = true`.
  constexpr said_or_not(bool yes) : said_(true), yes_(yes) {}
  constexpr bool value_or(bool unsaid) const { return said_ ? yes_ : unsaid; }

 private:
  bool said_ = false;
  bool yes_ = false;
};

/// Arguments of net.conv. Batch normalisation is part of a convolution unless a bias is asked for instead, or it is
/// said: `.bias = true, .batch_norm = true` has both.
struct conv_options {
  int filters = 0;
  kernel_size kernel = 1;
  strides stride = 1;
  int groups = 1;
  int dilation = 1;
  activation_function act{};
  bool bias = false;
  said_or_not batch_norm{};  ///< unsaid: where there is no bias
  padding pad = padding::same;
};

/// Arguments of net.depthwise_conv: one filter per channel. As in a convolution, a bias takes the place of batch
/// normalisation unless both are said.
struct depthwise_options {
  kernel_size kernel = 3;
  strides stride = 1;
  int dilation = 1;
  activation_function act{};
  bool bias = false;
  said_or_not batch_norm{};
  padding pad = padding::same;
};

/// Arguments of net.layer_norm: over the channels at each position, with a factor for each channel and, with `bias`, a
/// summand.
struct layer_norm_options {
  int epsilon_digits = 5;  ///< the variance plus 1e-5; vision transformers and ConvNeXt have 6
  activation_function act{};
  bool bias = true;
};

/// Arguments of net.group_norm: over a map's positions and the channels of each group; as many groups as channels make
/// it instance normalisation.
struct group_norm_options {
  int groups = 1;
  int epsilon_digits = 5;
  activation_function act{};
  bool bias = true;
};

/// Arguments of net.rms_norm: a factor for each channel, and no summand.
struct rms_norm_options {
  int epsilon_digits = 5;
  activation_function act{};
};

/// Arguments of net.max_pool and net.average_pool.
struct pool_options {
  kernel_size kernel = 2;
  strides stride = 2;
  padding pad = padding::same;
  bool ceil = false;  ///< a last window that begins in the map and ends outside, too (PyTorch's ceil_mode)
  /// Of means: padded positions are zeros (PyTorch's count_include_pad), not left out.
  bool count_padding = false;
};

/// Rows above and below something, and columns left and right of it; one number means both.
struct margin {
  int height = 0;
  int width = 0;
  // Implicit on purpose, as in kernel_size.
  constexpr margin(int both) : height(both), width(both) {}
  constexpr margin(int rows, int columns) : height(rows), width(columns) {}
};

/// Arguments of net.transposed_conv, with PyTorch's meanings: a map of (size - 1) * stride - 2 * padding + dilation *
/// (kernel - 1) + output_padding + 1 rows, columns alike. A bias takes the place of batch normalisation.
struct transposed_conv_options {
  int filters = 0;
  kernel_size kernel = 2;
  strides stride = 2;
  margin padding = 0;
  margin output_padding = 0;  ///< below the stride or the dilation
  int groups = 1;
  int dilation = 1;
  activation_function act{};
  bool bias = false;
  said_or_not batch_norm{};
};

/// How a resized map is made of its pixels.
enum class interpolation : std::uint8_t { nearest, bilinear };

/// Arguments of net.resize: a size, or a scale that gives whole rows and columns.
struct resize_options {
  int height = 0;
  int width = 0;
  double scale = 0;
  interpolation how = interpolation::nearest;
};

/// Arguments of net.pad: rows and columns of zeros.
struct pad_options {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;
};

/// Arguments of net.slice: sizes of 0 reach to the end.
struct slice_options {
  int top = 0;
  int left = 0;
  int height = 0;
  int width = 0;
  int first_channel = 0;
  int channels = 0;
};

/// Arguments of net.dense.
struct dense_options {
  int units = 0;
  activation_function act{};
  bool bias = true;
};

}  // namespace nascent
