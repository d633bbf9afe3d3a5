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
  bool read_rows(decoded_image& image) {
    for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y)
      rows_.push_back(image.colours.data() + y * image.row_bytes());
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
    ::png_read_image(png_, rows_.data());
    ::png_read_end(png_, nullptr);
    return true;
  }
  const char* failure() const { return failure_.text; }

 private:
  std::string_view rest_;
  decoder_failure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<std::uint8_t*> rows_{};  ///< here, as nothing that has a destructor may live where libpng leaps over it
};

inline bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }

/// \throws training_error as `decode` does
inline decoded_image decode_png(std::string_view bytes, const std::string& path) {
  return decode<png_reader>(bytes, path, "a whole PNG");
}

}  // namespace nascent::detail
