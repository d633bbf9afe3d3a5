// SPDX-License-Identifier: Apache-2.0
/// \file
/// Memory that whole registers are loaded from, and 16-bit numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

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

/// Memory that is read later, and asked for on the side while something else is computed: one line at each step.
struct memory_stream {
  const std::byte* at = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes between steps: at most a line

  void step() {
    __builtin_prefetch(at, 0, 2);
    at += stride;
  }
};

/// What a kernel asks for on the side: its own weights that come next, and what later kernels read.
struct memory_streams {
  memory_stream next;
  memory_stream later;
};

/// So far apart do `steps` reach all of some bytes; at most a line, where they reach the first ones.
inline std::ptrdiff_t stride_over(std::int64_t bytes, std::int64_t steps) {
  return steps <= 0
             ? 0
             : static_cast<std::ptrdiff_t>(std::min<std::int64_t>((bytes + steps - 1) / steps, page_memory::line));
}

/// Part `part` of `parts` of each of several pieces of memory, one after another, in `steps` altogether.
class memory_pieces {
 public:
  memory_pieces(std::span<const std::span<const std::byte>> pieces, int part, int parts, std::int64_t steps)
      : pieces_(pieces), part_(part), parts_(parts) {
    std::int64_t bytes = 0;
    for (const auto& piece : pieces_) bytes += end_of(piece) - begin_of(piece);
    stride_ = stride_over(bytes, steps);
    if (!pieces_.empty()) at_ = begin_of(pieces_.front());
  }

  /// The next so many steps; `instead`, again and again, where all is asked for.
  memory_stream take(std::int64_t steps, const void* instead) {
    while (!pieces_.empty() && at_ >= end_of(pieces_.front())) {
      pieces_ = pieces_.subspan(1);
      if (!pieces_.empty()) at_ = begin_of(pieces_.front());
    }
    if (pieces_.empty()) return {static_cast<const std::byte*>(instead), 0};
    const memory_stream stream{pieces_.front().data() + at_, stride_};
    at_ += stride_ * steps;
    return stream;
  }

 private:
  std::int64_t begin_of(std::span<const std::byte> piece) const {
    return static_cast<std::int64_t>(piece.size()) * part_ / parts_;
  }
  std::int64_t end_of(std::span<const std::byte> piece) const {
    return static_cast<std::int64_t>(piece.size()) * (part_ + 1) / parts_;
  }

  std::span<const std::span<const std::byte>> pieces_;
  int part_;
  int parts_;
  std::ptrdiff_t stride_ = 0;
  std::int64_t at_ = 0;  ///< in the first of the pieces
};

}  // namespace nascent::detail::own
