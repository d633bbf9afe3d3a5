// SPDX-License-Identifier: Apache-2.0
#include "nascent/training/image_set.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "made_images.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/training/resized.hpp"

using namespace nascent;

namespace {

/// Grey images of one pixel, each with its number.
image_set numbered(std::size_t count) {
  image_set all{"numbered", 1, 1, 1, 256};
  for (std::size_t i = 0; i < count; ++i) {
    all.pixels.push_back(static_cast<std::uint8_t>(i));
    all.labels.push_back(static_cast<int>(i));
  }
  return all;
}

template <class Act>
std::string refusal(Act&& act) {
  try {
    act();
  } catch (const training_error& e) {
    return std::string(e.code()) + " " + std::string(e.where()) + ": " + std::string(e.found());
  }
  return "none";
}

}  // namespace

TEST_CASE("image_set: a split has every image once, its own pixels, and the same for the same seed") {
  const image_set all = numbered(200);
  const image_split parts = split(all, {.validation = 0.2, .held_out = 0.1, .seed = 4});
  CHECK(parts.validation.size() == 40);
  CHECK(parts.held_out.size() == 20);
  CHECK(parts.training.size() == 140);
  std::set<int> seen;
  for (const image_set* part : {&parts.training, &parts.validation, &parts.held_out})
    for (std::size_t i = 0; i < part->size(); ++i) {
      CHECK(static_cast<int>(part->image(i)[0]) == part->labels[i]);
      seen.insert(part->labels[i]);
    }
  CHECK(seen.size() == 200);
  CHECK(split(all, {.validation = 0.2, .held_out = 0.1, .seed = 4}).held_out.labels == parts.held_out.labels);
  CHECK(split(all, {.validation = 0.2, .held_out = 0.1, .seed = 5}).held_out.labels != parts.held_out.labels);
  // A larger validation part leaves the held-out one no image of its own that was trained with before: shares are
  // drawn, not cut from the order of the set.
  CHECK(*std::ranges::max_element(parts.validation.labels) > 100);
  CHECK(*std::ranges::min_element(parts.validation.labels) < 100);
}

TEST_CASE("image_set: planes become pixels") {
  const image_set given{"planes", 1, 2, 3, 2, {1, 2, 11, 12, 21, 22, 3, 4, 13, 14, 23, 24}, {0, 1}};
  const image_set all = make_image_set(given, pixel_order::nchw);
  CHECK(all.pixels == std::vector<std::uint8_t>{1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24});
  CHECK(make_image_set(given, pixel_order::nhwc).pixels == given.pixels);
}

TEST_CASE("image_set: padding puts zeros around") {
  const image_set one{"one", 1, 2, 2, 1, {1, 2, 3, 4}, {0}};
  const image_set larger = padded(one, 2, 5);
  CHECK(larger.pixels == std::vector<std::uint8_t>{0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(refusal([&] { padded(one, 0, 5); }) == "training.images images 'one', padded: 0 x 5");
}

// Bytes by Pillow 13.0, Image.resize(.., Image.BILINEAR) of each channel.
TEST_CASE("resized: larger and smaller, as Pillow does it") {
  const auto made = [](int height, int width, int channels) {
    image_set one{"made", height, width, channels, 1, {}, {0}};
    for (int i = 0; i < height * width * channels; ++i)
      one.pixels.push_back(static_cast<std::uint8_t>((7 * i * i + 31 * i + 11 * (i / 5)) % 256));
    return one;
  };
  const std::vector<std::uint8_t> larger{0,   14,  35, 64,  95,  132, 156, 103, 88,  62, 97, 134, 121, 114,
                                         233, 180, 96, 133, 173, 108, 67,  208, 165, 97, 77, 72,  117, 146,
                                         172, 140, 90, 51,  25,  93,  136, 127, 107, 77, 54, 34,  35,  35,
                                         63,  56,  46, 42,  41,  49,  54,  17,  19,  23, 33, 45,  65,  77};
  const std::vector<std::uint8_t> smaller{101, 115, 97,  98,  102, 109, 91,  87,  91, 132, 140, 152,
                                          135, 139, 86,  96,  100, 106, 112, 115, 67, 118, 180, 98,
                                          163, 138, 129, 132, 95,  157, 163, 90,  99, 170, 172, 83};
  const std::vector<std::uint8_t> wider{0,  38, 36,  85, 90,  156, 178, 113, 236, 85, 193, 59, 194, 71, 195,
                                        89, 83, 147, 8,  186, 122, 72,  88,  53,  36, 25,  25, 24,  17, 23};
  CHECK(resized(made(5, 4, 1), 8, 7).pixels == larger);
  CHECK(resized(made(6, 9, 3), 3, 4).pixels == smaller);
  CHECK(resized(made(3, 3, 2), 3, 5).pixels == wider);
  image_set two = made(5, 4, 1);  // of several each by itself
  two.pixels.insert(two.pixels.end(), 20, std::uint8_t{9});
  two.labels = {0, 0};
  const image_set both = resized(two, 8, 7);
  CHECK(std::vector(both.pixels.begin(), both.pixels.begin() + 56) == larger);
  CHECK(std::vector(both.pixels.begin() + 56, both.pixels.end()) == std::vector<std::uint8_t>(56, 9));
  CHECK(resized(two, 5, 4).pixels == two.pixels);
  CHECK(refusal([&] { resized(two, 0, 5); }) == "training.images images 'made', resized: 0 x 5");
}

TEST_CASE("image_set: what is no set of images is refused by name") {
  image_set all = numbered(4);
  all.labels[2] = 256;
  CHECK(refusal([&] { check_images(all); }) == "training.images images 'numbered', label of image 2: 256");
  all.labels[2] = -1;
  CHECK(refusal([&] { split(all); }) == "training.images images 'numbered', label of image 2: -1");
  all = numbered(4);
  all.pixels.pop_back();
  CHECK(refusal([&] { check_images(all); }) == "training.images images 'numbered': 3 bytes of pixels and 4 labels");
  all.height = 0;
  CHECK(refusal([&] { check_images(all); }).starts_with("training.images images 'numbered': 0 x 1 x 1 pixels"));
  const image_set ten = numbered(10);
  CHECK(refusal([&] { split(ten, {.validation = 0.01}); }).starts_with("training.option split of images 'numbered'"));
  CHECK(refusal([&] { split(ten, {.validation = 0.5, .held_out = 0.5}); }).starts_with("training.option"));
  CHECK(refusal([&] { split(ten, {.validation = 1.5}); }) ==
        "training.option split of images 'numbered', a share: 1.5");
  const std::vector<std::size_t> past{3, 10};
  CHECK(refusal([&] { select(ten, past); }) == "training.images images 'numbered', select: image 10");
}
