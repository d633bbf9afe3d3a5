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
