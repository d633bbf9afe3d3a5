// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images with labels in memory, and their division into what trains, what a search sees, and what nobody sees.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/random.hpp"
#include "nascent/training/error.hpp"

namespace nascent {

/// How the bytes of an image lie: channels side by side at each pixel, or one plane after another.
enum class pixel_order : std::uint8_t { nhwc, nchw };

/// Labelled images of one size, a byte for each channel of a pixel, NHWC.
struct image_set {
  std::string name{};  ///< what errors call it
  int height = 0;
  int width = 0;
  int channels = 0;
  int classes = 0;  ///< labels are 0 to classes - 1
  std::vector<std::uint8_t> pixels{};
  std::vector<int> labels{};

  std::size_t size() const { return labels.size(); }
  /// Bytes of one image.
  std::size_t image_bytes() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  }
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span(pixels).subspan(i * image_bytes(), image_bytes());
  }
};

/// \throws training_error where sizes are not above 0, there are more or fewer pixels than labels ask for, or a label
/// is none of the classes
inline void check_images(const image_set& s) {
  const std::string of = "images '" + s.name + "'";
  if (s.height < 1 || s.width < 1 || s.channels < 1 || s.classes < 1)
    throw training_error("training.images", of,
                         std::to_string(s.height) + " x " + std::to_string(s.width) + " x " +
                             std::to_string(s.channels) + " pixels, " + std::to_string(s.classes) + " classes",
                         "1 or more of each");
  if (s.pixels.size() != s.size() * s.image_bytes())
    throw training_error(
        "training.images", of,
        std::to_string(s.pixels.size()) + " bytes of pixels and " + std::to_string(s.size()) + " labels",
        std::to_string(s.image_bytes()) + " bytes for each label");
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s.labels[i] < 0 || s.labels[i] >= s.classes)
      throw training_error("training.images", of + ", label of image " + std::to_string(i), std::to_string(s.labels[i]),
                           "0 to " + std::to_string(s.classes - 1));
}

/// Images whose pixels lie in any order. \throws training_error as `check_images`
inline image_set make_image_set(image_set of, pixel_order order) {
  check_images(of);
  if (order == pixel_order::nhwc || of.channels == 1) return of;
  const std::vector<std::uint8_t> planes = std::exchange(of.pixels, std::vector<std::uint8_t>(of.pixels.size()));
  const auto depth = static_cast<std::size_t>(of.channels);
  const std::size_t positions = of.image_bytes() / depth;
  for (std::size_t i = 0; i < of.size(); ++i)
    for (std::size_t c = 0; c < depth; ++c)
      for (std::size_t p = 0; p < positions; ++p)
        of.pixels[(i * positions + p) * depth + c] = planes[(i * depth + c) * positions + p];
  return of;
}

/// Some of the images, in the order of their numbers given. \throws training_error for a number past the last
inline image_set select(const image_set& from, std::span<const std::size_t> numbers) {
  image_set some{from.name, from.height, from.width, from.channels, from.classes};
  some.pixels.reserve(numbers.size() * from.image_bytes());
  some.labels.reserve(numbers.size());
  for (const std::size_t i : numbers) {
    if (i >= from.size())
      throw training_error("training.images", "images '" + from.name + "', select", "image " + std::to_string(i),
                           "numbers below " + std::to_string(from.size()));
    const auto one = from.image(i);
    some.pixels.insert(some.pixels.end(), one.begin(), one.end());
    some.labels.push_back(from.labels[i]);
  }
  return some;
}

/// Zeros around each image, as many before as after, or one less: 28 x 28 becomes 32 x 32. \throws training_error for a
/// size below the images'
inline image_set padded(const image_set& from, int height, int width) {
  if (height < from.height || width < from.width)
    throw training_error("training.images", "images '" + from.name + "', padded",
                         std::to_string(height) + " x " + std::to_string(width),
                         std::to_string(from.height) + " x " + std::to_string(from.width) + " or more");
  image_set to{from.name, height, width, from.channels, from.classes, {}, from.labels};
  to.pixels.resize(to.size() * to.image_bytes());
  const auto row = static_cast<std::size_t>(from.width * from.channels);
  const int top = (height - from.height) / 2;
  const int left = (width - from.width) / 2;
  for (std::size_t i = 0; i < from.size(); ++i)
    for (int y = 0; y < from.height; ++y)
      std::ranges::copy(from.image(i).subspan(static_cast<std::size_t>(y) * row, row),
                        to.pixels.begin() + static_cast<std::ptrdiff_t>(
                                                i * to.image_bytes() +
                                                static_cast<std::size_t>(((y + top) * width + left) * from.channels)));
  return to;
}

/// 0 .. n - 1 in an order that the engine draws.
template <class Generator>
std::vector<std::size_t> shuffled_numbers(std::size_t n, Generator& rng) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random_below(rng, i)]);
  return order;
}

struct split_options {
  double validation = 0.1;  ///< share of the images that judges networks during a search
  double held_out = 0.1;    ///< share that no search sees, for the last word
  std::uint64_t seed = 0;
};

/// Three parts of a set, without a common image. A search gets the first two (`training_evaluator` takes no more); what
/// it recommends is judged by the third.
struct image_split {
  image_set training;
  image_set validation;
  image_set held_out;
};

/// The same parts for the same seed on every compiler. \throws training_error for shares below 0, or that leave a part
/// that trains or judges without an image
inline image_split split(const image_set& all, const split_options& options = {}) {
  check_images(all);
  for (const double share : {options.validation, options.held_out})
    if (!(share >= 0 && share < 1))
      throw training_error("training.option", "split of images '" + all.name + "', a share", exact_text(share),
                           "0 or more, below 1");
  const auto count = [&](double share) {
    return static_cast<std::size_t>(std::floor(share * static_cast<double>(all.size())));
  };
  const std::size_t validation = count(options.validation);
  const std::size_t held_out = count(options.held_out);
  if (validation == 0 || validation + held_out >= all.size())
    throw training_error("training.option", "split of images '" + all.name + "'",
                         std::to_string(validation) + " for validation and " + std::to_string(held_out) +
                             " held out of " + std::to_string(all.size()),
                         "1 or more for validation, and 1 or more left to train with");
  random_engine rng(options.seed);
  const std::vector<std::size_t> order = shuffled_numbers(all.size(), rng);
  const std::span<const std::size_t> numbers(order);
  return {select(all, numbers.subspan(validation + held_out)), select(all, numbers.first(validation)),
          select(all, numbers.subspan(validation, held_out))};
}

}  // namespace nascent
