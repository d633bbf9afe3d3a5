// SPDX-License-Identifier: Apache-2.0
/// \file
/// What ONNX says otherwise than a layer: windows, scales.
#pragma once

#include <cmath>
#include <cstdint>

#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/network/layer.hpp"

namespace nascent::detail {

inline void set_strides(onnx::NodeProto& node, const layer& l) {
  set(node, "kernel_shape", {l.kernel_height, l.kernel_width});
  set(node, "strides", {l.stride_height, l.stride_width});
  if (l.dilation > 1) set(node, "dilations", {l.dilation, l.dilation});
}

inline void set_window(onnx::NodeProto& node, const layer& l) {
  set_strides(node, l);
  const window_padding around = padding_of(l);
  set(node, "pads", {around.above, around.left, around.below, around.right});
}

inline void set_transposed_window(onnx::NodeProto& node, const layer& l) {
  set_strides(node, l);
  set(node, "pads", {l.top, l.left, l.top, l.left});
  const auto more = [&](int in, int out, int stride, int kernel, int around) {
    return out - ((in - 1) * stride + l.dilation * (kernel - 1) + 1 - 2 * around);
  };
  set(node, "output_padding",
      {more(l.input.height, l.output.height, l.stride_height, l.kernel_height, l.top),
       more(l.input.width, l.output.width, l.stride_width, l.kernel_width, l.left)});
  set(node, "group", std::int64_t{l.groups});
}

/// Of a Resize node, as PyTorch has it.
inline void set_interpolation(onnx::NodeProto& node, layer_kind kind) {
  const bool nearest = kind == layer_kind::resize_nearest;
  set(node, "mode", nearest ? "nearest" : "linear");
  if (nearest) set(node, "nearest_mode", "floor");
  set(node, "coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel");
}

/// The least scale, about out / in, with which in becomes out: ONNX rounds down.
inline float onnx_scale(int in, int out) {
  const float scale = static_cast<float>(out) / static_cast<float>(in);
  return static_cast<int>(static_cast<float>(in) * scale) < out ? std::nextafter(scale, 2 * scale) : scale;
}

}  // namespace nascent::detail
