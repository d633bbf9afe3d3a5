// SPDX-License-Identifier: Apache-2.0
#include "nascent/executor/buffers.hpp"

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

using namespace nascent;

namespace {

/// What is wrong with a plan; empty where nothing is.
std::string fault_of(const std::vector<buffer_request>& requests, const buffer_plan& plan, std::size_t alignment) {
  if (plan.offsets.size() != requests.size()) return "number of offsets";
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (plan.offsets[i] % alignment != 0) return "alignment";
    if (plan.offsets[i] + requests[i].bytes > plan.bytes) return "past the end";
    for (std::size_t j = 0; j < i; ++j) {
      const bool together = requests[i].first <= requests[j].last && requests[j].first <= requests[i].last;
      const bool apart = plan.offsets[i] + requests[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + requests[j].bytes <= plan.offsets[i];
      const bool empty = requests[i].bytes == 0 || requests[j].bytes == 0;
      if (together && !apart && !empty)
        return "requests " + std::to_string(j) + " and " + std::to_string(i) + " overlap";
    }
  }
  return {};
}

/// The most bytes alive at one step: no plan can need fewer.
std::size_t most_alive(const std::vector<buffer_request>& requests) {
  std::size_t most = 0;
  for (const buffer_request& at : requests) {
    std::size_t sum = 0;
    for (const buffer_request& r : requests)
      if (r.first <= at.first && at.first <= r.last) sum += r.bytes;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace

TEST_CASE("buffers: a chain needs two") {
  const std::vector<buffer_request> chain{{64, 0, 1}, {128, 1, 2}, {64, 2, 3}, {128, 3, 4}};
  const buffer_plan plan = plan_buffers(chain);
  CHECK(fault_of(chain, plan, 64).empty());
  CHECK(plan.bytes == 192);
}

TEST_CASE("buffers: a gap between two live tensors is used") {
  const std::vector<buffer_request> requests{{300, 0, 2}, {200, 0, 1}, {100, 0, 9}, {150, 2, 5}};
  const buffer_plan plan = plan_buffers(requests, 1);
  CHECK(plan.offsets == std::vector<std::size_t>{0, 300, 500, 300});
  CHECK(plan.bytes == 600);
}

TEST_CASE("buffers: no two live tensors overlap") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    test::dice roll(seed);
    const std::size_t alignment = std::size_t{1} << roll.between(0, 8);
    std::vector<buffer_request> requests(static_cast<std::size_t>(roll.between(0, 60)));
    std::size_t total = 0;
    for (buffer_request& r : requests) {
      r.bytes = static_cast<std::size_t>(roll.between(0, 5) == 0 ? 0 : roll.between(1, 5000));
      r.first = roll.between(0, 40);
      r.last = roll.between(r.first, std::min(r.first + roll.between(0, 10), 45));
      total += r.bytes + alignment;
    }
    const buffer_plan plan = plan_buffers(requests, alignment);
    CHECK(fault_of(requests, plan, alignment) == "");
    CHECK(plan.bytes <= total);
    CHECK(plan.bytes >= most_alive(requests));
  }
}

TEST_CASE("buffers: a request that ends before it begins is refused") {
  const std::vector<buffer_request> requests{{1, 0, 0}, {1, 3, 2}};
  CHECK_THROWS_MATCHES(plan_buffers(requests), nascent::error,
                       Catch::Matchers::Message("nascent: plan_buffers, request 1: found a life from step 3 to 2; "
                                                "allowed: a last step that is not before the first"));
  CHECK_THROWS_MATCHES(plan_buffers({}, 0), nascent::error,
                       Catch::Matchers::Message("nascent: plan_buffers, alignment: found 0; allowed: 1 or more"));
}

TEST_CASE("lifetimes: from being written to being read last, in place means the same memory") {
  // 0 -> 1 -> 2; 3 = 2 + 1, in the memory of 1; 4 from 3
  const std::vector<buffer_use> program{{.reads = {0}, .writes = 1},
                                        {.reads = {1}, .writes = 2},
                                        {.reads = {2, 1}, .writes = 3, .in_place = true},
                                        {.reads = {3}, .writes = 4}};
  const std::vector<std::size_t> bytes{10, 20, 30, 20, 40};
  const buffer_lifetimes lives = lifetimes(program, bytes, std::vector{4});
  CHECK(lives.request_of == std::vector<int>{0, 1, 2, 1, 3});
  REQUIRE(lives.requests.size() == 4);
  constexpr int forever = std::numeric_limits<int>::max();
  CHECK((lives.requests[0].first == 0 && lives.requests[0].last == forever));  // the input, for the next run
  CHECK((lives.requests[1].first == 0 && lives.requests[1].last == 3));
  CHECK((lives.requests[2].first == 1 && lives.requests[2].last == 2));
  CHECK((lives.requests[3].first == 3 && lives.requests[3].last == forever));
  CHECK(lives.requests[2].bytes == 30);
  const buffer_lifetimes two = lifetimes(program, bytes, std::vector{2, 4});
  CHECK(two.requests[2].last == forever);
  CHECK(two.requests[1].last == 3);
}
