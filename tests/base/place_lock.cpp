// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/place_lock.hpp"

#include <csignal>
#include <optional>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace nascent;

TEST_CASE("a place is held until its holder ends, however it does") {
  const test::temporary_folder folder;
  const place_lock mine(folder / "places", 1);
  CHECK(mine.is_held(1));
  CHECK_FALSE(mine.is_held(2));
  {
    const place_lock other(folder / "places", 2);  // of the same process
    CHECK(mine.is_held(2));
    CHECK(other.is_held(1));
    CHECK_THROWS_AS(place_lock(folder / "places", 1), file_error);
  }
  CHECK_FALSE(mine.is_held(2));

  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const place_lock held(folder / "places", 3);
    static_cast<void>(!::write(ready[1], "x", 1));
    for (;;) ::pause();
  }
  char x = 0;
  REQUIRE(::read(ready[0], &x, 1) == 1);
  CHECK(mine.is_held(3));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(mine.is_held(3));
  ::close(ready[0]);
  ::close(ready[1]);
}
