// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/detail/schema.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/latency/exchange.hpp"

namespace {

namespace fs = std::filesystem;
using namespace nascent;

store_key key() { return {.device = {.device = "fake", .library = "fake 1.0", .isa = "any"}}; }

latency_entry row(const std::string& signature, double ms, std::int64_t placement, bool estimated = false) {
  return {.signature = signature,
          .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 5},
          .estimated = estimated,
          .network = "n",
          .measured_at = "2026-01-31T12:00:00Z",
          .placement = placement};
}

/// A file as the first version of the library wrote it: one row for each kernel.
void make_schema_1(const fs::path& path, int kernels) {
  database d(path);
  d.execute(
      "CREATE TABLE environment(id INTEGER PRIMARY KEY, device TEXT NOT NULL, library TEXT NOT NULL, isa TEXT NOT "
      "NULL, threads INTEGER NOT NULL, "
      "dtype TEXT NOT NULL, batch INTEGER NOT NULL, UNIQUE(device, library, isa, threads, dtype, batch));"
      "CREATE TABLE entry(environment INTEGER NOT NULL REFERENCES environment(id), context TEXT NOT NULL, signature "
      "TEXT NOT NULL, median_ms REAL NOT "
      "NULL, trimmed_mean_ms REAL NOT NULL, minimum_ms REAL NOT NULL, low_ms REAL NOT NULL, high_ms REAL NOT NULL, "
      "spread REAL NOT NULL, cpu_median_ms "
      "REAL NOT NULL, samples INTEGER NOT NULL, spoilt INTEGER NOT NULL, switches INTEGER NOT NULL, source TEXT NOT "
      "NULL, estimated INTEGER NOT NULL, "
      "network TEXT NOT NULL, measured_at TEXT NOT NULL, PRIMARY KEY(environment, context, signature)) WITHOUT ROWID;"
      "INSERT INTO environment VALUES(1, 'fake', 'fake 1.0', 'any', 1, 'f32', 1)");
  transaction all(d);
  for (int i = 0; i < kernels; ++i)
    d.prepare(
         "INSERT INTO entry VALUES(1, 'in_network', ?, ?, 2, 1, 1, 3, 0.1, 1, 12, 1, 4, 'thread_cpu', 0, 'n', "
         "'2026-01-31T12:00:00Z')")
        .bind("kernel " + std::to_string(i), 0.5 + i)
        .run();
  all.commit();
  d.execute("PRAGMA application_id = " + std::to_string(latency_store::application_id) + ";PRAGMA user_version = 1");
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void check_rows(latency_store& store, std::size_t kernels) {
  const auto rows = store.load();
  REQUIRE(rows.size() == kernels);
  const auto as_written = [](const latency_entry& e) {
    return e.time.trimmed_mean_ms == 2 && e.time.count == 12 && e.time.source == time_source::thread_cpu &&
           e.placements == 1 && e.placement == 0;
  };
  CHECK(std::ranges::all_of(rows, as_written));
}

TEST_CASE("a file of schema 1 is read as it is, and brought up to date where it may be written") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  make_schema_1(path, 20);
  const std::string before = bytes_of(path);
  {
    latency_store readable(path, key(), true);
    check_rows(readable, 20);
    std::ostringstream out;
    readable.export_csv(out);
    CHECK(out.str().find("in_network,kernel 0,0,0.5,2,") != std::string::npos);
  }
  CHECK(bytes_of(path) == before);
  {
    latency_store store(path, key());
    check_rows(store, 20);
    CHECK(store.insert(std::vector{row("kernel 0", 4, 99)}).rows == 1);
    CHECK(store.load().front().placements == 2);
  }
  database d(path);
  CHECK(d.number("PRAGMA user_version") == latency_store::schema);
  CHECK(d.number("SELECT count(*) FROM sqlite_master WHERE name LIKE 'entry%'") == 1);
  CHECK(d.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a file of schema 2 knows no sizes of networks, and keeps the rest") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  latency_entry sized = row("k", 3, 5);
  sized.network_weights = 4'000'000;
  latency_store(path, key()).insert(std::vector{sized, row("k", 4, 6)});
  CHECK(latency_store(path, key()).load_placements()[0].network_weights == 4'000'000);
  database(path).execute(
      "ALTER TABLE entry DROP COLUMN network_weights; ALTER TABLE entry DROP COLUMN network_ms; PRAGMA user_version = "
      "2");
  for (const bool read_only : {true, false}) {
    const auto rows = latency_store(path, key(), read_only).load_placements();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].network_weights == 0);
    CHECK(rows[0].placement == 5);
    CHECK(rows[1].time.median_ms == 4);
  }
  CHECK(database(path).number("PRAGMA user_version") == latency_store::schema);
}

TEST_CASE("a file of schema 3 does not know how long networks took, and keeps the rest") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  latency_entry timed = row("k", 3, 5);
  timed.network_weights = 4'000'000;
  timed.network_ms = 17.5;
  latency_store(path, key()).insert(std::vector{timed});
  CHECK(latency_store(path, key()).load_placements().at(0).network_ms == 17.5);
  database(path).execute("ALTER TABLE entry DROP COLUMN network_ms; PRAGMA user_version = 3");
  for (const bool read_only : {true, false}) {
    const auto rows = latency_store(path, key(), read_only).load_placements();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].network_ms == 0);
    CHECK(rows[0].network_weights == 4'000'000);
    CHECK(rows[0].time.median_ms == 3);
  }
  CHECK(database(path).number("PRAGMA user_version") == latency_store::schema);
}

TEST_CASE("tables of schema 1 are joined to newer ones") {
  const fake::folder folder;
  make_schema_1(folder / "old.db", 3);
  latency_store(folder / "new.db", key()).insert(std::vector{row("kernel 0", 1, 5)});
  CHECK(merge_tables(folder / "new.db", folder / "old.db").written == 3);
  const auto rows = latency_store(folder / "new.db", key()).load();
  CHECK(rows.size() == 3);
  CHECK(rows[0].placements == 2);
  CHECK(merge_tables(folder / "new.db", folder / "old.db").written == 0);
}

TEST_CASE("a kill while a file is brought up to date leaves the old one or the new one") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  for (int trial = 0; trial < 20; ++trial) {
    for (const char* more : {"", "-wal", "-shm", "-journal"}) fs::remove(path.string() + more);
    make_schema_1(path, 2000);
    const pid_t child = fake::start_child([&] {
      latency_store store(path, key());
      return 0;
    });
    ::usleep(static_cast<useconds_t>(500 * trial));
    ::kill(child, SIGKILL);
    fake::wait_for(child);
    {
      database d(path);
      REQUIRE(d.text("PRAGMA integrity_check") == "ok");
      const auto version = d.number("PRAGMA user_version");
      CHECK((version == 1 || version == latency_store::schema));
      CHECK(d.number("SELECT count(*) FROM entry") == 2000);
    }
    latency_store store(path, key());
    check_rows(store, 2000);
  }
}

TEST_CASE("several processes bring one file up to date") {
  const fake::folder folder;
  make_schema_1(folder / "a.db", 500);
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i)
    children.push_back(fake::start_child([&] {
      latency_store store(folder / "a.db", key());
      return store.load().size() == 500 ? 0 : 1;
    }));
  for (const pid_t child : children) CHECK(fake::wait_for(child) == 0);
}

TEST_CASE("placements of a kernel are rows of their own; estimates give way to any of them") {
  latency_store store(":memory:", key());
  CHECK(store.insert(std::vector{row("k", 9, 0, true)}).rows == 1);
  insert_result r = store.insert(std::vector{row("k", 1, 11)});
  CHECK(r.rows == 1);
  CHECK(r.kernels == 1);
  r = store.insert(std::vector{row("k", 3, 12), row("k", 7, 12), row("k", 9, 0, true)});
  CHECK(r.rows == 1);  // a placement has one row, and an estimate comes too late
  CHECK(r.kernels == 0);
  const auto rows = store.load();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].placements == 2);
  CHECK(rows[0].time.trimmed_mean_ms == 2);
  CHECK(store.load_placements().size() == 2);
  CHECK(store.load_placements("k").size() == 2);
  CHECK(store.load_placements("l").empty());
}

TEST_CASE(
    "estimates take the place of earlier ones of the same kernels; what was measured, and other estimates, stay") {
  latency_store store(":memory:", key());
  store.insert(std::vector{row("a", 1, 3), row("b", 2, 0, true), row("c", 3, 0, true)});
  CHECK(store.replace_estimates(std::vector{row("a", 9, 0, true), row("b", 8, 0, true), row("d", 7, 0, true)}) == 2);
  const auto rows = store.load();
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].time.median_ms == 1);
  CHECK(rows[1].time.median_ms == 8);
  CHECK(rows[2].time.median_ms == 3);  // another space's
  CHECK(rows[3].signature == "d");
}

TEST_CASE("placements are joined once: to join again adds nothing") {
  const fake::folder folder;
  latency_store(folder / "a.db", key()).insert(std::vector{row("k", 1, 11), row("l", 5, 0, true)});
  latency_store(folder / "b.db", key()).insert(std::vector{row("k", 3, 12), row("l", 4, 13), row("m", 4, 0, true)});
  CHECK(merge_tables(folder / "a.db", folder / "b.db").written == 3);
  CHECK(merge_tables(folder / "a.db", folder / "b.db").written == 0);
  const auto rows = latency_store(folder / "a.db", key()).load();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].placements == 2);
  CHECK(!rows[1].estimated);
  CHECK(rows[2].estimated);
}

TEST_CASE("comma-separated values carry the sizes and times of networks, and are read without them") {
  const fake::folder folder;
  latency_entry sized = row("k", 3, 5);
  sized.network_weights = 77;
  sized.network_ms = 12.5;
  std::ostringstream out;
  {
    latency_store store(folder / "a.db", key());
    store.insert(std::vector{sized});
    store.export_csv(out);
  }
  std::istringstream again(out.str());
  CHECK(import_csv(folder / "b.db", again).written == 1);
  CHECK(latency_store(folder / "b.db", key()).load_placements().at(0).network_weights == 77);
  CHECK(latency_store(folder / "b.db", key()).load_placements().at(0).network_ms == 12.5);
  std::string older = out.str();
  const auto leave_out = [&](std::initializer_list<std::string> columns) {
    for (const std::string& column : columns) older.replace(older.find(column), column.size(), "\r\n");
  };
  leave_out({",network_ms\r\n", ",12.5\r\n"});
  std::istringstream schema_3(older);
  CHECK(import_csv(folder / "d.db", schema_3).written == 1);
  CHECK(latency_store(folder / "d.db", key()).load_placements().at(0).network_weights == 77);
  CHECK(latency_store(folder / "d.db", key()).load_placements().at(0).network_ms == 0);
  leave_out({",network_weights\r\n", ",77\r\n"});
  std::istringstream schema_2(older);
  CHECK(import_csv(folder / "c.db", schema_2).written == 1);
  CHECK(latency_store(folder / "c.db", key()).load_placements().at(0).network_weights == 0);
  CHECK(latency_store(folder / "c.db", key()).load_placements().at(0).placement == 5);
}

TEST_CASE("comma-separated values without placements are read too") {
  const fake::folder folder;
  std::istringstream old(
      "device,library,isa,threads,dtype,batch,context,signature,median_ms,trimmed_mean_ms,minimum_ms,low_ms,high_ms,"
      "spread,cpu_median_ms,samples,spoilt,"
      "switches,source,estimated,network,measured_at\r\nfake,fake "
      "1.0,any,1,f32,1,in_network,a,2,2.02,1.8,1.98,2.04,0.03,1.96,17,3,5,thread_cpu,0,n,2026\r\n");
  CHECK(import_csv(folder / "a.db", old).written == 1);
  CHECK(latency_store(folder / "a.db", key()).load().at(0).placement == 0);
}

}  // namespace
