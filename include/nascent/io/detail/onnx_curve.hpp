// SPDX-License-Identifier: Apache-2.0
/// \file
/// Functions of one number that several nodes of a model say together, and the activations that they are.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include "nascent/network/activation_function.hpp"
#include "nascent/network/activation_value.hpp"

namespace nascent::detail {

/// A function by its values at some places: nodes that work on each number by itself are followed by their values, and
/// what they say together is what it equals.
class onnx_curve {
 public:
  static constexpr std::size_t places = 96;

  /// Places of both signs, close to zero and far from it, where exponentials are still finite; none is where an
  /// activation bends.
  static double place(std::size_t i) {
    constexpr std::array<double, 10> far{-farthest, farthest, -250, 250, -100, 100, -40, 40, -15, 15};
    if (i < far.size()) return far[i];
    const double step = static_cast<double>(i) - 52.37;
    return step * (0.05 + 0.004 * std::abs(step));
  }
  static constexpr double farthest = 650;

  /// x itself.
  onnx_curve() {
    for (std::size_t i = 0; i < places; ++i) values_[i] = place(i);
  }
  template <class Function>
  onnx_curve then(Function&& f) const {
    onnx_curve next;
    for (std::size_t i = 0; i < places; ++i) next.values_[i] = f(values_[i]);
    return next;
  }
  template <class Function>
  onnx_curve with(const onnx_curve& other, Function&& f) const {
    onnx_curve next;
    for (std::size_t i = 0; i < places; ++i) next.values_[i] = f(values_[i], other.values_[i]);
    return next;
  }

  bool close_to(const onnx_curve& other) const {
    for (std::size_t i = 0; i < places; ++i)
      if (!(std::abs(values_[i] - other.values_[i]) <= 1e-5 * (1 + std::abs(other.values_[i])))) return false;
    return true;
  }
  double operator[](std::size_t i) const { return values_[i]; }
  friend bool operator==(const onnx_curve&, const onnx_curve&) = default;

 private:
  std::array<double, places> values_{};
};

/// factor * act(x) + summand
struct onnx_function {
  activation_function act{};
  double factor = 1;
  double summand = 0;
};

/// The decimal of a few digits that a number of f32 is meant to be; the number itself where there is none.
inline double decimal_of(double number) {
  for (double scale = 1; scale < 1e7; scale *= 10)
    if (const double d = std::round(number * scale) / scale; std::abs(d - number) <= 1e-6 * std::abs(number)) return d;
  return number;
}

/// The activations that a curve may be: the usual ones, and those whose numbers its ends tell.
inline std::array<activation_function, activation_count + 3> candidates_for(const onnx_curve& f) {
  std::array<activation_function, activation_count + 3> all;
  for (int a = 0; a < activation_count; ++a) all[static_cast<std::size_t>(a)] = static_cast<activation>(a);
  const auto bound = [](double at, double value) {
    return std::abs(value) < onnx_curve::farthest ? decimal_of(value) : at < 0 ? -INFINITY : INFINITY;
  };
  const double low = onnx_curve::place(0);
  const double high = onnx_curve::place(1);
  std::size_t next = activation_count;
  for (const activation_function& with_numbers :
       {activation_function(activation::leaky_relu, decimal_of(f[0] / low)),
        activation_function(activation::elu, decimal_of(-f[0])),
        activation_function(activation::clamp, bound(low, f[0]), bound(high, f[1]))})
    if (with_numbers.numbers.first.valid() && with_numbers.numbers.second.valid()) all[next++] = with_numbers;
  return all;
}

/// What a curve is; nothing where it is no activation. Constants in files have seven digits.
inline std::optional<onnx_function> recognized(const onnx_curve& f) {
  const auto equals = [&](const onnx_function& g) {
    for (std::size_t i = 0; i < onnx_curve::places; ++i) {
      const double value = g.factor * activation_value(g.act, onnx_curve::place(i)) + g.summand;
      if (!(std::abs(f[i] - value) <= 1e-5 * (1 + std::abs(value)))) return false;
    }
    return true;
  };
  const auto candidates = candidates_for(f);
  for (const activation_function& act : candidates)
    if (const onnx_function g{act}; equals(g)) return g;
  for (const activation_function& act : candidates) {  // scaled and moved: by two places where it is far apart
    onnx_function g{act};
    const std::size_t low = 25;
    const std::size_t high = onnx_curve::places - 1;
    const double at_low = activation_value(g.act, onnx_curve::place(low));
    const double at_high = activation_value(g.act, onnx_curve::place(high));
    if (at_low != at_high) g.factor = (f[high] - f[low]) / (at_high - at_low);
    g.summand = f[high] - g.factor * at_high;
    if (std::abs(g.summand) < 1e-9 * (1 + std::abs(g.factor))) g.summand = 0;
    if (equals(g)) return g;
  }
  return std::nullopt;
}

}  // namespace nascent::detail
