// SPDX-License-Identifier: Apache-2.0
/// \file
/// The parameters of a network, batch normalisations kept apart from the convolutions before them, and folding, which
/// makes of both what an executor runs with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nascent/base/memory.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// Weights of one layer as an executor takes them, batch normalisation folded in. `kernel` is ordered [output
/// channel][height][width][input channel of the group]; of a scale, a normalisation or a PReLU it has one number per
/// channel, of an embedding what is embedded. `bias` has one number per output channel. Both are empty for layers
/// without weights.
struct layer_weights {
  std::vector<float> kernel;
  std::vector<float> bias;
};

/// Weights of a whole network: one entry per layer, in the network's order.
using weights = std::vector<layer_weights>;

/// Batch normalisation over channels: gamma * (x - mean) / sqrt(variance + epsilon) + beta. All four have one number
/// per channel, or are empty where a layer has none.
struct batch_norm_parameters {
  std::vector<float> gamma;
  std::vector<float> beta;
  std::vector<float> mean;      ///< moving mean; not trained
  std::vector<float> variance;  ///< moving variance; not trained
};

/// Parameters of one layer as they are trained. `kernel` is ordered as in layer_weights; `bias` is empty where the
/// layer has none of its own.
struct layer_parameters {
  std::vector<float> kernel;
  std::vector<float> bias;
  batch_norm_parameters norm;
};

/// Parameters of a whole network: one entry per layer, in the network's order.
using network_parameters = std::vector<layer_parameters>;

/// What batch normalisation adds to the variance: PyTorch's and most papers' number. TensorFlow's EfficientNets have
/// 1e-3.
inline constexpr float usual_epsilon = 1e-5F;

namespace detail {

/// splitmix64: the same numbers on every compiler.
class weight_source {
 public:
  explicit weight_source(std::uint64_t seed) : state_(seed) {}
  /// The top 24 bits, in [-1, 1).
  float uniform() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return static_cast<float>(z >> 40) * 0x1p-23F - 1.0F;
  }
  std::vector<float> around(float middle, float spread, int count) {
    std::vector<float> all(static_cast<std::size_t>(count));
    for (float& value : all) value = middle + spread * uniform();
    return all;
  }
  /// A kernel of this variance times 1 / fan-in.
  std::vector<float> kernel(const layer& l, float variance) {
    if (l.scales_channels()) return around(1, 0.5F, l.output.channels);
    if (l.kind == layer_kind::prelu) return around(0.25F, 0.25F, l.output.channels);
    if (l.embeds()) return around(0, 0.5F, static_cast<int>(kernel_elements(l)));
    const int taps = l.kernel_height * l.kernel_width * (l.input.channels / l.groups);
    float fan_in = static_cast<float>(taps);
    // Of its taps as many reach a pixel as there are between two pixels of the input, on average.
    if (l.kind == layer_kind::transposed_convolution)
      fan_in = std::max(1.0F, fan_in / static_cast<float>(l.stride_height * l.stride_width));
    return around(0, std::sqrt(3 * variance / fan_in), static_cast<int>(weight_elements(l)));
  }

 private:
  std::uint64_t state_;
};

/// Bytes of a layer's kernel in f32. In floating point, which cannot overflow.
inline double kernel_bytes(const layer& l) {
  const int channels = l.input.channels / l.groups;  // of one group
  return l.has_weights() ? 4.0 * l.kernel_height * l.kernel_width * channels * l.output.channels
                         : 4.0 * static_cast<double>(kernel_elements(l));
}

/// \throws network_error where all kernels together are more than there is memory
inline void check_kernel_memory(const network& graph) {
  const double limit = memory_limit();
  double bytes = 0;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    bytes += kernel_bytes(graph.layers()[i]);
    if (bytes <= limit) continue;
    throw network_error("network.size", "weights of network '" + graph.name() + "', up to layer " + std::to_string(i),
                        bytes_text(bytes), "up to " + bytes_text(limit) + ", the memory of this machine or process");
  }
}

/// The layer with weights whose output arrives at a tensor by copies, pools and gates alone; -1 where a sum or the
/// network's input does.
inline int origin_of(const network& graph, int tensor) {
  while (tensor > 0) {
    const layer& l = graph.layers()[static_cast<std::size_t>(tensor - 1)];
    if (l.has_weights()) return tensor - 1;
    if (l.kind == layer_kind::add) return -1;
    tensor = l.operands[0];
  }
  return -1;
}

/// The variance of each layer's kernel, times its fan-in, for maps that neither grow nor fade however deep the network:
/// 2 before an activation (He et al., 2015), 1 without one. Where a sum joins two maps, the layer that was made last of
/// those they come from counts as a branch, and all branches together add as much as there was before (Zhang et al.,
/// 2019, "Fixup initialization").
inline std::vector<float> kernel_variances(const network& graph) {
  const std::vector<layer>& layers = graph.layers();
  std::vector<float> variances;
  for (const layer& l : layers) variances.push_back(l.act == activation::identity ? 1.0F : 2.0F);
  std::vector<std::size_t> branches;
  for (const layer& l : layers) {
    if (l.kind != layer_kind::add) continue;
    const int a = origin_of(graph, l.operands[0]);
    const int b = origin_of(graph, l.operands[1]);
    if (a != b) branches.push_back(static_cast<std::size_t>(std::max(a, b)));
  }
  std::ranges::sort(branches);
  branches.erase(std::unique(branches.begin(), branches.end()), branches.end());
  for (const std::size_t branch : branches) variances[branch] /= static_cast<float>(branches.size());
  return variances;
}

/// "layer 17 of stage '3' (convolution)": where in a network something is.
inline std::string layer_text(const network& graph, std::size_t index) {
  const std::string& stage = graph.stage_of(index);
  return "layer " + std::to_string(index) + (stage.empty() ? std::string() : " of stage '" + stage + "'") + " (" +
         to_string(graph.layers()[index].kind) + ")";
}

/// By what weights are not those of a network.
struct weights_fault {
  std::string where;  ///< "layer 0 (convolution), numbers in the kernel"
  std::size_t found = 0;
  std::size_t allowed = 0;
};

/// The first one. Who takes weights refuses it with an error of its own.
inline std::optional<weights_fault> find_fault(const network& graph, const weights& values) {
  const std::vector<layer>& layers = graph.layers();
  if (values.size() != layers.size()) return weights_fault{"entries of weights", values.size(), layers.size()};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto kernel = static_cast<std::size_t>(kernel_elements(layers[i]));
    const auto bias = static_cast<std::size_t>(bias_elements(layers[i]));
    if (values[i].kernel.size() != kernel)
      return weights_fault{layer_text(graph, i) + ", numbers in the kernel", values[i].kernel.size(), kernel};
    if (values[i].bias.size() != bias)
      return weights_fault{layer_text(graph, i) + ", numbers in the bias", values[i].bias.size(), bias};
  }
  return std::nullopt;
}

/// \throws network_error where a layer has more or fewer numbers than it needs, or a variance that is none.
inline void check_parameters(const network& graph, const network_parameters& values) {
  const std::vector<layer>& layers = graph.layers();
  const std::string of = "parameters of network '" + graph.name() + "'";
  if (values.size() != layers.size())
    throw network_error("network.parameters", of, "entries of " + std::to_string(values.size()) + " layers",
                        std::to_string(layers.size()));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const layer& l = layers[i];
    const layer_parameters& p = values[i];
    const auto refuse = [&](const std::string& found, const std::string& allowed) {
      throw network_error("network.parameters", of + ", " + layer_text(graph, i), found, allowed);
    };
    const auto channels = static_cast<std::size_t>(l.output.channels);
    const auto check = [&](const char* what, const std::vector<float>& found, std::size_t allowed) {
      if (found.size() != allowed)
        refuse(std::to_string(found.size()) + " numbers in " + what, std::to_string(allowed));
    };
    check("kernel", p.kernel, static_cast<std::size_t>(trained_elements(l)));
    check("bias", p.bias, l.bias ? channels : 0);
    check("gamma", p.norm.gamma, l.batch_norm ? channels : 0);
    check("beta", p.norm.beta, l.batch_norm ? channels : 0);
    check("mean", p.norm.mean, l.batch_norm ? channels : 0);
    check("variance", p.norm.variance, l.batch_norm ? channels : 0);
    for (const float v : p.norm.variance)
      if (!(v >= 0) || std::isinf(v)) refuse("a variance of " + std::to_string(v), "finite numbers from 0 on");
  }
}

}  // namespace detail

/// Batch normalisations folded into the kernels and biases before them: what executors take. Sums are made in double
/// precision. \throws network_error where the parameters are not those of the network, or `epsilon` is not above 0.
inline weights fold(const network& graph, const network_parameters& values, float epsilon = usual_epsilon) {
  detail::check_parameters(graph, values);
  if (!(epsilon > 0) || std::isinf(epsilon))
    throw network_error("network.parameters", "folding network '" + graph.name() + "'",
                        "an epsilon of " + std::to_string(epsilon), "finite numbers above 0");
  weights folded(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_constants()) continue;
    const layer_parameters& p = values[i];
    layer_weights& w = folded[i];
    w.kernel = p.kernel;
    if (l.scales_channels()) w.kernel.resize(static_cast<std::size_t>(l.output.channels), 1.0F);
    w.bias = p.bias;
    w.bias.resize(static_cast<std::size_t>(bias_elements(l)), 0.0F);
    if (!l.batch_norm) continue;
    const std::size_t filter = w.kernel.size() / w.bias.size();
    for (std::size_t c = 0; c < w.bias.size(); ++c) {
      const double scale = static_cast<double>(p.norm.gamma[c]) /
                           std::sqrt(static_cast<double>(p.norm.variance[c]) + static_cast<double>(epsilon));
      for (std::size_t k = c * filter; k < (c + 1) * filter; ++k)
        w.kernel[k] = static_cast<float>(static_cast<double>(w.kernel[k]) * scale);
      w.bias[c] = static_cast<float>((static_cast<double>(w.bias[c]) - static_cast<double>(p.norm.mean[c])) * scale +
                                     static_cast<double>(p.norm.beta[c]));
    }
  }
  return folded;
}

/// Reproducible random parameters: kernels uniform, with which maps keep their variance (`random_weights` says how),
/// small biases, betas and means, gammas and variances around 1. The same seed gives the same numbers on every
/// compiler. \throws network_error where they are more than there is memory
inline network_parameters random_parameters(const network& graph, std::uint64_t seed) {
  detail::check_kernel_memory(graph);
  detail::weight_source source(seed);
  const std::vector<float> variances = detail::kernel_variances(graph);
  network_parameters all(graph.layers().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_constants()) continue;
    const int channels = l.output.channels;
    if (trained_elements(l) > 0) all[i].kernel = source.kernel(l, variances[i]);
    if (l.bias) all[i].bias = source.around(0, 0.1F, channels);
    if (!l.batch_norm) continue;
    all[i].norm = {.gamma = source.around(1, 0.5F, channels),
                   .beta = source.around(0, 0.1F, channels),
                   .mean = source.around(0, 0.1F, channels),
                   .variance = source.around(1, 0.5F, channels)};
  }
  return all;
}

}  // namespace nascent
