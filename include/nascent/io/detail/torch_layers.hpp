// SPDX-License-Identifier: Apache-2.0
/// \file
/// From layers to lines of a PyTorch module.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/io/detail/python_template.hpp"
#include "nascent/network/network.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// A network that a PyTorch module cannot say, or weights that are not its own.
struct torch_error : error {
  using error::error;
};

namespace detail {

/// Which tensors are matrices of images x channels in PyTorch: what a dense layer made, until a layer needs a map.
inline std::vector<bool> matrices_of(const network& graph) {
  std::vector<bool> flat(graph.layers().size() + 1, false);
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const layer& l = graph.layers()[i];
    const std::span ids(l.operands.data(), static_cast<std::size_t>(l.operand_count));
    const bool all_flat = std::ranges::all_of(ids, [&](int id) { return flat[static_cast<std::size_t>(id)]; });
    const bool keeps = l.kind == layer_kind::activate || l.kind == layer_kind::add || l.kind == layer_kind::multiply ||
                       l.kind == layer_kind::concatenate;
    flat[i + 1] = l.kind == layer_kind::dense || (keeps && all_flat);
  }
  return flat;
}

/// What an attribute of a layer is called, before numbers tell several apart; empty where it needs none.
constexpr std::string_view torch_attribute(const layer& l) {
  switch (l.kind) {
    case layer_kind::convolution: return "conv";
    case layer_kind::dense: return "linear";
    case layer_kind::transposed_convolution: return "conv_transpose";
    case layer_kind::scale: return l.batch_norm ? "batch_norm" : "scale";
    case layer_kind::layer_norm: return "layer_norm";
    case layer_kind::group_norm: return "group_norm";
    case layer_kind::rms_norm: return "rms_norm";
    case layer_kind::class_token: return "class_token";
    case layer_kind::position_embedding: return "position_embedding";
    case layer_kind::prelu: return "prelu";
    default: return "";
  }
}

/// Whether a batch normalisation is an attribute beside the layer's own.
constexpr bool has_torch_norm(const layer& l) { return l.has_weights() && l.batch_norm; }

class torch_layers {
 public:
  torch_layers(const network& graph, float epsilon) : graph_(graph), epsilon_(epsilon), flat_(matrices_of(graph)) {}

  bool is_matrix(int tensor) const { return flat_[static_cast<std::size_t>(tensor)]; }
  /// The helpers that what was written so far needs.
  const std::set<std::string_view>& helpers() const { return helpers_; }

  /// The right side of `self.conv = nn.Conv2d(...)`.
  python_template module(const layer& l) {
    python_template t;
    const auto channels = [&](const shape& s) { t.add(hole_kind::channels, s.channels); };
    switch (l.kind) {
      case layer_kind::convolution:
      case layer_kind::transposed_convolution: window(t, l); return t;
      case layer_kind::dense:
        t += "nn.Linear(";
        channels(l.input);
        t += ", ";
        channels(l.output);
        t += l.bias ? ")" : ", bias=False)";
        return t;
      case layer_kind::scale:
        if (l.batch_norm) return norm(l);
        t += use("Scale") + "(";
        channels(l.output);
        t += ")";
        return t;
      case layer_kind::layer_norm:
        t += use("LayerNorm2d") + "(";
        channels(l.output);
        t += ", eps=1e-" + std::to_string(l.epsilon_digits) + (l.bias ? ")" : ", bias=False)");
        return t;
      case layer_kind::group_norm: {
        const bool of_one = l.output.positions() * (l.output.channels / l.groups) == 1;
        t += of_one ? use("GroupNormOfOne") : l.bias ? "nn.GroupNorm" : use("GroupNormWithoutBias");
        t += "(";
        t.add(hole_kind::groups, l.groups) += ", ";
        channels(l.output);
        t += ", eps=1e-" + std::to_string(l.epsilon_digits) + (of_one && !l.bias ? ", bias=False)" : ")");
        return t;
      }
      case layer_kind::rms_norm:
        t += use("RMSNorm2d") + "(";
        channels(l.output);
        t += ", eps=1e-" + std::to_string(l.epsilon_digits) + ")";
        return t;
      case layer_kind::prelu:
        t += "nn.PReLU(";
        channels(l.output);
        t += ")";
        return t;
      case layer_kind::class_token:
        t += use("ClassToken") + "(";
        channels(l.output);
        t += ")";
        return t;
      case layer_kind::position_embedding:
        t += use("PositionEmbedding") + "(";
        channels(l.output);
        t += ", ";
        t.add(hole_kind::number, l.output.height) += ", ";
        t.add(hole_kind::number, l.output.width) += ")";
        return t;
      default: return t;
    }
  }
  /// The same of `self.norm`.
  python_template norm(const layer& l) const {
    python_template t;
    t += "nn.BatchNorm2d(";
    t.add(hole_kind::channels, l.output.channels);
    if (epsilon_ != usual_epsilon) t += ", eps=" + short_text(epsilon_);
    t += ")";
    return t;
  }

  /// What layer `index` makes of `operands`, the names of its maps. `own` and `norm` are its attributes.
  python_template expression(std::size_t index, const std::vector<std::string>& operands, const std::string& own,
                             const std::string& norm) {
    const layer& l = graph_.layers()[index];
    python_template t = linear(l, operands, own);
    if (!norm.empty()) t = called("self." + norm, t);
    if (l.act == activation::identity) return t;
    python_template active;
    active.add(hole_kind::act, function(l.act)) += "(";
    active += is_enclosed(t.text) ? python_template{t.text.substr(1, t.text.size() - 2), t.holes} : t;
    add_numbers(active, l.function());
    active += ")";
    return active;
  }

 private:
  /// (x + y): a sum that stands alone needs no parentheses.
  static bool is_enclosed(const std::string& text) { return text.starts_with('(') && text.ends_with(')'); }

  static python_template called(const std::string& f, const python_template& x) {
    python_template t;
    t += f + "(";
    t += x;
    t += ")";
    return t;
  }

  static std::string short_text(float number) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }

  std::string use(std::string_view helper) {
    helpers_.insert(helper);
    return std::string(helper);
  }

  std::string function(activation act) {
    switch (act) {
      case activation::identity: return "nn.Identity()";
      case activation::relu: return "F.relu";
      case activation::relu6: return "F.relu6";
      case activation::swish: return "F.silu";
      case activation::hswish: return "F.hardswish";
      case activation::sigmoid: return "torch.sigmoid";
      case activation::zero: return "torch.zeros_like";
      case activation::hsigmoid: return "F.hardsigmoid";
      case activation::leaky_relu: return "F.leaky_relu";
      case activation::elu: return "F.elu";
      case activation::mish: return "F.mish";
      case activation::tanh: return "torch.tanh";
      case activation::softplus: return "F.softplus";
      case activation::gelu: return "F.gelu";
      case activation::gelu_tanh: return use("gelu_tanh");
      case activation::clamp: return "torch.clamp";
    }
    refuse(to_string(act), "an activation that PyTorch can say");
  }

  [[noreturn]] void refuse(const std::string& found, const std::string& allowed) const {
    throw torch_error("io.torch", "PyTorch module of network '" + graph_.name() + "'", found, allowed);
  }

  std::string map(int tensor, const std::string& name) const {
    return name + (is_matrix(tensor) ? "[:, :, None, None]" : "");
  }
  std::string matrix(int tensor, const std::string& name) const {
    return name + (is_matrix(tensor) ? "" : ".flatten(1)");
  }
  /// All of one form, as `matrices_of` has it.
  std::vector<std::string> alike(const layer& l, const std::vector<std::string>& names) const {
    const std::span ids(l.operands.data(), names.size());
    const bool all_flat = std::ranges::all_of(ids, [&](int id) { return is_matrix(id); });
    std::vector<std::string> all;
    for (std::size_t i = 0; i < names.size(); ++i) all.push_back(all_flat ? names[i] : map(ids[i], names[i]));
    return all;
  }

  /// nn.Conv2d or nn.ConvTranspose2d.
  static void window(python_template& t, const layer& l) {
    const bool transposed = l.kind == layer_kind::transposed_convolution;
    t += transposed ? "nn.ConvTranspose2d(" : "nn.Conv2d(";
    t.add(hole_kind::channels, l.input.channels) += ", ";
    t.add(hole_kind::channels, l.output.channels) += ", ";
    t.add(hole_kind::kernel, l.kernel_height, l.kernel_width) += ", stride=";
    t.add(hole_kind::stride, l.stride_height, l.stride_width) += ", padding=";
    if (transposed) {
      const auto more = [&](int in, int out, int stride, int kernel, int around) {
        return out - ((in - 1) * stride + l.dilation * (kernel - 1) + 1 - 2 * around);
      };
      t.add(hole_kind::padding, l.top, l.left) += ", output_padding=";
      t.add(hole_kind::number, more(l.input.height, l.output.height, l.stride_height, l.kernel_height, l.top),
            more(l.input.width, l.output.width, l.stride_width, l.kernel_width, l.left));
    } else {
      const window_padding p = padding_of(l);
      if (is_even(p)) t.add(hole_kind::padding, p.above, p.left);
      else t += "0";
    }
    t += ", dilation=";
    t.add(hole_kind::number, l.dilation) += ", groups=";
    t.add(l.is_depthwise() ? hole_kind::channels : hole_kind::groups, l.groups);
    t += l.bias ? ")" : ", bias=False)";
  }

  static bool is_even(const window_padding& p) { return p.above == p.below && p.left == p.right; }

  /// The map that a window slides over, padded here where PyTorch's padding cannot say it.
  static python_template padded(const std::string& x, const window_padding& p, const char* with = "") {
    python_template t;
    t += "F.pad(" + x + ", ";
    t.add(hole_kind::margin, margin(p)) += with;
    t += ")";
    return t;
  }
  static std::string margin(const window_padding& p) {
    return "(" + std::to_string(p.left) + ", " + std::to_string(p.right) + ", " + std::to_string(p.above) + ", " +
           std::to_string(p.below) + ")";
  }

  python_template pool(const layer& l, const std::string& x) {
    const window_padding p = padding_of(l);
    const bool is_max = l.kind == layer_kind::max_pool;
    // PyTorch's pools take no padding above half a window.
    const bool own = is_even(p) && 2 * p.above <= l.kernel_height && 2 * p.left <= l.kernel_width;
    const bool pads = p.above + p.below + p.left + p.right > 0;
    python_template t;
    const auto numbers = [&](const char* before) {
      t.add(hole_kind::kernel, l.kernel_height, l.kernel_width) += before;
      t.add(hole_kind::stride, l.stride_height, l.stride_width);
    };
    if (!own && !is_max && !l.count_padding) {
      t += use("average_pool") + "(" + x + ", ";
      numbers(", ");
      t += ", ";
      t.add(hole_kind::margin, margin(p)) += ")";
      return t;
    }
    t += is_max ? "F.max_pool2d(" : "F.avg_pool2d(";
    if (own) t += x;
    else t += padded(x, p, is_max ? ", value=float(\"-inf\")" : "");
    t += ", ";
    numbers(", stride=");
    if (own && pads) {
      t += ", padding=";
      t.add(hole_kind::padding, p.above, p.left);
      if (!is_max && !l.count_padding) t += ", count_include_pad=False";
    }
    t += ")";
    return t;
  }

  static std::string joined(const std::vector<std::string>& texts, const char* between) {
    std::string all;
    for (const std::string& t : texts) all += (all.empty() ? "" : between) + t;
    return all;
  }

  /// Everything but normalisation behind a convolution and activation.
  python_template linear(const layer& l, const std::vector<std::string>& names, const std::string& own) {
    python_template t;
    const std::string x = map(l.operands[0], names[0]);
    const auto call = [&](std::string_view f, hole_kind kind, int number) {
      t += use(f) + "(" + x + ", ";
      t.add(kind, number) += ")";
      return t;
    };
    const auto with_second = [&](std::string_view f) {
      t += use(f) + "(" + x + ", " + map(l.operands[1], names[1]) + ", ";
      t.add(hole_kind::number, l.groups) += ")";
      return t;
    };
    switch (l.kind) {
      case layer_kind::convolution: {
        const window_padding p = padding_of(l);
        python_template in;
        if (is_even(p)) in += x;
        else in = padded(x, p);
        return called("self." + own, in);
      }
      case layer_kind::dense: t += matrix(l.operands[0], names[0]); return called("self." + own, t);
      case layer_kind::transposed_convolution:
      case layer_kind::scale:
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::class_token:
      case layer_kind::prelu:
      case layer_kind::position_embedding: t += x; return called("self." + own, t);
      case layer_kind::max_pool:
      case layer_kind::average_pool: return pool(l, x);
      case layer_kind::global_average_pool: t += x + ".mean((2, 3), keepdim=True)"; return t;
      case layer_kind::add: t += "(" + joined(alike(l, names), " + ") + ")"; return t;
      case layer_kind::multiply: t += "(" + joined(alike(l, names), " * ") + ")"; return t;
      case layer_kind::concatenate: t += "torch.cat([" + joined(alike(l, names), ", ") + "], 1)"; return t;
      case layer_kind::slice: return slice(l, x);
      case layer_kind::softmax: return call("part_softmax", hole_kind::number, l.groups);
      case layer_kind::channel_softmax: return call("channel_softmax", hole_kind::number, l.groups);
      case layer_kind::channel_shuffle: return call("channel_shuffle", hole_kind::groups, l.groups);
      case layer_kind::space_to_depth: return call("space_to_depth", hole_kind::number, l.stride_height);
      case layer_kind::space_to_batch: return call("space_to_batch", hole_kind::number, l.stride_height);
      case layer_kind::depth_to_space:  // PyTorch's has channels before pixels
        t += "F.pixel_shuffle(";
        call("channel_shuffle", hole_kind::number, l.stride_height * l.stride_height);
        t += ", ";
        t.add(hole_kind::number, l.stride_height) += ")";
        return t;
      case layer_kind::batch_to_space: return call("batch_to_space", hole_kind::number, l.stride_height);
      case layer_kind::activate: t += names[0]; return t;
      case layer_kind::reshape:
        t += use("reshape") + "(" + x + ", ";
        t.add(hole_kind::channels, l.output.channels) += ", ";
        t.add(hole_kind::number, l.output.height) += ", ";
        t.add(hole_kind::number, l.output.width) += ")";
        return t;
      case layer_kind::transpose: t += use("transpose") + "(" + x + ")"; return t;
      case layer_kind::scores: return with_second("scores");
      case layer_kind::matmul: return with_second("weighted_sum");
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear:
        t += "F.interpolate(" + x + ", ";
        t.add(hole_kind::number, "(" + std::to_string(l.output.height) + ", " + std::to_string(l.output.width) + ")");
        t += l.kind == layer_kind::resize_nearest ? ")" : ", mode=\"bilinear\")";
        return t;
      case layer_kind::pad:
        return padded(x, {.above = l.top,
                          .below = l.output.height - l.input.height - l.top,
                          .left = l.left,
                          .right = l.output.width - l.input.width - l.left});
    }
    refuse(to_string(l.kind), "a kind of layer that PyTorch can say");
  }

  static python_template slice(const layer& l, const std::string& x) {
    python_template t;
    const auto part = [&](int from, int size, int of) {
      t += ", ";
      if (from > 0) t.add(hole_kind::number, from);
      t += ":";
      if (from + size < of) t.add(hole_kind::number, from + size);
    };
    t += x + "[:";
    part(l.first_channel(), l.output.channels, l.input.channels);
    if (l.output.height < l.input.height || l.output.width < l.input.width) {
      part(l.top, l.output.height, l.input.height);
      part(l.left, l.output.width, l.input.width);
    }
    t += "]";
    return t;
  }

  const network& graph_;
  float epsilon_;
  std::vector<bool> flat_;
  std::set<std::string_view> helpers_;
};

}  // namespace detail
}  // namespace nascent
