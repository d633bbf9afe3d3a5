// SPDX-License-Identifier: Apache-2.0
/// \file
/// CIFAR-10 and CIFAR-100 in their binary versions (Krizhevsky, 2009; cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "nascent/base/file.hpp"
#include "nascent/training/image_set.hpp"

namespace nascent {

/// Colour images of 32 x 32: for each one its labels, a byte each, then 1024 bytes of red, of green and of blue.
enum class cifar : std::uint8_t {
  ten,           ///< one label of ten
  hundred,       ///< a coarse and a fine label: the fine one of a hundred is taken
  twenty_coarse  ///< the same files: the coarse one of twenty
};

/// The images of some files, such as data_batch_1.bin to data_batch_5.bin, in their order. \throws file_error where one
/// cannot be read; training_error where one does not consist of whole images, or has a label that is none
inline image_set read_cifar(std::span<const std::filesystem::path> files, cifar which) {
  constexpr std::size_t pixels = 3072;
  const std::size_t labels = which == cifar::ten ? 1 : 2;
  image_set all{which == cifar::ten ? "CIFAR-10" : "CIFAR-100", 32, 32, 3,
                which == cifar::ten       ? 10
                : which == cifar::hundred ? 100
                                          : 20};
  for (const std::filesystem::path& file : files) {
    const std::string content = read_file(file);
    if (content.empty() || content.size() % (labels + pixels) != 0)
      throw training_error("training.file", "file '" + file.string() + "' of " + all.name,
                           std::to_string(content.size()) + " bytes",
                           "a multiple of " + std::to_string(labels + pixels) + ": the binary version, unpacked");
    for (std::size_t at = 0; at < content.size(); at += labels + pixels) {
      const std::size_t label = which == cifar::hundred ? at + 1 : at;
      all.labels.push_back(static_cast<std::uint8_t>(content[label]));
      for (std::size_t i = 0; i < pixels; ++i)
        all.pixels.push_back(static_cast<std::uint8_t>(content[at + labels + i]));
    }
  }
  return make_image_set(std::move(all), pixel_order::nchw);
}

}  // namespace nascent
