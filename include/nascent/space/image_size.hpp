// SPDX-License-Identifier: Apache-2.0
/// \file
/// The size of the images that a network takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nascent/choice/choice.hpp"

namespace nascent {

/// Rows and columns of an image: a camera called 640 x 480 has `{.height = 480, .width = 640}`.
struct image_size {
  int height;
  int width;

  constexpr int longer_side() const { return height > width ? height : width; }
  friend constexpr bool operator==(const image_size&, const image_size&) = default;
};

namespace detail {
constexpr image_size image_size_of(int side) { return {side, side}; }
constexpr image_size image_size_of(const image_size& size) { return size; }

/// side * to / from to the nearest whole number, halves up, and at least 1.
constexpr int proportional(int side, int to, int from) {
  const std::int64_t nearest = (2 * std::int64_t{side} * to + from) / (2 * std::int64_t{from});
  return nearest < 1 ? 1 : static_cast<int>(nearest);
}
}  // namespace detail

/// The image of the same aspect whose longer side is `longer`: the shorter one is the nearest whole number, halves up,
/// and at least 1.
constexpr image_size at_resolution(const image_size& of, int longer) {
  if (of.height == of.width) return {longer, longer};
  if (of.height < of.width) return {detail::proportional(longer, of.height, of.width), longer};
  return {longer, detail::proportional(longer, of.width, of.height)};
}

/// Images of chosen heights that all have one aspect: see `with_aspect`.
template <choice Heights>
struct images_of_aspect {
  using value_type = image_size;
  Heights heights;
  int width_ratio;
  int height_ratio;

  constexpr std::size_t size() const { return heights.size(); }
  /// A width of 0, which no image has and a space refuses, where it would be no whole number.
  constexpr image_size operator[](std::size_t i) const {
    const std::int64_t height = heights[i];
    const bool is_whole = height_ratio > 0 && height * width_ratio % height_ratio == 0;
    return {heights[i], is_whole ? static_cast<int>(height * width_ratio / height_ratio) : 0};
  }
};

/// Heights with the widths that a ratio of width to height gives them: `with_aspect(range(240, 480, 60), 4, 3)` is
/// 240x320, 300x400, ... 480x640 (height x width). Each width must be a whole number.
template <choice Heights>
constexpr images_of_aspect<Heights> with_aspect(Heights heights, int width, int height) {
  return {heights, width, height};
}

}  // namespace nascent
