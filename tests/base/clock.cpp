// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace {

/// Keeps the processor busy until this thread has had `ns` of it.
void spin(std::int64_t ns) {
  const std::int64_t end = nascent::thread_cpu_ns() + ns;
  while (nascent::thread_cpu_ns() < end) {
  }
}

TEST_CASE("wall time passes while a thread sleeps, its processor time does not") {
  const std::int64_t wall = nascent::wall_ns();
  const std::int64_t cpu = nascent::thread_cpu_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const std::int64_t wall_passed = nascent::wall_ns() - wall;
  const std::int64_t cpu_passed = nascent::thread_cpu_ns() - cpu;
  CHECK(wall_passed >= 30'000'000);
  CHECK(cpu_passed < wall_passed / 3);
}

TEST_CASE("processor time counts work, and never more than wall time for one thread") {
  const std::int64_t wall = nascent::wall_ns();
  const std::int64_t cpu = nascent::thread_cpu_ns();
  spin(5'000'000);
  const std::int64_t cpu_passed = nascent::thread_cpu_ns() - cpu;
  const std::int64_t wall_passed = nascent::wall_ns() - wall;
  CHECK(cpu_passed >= 5'000'000);
  CHECK(wall_passed >= cpu_passed - 100'000);  // two clocks, not read at one moment
}

TEST_CASE("processor time of the process includes other threads, that of the thread does not") {
  const std::int64_t process = nascent::process_cpu_ns();
  const std::int64_t thread = nascent::thread_cpu_ns();
  std::thread(spin, 10'000'000).join();
  CHECK(nascent::process_cpu_ns() - process >= 10'000'000);
  CHECK(nascent::thread_cpu_ns() - thread < 10'000'000);
}

TEST_CASE("involuntary switches are counted for the thread and for the process") {
  const std::int64_t thread = nascent::thread_switches();
  const std::int64_t process = nascent::process_switches();
  // More spinning threads than processors: the scheduler has to take it away from somebody.
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> inside = 0;
  for (unsigned i = 0; i < 4 * std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      spin(20'000'000);
      inside += nascent::thread_switches();
    });
  for (std::thread& t : threads) t.join();
  CHECK(nascent::thread_switches() >= thread);
  CHECK(inside > 0);
  CHECK(nascent::process_switches() - process >= inside);
}

}  // namespace
