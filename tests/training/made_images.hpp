// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images that a small network can learn to tell apart.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nascent/training/image_set.hpp"

namespace test {

/// Images of 8 x 8 pixels and two channels in four classes: in the first channel, stripes that lie or stand; the second
/// is bright or dark; noise over both.
inline nascent::image_set made_images(std::size_t count, std::uint64_t seed) {
  nascent::image_set all{"made", 8, 8, 2, 4};
  nascent::random_engine rng(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<int>(nascent::random_below(rng, std::uint64_t{4}));
    const auto noise = [&] { return nascent::random_below(rng, std::uint64_t{80}); };
    for (std::uint64_t y = 0; y < 8; ++y)
      for (std::uint64_t x = 0; x < 8; ++x) {
        const bool stripe = (label % 2 == 0 ? y : x) / 2 % 2 == 0;
        all.pixels.push_back(static_cast<std::uint8_t>((stripe ? 150 : 20) + noise()));
        all.pixels.push_back(static_cast<std::uint8_t>((label / 2 == 0 ? 120 : 60) + noise()));
      }
    all.labels.push_back(label);
  }
  return all;
}

}  // namespace test
