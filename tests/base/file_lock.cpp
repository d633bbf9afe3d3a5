// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/file_lock.hpp"

#include <optional>
#include <string>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;

TEST_CASE("one at a time holds a file; the next one waits, or is told") {
  const test::temporary_folder folder;
  const auto path = folder / "hub.json";
  std::optional<file_lock> first(std::in_place, path);
  CHECK_THROWS_MATCHES(file_lock(path, 0.05), file_error,
                       Catch::Matchers::MessageMatches(
                           Catch::Matchers::ContainsSubstring("found another process that has changed it for 0.05 s")));
  CHECK_NOTHROW(file_lock(folder / "other.json", 0.05));
  first.reset();
  CHECK_NOTHROW(file_lock(path, 0.05));
  CHECK_FALSE(std::filesystem::exists(path));  // the file itself is not touched
}

TEST_CASE("a lock that cannot be made is refused with what to do") {
  CHECK_THROWS_AS(file_lock("no/such/folder/hub.json"), file_error);
}
