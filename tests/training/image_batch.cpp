// SPDX-License-Identifier: Apache-2.0
#include "nascent/training/image_batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "made_images.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// 1 to 6 in two rows of three pixels.
const image_set six{"six", 2, 3, 1, 1, {1, 2, 3, 4, 5, 6}, {0}};

/// Bytes again.
std::vector<int> written(const augmentation& change, random_engine& rng) {
  const standardization plain{{0}, {1}};
  std::vector<float> out(6);
  write_image(six, 0, plain, change, rng, out);
  std::vector<int> bytes;
  for (const float x : out) bytes.push_back(static_cast<int>(std::lround(x * 255)));
  return bytes;
}

}  // namespace

TEST_CASE("image_batch: standardised images have mean 0 and deviation 1 in each channel") {
  const image_set all = test::made_images(50, 3);
  const standardization s = standardize(all);
  random_engine rng;
  std::vector<double> sums(2);
  std::vector<double> squares(2);
  std::vector<float> out(all.image_bytes());
  for (std::size_t i = 0; i < all.size(); ++i) {
    write_image(all, i, s, {}, rng, out);
    for (std::size_t k = 0; k < out.size(); ++k) {
      sums[k % 2] += static_cast<double>(out[k]);
      squares[k % 2] += static_cast<double>(out[k]) * static_cast<double>(out[k]);
    }
  }
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(std::abs(sums[c] / 3200) < 1e-4);
    CHECK(std::abs(squares[c] / 3200 - 1) < 1e-4);
  }
  CHECK(standardize({"black", 1, 1, 1, 1, {0, 0}, {0, 0}}).deviation[0] == 1);
  CHECK_THROWS_AS(standardize({"none", 1, 1, 1, 1}), training_error);
}

TEST_CASE("image_batch: half of the images are flipped, and crops shift evenly") {
  random_engine rng(9);
  CHECK(written({}, rng) == std::vector{1, 2, 3, 4, 5, 6});
  std::map<std::vector<int>, int> seen;
  for (int i = 0; i < 2000; ++i) ++seen[written({.flip = true}, rng)];
  REQUIRE(seen.size() == 2);
  CHECK(seen.contains({3, 2, 1, 6, 5, 4}));
  CHECK(std::abs(seen[{1, 2, 3, 4, 5, 6}] - 1000) < 140);  // six deviations

  seen.clear();
  for (int i = 0; i < 9000; ++i) ++seen[written({.crop = 1}, rng)];
  CHECK(seen.size() == 9);
  CHECK(seen.contains({0, 0, 0, 0, 1, 2}));  // up and left of it is black
  CHECK(seen.contains({5, 6, 0, 0, 0, 0}));
  CHECK(seen.contains({2, 3, 0, 5, 6, 0}));
  for (const auto& [image, count] : seen) CHECK(std::abs(count - 1000) < 180);
}

TEST_CASE("image_batch: a place of another size is refused") {
  random_engine rng;
  std::vector<float> out(5);
  CHECK_THROWS_AS(write_image(six, 0, {{0}, {1}}, {}, rng, out), training_error);
}
