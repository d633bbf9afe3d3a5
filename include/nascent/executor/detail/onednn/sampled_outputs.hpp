// SPDX-License-Identifier: Apache-2.0
/// \file
/// How far a convolution's outputs are from what they should be, at some places.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/base/small_float.hpp"
#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/activation_value.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent::onednn::detail {

inline double as_double(float x) { return static_cast<double>(x); }
inline double as_double(nascent::detail::own::bfloat16 x) { return static_cast<double>(from_bf16(x.bits)); }

/// A kernel that is further from double precision than this many times oneDNN's own error does not race.
inline constexpr double most_error = 10;

/// Numbers from -1 to 1, the same ones again and again: maps may be large.
template <class T>
void fill_at_random(T* to, std::int64_t count, std::uint64_t seed) {
  constexpr std::size_t period = 4093;  // a prime: no map has rows of as many
  nascent::detail::weight_source source(seed);
  std::vector<T> numbers;
  for (std::size_t i = 0; i < period; ++i) numbers.push_back(nascent::detail::own::nearest<T>(source.uniform()));
  for (std::size_t left = static_cast<std::size_t>(count); left > 0;) {
    const std::size_t some = std::min(left, period);
    to = std::copy_n(numbers.begin(), some, to);
    left -= some;
  }
}

/// Some outputs of a convolution, spread over the map, in double precision. Maps and weights are numbers of T.
template <class T>
class sampled_outputs {
 public:
  static constexpr int most = 64;

  /// `out` is what stands there before the kernel runs: a residual sum adds to it.
  sampled_outputs(const kernel& k, const layer_weights& values, int batch, const T* in, const T* out) {
    const layer& l = k.core;
    const auto elements = static_cast<std::uint64_t>(l.output.elements()) * static_cast<std::uint64_t>(batch);
    const auto count = std::min<std::uint64_t>(elements, most);
    for (std::uint64_t i = 0; i < count; ++i) {
      // Neighbouring samples have other pixels and other channels.
      const auto at = static_cast<std::size_t>(i * elements / count +
                                               i * 0x9e3779b9U % std::max<std::uint64_t>(1, elements / count));
      double sum = activation_value(l.function(), convolved(l, values, in, at));
      if (k.residual) sum = activation_value(k.residual_act, sum + as_double(out[at]));
      places_.push_back(at);
      expected_.push_back(sum);
    }
  }

  /// The root of the mean square of what `out` differs by.
  double error(const T* out) const {
    double sum = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) sum += square(as_double(out[places_[i]]) - expected_[i]);
    return std::sqrt(sum / static_cast<double>(places_.size()));
  }
  /// The least error that outputs may have which are rounded to T.
  double rounding() const {
    double sum = 0;
    for (const double x : expected_) sum += square(x);
    return std::sqrt(sum / static_cast<double>(places_.size())) * (sizeof(T) == 4 ? 0x1p-25 : 0x1p-9);
  }

 private:
  static double square(double x) { return x * x; }

  static double convolved(const layer& l, const layer_weights& values, const T* in, std::size_t at) {
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    const std::size_t filter = at % size(l.output.channels);
    const std::size_t pixel = at / size(l.output.channels);
    const int left = static_cast<int>(pixel % size(l.output.width)) * l.stride_width - padding_of(l).left;
    const int top =
        static_cast<int>(pixel / size(l.output.width) % size(l.output.height)) * l.stride_height - padding_of(l).above;
    const std::size_t map = pixel / (size(l.output.width) * size(l.output.height));
    const std::size_t depth = size(l.input.channels / l.groups);
    const std::size_t group = filter / size(l.output.channels / l.groups);
    double sum = as_double(values.bias[filter]);
    for (int ky = 0; ky < l.kernel_height; ++ky)
      for (int kx = 0; kx < l.kernel_width; ++kx) {
        const int y = top + ky * l.dilation;
        const int x = left + kx * l.dilation;
        if (y < 0 || y >= l.input.height || x < 0 || x >= l.input.width) continue;
        const T* from =
            in + ((map * size(l.input.height) + size(y)) * size(l.input.width) + size(x)) * size(l.input.channels) +
            group * depth;
        const float* weights = values.kernel.data() +
                               ((filter * size(l.kernel_height) + size(ky)) * size(l.kernel_width) + size(kx)) * depth;
        for (std::size_t c = 0; c < depth; ++c)
          sum += as_double(from[c]) * as_double(nascent::detail::own::nearest<T>(weights[c]));
      }
    return sum;
  }

  std::vector<std::size_t> places_;
  std::vector<double> expected_;
};

}  // namespace nascent::onednn::detail
