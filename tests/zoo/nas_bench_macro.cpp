// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/nas_bench_macro.hpp"

#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"

using namespace nascent;

// Records of xiusu/NAS-Bench-Macro, data/nas-bench-macro_cifar10.json, 61a2bfc (Apache-2.0).
TEST_CASE("params and multiply-adds of published codes") {
  struct record {
    std::string_view code;
    std::int64_t params;
    std::int64_t macs;
  };
  constexpr record records[] = {
      {"00000000", 387882, 7713280},   {"00000001", 791594, 14115328},   {"10000000", 396298, 12128768},
      {"11111111", 1588874, 53246464}, {"22222222", 2932586, 105660928}, {"22212220", 1985514, 85164544},
      {"22212202", 1985514, 85164544}, {"12012012", 2014602, 67092992},  {"01201201", 1283434, 46109184},
      {"20110210", 1232682, 44294656}, {"02102021", 1933802, 60469760},  {"21021120", 1710890, 62360064},
  };
  for (const auto& [code, params, macs] : records) {
    CAPTURE(code);
    const counts found = count(zoo::nas_bench_macro_candidate(code));
    CHECK(found.params == params);
    CHECK(found.macs == macs);
  }
}

TEST_CASE("params and multiply-adds of all 6561 codes") {
  // Sums over the records, and the FNV-1a hash of params, MACs, params, MACs, ... in the order of the codes.
  std::int64_t params = 0;
  std::int64_t macs = 0;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (uint128 rank = 0; rank < zoo::nas_bench_macro.size(); ++rank) {
    const counts found = count(zoo::nas_bench_macro.unrank(rank));
    params += found.params;
    macs += found.macs;
    for (const std::int64_t value : {found.params, found.macs})
      hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3U;
  }
  CHECK(params == 10'736'730'954);
  CHECK(macs == 364'399'409'664);
  CHECK(hash == 0x38678b364dbff587U);
}

TEST_CASE("the order of candidates is that of the codes") {
  CHECK(zoo::nas_bench_macro.rank(zoo::nas_bench_macro_candidate("00000012")) == 5);
  CHECK(zoo::nas_bench_macro.rank(zoo::nas_bench_macro_candidate("22222222")) == 6560);
}

TEST_CASE("6561 codes name 3969 networks, which cost the same") {
  std::set<uint128> networks;
  for (uint128 rank = 0; rank < zoo::nas_bench_macro.size(); ++rank) {
    const auto c = zoo::nas_bench_macro.unrank(rank);
    const auto distinct = zoo::nas_bench_macro_network(c);
    networks.insert(zoo::nas_bench_macro_distinct.rank(distinct));
    REQUIRE(count(distinct) == count(c));
  }
  CHECK(networks.size() == 3969);
}

TEST_CASE("what is no code is an error") {
  CHECK_THROWS_AS(zoo::nas_bench_macro_candidate("2221222"), space_error);
  CHECK_THROWS_AS(zoo::nas_bench_macro_candidate("22212223"), space_error);
  CHECK_THROWS_AS(zoo::nas_bench_macro_candidate("2221222x"), space_error);
}
