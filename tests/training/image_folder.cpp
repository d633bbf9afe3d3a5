// SPDX-License-Identifier: Apache-2.0
// Folders of images against what Pillow reads from the same files, and torchvision's order of them.
#include "nascent/training/image_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include "made_files.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <png.h>

#include "nascent/base/file.hpp"

using namespace nascent;
using test::refusal;
using test::says;

namespace {

void put(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::create_directories(file.parent_path());
  write_file(file, bytes);
}

/// A folder with one class of one file.
image_folder read_one(const std::string& name, const std::string& bytes, const image_folder_options& options = {}) {
  const test::temporary_folder folder;
  put(folder / "only" / name, bytes);
  return read_image_folder(folder / "", options);
}

int distance(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  REQUIRE(a.size() == b.size());
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(int{a[i]} - int{b[i]}));
  return most;
}

/// Rows of 16 bits a number, in seven passes where `interlaced`: the upper byte counts up, the lower is noise.
std::string png_of_16_bits(bool interlaced) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep from, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<const char*>(from), count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, 8, 6, 16, PNG_COLOR_TYPE_RGB, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<std::uint8_t> numbers;
  for (int i = 0; i < 6 * 8 * 3; ++i) {
    numbers.push_back(static_cast<std::uint8_t>(i));
    numbers.push_back(static_cast<std::uint8_t>(255 - i % 7));
  }
  std::vector<png_bytep> rows;
  for (std::size_t y = 0; y < 6; ++y) rows.push_back(numbers.data() + y * 48);
  png_set_rows(png, info, rows.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace

TEST_CASE("image_folder: every PNG has the colours that Pillow reads") {
  for (const test::made_file& f :
       {test::colour_png, test::grey_png, test::palette_png, test::transparent_png, test::bit_png}) {
    const image_folder read = read_one("x.png", test::bytes_of(f.content));
    CHECK(read.images.height == 6);
    CHECK(read.images.width == 8);
    CHECK(read.images.channels == 3);
    CHECK(read.images.pixels == test::numbers_of(f.colours));
  }
  std::vector<std::uint8_t> counting(144);
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<std::uint8_t>(i);
  CHECK(read_one("x.png", png_of_16_bits(false)).images.pixels == counting);
  CHECK(read_one("x.png", png_of_16_bits(true)).images.pixels == counting);
  CHECK(read_one("x.png", test::bytes_of(test::colour_png.content), {.channels = 1}).images.pixels ==
        test::numbers_of(test::grey_of_colour_png));
}

// Pillow's libjpeg is another version: inverse transforms may differ by one.
TEST_CASE("image_folder: JPEGs are within one of what Pillow reads") {
  for (const test::made_file& f : {test::colour_jpeg, test::progressive_jpeg, test::grey_jpeg})
    CHECK(distance(read_one("x.jpg", test::bytes_of(f.content)).images.pixels, test::numbers_of(f.colours)) <= 1);
  // By content, whatever the name says.
  CHECK(distance(read_one("x.png", test::bytes_of(test::colour_jpeg.content)).images.pixels,
                 test::numbers_of(test::colour_jpeg.colours)) <= 1);
}

TEST_CASE("image_folder: classes, labels and files are in the order of torchvision's ImageFolder") {
  const test::temporary_folder folder;
  const std::string bytes = test::bytes_of(test::colour_png.content);
  for (const char* file : {"b/2.png", "b/10.png", "a/z/1.png", "a/z-/1.png", "a/x.PNG", "a/B.png"})
    put(folder / file, bytes);
  put(folder / "b/note.txt", "no image");
  put(folder / "list.csv", "no class");
  const image_folder read = read_image_folder(folder / "");
  CHECK(read.classes == std::vector<std::string>{"a", "b"});
  CHECK(read.images.classes == 2);
  CHECK(read.images.labels == std::vector<int>{0, 0, 0, 0, 1, 1});
  std::vector<std::string> files;
  for (const auto& f : read.files) files.push_back(std::filesystem::relative(f, folder / "").string());
  // Printed by torchvision 0.29.
  CHECK(files == std::vector<std::string>{"a/B.png", "a/x.PNG", "a/z/1.png", "a/z-/1.png", "b/10.png", "b/2.png"});
}

TEST_CASE("image_folder: other sizes are refused by name, or resized as Pillow does it") {
  const std::string large = test::bytes_of(test::colour_png.content);
  const image_folder small = read_one("x.png", large, {.height = 4, .width = 5});
  CHECK(small.images.pixels == test::numbers_of(test::resized_colour_png));
  const test::temporary_folder folder;
  put(folder / "a" / "1.png", large);
  put(folder / "b" / "2.png", test::bytes_of(test::one_pixel_png.content));
  const std::string text = refusal([&] { read_image_folder(folder / ""); });
  CHECK(says(text, "training.file"));
  CHECK(says(text, "2.png': found 1 x 1 pixels; allowed: 6 x 8, as '"));
  CHECK(read_image_folder(folder / "", {.height = 4, .width = 5}).images.size() == 2);
}

TEST_CASE("image_folder: what is broken is named") {
  const std::string png = test::bytes_of(test::colour_png.content);
  const std::string jpeg = test::bytes_of(test::colour_jpeg.content);
  std::string bad_sum = png;
  bad_sum[bad_sum.size() - 20] = static_cast<char>(bad_sum[bad_sum.size() - 20] ^ 1);
  std::string huge = png;  // 2^31 - 1 columns
  huge.replace(16, 4, "\x7f\xff\xff\xff");
  struct broken_file {
    std::string bytes;
    std::string said;
  };
  for (const broken_file& f :
       {broken_file{png.substr(0, png.size() / 2), "damage: "}, broken_file{png.substr(0, 10), "damage: "},
        broken_file{bad_sum, "damage: "}, broken_file{huge, ""},
        broken_file{jpeg.substr(0, jpeg.size() - 30), "damage: Premature end"},
        broken_file{jpeg.substr(0, 40), "damage: "}, broken_file{"GIF89a", "neither a JPEG nor a PNG"},
        broken_file{"", "neither"}}) {
    const std::string text = refusal([&] { read_one("broken.png", f.bytes); });
    CHECK(says(text, "training.file"));
    CHECK(says(text, "broken.png'"));
    CHECK(says(text, f.said));
  }
  // Each prefix is refused, and none reads past its end.
  for (std::size_t n = 0; n < png.size() - 12; ++n)
    CHECK(refusal([&] { detail::decode_png(std::string(png, 0, n), "x"); }) != "none");
  for (std::size_t n = 3; n < jpeg.size() - 2; ++n)
    CHECK(refusal([&] { detail::decode_jpeg(std::string(jpeg, 0, n), "x"); }) != "none");

  CHECK(says(refusal([&] { read_one("x.bmp", "BM"); }), "found .bmp, an image in another format"));
  CHECK(says(refusal([&] { read_one("x.txt", "text"); }), "class 'only': found no images"));
  CHECK(says(refusal([&] { read_image_folder("no/such/folder"); }), "file.read"));
  const test::temporary_folder empty;
  CHECK(says(refusal([&] { read_image_folder(empty / ""); }), "found no folders in it"));
  CHECK(says(refusal([&] { read_one("x.png", png, {.channels = 2}); }), "training.option"));
  CHECK(says(refusal([&] { read_one("x.png", png, {.height = 8}); }), "training.option"));
  watch stopped({.style = progress_style::quiet});
  stopped.stop();
  CHECK(says(refusal([&] { read_one("x.png", png, {.watch = &stopped}); }), "watch.stopped"));
}
