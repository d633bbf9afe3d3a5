// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/memory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/resource.h>

using namespace nascent;

TEST_CASE("the memory limit is that of the machine, or of the process where that is less") {
  const double machine = memory_limit();
  CHECK(machine > 16e6);  // this test runs in more
  CHECK(machine < 1e15);
  struct ::rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  const rlim_t half = static_cast<rlim_t>(machine / 2);
  if (before.rlim_max != RLIM_INFINITY && half > before.rlim_max) return;
  const struct ::rlimit less { half, before.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_AS, &less) == 0);
  const double limited = memory_limit();
  REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(limited == static_cast<double>(half));
  CHECK(memory_limit() == machine);
}

TEST_CASE("bytes are written in their unit") {
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(bytes_text(999) == "999 bytes");
  CHECK(bytes_text(1000) == "1.00 kB");
  CHECK(bytes_text(16.5e9) == "16.5 GB");
  CHECK(bytes_text(1.8e16) == "18000 TB");
}
