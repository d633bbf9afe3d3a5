// SPDX-License-Identifier: Apache-2.0
#include "nascent/executor/processor.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sched.h>

using namespace nascent;

TEST_CASE("processor: features are whole words") {
  CHECK(processor_has(""));
  CHECK(processor_has("sse2"));
  CHECK(processor_has("sse2 fpu"));
  CHECK_FALSE(processor_has("fp"));
  CHECK_FALSE(processor_has("fpu nonsense"));
  CHECK_FALSE(processor_model().empty());
  CHECK(detail::processor_field("no such field").empty());
}

TEST_CASE("processor: cores are those of this process, not of the machine") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(available_cores() == CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core)
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(available_cores() == 1);
  REQUIRE(usable_cores().size() == 1);
  CHECK(CPU_ISSET(static_cast<unsigned>(usable_cores()[0]), &one));
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}
