// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/nasnet.hpp"

#include <map>
#include <string>

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// Public counts: osmr/imgclsmob (NASNet-A 6@4032, NASNet-A 4@1056).
static_assert(count(zoo::nasnet_a_large).params == 88'753'150);
static_assert(count(zoo::nasnet_a_mobile).params == 5'289'978);

// NASNet paper, Tables 2 and 3: 23.8 G and 564 M.
TEST_CASE("NASNet-A has the MACs of its paper") {
  CHECK((count(zoo::nasnet_a_large).macs + 50'000'000) / 100'000'000 == 238);
  CHECK((count(zoo::nasnet_a_mobile).macs + 500'000) / 1'000'000 == 564);
}

TEST_CASE("NASNet-A Large has the maps of its public code") {
  const network graph = to_network(zoo::nasnet_a_large);
  std::map<std::string, shape> last;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) last[graph.stage_of(i)] = graph.layers()[i].output;
  CHECK(last["stem"] == shape{1, 42, 42, 336});
  CHECK(last["1"] == shape{1, 42, 42, 1008});
  CHECK(last["reduction 1"] == shape{1, 21, 21, 1344});
  CHECK(last["2"] == shape{1, 21, 21, 2016});
  CHECK(last["reduction 2"] == shape{1, 11, 11, 2688});
  CHECK(last["3"] == shape{1, 11, 11, 4032});
  CHECK(graph.output() == shape{1, 1, 1, 1000});
}

TEST_CASE("NASNet: a difference of more than 1 % from the printed figures has its reason beside it") {
  check_remark(zoo::nasnet_a_large);
  check_remark(zoo::nasnet_a_mobile);
}
