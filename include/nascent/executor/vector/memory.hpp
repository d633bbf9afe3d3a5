// SPDX-License-Identifier: Apache-2.0
/// \file
/// Memory that whole registers are loaded from, and 16-bit numbers.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "nascent/executor/page_memory.hpp"

namespace nascent::detail::own {

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

/// An array of zeros that starts at a cache line. Movable.
template <class T>
class aligned_array {
 public:
  aligned_array() = default;
  explicit aligned_array(std::size_t count) : memory_(count * sizeof(T)), size_(count) {}
  T* data() { return reinterpret_cast<T*>(memory_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.data()); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data()[i]; }

 private:
  page_memory memory_;
  std::size_t size_ = 0;
};

constexpr int round_up(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

/// Where part `part` of `count` things begins, when `parts` share them as evenly as possible.
constexpr int share(int count, int part, int parts) { return static_cast<int>(std::int64_t{count} * part / parts); }

}  // namespace nascent::detail::own
