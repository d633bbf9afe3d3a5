// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images in JPEG files, by libjpeg.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <jpeglib.h>

#include "nascent/training/detail/decoded_image.hpp"

namespace nascent::detail {

/// libjpeg while it reads from memory. What it warns of, such as an end that comes too early, is an error here.
class jpeg_reader {
 public:
  explicit jpeg_reader(std::string_view bytes) : bytes_(bytes) {
    jpeg_.err = ::jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) { fail(jpeg); };
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0) fail(jpeg);
    };
  }
  jpeg_reader(const jpeg_reader&) = delete;
  jpeg_reader& operator=(const jpeg_reader&) = delete;
  ~jpeg_reader() { ::jpeg_destroy_decompress(&jpeg_); }

  /// Up to the size. False where the file is damaged.
  bool read_header() {
    if (setjmp(failure_.back) != 0) return false;
    ::jpeg_create_decompress(&jpeg_);
    jpeg_.client_data = this;  // which that clears
    ::jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()),
                   static_cast<unsigned long>(bytes_.size()));
    ::jpeg_read_header(&jpeg_, TRUE);
    jpeg_.out_color_space = JCS_RGB;
    return true;
  }
  std::uint64_t height() const { return jpeg_.image_height; }
  std::uint64_t width() const { return jpeg_.image_width; }

  bool read_rows(decoded_image& image) {
    if (setjmp(failure_.back) != 0) return false;
    ::jpeg_start_decompress(&jpeg_);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = image.colours.data() + jpeg_.output_scanline * image.row_bytes();
      ::jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    ::jpeg_finish_decompress(&jpeg_);
    return true;
  }
  const char* failure() const { return failure_.text; }

 private:
  [[noreturn]] static void fail(j_common_ptr jpeg) {
    auto& self = *static_cast<jpeg_reader*>(jpeg->client_data);
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    self.failure_.say(text);
    std::longjmp(self.failure_.back, 1);
  }

  std::string_view bytes_;
  decoder_failure failure_{};
  ::jpeg_error_mgr errors_{};
  ::jpeg_decompress_struct jpeg_{};
};

inline bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xFF\xD8\xFF"); }

/// \throws training_error as `decode` does
inline decoded_image decode_jpeg(std::string_view bytes, const std::string& path) {
  return decode<jpeg_reader>(bytes, path, "a whole JPEG of grey or colours");
}

}  // namespace nascent::detail
