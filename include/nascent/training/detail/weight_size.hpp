// SPDX-License-Identifier: Apache-2.0
/// \file
/// How large the weights of a layer are, and whether they are a part of larger ones.
#pragma once

#include <algorithm>
#include <string>

#include "nascent/network/layer.hpp"
#include "nascent/training/error.hpp"

namespace nascent::detail {

/// Input channels that one filter sees.
inline int filter_depth(const layer& l) { return l.has_weights() ? l.input.channels / l.groups : 0; }

/// A layer with the same weights, without groups: its input is that of one group.
inline layer whole_of(layer l) {
  if (l.has_weights()) l.input.channels = filter_depth(l);
  if (l.kind != layer_kind::softmax && l.has_weights()) l.groups = 1;
  return l;
}

/// Whether a layer's weights are a part of the whole's.
inline bool fits(const layer& l, const layer& whole) {
  if (l.kind == layer_kind::position_embedding &&
      (l.output.height != whole.output.height || l.output.width != whole.output.width))
    return false;
  return l.output.channels <= whole.output.channels && l.kernel_height <= whole.kernel_height &&
         l.kernel_width <= whole.kernel_width && (whole.kernel_height - l.kernel_height) % 2 == 0 &&
         (whole.kernel_width - l.kernel_width) % 2 == 0 && filter_depth(l) <= filter_depth(whole);
}

/// "5x5 convolution of 24 channels, 96 filters"
inline std::string size_text(const layer& l) {
  std::string text;
  if (l.kind == layer_kind::convolution || l.kind == layer_kind::transposed_convolution)
    text = std::to_string(l.kernel_height) + "x" + std::to_string(l.kernel_width) + " ";
  if (l.kind == layer_kind::position_embedding)
    text = std::to_string(l.output.height) + "x" + std::to_string(l.output.width) + " ";
  text += to_string(l.kind);
  if (l.has_weights()) text += " of " + std::to_string(filter_depth(l)) + " channels";
  return text + ", " + std::to_string(l.output.channels) + (l.has_weights() ? " filters" : " channels");
}

/// Makes the whole so large that a layer's weights are a part of it. \throws training_error where that cannot be
inline void widen(layer& whole, const layer& l, const std::string& of) {
  const auto refuse = [&](const std::string& allowed) {
    throw training_error("training.supernet", of, size_text(whole_of(l)) + ", and " + size_text(whole),
                         allowed + ": weights of the smaller are a part of the larger's");
  };
  const bool is_grouped = l.groups > 1 && !l.is_depthwise();
  if (is_grouped && filter_depth(l) != filter_depth(whole)) refuse("groups of as many channels");
  if ((l.kernel_height - whole.kernel_height) % 2 != 0 || (l.kernel_width - whole.kernel_width) % 2 != 0)
    refuse("kernels of odd sizes, or of even ones");
  if (l.kind == layer_kind::transposed_convolution &&
      (l.kernel_height != whole.kernel_height || l.kernel_width != whole.kernel_width))
    refuse("transposed convolutions with the same window");
  if (l.kind == layer_kind::position_embedding &&
      (l.output.height != whole.output.height || l.output.width != whole.output.width))
    refuse("embeddings of maps of one size");
  whole.output.channels = std::max(whole.output.channels, l.output.channels);
  whole.kernel_height = std::max(whole.kernel_height, l.kernel_height);
  whole.kernel_width = std::max(whole.kernel_width, l.kernel_width);
  if (l.has_weights()) whole.input.channels = std::max(whole.input.channels, filter_depth(l));
}

}  // namespace nascent::detail
