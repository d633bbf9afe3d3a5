// SPDX-License-Identifier: Apache-2.0
/// \file
/// What listens to a net, and the maps that a net works on.
#pragma once

#include <concepts>

#include "nascent/network/block_description.hpp"
#include "nascent/network/layer.hpp"

namespace nascent {

/// A feature map inside a net: its shape (NHWC, one image) and its number.
struct tensor {
  int batch = 1;
  int height = 1;
  int width = 1;
  int channels = 1;
  int id = 0;

  constexpr nascent::shape shape() const { return {batch, height, width, channels}; }
  constexpr bool same_shape(const tensor& other) const {
    return batch == other.batch && height == other.height && width == other.width && channels == other.channels;
  }
};

/// An interpreter takes layers in topological order.
template <class T>
concept interpreter = requires(T& t, const layer& l) {
  t(l);
};

/// An interpreter that keeps nothing: for checks of shapes alone.
struct null_interpreter {
  constexpr void operator()(const layer& /*unused*/) {}
};

/// An interpreter whose results add up, so that equal layers may be counted once and multiplied.
template <class T>
concept additive_interpreter = interpreter<T> && std::copy_constructible<T> && requires(T& t, const T& before) {
  t.repeat(before, 1);
};

/// An interpreter that is told where blocks begin and end. Blocks may lie inside blocks.
template <class T>
concept block_interpreter = interpreter<T> && requires(T& t, const block_description& block) {
  t.begin_block(block);
  t.end_block();
};

}  // namespace nascent
