// SPDX-License-Identifier: Apache-2.0
/// \file
/// Shapes of feature maps (NHWC) and the data types that they are stored in.
#pragma once

#include <cstdint>

#include "nascent/network/activation.hpp"

namespace nascent {

/// What a network may have. Up to here everything that is counted of it fits into 64 bits: a layer's weights are at
/// most 2^60, its multiply-adds 2^42 (a thousand times those of the largest published layers), and those of all layers
/// 2^58. A net refuses what lies beyond, by name.
struct network_limits {
  static constexpr int size = 65536;        ///< height and width of a map
  static constexpr int channels = 1 << 20;  ///< of a map: filters, units
  static constexpr int kernel = 1024;       ///< height and width of a window
  static constexpr int stride = 32768;      ///< rows and columns that a window moves by
  static constexpr int layers = 65536;      ///< of a network
  static constexpr int batch = 65536;       ///< images that run together
  static constexpr int work_bits = 42;      ///< multiply-adds of a layer, and elements of a map, are below 2^42
};

namespace detail {
/// A product that may wrap: after a fault of a net nobody looks at it, but it must be defined.
constexpr std::int64_t wrapping(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
constexpr std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
/// Bits that a whole number takes.
constexpr int bits_of(double number) {
  int bits = 0;
  for (; number >= 1; number /= 2) ++bits;
  return bits;
}
}  // namespace detail

/// A feature map in NHWC order. `batch` counts maps per image: 1 unless space_to_batch split them.
struct shape {
  int batch = 1;
  int height = 1;
  int width = 1;
  int channels = 1;

  /// Places in the map: all but the channels.
  constexpr std::int64_t positions() const { return detail::wrapping(std::int64_t{batch} * height, width); }
  constexpr std::int64_t elements() const { return detail::wrapping(positions(), channels); }
  friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// The type of the numbers a network computes with. int8: whole numbers of 8 bits times a scale.
enum class data_type : std::uint8_t { f32, bf16, f16, int8 };

inline constexpr data_type data_types[] = {data_type::f32, data_type::bf16, data_type::f16, data_type::int8};

/// Bytes of one element.
constexpr int size_of(data_type type) { return type == data_type::f32 ? 4 : type == data_type::int8 ? 1 : 2; }

constexpr const char* to_string(data_type type) {
  switch (type) {
    case data_type::f32: return "f32";
    case data_type::bf16: return "bf16";
    case data_type::f16: return "f16";
    case data_type::int8: return "int8";
  }
  return "unknown";
}

/// Size after a stride with SAME padding: ceil(size / stride).
constexpr int same_size(int size, int stride) { return (size - 1) / stride + 1; }

/// Rows of padding that SAME puts before the map; what remains of the total goes after it, as TensorFlow does.
constexpr int same_padding_before(int size, int kernel, int stride, int dilation = 1) {
  const int total = (same_size(size, stride) - 1) * stride + (kernel - 1) * dilation + 1 - size;
  return total > 0 ? total / 2 : 0;
}

/// Rows of padding that SAME puts after the map.
constexpr int same_padding_after(int size, int kernel, int stride, int dilation = 1) {
  const int total = (same_size(size, stride) - 1) * stride + (kernel - 1) * dilation + 1 - size;
  return total > 0 ? total - total / 2 : 0;
}

/// Rows of padding on either side, where both are equal: all kinds but SAME.
constexpr int even_padding(int kernel, int dilation, padding kind) {
  const int symmetric = (kernel - 1) * dilation / 2;
  if (kind == padding::symmetric) return symmetric;
  return kind == padding::narrow && symmetric > 1 ? symmetric - 1 : 0;
}

/// The row that row `at` of a resized map copies: floor(at * input / output), as PyTorch has it. Columns alike.
constexpr int nearest_source(int at, int input, int output) {
  return static_cast<int>(std::int64_t{at} * input / output);
}

/// Size after a window with any padding; below 1 where the window does not fit into the map. `ceil` adds a last window
/// that begins in the map, or in the padding before it, and ends outside.
constexpr int window_size(int size, int kernel, int stride, int dilation, padding kind, bool ceil = false) {
  if (kind == padding::same) return same_size(size, stride);
  const int room = size + 2 * even_padding(kernel, dilation, kind) - (kernel - 1) * dilation - 1;
  if (room < 0) return 0;
  const int inside = room / stride + 1;
  return ceil && room % stride != 0 && inside * stride < size + even_padding(kernel, dilation, kind) ? inside + 1
                                                                                                     : inside;
}

/// Rows of padding before the map.
constexpr int padding_before(int size, int kernel, int stride, int dilation, padding kind) {
  return kind == padding::same ? same_padding_before(size, kernel, stride, dilation)
                               : even_padding(kernel, dilation, kind);
}

/// Rows of padding after the map.
constexpr int padding_after(int size, int kernel, int stride, int dilation, padding kind) {
  return kind == padding::same ? same_padding_after(size, kernel, stride, dilation)
                               : even_padding(kernel, dilation, kind);
}

}  // namespace nascent
