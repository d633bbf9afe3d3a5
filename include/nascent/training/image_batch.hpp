// SPDX-License-Identifier: Apache-2.0
/// \file
/// From bytes to the numbers that a network is trained with: standardised, cropped and flipped by chance.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nascent/training/image_set.hpp"

namespace nascent {

/// Mean and deviation of each channel, of pixels from 0 to 1.
struct standardization {
  std::vector<float> mean;
  std::vector<float> deviation;
};

/// Those of a set. A channel that is the same everywhere has deviation 1. \throws training_error as `check_images`, and
/// for a set without images
inline standardization standardize(const image_set& of) {
  check_images(of);
  if (of.size() == 0) throw training_error("training.images", "images '" + of.name + "'", "none", "1 or more");
  const auto depth = static_cast<std::size_t>(of.channels);
  std::vector<std::uint64_t> sums(depth);
  std::vector<std::uint64_t> squares(depth);
  for (std::size_t i = 0; i < of.pixels.size(); ++i) {
    const std::uint64_t x = of.pixels[i];
    sums[i % depth] += x;
    squares[i % depth] += x * x;
  }
  standardization s;
  const std::size_t positions = of.pixels.size() / depth;
  const auto count = static_cast<double>(positions);
  for (std::size_t c = 0; c < depth; ++c) {
    const double mean = static_cast<double>(sums[c]) / count;
    const double variance = static_cast<double>(squares[c]) / count - mean * mean;
    s.mean.push_back(static_cast<float>(mean / 255));
    s.deviation.push_back(variance > 1e-6 ? static_cast<float>(std::sqrt(variance) / 255) : 1.0F);
  }
  return s;
}

/// What chance does to an image before a network is trained with it.
struct augmentation {
  int crop = 0;       ///< black rows and columns on each side; of the larger image a part of the old size is taken
  bool flip = false;  ///< left and right are exchanged in half of the cases
};

/// One image as height x width x channels numbers. \throws training_error where `out` has another size
template <class Generator>
void write_image(const image_set& from, std::size_t number, const standardization& by, const augmentation& change,
                 Generator& rng, std::span<float> out) {
  if (out.size() != from.image_bytes())
    throw training_error("training.images", "images '" + from.name + "', write_image",
                         std::to_string(out.size()) + " numbers", std::to_string(from.image_bytes()));
  const auto draw = [&](int most) { return static_cast<int>(random_below(rng, static_cast<std::uint64_t>(most) + 1)); };
  const int down = change.crop > 0 ? draw(2 * change.crop) - change.crop : 0;
  const int right = change.crop > 0 ? draw(2 * change.crop) - change.crop : 0;
  const bool flipped = change.flip && draw(1) == 1;
  const std::span<const std::uint8_t> bytes = from.image(number);
  std::size_t at = 0;
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < from.width; ++x) {
      const int row = y + down;
      const int column = (flipped ? from.width - 1 - x : x) + right;
      const bool inside = row >= 0 && row < from.height && column >= 0 && column < from.width;
      const auto first = static_cast<std::size_t>(inside ? (row * from.width + column) * from.channels : 0);
      for (std::size_t c = 0; c < static_cast<std::size_t>(from.channels); ++c) {
        const float pixel = inside ? static_cast<float>(bytes[first + c]) / 255 : 0.0F;
        out[at++] = (pixel - by.mean[c]) / by.deviation[c];
      }
    }
}

}  // namespace nascent
