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

TEST_CASE("every field comes back, none in another's place") {
  const test::temporary_folder folder;
  // No two fields are alike, none is 0.
  const latency_entry one{.signature = "s",
                          .time = {.median_ms = 5,
                                   .trimmed_mean_ms = 6,
                                   .minimum_ms = 3,
                                   .low_ms = 4,
                                   .high_ms = 7,
                                   .spread = .25,
                                   .cpu_median_ms = 4.5,
                                   .count = 12,
                                   .spoilt = 2,
                                   .involuntary_switches = 9,
                                   .source = time_source::device},
                          .network = "net",
                          .measured_at = "2026-01-31T12:00:00Z",
                          .placement = 77,
                          .network_weights = 4321,
                          .network_ms = 1.75};
  latency_store(folder / "a.db", {}).insert(std::vector{one});
  const json j = json::parse(latency_table_to_json(folder / "a.db").dump());
  const json& written = j["environments"][0]["kernels"][0]["placements"][0];
  CHECK(j["environments"][0]["kernels"][0]["signature"] == "s");
  CHECK(written["median_ms"] == 5);
  CHECK(written["trimmed_mean_ms"] == 6);
  CHECK(written["minimum_ms"] == 3);
  CHECK(written["low_ms"] == 4);
  CHECK(written["high_ms"] == 7);
  CHECK(written["spread"] == .25);
  CHECK(written["cpu_median_ms"] == 4.5);
  CHECK(written["samples"] == 12);
  CHECK(written["spoilt"] == 2);
  CHECK(written["switches"] == 9);
  CHECK(written["source"] == "device");
  CHECK(written["network"] == "net");
  CHECK(written["measured_at"] == "2026-01-31T12:00:00Z");
  CHECK(written["placement"] == "77");
  CHECK(written["network_weights"] == 4321);
  CHECK(written["network_ms"] == 1.75);
  CHECK(written["estimated"] == false);
  CHECK(import_latency_json(folder / "b.db", j).written == 1);
  const std::vector<table_row> rows = load_rows(folder / "b.db");
  REQUIRE(rows.size() == 1);
  const latency_entry& back = rows[0].entry;
  CHECK(back.signature == one.signature);
  CHECK(back.time == one.time);
  CHECK(!back.estimated);
  CHECK(back.network == one.network);
  CHECK(back.measured_at == one.measured_at);
  CHECK(back.placement == 77);
  CHECK(back.network_weights == 4321);
  CHECK(back.network_ms == 1.75);
  // Files of version 2 without what came later.
  json older = j;
  older["environments"][0]["kernels"][0]["placements"][0].erase("network_weights");
  older["environments"][0]["kernels"][0]["placements"][0].erase("network_ms");
  import_latency_json(folder / "c.db", older);
  CHECK(load_rows(folder / "c.db")[0].entry.network_weights == 0);
  CHECK(load_rows(folder / "c.db")[0].entry.network_ms == 0);
}

TEST_CASE("environments that differ in one thing only stay apart, kernels of one name in each") {
  const test::temporary_folder folder;
  const store_key first{.device = {.device = "D", .library = "l", .isa = "any", .threads = 1, .type = data_type::f32},
                        .batch = 1,
                        .context = cache_context::in_network};
  std::vector<store_key> keys(9, first);
  keys[1].device.device = "E";
  keys[2].device.library = "m";
  keys[3].device.isa = "avx2";
  keys[4].device.threads = 2;
  keys[5].device.type = data_type::f16;
  keys[6].batch = 2;
  keys[7].context = cache_context::hot;
  keys[8].device.type = data_type::int8;
  for (std::size_t i = 0; i < keys.size(); ++i)
    latency_store(folder / "a.db", keys[i])
        .insert(std::vector{entry("k", 1 + static_cast<double>(i), 1), entry("l", 20, 2), entry("l", 30, 3)});
  const json j = latency_table_to_json(folder / "a.db");
  REQUIRE(j["environments"].size() == keys.size());
  for (const json& e : j["environments"]) {
    REQUIRE(e["kernels"].size() == 2);
    CHECK(e["kernels"][0]["placements"].size() == 1);
    CHECK(e["kernels"][1]["placements"].size() == 2);
  }
  CHECK(import_latency_json(folder / "b.db", j).written == 3 * keys.size());
  CHECK(exported(folder / "b.db") == exported(folder / "a.db"));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto rows = latency_store(folder / "b.db", keys[i], true).load_placements();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].time.median_ms == 1 + static_cast<double>(i));
  }
}

TEST_CASE("versions that are older than two, or of later programs, are refused") {
  const test::temporary_folder folder;
  json j = latency_table_to_json(make_table(folder / "a.db"));
  const int newest = j["version"].get<int>();
  for (const int version : {1, newest + 1}) {
    j["version"] = version;
    CHECK_THROWS_WITH(import_latency_json(folder / "b.db", j), ContainsSubstring("/version"));
  }
  for (const int version : {2, newest}) {
    j["version"] = version;
    CHECK(import_latency_json(folder / ("b" + std::to_string(version) + ".db"), j).written == 4);
  }
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
