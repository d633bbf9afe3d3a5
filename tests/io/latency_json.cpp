// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/latency_json.hpp"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using namespace nascent;

latency_entry entry(const std::string& signature, double ms, std::int64_t placement, bool estimated = false) {
  return {.signature = signature,
          .time = {.median_ms = ms,
                   .trimmed_mean_ms = ms * 1.01,
                   .minimum_ms = ms / 3,
                   .low_ms = ms * .99,
                   .high_ms = ms * 1.1,
                   .spread = .1,
                   .cpu_median_ms = ms,
                   .count = 12,
                   .spoilt = 1,
                   .involuntary_switches = 2,
                   .source = time_source::thread_cpu},
          .estimated = estimated,
          .network = "n \"1\"",
          .measured_at = "2026-01-31T12:00:00Z",
          .placement = placement};
}

std::string exported(const fs::path& path) {
  std::ostringstream out;
  latency_store(path, {}, true).export_csv(out);
  return out.str();
}

fs::path make_table(const fs::path& path) {
  const store_key a{.device = {.device = "X", .library = "l 1", .isa = "any", .threads = 2, .type = data_type::bf16},
                    .batch = 8};
  const store_key b{.device = {.device = "Y", .library = "l 2", .isa = "avx2"}, .context = cache_context::evicted};
  latency_store(path, a).insert(
      std::vector{entry("one", 1. / 3, 9'000'000'000'000'000'001), entry("one", .4, 7), entry("two", 2, 0, true)});
  latency_store(path, b).insert(std::vector{entry("one", 5, 7)});
  return path;
}

}  // namespace

TEST_CASE("a table comes back from JSON as it was: all devices, contexts and placements") {
  const test::temporary_folder folder;
  const fs::path a = make_table(folder / "a.db");
  const json j = json::parse(latency_table_to_json(a).dump());
  CHECK(j["environments"].size() == 2);
  CHECK(j["environments"][0]["kernels"][0]["placements"].size() == 2);
  const exchange_result r = import_latency_json(folder / "b.db", j);
  CHECK(r.rows == 4);
  CHECK(r.written == 4);
  CHECK(exported(folder / "b.db") == exported(a));
  CHECK(import_latency_json(folder / "b.db", j).written == 0);
}

TEST_CASE("an empty table is JSON too") {
  const test::temporary_folder folder;
  latency_store(folder / "a.db", {});
  CHECK(import_latency_json(folder / "b.db", latency_table_to_json(folder / "a.db")).rows == 0);
}

TEST_CASE("JSON that is no table is refused with its place, and nothing is written") {
  const test::temporary_folder folder;
  const json good = latency_table_to_json(make_table(folder / "a.db"));
  const auto refused = [&](const std::string& pointer, const json& value, const std::string& part) {
    json bad = good;
    bad[json::json_pointer(pointer)] = value;
    CHECK_THROWS_WITH(import_latency_json(folder / "b.db", bad), ContainsSubstring(pointer) && ContainsSubstring(part));
  };
  refused("/format", "other", "\"nascent latency table\"");
  refused("/version", 99, "allowed: 2");
  refused("/environments", 3, "a list");
  refused("/environments/0/dtype", "f64", "\"bf16\"");
  refused("/environments/0/context", "warm", "\"evicted\"");
  refused("/environments/0/threads", 0, "1 or more");
  refused("/environments/0/threads", 4'294'967'297,
          "found 4294967297; allowed: a whole number of 1 or more, below 2^31");
  refused("/environments/0/threads", 2'147'483'648, "1 or more, below 2^31");
  refused("/environments/0/batch", 0, "1 or more, below 2^31");
  {
    json bad = good;
    bad["environments"][1]["kernels"][0]["signature"] = "";
    CHECK_THROWS_WITH(
        import_latency_json(folder / "b.db", bad),
        ContainsSubstring("/environments/1/kernels/0") && ContainsSubstring("signature': found an empty text"));
  }
  refused("/environments/1/kernels/0/placements/0/samples", 1e300, "found 1e+300");
  refused("/environments/1/kernels/0/placements/0/low_ms", 99, "found 99; allowed: up to high_ms, 5.5");
  refused("/environments/1/kernels/0/placements/0/network_ms", -1, "0 or more");
  refused("/environments/1/kernels/0/placements/0/median_ms", -1, "0 or more");
  refused("/environments/1/kernels/0/placements/0/median_ms", "fast", "found \"fast\"");
  refused("/environments/1/kernels/0/placements/0/source", "sun", "\"wall\"");
  refused("/environments/1/kernels/0/placements/0/placement", "x", "as a string");
  refused("/environments/1/kernels/0/placements/0/estimated", 1, "true or false");
  CHECK_THROWS_WITH(import_latency_json(folder / "b.db", json::array()), ContainsSubstring("a group of keys"));
  CHECK_THROWS_WITH(import_latency_json(folder / "b.db", json::object()),
                    ContainsSubstring("/format") && ContainsSubstring("found nothing"));
  CHECK(!fs::exists(folder / "b.db"));
}

TEST_CASE("a tree that is too deep for its printing is named by its kind") {
  const test::temporary_folder folder;
  json deep = json::array();
  for (int i = 0; i < 5'000; ++i) {
    json outer = json::array();
    outer.push_back(std::move(deep));
    deep = std::move(outer);
  }
  CHECK_THROWS_WITH(import_latency_json(folder / "b.db", deep), ContainsSubstring("found a list"));
  json j = latency_table_to_json(make_table(folder / "a.db"));
  j["environments"] = {{"deep", std::move(deep)}};
  CHECK_THROWS_WITH(import_latency_json(folder / "b.db", j),
                    ContainsSubstring("found a group of keys; allowed: a list"));
}
