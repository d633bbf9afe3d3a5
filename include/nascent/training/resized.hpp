// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images at another size, for networks that take another one: what scaling does to a resolution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nascent/training/image_set.hpp"

namespace nascent {

namespace detail {

/// The pixels that one of the new size is a mean of, and their shares.
struct resize_window {
  int first = 0;
  std::vector<double> shares{};
};

/// A triangle around the new pixel's centre. Where images shrink it is as wide as a new pixel, so that none is lost.
inline std::vector<resize_window> resize_windows(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);
  std::vector<resize_window> windows;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    resize_window w{.first = std::max(0, static_cast<int>(centre - reach + 0.5))};
    const int end = std::min(from, static_cast<int>(centre + reach + 0.5));
    double sum = 0;
    for (int x = w.first; x < end; ++x) {
      w.shares.push_back(std::max(0.0, 1 - std::abs((x - centre + 0.5) / reach)));
      sum += w.shares.back();
    }
    for (double& share : w.shares) share /= sum;
    windows.push_back(std::move(w));
  }
  return windows;
}

/// Resizes the middle one of three dimensions, rounding to whole numbers.
inline std::vector<std::uint8_t> resize_middle(const std::vector<std::uint8_t>& pixels, std::size_t outer, int from,
                                               int to, std::size_t inner) {
  if (from == to) return pixels;
  const std::vector<resize_window> windows = resize_windows(from, to);
  std::vector<std::uint8_t> all(outer * static_cast<std::size_t>(to) * inner);
  std::vector<double> sums(inner);
  auto* out = all.data();
  for (std::size_t o = 0; o < outer; ++o)
    for (const resize_window& w : windows) {
      std::ranges::fill(sums, 0.5);  // to the nearest
      const std::uint8_t* in =
          pixels.data() + (o * static_cast<std::size_t>(from) + static_cast<std::size_t>(w.first)) * inner;
      for (const double share : w.shares)
        for (std::size_t i = 0; i < inner; ++i) sums[i] += share * *in++;
      for (const double sum : sums) *out++ = static_cast<std::uint8_t>(std::min(sum, 255.0));
    }
  return all;
}

}  // namespace detail

/// Images of height x width, by bilinear interpolation as Pillow has it: rows first, and of what shrinks no pixel is
/// left out. \throws training_error for sizes below 1, and as `check_images`
inline image_set resized(const image_set& from, int height, int width) {
  check_images(from);
  if (height < 1 || width < 1)
    throw training_error("training.images", "images '" + from.name + "', resized",
                         std::to_string(height) + " x " + std::to_string(width), "1 x 1 or more");
  image_set to{from.name, height, width, from.channels, from.classes, {}, from.labels};
  const auto depth = static_cast<std::size_t>(from.channels);
  to.pixels = detail::resize_middle(
      detail::resize_middle(from.pixels, from.size() * static_cast<std::size_t>(from.height), from.width, width, depth),
      from.size(), from.height, height, static_cast<std::size_t>(width) * depth);
  return to;
}

}  // namespace nascent
