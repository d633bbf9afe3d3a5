// SPDX-License-Identifier: Apache-2.0
/// \file
/// Memory that whole registers are loaded from, and 16-bit numbers.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nascent::detail::avx512 {

/// A number of 16 bits: the upper half of an f32.
struct bfloat16 {
  std::uint16_t bits = 0;
};

/// The nearest number of a type; of two equally near ones the even one.
template <class T>
T nearest(float x) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return x;
  } else {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if (std::isnan(x)) return {static_cast<std::uint16_t>((bits >> 16) | 0x40U)};
    return {static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16)};
  }
}

/// An array of zeros that starts at a cache line.
template <class T>
class aligned_array {
 public:
  aligned_array() = default;
  explicit aligned_array(std::size_t count) : lines_((count + per_line - 1) / per_line), size_(count) {}
  T* data() { return lines_.empty() ? nullptr : lines_.data()->numbers; }
  const T* data() const { return lines_.empty() ? nullptr : lines_.data()->numbers; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data()[i]; }

 private:
  static constexpr std::size_t per_line = 64 / sizeof(T);
  struct alignas(64) line {
    T numbers[per_line] = {};
  };
  std::vector<line> lines_;
  std::size_t size_ = 0;
};

constexpr int round_up(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

/// Where part `part` of `count` things begins, when `parts` share them as evenly as possible.
constexpr int share(int count, int part, int parts) { return static_cast<int>(std::int64_t{count} * part / parts); }

}  // namespace nascent::detail::avx512
