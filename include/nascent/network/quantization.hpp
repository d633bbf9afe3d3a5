// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a network is put into whole numbers of 8 bits: which maps are stored so, in which type and with which scale, and
/// which layers compute with them. One rule for every executor.
///
/// A number is a scale times what is stored; there is no zero point. Maps that were never negative are u8, others s8.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "nascent/base/uint128.hpp"
#include "nascent/network/fingerprint.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/network.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// What the numbers of a map reached from and to.
struct activation_range {
  float low = 0;
  float high = 0;
  friend constexpr bool operator==(const activation_range&, const activation_range&) = default;
};

/// The ranges of all maps of one network: 0 is the input, i + 1 is what layer i makes. `calibrate` measures them
/// (executor/range_calibration.hpp), and io/quantization_json.hpp keeps them.
struct activation_ranges {
  uint128 network = 0;  ///< `network_fingerprint` of the network that they are of
  std::vector<activation_range> maps{};
  friend bool operator==(const activation_ranges&, const activation_ranges&) = default;
};

/// 8 bits without and with a sign.
enum class map_type : std::uint8_t { u8, s8 };

constexpr const char* to_string(map_type type) { return type == map_type::u8 ? "u8" : "s8"; }

/// A map in 8 bits.
struct map_format {
  map_type type = map_type::s8;
  float scale = 1;
  bool stored = false;  ///< what makes the map writes it so; else it is f32, and in 8 bits only where one reads it so
  friend constexpr bool operator==(const map_format&, const map_format&) = default;
};

/// The nearest number that the type has, ties to even; what lies beyond becomes the last one.
inline float quantized(double number, map_type type) {
  const double least = type == map_type::u8 ? 0 : -128;
  const double most = type == map_type::u8 ? 255 : 127;
  return static_cast<float>(std::clamp(std::nearbyint(number), least, most));
}

/// How a network runs in int8.
struct quantization {
  std::vector<map_format> maps{};   ///< by tensor
  std::vector<bool> int8_layers{};  ///< by layer; the others compute in f32
};

/// Weights in 8 bits, and biases in 32, in the order of `layer_weights`: each output channel has a scale of its own,
/// such that the largest weight is 127 or -127. A bias counts in products of the scales of input and channel.
struct quantized_weights {
  std::vector<std::int8_t> kernel{};
  std::vector<float> scales{};  ///< one for each output channel
  std::vector<std::int32_t> bias{};
};

/// `where` is the layer's place, for the error. \throws network_error for a weight that is not finite
inline quantized_weights quantize(const layer_weights& w, float input_scale, const std::string& where = "a layer") {
  constexpr double largest_bias = 1 << 30;  // sums of products go on top of it
  quantized_weights q;
  const std::size_t channels = w.bias.size();
  const std::size_t each = w.kernel.size() / channels;
  q.kernel.reserve(w.kernel.size());
  for (std::size_t c = 0; c < channels; ++c) {
    double largest = 0;
    for (std::size_t i = c * each; i < (c + 1) * each; ++i) {
      if (!std::isfinite(w.kernel[i]))
        throw network_error("network.quantization", where + ", weights of output channel " + std::to_string(c),
                            std::to_string(w.kernel[i]), "finite numbers");
      largest = std::max(largest, std::abs(static_cast<double>(w.kernel[i])));
    }
    const auto bias = static_cast<double>(w.bias[c]);
    if (!std::isfinite(bias))
      throw network_error("network.quantization", where + ", bias of output channel " + std::to_string(c),
                          std::to_string(bias), "finite numbers");
    // A channel of hardly any weights takes a coarser scale, so that its bias has room.
    const double needed = std::max(largest / 127, std::abs(bias) / (static_cast<double>(input_scale) * largest_bias));
    const auto scale = static_cast<float>(needed);
    q.scales.push_back(scale > std::numeric_limits<float>::min() ? scale : 1.0F);
    const auto per_step = static_cast<double>(q.scales.back());
    for (std::size_t i = c * each; i < (c + 1) * each; ++i)
      q.kernel.push_back(
          static_cast<std::int8_t>(quantized(static_cast<double>(w.kernel[i]) / per_step, map_type::s8)));
    q.bias.push_back(static_cast<std::int32_t>(std::nearbyint(bias / (static_cast<double>(input_scale) * per_step))));
  }
  return q;
}

namespace detail {

/// What only moves numbers, or takes the largest or the mean of a window: all its maps share one type and one scale.
constexpr bool shares_scale(const layer& l) {
  if (l.act != activation::identity) return false;
  switch (l.kind) {
    case layer_kind::max_pool:
    case layer_kind::average_pool:
    case layer_kind::concatenate:
    case layer_kind::slice:
    case layer_kind::reshape:
    case layer_kind::transpose:
    case layer_kind::space_to_depth:
    case layer_kind::depth_to_space:
    case layer_kind::space_to_batch:
    case layer_kind::batch_to_space:
    case layer_kind::resize_nearest:
    case layer_kind::pad:
    case layer_kind::channel_shuffle: return true;
    default: return false;
  }
}

constexpr bool always_int8(const layer& l) { return l.kind == layer_kind::convolution || l.kind == layer_kind::dense; }

/// Whether a layer could read operand `o` in 8 bits. A gate's factors stay as they are: they are few, and what they
/// multiply is the map.
constexpr bool may_read_int8(const layer& l, int o) {
  return always_int8(l) || shares_scale(l) || l.kind == layer_kind::add || (l.kind == layer_kind::multiply && o == 0) ||
         l.kind == layer_kind::global_average_pool;
}

/// Whether the functions of a kernel have values below 0.
constexpr bool is_never_negative(const activation_function& f) {
  return f.act == activation::relu || f.act == activation::relu6 || f.act == activation::sigmoid ||
         f.act == activation::hsigmoid || f.act == activation::softplus || f.act == activation::zero ||
         (f.act == activation::clamp && f.low() >= 0);
}

/// Maps that share a scale.
class scale_classes {
 public:
  explicit scale_classes(std::size_t maps) : parent_(maps) { std::iota(parent_.begin(), parent_.end(), 0U); }
  std::size_t of(std::size_t map) {
    while (parent_[map] != map) map = parent_[map] = parent_[parent_[map]];
    return map;
  }
  void join(std::size_t a, std::size_t b) { parent_[of(b)] = of(a); }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace detail

/// Ranges that nobody measured, for networks whose time alone matters: up to 4, and from -4 where a map may be
/// negative.
inline activation_ranges assumed_ranges(const network& graph) {
  activation_ranges all{.network = fingerprint_of(graph), .maps = {{-4, 4}}};
  for (const layer& l : graph.layers()) {
    bool negative = !detail::is_never_negative(l.function());
    if (negative && (detail::shares_scale(l) || l.kind == layer_kind::global_average_pool)) {
      negative = false;
      for (std::size_t o = 0; o < static_cast<std::size_t>(l.operand_count); ++o)
        negative = negative || all.maps[static_cast<std::size_t>(l.operands[o])].low < 0;
    }
    all.maps.push_back({negative ? -4.0F : 0.0F, 4});
  }
  return all;
}

/// \throws network_error for ranges of another network, or that are none
inline void check_ranges(const network& graph, const activation_ranges& ranges) {
  const auto refuse = [&](const std::string& where, const std::string& found, const std::string& allowed) {
    throw network_error("network.quantization", "ranges of network '" + graph.name() + "'" + where, found, allowed);
  };
  if (ranges.maps.size() != graph.layers().size() + 1)
    refuse("", std::to_string(ranges.maps.size()) + " maps",
           std::to_string(graph.layers().size() + 1) + ", the input and one for each layer");
  if (ranges.network != fingerprint_of(graph))
    refuse("", "ranges of another network", "those that calibrate gave for this one");
  for (std::size_t t = 0; t < ranges.maps.size(); ++t) {
    const auto [low, high] = ranges.maps[t];
    if (!std::isfinite(low) || !std::isfinite(high) || low > high)
      refuse(t == 0 ? std::string(", input") : ", " + detail::layer_text(graph, t - 1),
             std::to_string(low) + " to " + std::to_string(high), "finite numbers, the lower one first");
  }
}

/// The rule. Convolutions and dense layers compute in int8. A sum, the product of a map with a gate and a global mean
/// do where a map that they read was made so; pools and what only moves numbers where all were. All else computes in
/// f32. What an int8 layer makes is stored in 8 bits where a layer reads it that could compute so, else in f32:
/// outputs, gates, and what a convolution hands to the sum that is fused with it. Maps that share a scale have that of
/// the widest. \throws network_error for ranges of another network, or that are none
inline quantization quantize(const network& graph, const activation_ranges& ranges) {
  check_ranges(graph, ranges);
  const std::vector<layer>& layers = graph.layers();
  const std::size_t count = layers.size() + 1;
  std::vector<bool> wanted(count, false);
  std::vector<bool> handed(count, false);
  for (const layer& l : layers)
    for (int o = 0; o < l.operand_count; ++o)
      if (detail::may_read_int8(l, o)) wanted[static_cast<std::size_t>(l.operands[static_cast<std::size_t>(o)])] = true;
  for (const kernel& k : fuse(graph))
    if (k.residual) handed[k.first_layer + 1] = true;

  quantization q{.maps = std::vector<map_format>(count), .int8_layers = {}};
  detail::scale_classes classes(count);
  q.maps[0].stored = wanted[0];
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const layer& l = layers[i];
    const std::size_t operands = l.kind == layer_kind::multiply ? 1 : static_cast<std::size_t>(l.operand_count);
    std::size_t in_8_bits = 0;
    for (std::size_t o = 0; o < operands; ++o) {
      const auto t = static_cast<std::size_t>(l.operands[o]);
      in_8_bits += q.maps[t].stored || (handed[t] && l.kind == layer_kind::add) ? 1U : 0U;
    }
    const bool shares = detail::shares_scale(l) && in_8_bits == operands;
    const bool joins = in_8_bits > 0 && (l.kind == layer_kind::add || l.kind == layer_kind::multiply ||
                                         (l.kind == layer_kind::global_average_pool && l.act == activation::identity));
    q.int8_layers.push_back(detail::always_int8(l) || shares || joins);
    q.maps[i + 1].stored = shares || (q.int8_layers.back() && wanted[i + 1] && !handed[i + 1]);
    if (shares)
      for (std::size_t o = 0; o < operands; ++o) classes.join(static_cast<std::size_t>(l.operands[o]), i + 1);
  }

  std::vector<activation_range> widest(count);  // 0 is always in
  for (std::size_t t = 0; t < count; ++t) {
    activation_range& r = widest[classes.of(t)];
    r = {std::min(r.low, ranges.maps[t].low), std::max(r.high, ranges.maps[t].high)};
  }
  for (std::size_t t = 0; t < count; ++t) {
    const auto [low, high] = widest[classes.of(t)];
    q.maps[t].type = low < 0 ? map_type::s8 : map_type::u8;
    const float scale = low < 0 ? std::max(-low, high) / 127 : high / 255;
    q.maps[t].scale = scale > std::numeric_limits<float>::min() ? scale : 1.0F;
  }
  return q;
}

}  // namespace nascent
