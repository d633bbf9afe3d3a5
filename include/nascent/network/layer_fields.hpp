// SPDX-License-Identifier: Apache-2.0
/// \file
/// The attributes of a layer, one after another: what signatures, fingerprints and files are made from.
#pragma once

#include <array>

#include "nascent/network/layer.hpp"
#include "nascent/network/strides.hpp"

namespace nascent {

/// An attribute of a layer.
struct layer_field {
  const char* name;  ///< as files write it
  /// What stands before its value in the key of a latency table; null for what time does not depend on, or what the key
  /// says anyway.
  const char* mark = nullptr;
  bool later = false;  ///< came when files had fingerprints already: says nothing there where it is as usual
};

/// Calls `f(field, value, usual)` for every attribute that says what a layer computes, its operands' numbers apart.
/// `usual` is the value where there is nothing to say. A value is a layer_kind, an activation, its numbers, a padding,
/// a broadcast, a truth, a whole number, two (height and width of a kernel, top and left of a part), strides, or a
/// shape.
template <class F>
constexpr void for_each_field(const layer& l, F&& f) {
  // All members by name: one more, and this does not compile until it is here.
  const auto& [kind, act, batch_norm, bias, count_padding, pad, epsilon_digits, over, operand_count, kernel_height,
               kernel_width, stride_height, stride_width, dilation, groups, first_channel_or_numbers, top, left, input,
               output, operands] = l;
  constexpr layer usual{};
  f(layer_field{"kind"}, kind, usual.kind);
  f(layer_field{"input"}, input, usual.input);
  f(layer_field{"output"}, output, usual.output);
  f(layer_field{"kernel", " k"}, std::array{kernel_height, kernel_width}, std::array{1, 1});
  f(layer_field{"stride", " s"}, strides{stride_height, stride_width}, strides{1});
  f(layer_field{"padding", " "}, pad, usual.pad);
  f(layer_field{"count_padding", " counted="}, count_padding, usual.count_padding);
  f(layer_field{"dilation", " d"}, dilation, usual.dilation);
  // A depthwise convolution has as many as channels: its name says so.
  f(layer_field{"groups", l.is_depthwise() ? nullptr : " g"}, groups, usual.groups);
  f(layer_field{"first_channel", " from "}, l.first_channel(), 0);
  f(layer_field{"operand_count", kind == layer_kind::concatenate ? " of " : nullptr}, int{operand_count},
    int{usual.operand_count});
  f(layer_field{"act", " "}, act, usual.act);
  f(layer_field{"act_numbers", " ", true}, l.act_numbers(), activation_numbers{});
  f(layer_field{"batch_norm"}, batch_norm, usual.batch_norm);
  f(layer_field{"bias"}, bias, usual.bias);
  f(layer_field{"epsilon_digits"}, int{epsilon_digits}, int{usual.epsilon_digits});
  f(layer_field{"offset", " at ", true}, std::array<int, 2>{top, left}, std::array{0, 0});
  // A product with a gate is the usual one, a sum of equal maps is.
  f(layer_field{"over", " over ", true}, over,
    kind == layer_kind::multiply ? broadcast::positions : broadcast::nothing);
  static_cast<void>(operands);
  static_cast<void>(first_channel_or_numbers);
}

}  // namespace nascent
