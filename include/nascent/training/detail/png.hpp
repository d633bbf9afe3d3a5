// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images in PNG files, by libpng.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <png.h>

#include "nascent/training/detail/decoded_image.hpp"

namespace nascent::detail {

/// libpng while it reads from memory.
class png_reader {
 public:
  explicit png_reader(std::string_view bytes) : rest_(bytes) {
    png_ = ::png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp what) {
          static_cast<png_reader*>(::png_get_error_ptr(png))->failure_.say(what);
          std::longjmp(static_cast<png_reader*>(::png_get_error_ptr(png))->failure_.back, 1);
        },
        [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = ::png_create_info_struct(png_);
  }
  png_reader(const png_reader&) = delete;
  png_reader& operator=(const png_reader&) = delete;
  ~png_reader() { ::png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Up to the size. False where the file is damaged.
  bool read_header() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (setjmp(failure_.back) != 0) return false;
    ::png_set_read_fn(png_, this, [](png_structp png, png_bytep to, std::size_t count) {
      auto& self = *static_cast<png_reader*>(::png_get_io_ptr(png));
      if (count > self.rest_.size()) ::png_error(png, "the file ends too early");
      std::memcpy(to, self.rest_.data(), count);
      self.rest_.remove_prefix(count);
    });
    ::png_read_info(png_, info_);
    return true;
  }
  std::uint64_t height() const { return ::png_get_image_height(png_, info_); }
  std::uint64_t width() const { return ::png_get_image_width(png_, info_); }

  /// All pixels as three bytes: what is transparent keeps its colour, of 16 bits the upper 8 are taken.
  bool read_rows(std::uint8_t** rows) {
    if (setjmp(failure_.back) != 0) return false;
    ::png_set_expand(png_);
    ::png_set_strip_16(png_);
    ::png_set_gray_to_rgb(png_);
    ::png_set_strip_alpha(png_);
    ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    if (::png_get_rowbytes(png_, info_) != 3 * static_cast<std::size_t>(width())) {
      failure_.say("rows that are not three bytes a pixel");
      return false;
    }
    ::png_read_image(png_, rows);
    ::png_read_end(png_, nullptr);
    return true;
  }
  const char* failure() const { return failure_.text; }

 private:
  std::string_view rest_;
  decoder_failure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

inline bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }

/// `path` is for errors. \throws training_error for a file that is damaged, or ends too early
inline decoded_image decode_png(std::string_view bytes, const std::string& path) {
  png_reader reader(bytes);
  const auto check = [&](bool right) {
    if (!right) refuse_image(path, std::string("damage: ") + reader.failure(), "a whole PNG");
  };
  check(reader.read_header());
  decoded_image image;
  set_size(image, reader.height(), reader.width(), path);
  std::vector<std::uint8_t*> rows(static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = image.colours.data() + y * image.row_bytes();
  check(reader.read_rows(rows.data()));
  return image;
}

}  // namespace nascent::detail
