// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/caches.hpp"

#include <filesystem>
#include <fstream>

#include "fake.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

void describe(const std::filesystem::path& folder, int index, const char* type, const char* level, const char* size,
              const char* processors) {
  const std::filesystem::path entry = folder / ("index" + std::to_string(index));
  std::filesystem::create_directory(entry);
  std::ofstream(entry / "type") << type << '\n';
  std::ofstream(entry / "level") << level << '\n';
  std::ofstream(entry / "size") << size << '\n';
  std::ofstream(entry / "shared_cpu_list") << processors << '\n';
}

}  // namespace

TEST_CASE("caches for data are read as the system lists them, nearest first") {
  const fake::folder place;
  const std::filesystem::path folder = place.path();
  describe(folder, 0, "Unified", "3", "32M", "0-7,16-23");
  describe(folder, 1, "Data", "1", "48K", "0,16");
  describe(folder, 2, "Instruction", "1", "32K", "0,16");
  describe(folder, 3, "Unified", "2", "1024K", "0");
  const std::vector<data_cache> caches = data_caches(folder.string());
  REQUIRE(caches.size() == 3);
  CHECK(caches[0] == data_cache{.level = 1, .bytes = 48 << 10, .shared_by = 2});
  CHECK(caches[1] == data_cache{.level = 2, .bytes = 1 << 20, .shared_by = 1});
  CHECK(caches[2] == data_cache{.level = 3, .bytes = 32 << 20, .shared_by = 16});
}

TEST_CASE("what says nothing of use is left out") {
  const fake::folder place;
  const std::filesystem::path folder = place.path();
  CHECK(data_caches(folder.string()).empty());
  CHECK(data_caches((folder / "no such folder").string()).empty());
  describe(folder, 0, "Data", "1", "", "");
  describe(folder, 1, "Unified", "", "64K", "0");
  describe(folder, 2, "Unified", "2", "64Q", "0");
  CHECK(data_caches(folder.string()).empty());
  describe(folder, 3, "Unified", "2", "512", "3-1");
  CHECK(data_caches(folder.string()) == std::vector<data_cache>{{.level = 2, .bytes = 512, .shared_by = 1}});
}
