// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/space_record.hpp"

#include <set>
#include <string>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/migrate.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

/// Candidates moved by the record of their space are what they were.
template <class Space>
void check_moves(const Space& s) {
  const space_record record(parse_json(record_of(s).dump()));
  CHECK(record.view().name == s.name());
  random_engine rng(3);
  for (int i = 0; i < 20; ++i) {
    const auto c = s.sample(rng);
    const auto there = migrate(record.view(), c.digits, s);
    REQUIRE(there.what);
    CHECK(*there.what == c);
  }
}

}  // namespace

TEST_CASE("a record has all that moves candidates into a space") {
  check_moves(small_space);
  check_moves(zoo::gpunet);
  check_moves(zoo::efficientnet_x);
  check_moves(zoo::proxylessnas);
  check_moves(zoo::nas_bench_macro);
}

TEST_CASE("spaces have different fingerprints") {
  const std::set<std::string> all{space_fingerprint(small_space), space_fingerprint(extended_space),
                                  space_fingerprint(zoo::gpunet), space_fingerprint(zoo::nas_bench_macro),
                                  space_fingerprint(zoo::nas_bench_macro_distinct)};
  CHECK(all.size() == 5);
  CHECK(space_fingerprint(small_space) == space_fingerprint(small_space));
}

TEST_CASE("a damaged record is refused by its place") {
  json j = record_of(small_space);
  j["slots"][0]["values"][0] = {"number", 3};
  CHECK_THROWS_AS(space_record(j), json_error);
  j = record_of(small_space);
  j["stages"][1].erase("layers");
  CHECK_THROWS_AS(space_record(j), json_error);
}
