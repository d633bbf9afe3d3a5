// SPDX-License-Identifier: Apache-2.0
// IDX files that Python's gzip wrote, and Fashion-MNIST where Debian's package is installed.
#include "nascent/training/idx.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "../temporary_folder.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/training/image_batch.hpp"

using namespace nascent;

namespace {

constexpr std::string_view two_images{
    "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
    "abcdefghijkl",
    28};
constexpr std::string_view two_labels{"\0\0\x08\x01\0\0\0\x02\x07\x09", 10};
/// The first, as gzip.compress(..., mtime=0) of Python 3.11 gives it.
constexpr std::string_view compressed{
    "\037\213\010\000\000\000\000\000\002\003\143\140\340\140\146\140\140\140\202\142\346\304\244\344\224"
    "\324\264\364\214\314\254\354\034\000\071\314\053\340\034\000\000\000",
    42};

template <class Act>
std::string refusal(Act&& act) {
  try {
    act();
  } catch (const error& e) {
    return std::string(e.code()) + ": " + std::string(e.found()) + "; " + std::string(e.allowed());
  }
  return "none";
}

using test::says;

}  // namespace

TEST_CASE("idx: plain and compressed files give the same images") {
  const test::temporary_folder folder;
  write_file(folder / "images", two_images);
  write_file(folder / "images.gz", compressed);
  write_file(folder / "labels", two_labels);
  for (const char* name : {"images", "images.gz"}) {
    const image_set all = read_idx(folder / name, folder / "labels", "two");
    CHECK(all.height == 2);
    CHECK(all.width == 3);
    CHECK(all.labels == std::vector{7, 9});
    CHECK(std::string(all.pixels.begin(), all.pixels.end()) == "abcdefghijkl");
  }
}

TEST_CASE("idx: what is no such file is refused by name") {
  const test::temporary_folder folder;
  const auto images = folder / "images";
  const auto labels = folder / "labels";
  const auto read = [&] { return refusal([&] { read_idx(images, labels, "some"); }); };
  write_file(labels, two_labels);
  CHECK(says(read(), "file.read: No such file"));
  write_file(images, two_labels);
  CHECK(says(read(), "training.file: the first number 2049; 2051: images"));
  write_file(images, two_images.substr(0, 20));
  CHECK(says(read(), "training.file: its end after 20 bytes"));
  write_file(images, std::string(two_images) + "x");
  CHECK(says(read(), "training.file: more bytes than its header says"));
  write_file(images, compressed.substr(0, compressed.size() - 12));
  CHECK(says(read(), "training.file: "));
  std::string damaged(compressed);
  damaged[damaged.size() - 6] ^= 1;  // its checksum
  write_file(images, damaged);
  CHECK(says(read(), "training.file: damage"));
  std::string huge(two_images);
  huge[4] = huge[8] = huge[12] = '\x7f';
  write_file(images, huge);
  CHECK(says(read(), "training.file: a size of "));
  write_file(images, two_images);
  write_file(labels, std::string_view("\0\0\x08\x01\0\0\0\x01\x07", 9));
  CHECK(says(read(), "training.file: 1 labels; 2, one for each image"));
  write_file(labels, std::string_view("\0\0\x08\x01\0\0\0\x02\x07\x0a", 10));
  CHECK(says(read(), "training.images: 10; 0 to 9"));
  CHECK(says(refusal([&] { read_fashion_mnist(folder.path()); }), "apt-get install dataset-fashion-mnist"));
}

// Mean and deviation as its users quote them: 0.2860 and 0.3530.
TEST_CASE("idx: Fashion-MNIST is what its authors say") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    SKIP("Debian's dataset-fashion-mnist is not installed");
  const published_images all = read_fashion_mnist();
  CHECK(all.training.size() == 60000);
  CHECK(all.test.size() == 10000);
  CHECK(all.training.height == 28);
  std::array<int, 10> count{};
  for (const int label : all.training.labels) ++count[static_cast<std::size_t>(label)];
  for (const int n : count) CHECK(n == 6000);
  CHECK(all.training.labels[0] == 9);  // an ankle boot
  const standardization s = standardize(all.training);
  CHECK(std::abs(s.mean[0] - 0.2860F) < 1e-4F);
  CHECK(std::abs(s.deviation[0] - 0.3530F) < 1e-4F);
}
