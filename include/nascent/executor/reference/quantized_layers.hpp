// SPDX-License-Identifier: Apache-2.0
/// \file
/// What layers compute in int8: sums of whole numbers, and what they are rounded to.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "nascent/executor/reference/layers.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::reference {

/// What a map of this format stores, as real numbers.
inline std::vector<float> dequantized(const map_format& f, std::span<const float> stored) {
  std::vector<float> real;
  real.reserve(stored.size());
  for (const float x : stored) real.push_back(x * f.scale);
  return real;
}

/// A real number in the 8 bits of this format.
inline float quantized(const map_format& f, double real) {
  return nascent::quantized(real / static_cast<double>(f.scale), f.type);
}

/// Real numbers as a map of this format stores them.
inline void store(const map_format& f, double real, float& to) {
  to = f.stored ? quantized(f, real) : static_cast<float>(real);
}

/// A convolution or a dense layer. `in` are the whole numbers that `from` stores. The sums are exact; scale, activation
/// and rounding follow in double precision.
inline void convolve_quantized(const layer& l, const layer_weights& w, int batch, const map_format& from,
                               std::span<const float> in, const map_format& to, std::span<float> out) {
  const quantized_weights q = quantize(w, from.scale);
  const layer_weights whole{.kernel = {q.kernel.begin(), q.kernel.end()},
                            .bias = std::vector<float>(q.bias.size(), 0.0F)};
  std::vector<double> sums(out.size());
  convolve(l, whole, batch * l.input.batch, in, std::span(sums));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t c = i % q.scales.size();
    const double real = (sums[i] + q.bias[c]) * static_cast<double>(from.scale) * static_cast<double>(q.scales[c]);
    store(to, apply(l.function(), real), out[i]);
  }
}

/// Runs one layer of a quantised network: operands and result are what their formats store.
inline void compute_quantized(const quantization& scheme, std::size_t index, const layer& l, const layer_weights& w,
                              int batch, std::span<const std::span<const float>> inputs, std::span<const int> channels,
                              std::span<float> out) {
  const auto format = [&](std::size_t operand) { return scheme.maps[static_cast<std::size_t>(l.operands[operand])]; };
  const map_format& to = scheme.maps[index + 1];
  std::vector<std::vector<float>> converted;
  if (detail::always_int8(l)) {
    std::span<const float> in = inputs.front();
    if (!format(0).stored) {
      converted.emplace_back();
      for (const float x : in) converted.back().push_back(quantized(format(0), static_cast<double>(x)));
      in = converted.back();
    }
    return convolve_quantized(l, w, batch, format(0), in, to, out);
  }
  if (scheme.int8_layers[index] && detail::shares_scale(l)) {  // on what is stored: the scales are the same
    compute(l, w, batch, inputs, channels, out);
    for (float& x : out) x = nascent::quantized(static_cast<double>(x), to.type);
    return;
  }
  converted.reserve(inputs.size());
  std::vector<std::span<const float>> real(inputs.begin(), inputs.end());
  for (std::size_t o = 0; o < inputs.size(); ++o)
    if (format(o).stored) real[o] = converted.emplace_back(dequantized(format(o), inputs[o]));
  compute(l, w, batch, real, channels, out);
  if (to.stored)
    for (float& x : out) store(to, static_cast<double>(x), x);
}

}  // namespace nascent::reference
