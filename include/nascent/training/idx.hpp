// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images and labels in IDX files, the format of MNIST and Fashion-MNIST: compressed by gzip or plain.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <zlib.h>

#include "nascent/base/file.hpp"
#include "nascent/training/image_set.hpp"

namespace nascent {

namespace detail {

/// A file that is read through gzip, where it was written so.
class compressed_file {
 public:
  explicit compressed_file(const std::filesystem::path& path)
      : path_(path.string()), file_(::gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr)
      throw file_error("file.read", "file '" + path_ + "', reading", std::generic_category().message(errno),
                       "a file in IDX format; check the path");
    ::gzbuffer(file_, 1U << 18);
  }
  compressed_file(const compressed_file&) = delete;
  compressed_file& operator=(const compressed_file&) = delete;
  ~compressed_file() { ::gzclose(file_); }

  /// \throws training_error where the file ends before, or is damaged
  void read(std::uint8_t* to, std::size_t bytes) {
    while (bytes > 0) {
      const auto part = static_cast<unsigned>(bytes < (1U << 30) ? bytes : 1U << 30);
      const int n = ::gzread(file_, to, part);
      if (n <= 0)
        refuse(n < 0 ? damage() : "its end after " + std::to_string(done_) + " bytes", "all that its header says");
      to += n;
      bytes -= static_cast<std::size_t>(n);
      done_ += static_cast<std::size_t>(n);
    }
  }
  std::uint32_t number() {
    std::uint8_t b[4];
    read(b, 4);
    return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
           static_cast<std::uint32_t>(b[2]) << 8 | b[3];
  }
  /// What the header says must be all there is.
  void must_end() {
    std::uint8_t one = 0;
    const int n = ::gzread(file_, &one, 1);
    if (n != 0) refuse(n < 0 ? damage() : std::string("more bytes than its header says"), "as many as that");
  }
  [[noreturn]] void refuse(const std::string& found, const std::string& allowed) const {
    throw training_error("training.file", "IDX file '" + path_ + "'", found, allowed);
  }

 private:
  std::string damage() const {
    int number = 0;
    return std::string("damage: ") + ::gzerror(file_, &number);
  }

  std::string path_;
  ::gzFile file_;
  std::size_t done_ = 0;
};

struct idx_content {
  std::vector<std::size_t> sizes;
  std::vector<std::uint8_t> bytes;
};

/// The format: two zeros, the type of the numbers (8 for bytes), how many dimensions, their sizes, the numbers.
inline idx_content read_idx_file(const std::filesystem::path& path, std::size_t dimensions) {
  compressed_file file(path);
  const std::uint32_t magic = file.number();
  const std::uint32_t expected = 0x800U + static_cast<std::uint32_t>(dimensions);
  if (magic != expected)
    file.refuse("the first number " + std::to_string(magic),
                std::to_string(expected) + (dimensions == 1 ? ": labels" : ": images"));
  idx_content content;
  std::size_t bytes = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    content.sizes.push_back(file.number());
    const std::size_t size = content.sizes.back();
    if (size < 1 || size > (std::size_t{1} << 33) / bytes)
      file.refuse("a size of " + std::to_string(size), "1 or more, 8 GiB in all at most");
    bytes *= size;
  }
  content.bytes.resize(bytes);
  file.read(content.bytes.data(), bytes);
  file.must_end();
  return content;
}

}  // namespace detail

/// Images and their labels. \throws file_error where a file cannot be opened; training_error where one is damaged or
/// something else, or the two are not of each other
inline image_set read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, std::string name,
                          int classes = 10) {
  detail::idx_content pixels = detail::read_idx_file(images, 3);
  const detail::idx_content marks = detail::read_idx_file(labels, 1);
  if (pixels.sizes[0] != marks.sizes[0])
    throw training_error("training.file", "IDX file '" + labels.string() + "'",
                         std::to_string(marks.sizes[0]) + " labels",
                         std::to_string(pixels.sizes[0]) + ", one for each image of '" + images.string() + "'");
  image_set all{std::move(name), static_cast<int>(pixels.sizes[1]), static_cast<int>(pixels.sizes[2]), 1, classes};
  all.pixels = std::move(pixels.bytes);
  all.labels.assign(marks.bytes.begin(), marks.bytes.end());
  check_images(all);
  return all;
}

/// What a data set's makers set apart for training, and for the last word.
struct published_images {
  image_set training;
  image_set test;
};

/// Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 60,000 and 10,000 grey images of 28 x 28 in ten classes. `folder`
/// has the four files, as Debian's package dataset-fashion-mnist lays them out. \throws file_error where they are not
/// there, training_error
inline published_images read_fashion_mnist(const std::filesystem::path& folder = "/usr/share/datasets/fashion-mnist") {
  const auto part = [&](const std::string& which) {
    const std::filesystem::path images = folder / (which + "-images-idx3-ubyte.gz");
    const std::filesystem::path labels = folder / (which + "-labels-idx1-ubyte.gz");
    for (const std::filesystem::path& file : {images, labels})
      if (!std::filesystem::exists(file))
        throw file_error("file.read", "Fashion-MNIST, file '" + file.string() + "'", "no file",
                         "the four files of Fashion-MNIST; on Debian: apt-get install dataset-fashion-mnist");
    return read_idx(images, labels, "Fashion-MNIST, " + which);
  };
  return {part("train"), part("t10k")};
}

}  // namespace nascent
