// SPDX-License-Identifier: Apache-2.0
/// \file
/// Layers that only move pixels and that oneDNN has no word for, as plain loops over rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "nascent/executor/kernel_library.hpp"
#include "nascent/network/layer.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::onednn::detail {

/// Calls `row(map, y)` for the rows of all maps that part `part` of `parts` makes.
template <class Row>
void for_rows(int maps, int height, int part, int parts, Row&& row) {
  const std::int64_t all = std::int64_t{maps} * height;
  for (std::int64_t i = all * part / parts; i < all * (part + 1) / parts; ++i)
    row(static_cast<std::size_t>(i / height), static_cast<int>(i % height));
}

/// Bytes of a pixel.
inline std::size_t pixel_bytes(const shape& s, data_type type) {
  return static_cast<std::size_t>(s.channels) * static_cast<std::size_t>(size_of(type));
}

/// Every output pixel is a copy of the one that it looks at.
inline kernel_function nearest_resize(const layer& l, int batch, data_type type) {
  std::vector<std::size_t> columns;  // byte in the row of the input
  const std::size_t pixel = pixel_bytes(l.input, type);
  for (int x = 0; x < l.output.width; ++x)
    columns.push_back(static_cast<std::size_t>(nearest_source(x, l.input.width, l.output.width)) * pixel);
  return [=, maps = batch * l.input.batch, in_shape = l.input, out_shape = l.output](const void* in, const void*,
                                                                                     void* out, int part, int parts) {
    const std::size_t in_row = static_cast<std::size_t>(in_shape.width) * pixel;
    const std::size_t out_row = static_cast<std::size_t>(out_shape.width) * pixel;
    for_rows(maps, out_shape.height, part, parts, [&](std::size_t map, int y) {
      const auto source = static_cast<std::size_t>(nearest_source(y, in_shape.height, out_shape.height));
      const std::byte* from =
          static_cast<const std::byte*>(in) + (map * static_cast<std::size_t>(in_shape.height) + source) * in_row;
      std::byte* to = static_cast<std::byte*>(out) +
                      (map * static_cast<std::size_t>(out_shape.height) + static_cast<std::size_t>(y)) * out_row;
      for (const std::size_t column : columns) {
        std::memcpy(to, from + column, pixel);
        to += pixel;
      }
    });
  };
}

/// A frame of zeros around every map.
inline kernel_function zero_frame(const layer& l, int batch, data_type type) {
  const std::size_t pixel = pixel_bytes(l.input, type);
  return [=, maps = batch * l.input.batch, in_shape = l.input, out_shape = l.output, top = int{l.top},
          left = std::size_t{l.left} * pixel](const void* in, const void*, void* out, int part, int parts) {
    const std::size_t in_row = static_cast<std::size_t>(in_shape.width) * pixel;
    const std::size_t out_row = static_cast<std::size_t>(out_shape.width) * pixel;
    for_rows(maps, out_shape.height, part, parts, [&](std::size_t map, int y) {
      std::byte* to = static_cast<std::byte*>(out) +
                      (map * static_cast<std::size_t>(out_shape.height) + static_cast<std::size_t>(y)) * out_row;
      const int source = y - top;
      if (source < 0 || source >= in_shape.height) {
        std::memset(to, 0, out_row);
        return;
      }
      std::memset(to, 0, left);
      std::memcpy(to + left,
                  static_cast<const std::byte*>(in) +
                      (map * static_cast<std::size_t>(in_shape.height) + static_cast<std::size_t>(source)) * in_row,
                  in_row);
      std::memset(to + left + in_row, 0, out_row - left - in_row);
    });
  };
}

/// Numbers of the groups take turns: channel j * groups + i is channel i * (channels / groups) + j.
template <class Number>
kernel_function shuffle_of(const layer& l, int batch) {
  return [pixels = std::int64_t{batch} * l.input.positions(), groups = l.groups, each = l.input.channels / l.groups](
             const void* in, const void*, void* out, int part, int parts) {
    const std::int64_t channels = std::int64_t{groups} * each;
    for (std::int64_t p = pixels * part / parts; p < pixels * (part + 1) / parts; ++p) {
      const Number* from = static_cast<const Number*>(in) + p * channels;
      Number* to = static_cast<Number*>(out) + p * channels;
      for (int i = 0; i < groups; ++i, from += each)
        for (int j = 0; j < each; ++j) to[std::ptrdiff_t{j} * groups + i] = from[j];
    }
  };
}
inline kernel_function channel_shuffle(const layer& l, int batch, data_type type) {
  switch (size_of(type)) {
    case 1: return shuffle_of<std::uint8_t>(l, batch);
    case 2: return shuffle_of<std::uint16_t>(l, batch);
    default: return shuffle_of<std::uint32_t>(l, batch);
  }
}

}  // namespace nascent::onednn::detail
