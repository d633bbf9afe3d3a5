// SPDX-License-Identifier: Apache-2.0
/// \file
/// Activations with a slope, a factor or bounds of one's own.
#pragma once

#include <cstdint>
#include <limits>

#include "nascent/network/activation.hpp"

namespace nascent {

/// A number as decimals write it, in 16 bits: up to 4095 without its point, of which up to six digits stand behind it
/// (0.1, -2.5, 20, 0.2292), or an infinity. 0.1 is the double 0.1. By itself it says nothing.
class short_decimal {
 public:
  constexpr short_decimal() = default;
  /// `number`, or what is not `valid` where four digits do not say it.
  constexpr explicit short_decimal(double number) : bits_(bits_of(number)) {}

  constexpr bool said() const { return bits_ != 0; }
  constexpr bool valid() const { return bits_ != unsayable; }
  constexpr double value() const {
    if (bits_ < 1 << 13) {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      return bits_ == above_all ? infinity : bits_ == below_all ? -infinity : 0;
    }
    double scale = 1;
    for (int decimals = (bits_ >> 13) - 1; decimals > 0; --decimals) scale *= 10;
    return ((bits_ & 8191) - 4096) / scale;  // both exact: the nearest double to what is written
  }
  constexpr std::uint16_t bits() const { return bits_; }
  static constexpr short_decimal of_bits(std::uint16_t bits) {
    short_decimal d;
    d.bits_ = bits;
    return d;
  }
  friend constexpr bool operator==(const short_decimal&, const short_decimal&) = default;

 private:
  static constexpr std::uint16_t below_all = 1;
  static constexpr std::uint16_t above_all = 2;
  static constexpr std::uint16_t unsayable = 3;

  /// Three bits for the digits behind the point, plus one; thirteen for all digits, plus 4096.
  static constexpr std::uint16_t bits_of(double number) {
    constexpr double most = std::numeric_limits<double>::max();
    if (number != number) return unsayable;
    if (number > most) return above_all;
    if (number < -most) return below_all;
    double scaled = number;
    double scale = 1;
    for (int decimals = 0; decimals <= 6 && scaled > -4095.5 && scaled < 4095.5; ++decimals) {
      const int digits = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
      if (digits / scale == number) return static_cast<std::uint16_t>((decimals + 1) << 13 | (digits + 4096));
      scale *= 10;
      scaled = number * scale;
    }
    return unsayable;
  }

  std::uint16_t bits_ = 0;
};

/// The numbers of an activation, where they are not its usual ones.
struct activation_numbers {
  short_decimal first{};
  short_decimal second{};
  constexpr bool said() const { return first.said() || second.said(); }
  /// Both in one number, and back.
  constexpr std::uint32_t bits() const { return std::uint32_t{second.bits()} << 16 | first.bits(); }
  static constexpr activation_numbers of(std::uint32_t bits) {
    return {short_decimal::of_bits(static_cast<std::uint16_t>(bits & 0xffffU)),
            short_decimal::of_bits(static_cast<std::uint16_t>(bits >> 16))};
  }
  friend constexpr bool operator==(const activation_numbers&, const activation_numbers&) = default;
};

/// How many numbers an activation has: a slope, a factor, two bounds.
constexpr int number_count(activation act) {
  switch (act) {
    case activation::leaky_relu:
    case activation::elu: return 1;
    case activation::clamp: return 2;
    case activation::identity:
    case activation::relu:
    case activation::relu6:
    case activation::swish:
    case activation::hswish:
    case activation::sigmoid:
    case activation::zero:
    case activation::hsigmoid:
    case activation::mish:
    case activation::tanh:
    case activation::softplus:
    case activation::gelu:
    case activation::gelu_tanh: break;
  }
  return 0;
}

/// An activation with its numbers: `relu`, `{leaky_relu, 0.1}`, `{elu, 0.5}`, `{activation::clamp, 0, 20}`. A function
/// has one description: a clamp from 0 to 6 is `relu6`, a slope of 0.01 is `leaky_relu` alone. A net refuses numbers
/// that the activation has not, that a `short_decimal` cannot say, and bounds out of order.
struct activation_function {
  activation act = activation::identity;
  activation_numbers numbers{};

  constexpr activation_function() = default;
  // Implicit on purpose: `.act = relu`.
  constexpr activation_function(activation usual) : act(usual) {}
  constexpr activation_function(activation with, activation_numbers its) : act(with), numbers(its) {}
  /// The slope of a leaky ReLU below 0, or what an ELU is multiplied with there (PyTorch's `alpha`).
  constexpr activation_function(activation sloped, double number) : act(sloped), numbers{short_decimal(number)} {
    if (number_count(act) != 1) return;
    if (number == (act == activation::elu ? 1.0 : 0.01)) numbers = {};
    if (number == 0) *this = activation::relu;
  }
  /// The bounds of a clamp: PyTorch's Hardtanh, ONNX' Clip. An infinity is none.
  constexpr activation_function(activation bounded, double low, double high)
      : act(bounded), numbers{short_decimal(low), short_decimal(high)} {
    if (act != activation::clamp) return;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (low == -1 && high == 1) numbers = {};
    if (low == 0 && high == 6) *this = activation::relu6;
    if (low == 0 && high == infinity) *this = activation::relu;
    if (low == -infinity && high == infinity) *this = activation::identity;
  }

  constexpr double slope() const { return numbers.first.said() ? numbers.first.value() : 0.01; }  ///< of leaky_relu
  constexpr double factor() const { return numbers.first.said() ? numbers.first.value() : 1; }    ///< of elu
  constexpr double low() const { return numbers.first.said() ? numbers.first.value() : -1; }      ///< of clamp
  constexpr double high() const { return numbers.second.said() ? numbers.second.value() : 1; }    ///< of clamp
  friend constexpr bool operator==(const activation_function&, const activation_function&) = default;
};

}  // namespace nascent
