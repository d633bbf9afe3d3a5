// SPDX-License-Identifier: Apache-2.0
// Files as cs.toronto.edu/~kriz/cifar.html describes them.
#include "nascent/training/cifar.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// Red, green and blue are constant, but for the first pixel of the second row.
std::string image(const std::string& labels, char red, char green, char blue) {
  std::string bytes = labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
  bytes[labels.size() + 32] = 'R';
  bytes[labels.size() + 1024 + 32] = 'G';
  return bytes;
}

}  // namespace

TEST_CASE("cifar: planes of red, green and blue become pixels, and each version has its label") {
  const test::temporary_folder folder;
  write_file(folder / "1.bin", image("\x03", 'r', 'g', 'b') + image("\x09", 'x', 'y', 'z'));
  write_file(folder / "2.bin", image(std::string(1, '\0'), '1', '2', '3'));
  const std::vector<std::filesystem::path> files{folder / "1.bin", folder / "2.bin"};
  const image_set ten = read_cifar(files, cifar::ten);
  CHECK(ten.labels == std::vector{3, 9, 0});
  CHECK(ten.classes == 10);
  const auto text = [&](const image_set& all, std::size_t i, std::size_t pixel) {
    const auto bytes = all.image(i).subspan(3 * pixel, 3);
    return std::string(bytes.begin(), bytes.end());
  };
  CHECK(text(ten, 0, 0) == "rgb");
  CHECK(text(ten, 1, 0) == "xyz");
  CHECK(text(ten, 1, 32) == "RGz");
  CHECK(text(ten, 2, 1023) == "123");

  write_file(folder / "train.bin", image("\x0b\x4d", 'r', 'g', 'b'));
  const std::vector<std::filesystem::path> hundred{folder / "train.bin"};
  CHECK(read_cifar(hundred, cifar::hundred).labels == std::vector{0x4d});
  CHECK(read_cifar(hundred, cifar::hundred).classes == 100);
  CHECK(read_cifar(hundred, cifar::twenty_coarse).labels == std::vector{11});
  CHECK(text(read_cifar(hundred, cifar::hundred), 0, 5) == "rgb");
}

TEST_CASE("cifar: what is no such file is refused by name") {
  const test::temporary_folder folder;
  const std::vector<std::filesystem::path> files{folder / "data_batch_1.bin"};
  const auto code = [&](cifar which) -> std::string {
    try {
      read_cifar(files, which);
    } catch (const error& e) {
      return std::string(e.code()) + " " + std::string(e.found());
    }
    return "none";
  };
  CHECK(code(cifar::ten).starts_with("file.read"));
  write_file(files[0], image("\x03", 'r', 'g', 'b'));
  CHECK(code(cifar::ten) == "none");
  CHECK(code(cifar::hundred) == "training.file 3073 bytes");
  write_file(files[0], "");
  CHECK(code(cifar::ten) == "training.file 0 bytes");
  write_file(files[0], image("\x0a", 'r', 'g', 'b'));
  CHECK(code(cifar::ten) == "training.images 10");
}
