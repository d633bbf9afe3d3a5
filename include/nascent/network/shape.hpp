// SPDX-License-Identifier: Apache-2.0
/// \file
/// Shapes of feature maps (NHWC) and the data types that they are stored in.
#pragma once

#include <cstdint>

namespace nascent {

/// A feature map in NHWC order. `batch` counts maps per image: 1 unless space_to_batch split them.
struct shape {
  int batch = 1;
  int height = 1;
  int width = 1;
  int channels = 1;

  constexpr std::int64_t elements() const { return std::int64_t{batch} * height * width * channels; }
  friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// The type of the numbers a network computes with.
enum class data_type : std::uint8_t { f32, bf16, f16 };

/// Bytes of one element.
constexpr int size_of(data_type type) { return type == data_type::f32 ? 4 : 2; }

constexpr const char* to_string(data_type type) {
  switch (type) {
    case data_type::f32: return "f32";
    case data_type::bf16: return "bf16";
    case data_type::f16: return "f16";
  }
  return "unknown";
}

/// Size after a stride with SAME padding: ceil(size / stride).
constexpr int same_size(int size, int stride) { return (size + stride - 1) / stride; }

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

}  // namespace nascent
