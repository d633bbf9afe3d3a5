// SPDX-License-Identifier: Apache-2.0
/// \file
/// One image as a decoder gives it.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/training/error.hpp"

namespace nascent::detail {

/// Colours, NHWC: three bytes a pixel.
struct decoded_image {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> colours{};

  std::size_t row_bytes() const { return 3 * static_cast<std::size_t>(width); }
};

/// Before memory is asked for: what a file says of itself may be anything.
inline constexpr std::uint64_t most_pixels = std::uint64_t{1} << 28;

/// \throws training_error
[[noreturn]] inline void refuse_image(const std::string& path, const std::string& found, const std::string& allowed) {
  throw training_error("training.file", "image file '" + path + "'", found, allowed);
}

/// Makes room. \throws training_error for a size that no image has
inline void set_size(decoded_image& image, std::uint64_t height, std::uint64_t width, const std::string& path) {
  if (height < 1 || width < 1 || height > 65536 || width > 65536 || height * width > most_pixels)
    refuse_image(path, std::to_string(height) + " x " + std::to_string(width) + " pixels",
                 "1 x 1 or more, " + std::to_string(most_pixels) + " in all at most");
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.colours.resize(static_cast<std::size_t>(height) * image.row_bytes());
}

/// By a reader of one format. `path` is for errors, `allowed` says which files the reader takes. \throws training_error
/// for a file that is damaged, or ends too early, or is none of those
template <class Reader>
decoded_image decode(std::string_view bytes, const std::string& path, const char* allowed) {
  Reader reader(bytes);
  const auto check = [&](bool right) {
    if (!right) refuse_image(path, std::string("damage: ") + reader.failure(), allowed);
  };
  check(reader.read_header());
  decoded_image image;
  set_size(image, reader.height(), reader.width(), path);
  check(reader.read_rows(image));
  return image;
}

/// Where a decoder in C goes on after an error, and what it said. Nothing that has a destructor may live between.
struct decoder_failure {
  std::jmp_buf back;
  char text[200] = "";

  void say(const char* what) { std::snprintf(text, sizeof text, "%s", what); }
};

}  // namespace nascent::detail
