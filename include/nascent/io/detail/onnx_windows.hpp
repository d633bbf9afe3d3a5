// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model whose windows slide over maps: convolutions and pools.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/detail/channels_first.hpp"
#include "nascent/io/detail/onnx_arithmetic.hpp"

namespace nascent::detail {

/// A window along one direction.
struct onnx_window {
  int kernel = 1;
  int stride = 1;
  int dilation = 1;
  int before = 0;
  int after = 0;

  int reach() const { return (kernel - 1) * dilation + 1; }
  /// Windows over a map of so many rows; with `ceil`, one more that begins in the map or the padding before it.
  std::int64_t count(int size, bool ceil) const {
    const std::int64_t room = std::int64_t{size} + before + after - reach();
    if (room < 0) return 0;
    const std::int64_t inside = room / stride + 1;
    return ceil && room % stride != 0 && inside * stride < std::int64_t{size} + before ? inside + 1 : inside;
  }
};
using onnx_windows_of = std::array<onnx_window, 2>;  ///< by height and by width

class onnx_windows : protected onnx_arithmetic {
 protected:
  using onnx_arithmetic::onnx_arithmetic;

  /// The padding by which our windows lie as these do; nothing where none does.
  static std::optional<padding> padding_for(const onnx_windows_of& w, const tensor& x, bool ceil, bool our_ceil) {
    for (const padding kind : {padding::same, padding::symmetric, padding::valid, padding::narrow}) {
      const auto fits = [&](const onnx_window& of, int size) {
        return padding_before(size, of.kernel, of.stride, of.dilation, kind) == of.before &&
               window_size(size, of.kernel, of.stride, of.dilation, kind, our_ceil) == of.count(size, ceil);
      };
      if (fits(w[0], x.height) && fits(w[1], x.width)) return kind;
    }
    return std::nullopt;
  }

  /// Attributes of a window of this size over a map.
  static onnx_windows_of window_of(const onnx_node& n, const tensor& x, std::int64_t height, std::int64_t width) {
    const std::array<std::int64_t, 2> kernel{height, width};
    const std::vector<int> strides = n.sizes("strides", 2, 1, 1);
    const std::vector<int> dilations = n.sizes("dilations", 2, 1, 1);
    const std::vector<int> pads = n.sizes("pads", 4, 0, 0);
    const std::string automatic = n.text("auto_pad", "NOTSET");
    onnx_windows_of w;
    for (std::size_t i = 0; i < 2; ++i) {
      if (kernel[i] < 1 || kernel[i] > network_limits::kernel || dilations[i] > network_limits::size ||
          strides[i] > network_limits::stride || pads[i] >= network_limits::size || pads[i + 2] >= network_limits::size)
        throw onnx_refusal{"a window of " + std::to_string(kernel[i]) + ", stride " + std::to_string(strides[i]) +
                               ", dilation " + std::to_string(dilations[i]),
                           "windows within network_limits"};
      w[i] = {static_cast<int>(kernel[i]), strides[i], kernel[i] == 1 ? 1 : dilations[i], pads[i], pads[i + 2]};
      if (automatic == "NOTSET") continue;
      w[i].before = w[i].after = 0;
      if (automatic == "VALID") continue;
      if (automatic != "SAME_UPPER" && automatic != "SAME_LOWER")
        throw onnx_refusal{"auto_pad " + plain_text(automatic), "NOTSET, VALID, SAME_UPPER, SAME_LOWER"};
      const int size = i == 0 ? x.height : x.width;
      const int before = same_padding_before(size, w[i].kernel, w[i].stride, w[i].dilation);
      const int after = same_padding_after(size, w[i].kernel, w[i].stride, w[i].dilation);
      w[i].before = automatic == "SAME_UPPER" ? before : after;
      w[i].after = automatic == "SAME_UPPER" ? after : before;
    }
    return w;
  }

  /// One dilation for both directions.
  static int dilation_of(const onnx_windows_of& w) {
    if (w[0].kernel == 1) return w[1].dilation;
    if (w[1].kernel != 1 && w[0].dilation != w[1].dilation)
      throw onnx_refusal{"two dilations", "one for height and width"};
    return w[0].dilation;
  }

  onnx_map convolution(const onnx_node& n, const onnx_map& in, const onnx_constant& kernel, const onnx_constant* bias) {
    tensor x = map_of(settled(in));
    const onnx_dims& k = kernel.dims;
    const std::int64_t groups = n.integer("group", 1);
    if (k.size() != 4 || groups < 1 || groups > x.channels || k[1] * groups != x.channels)
      throw onnx_refusal{"a kernel of " + dims_text(k) + ", " + std::to_string(groups) + " groups",
                         "filters x " + std::to_string(x.channels) + " / groups x height x width"};
    check_kernel_shape(n, k);
    onnx_windows_of w = window_of(n, x, k[2], k[3]);
    const int dilation = dilation_of(w);
    w[0].dilation = w[1].dilation = dilation;
    if (const layer* pad = draft_.made_by(x.id); pad != nullptr && pad->kind == layer_kind::pad) {
      // Zeros that were put around the map before are a part of the window's padding, where ours has a word for both.
      onnx_windows_of all = w;
      all[0].before += pad->top;
      all[0].after += pad->output.height - pad->input.height - pad->top;
      all[1].before += pad->left;
      all[1].after += pad->output.width - pad->input.width - pad->left;
      const tensor inner{pad->input.batch, pad->input.height, pad->input.width, pad->input.channels, pad->operands[0]};
      if (padding_for(all, inner, false, false)) {
        w = all;
        x = inner;
      }
    }
    std::optional<padding> pad = padding_for(w, x, false, false);
    if (!pad) {
      x = add([&](auto& net) {
        return net.pad(x, {.top = w[0].before, .bottom = w[0].after, .left = w[1].before, .right = w[1].after});
      });
      pad = padding::valid;
    }
    const tensor made = add([&](auto& net) {
      return net.conv(x, {.filters = static_cast<int>(std::min<std::int64_t>(k[0], 1 << 30)),
                          .kernel = {w[0].kernel, w[1].kernel},
                          .stride = {w[0].stride, w[1].stride},
                          .groups = static_cast<int>(groups),
                          .dilation = dilation,
                          .bias = bias != nullptr,
                          .batch_norm = false,
                          .pad = *pad});
    });
    take_kernel(kernel, bias);
    return plain(first(made));
  }

  onnx_map transposed_convolution(const onnx_node& n, const onnx_map& in, const onnx_constant& kernel,
                                  const onnx_constant* bias) {
    const tensor x = map_of(settled(in));
    const onnx_dims& k = kernel.dims;
    const std::int64_t groups = n.integer("group", 1);
    if (k.size() != 4 || groups < 1 || groups > x.channels || k[0] != x.channels || k[1] > network_limits::channels)
      throw onnx_refusal{"a kernel of " + dims_text(k),
                         std::to_string(x.channels) + " x filters / groups x height x width"};
    check_kernel_shape(n, k);
    if (n.has("output_shape") || n.text("auto_pad", "NOTSET") != "NOTSET")
      throw onnx_refusal{"output_shape or auto_pad", "pads and output_padding"};
    const onnx_windows_of w = window_of(n, x, k[2], k[3]);
    const std::vector<int> more = n.sizes("output_padding", 2, 0, 0);
    // Rows after the result are left out by a size.
    const std::array<int, 2> rest{more[0] + w[0].before - w[0].after, more[1] + w[1].before - w[1].after};
    const tensor made = add([&](auto& net) {
      return net.transposed_conv(x, {.filters = static_cast<int>(std::min<std::int64_t>(k[1] * groups, 1 << 30)),
                                     .kernel = {w[0].kernel, w[1].kernel},
                                     .stride = {w[0].stride, w[1].stride},
                                     .padding = {w[0].before, w[1].before},
                                     .output_padding = {rest[0], rest[1]},
                                     .groups = static_cast<int>(groups),
                                     .dilation = dilation_of(w),
                                     .bias = bias != nullptr,
                                     .batch_norm = false});
    });
    take_kernel(kernel, bias);
    return plain(first(made));
  }

  onnx_map pool(const onnx_node& n, const onnx_map& in, bool largest) {
    const tensor x = map_of(settled(in));
    const std::vector<int> kernel = n.sizes("kernel_shape", 2, 0, 1);
    const onnx_windows_of w = window_of(n, x, kernel[0], kernel[1]);
    if (n.integer("storage_order", 0) != 0 || w[0].dilation != 1 || w[1].dilation != 1)
      throw onnx_refusal{"a pool with dilation or a storage order", "neither"};
    const bool ceil = n.integer("ceil_mode", 0) != 0;
    const bool padded = w[0].before + w[0].after + w[1].before + w[1].after > 0;
    const bool counts = !largest && padded && n.integer("count_include_pad", 0) != 0;
    for (const bool our_ceil : {false, true}) {
      const std::optional<padding> pad = padding_for(w, x, ceil, our_ceil);
      if (!pad || (counts && (our_ceil || ceil))) continue;
      const pool_options o{.kernel = {w[0].kernel, w[1].kernel},
                           .stride = {w[0].stride, w[1].stride},
                           .pad = *pad,
                           .ceil = our_ceil,
                           .count_padding = counts};
      return plain(first(add([&](auto& net) { return largest ? net.max_pool(x, o) : net.average_pool(x, o); })));
    }
    throw onnx_refusal{"pads of " + std::to_string(w[0].before) + ", " + std::to_string(w[1].before) + ", " +
                           std::to_string(w[0].after) + ", " + std::to_string(w[1].after),
                       "a padding of nascent::padding; count_include_pad without ceil_mode"};
  }

 private:
  static void check_kernel_shape(const onnx_node& n, const onnx_dims& k) {
    const onnx_dims said = n.integers("kernel_shape").value_or(onnx_dims{k[2], k[3]});
    if (said != onnx_dims{k[2], k[3]})
      throw onnx_refusal{"kernel_shape " + dims_text(said), dims_text(onnx_dims{k[2], k[3]})};
  }

  /// The weights of the layer that was just made.
  void take_kernel(const onnx_constant& kernel, const onnx_constant* bias) {
    const layer& l = draft_.last();
    if (bias != nullptr && bias->size() != static_cast<std::size_t>(l.output.channels))
      throw onnx_refusal{"a bias of " + dims_text(bias->dims), std::to_string(l.output.channels)};
    draft_.take(channels_last_kernel(l, kernel.real()), bias == nullptr ? std::vector<float>() : bias->real());
  }
};

}  // namespace nascent::detail
