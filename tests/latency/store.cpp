// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/store.hpp"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "nascent/latency/exchange.hpp"

namespace {

namespace fs = std::filesystem;
using nascent::cache_context;
using nascent::database;
using nascent::latency_entry;
using nascent::latency_store;
using nascent::latency_table_error;
using nascent::load_rows;
using nascent::merge_tables;
using nascent::store_key;

store_key key(const std::string& device = "fake") {
  return {.device = {.device = device, .library = "fake 1.0", .isa = "any"}};
}

latency_entry entry(const std::string& signature, double ms, bool estimated = false) {
  return {.signature = signature,
          .time = {.median_ms = ms,
                   .trimmed_mean_ms = ms * 1.01,
                   .minimum_ms = ms * 0.9,
                   .low_ms = ms * 0.99,
                   .high_ms = ms * 1.02,
                   .spread = 0.03,
                   .cpu_median_ms = ms * 0.98,
                   .count = 17,
                   .spoilt = 3,
                   .involuntary_switches = 5,
                   .source = nascent::time_source::thread_cpu},
          .estimated = estimated,
          .network = "n",
          .measured_at = "2026-01-31T12:00:00Z"};
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string message(const fs::path& path, bool read_only = false) {
  return fake::message_of<latency_table_error>([&] { latency_store(path, key(), read_only, 0.1); });
}

/// The sentence names the file and has these parts.
bool says(const std::string& message, const fs::path& path, const std::vector<std::string>& parts) {
  CAPTURE(message);
  bool all = message.find("'" + path.string() + "'") != std::string::npos;
  for (const std::string& part : parts) {
    CHECK(message.find(part) != std::string::npos);
    all = all && message.find(part) != std::string::npos;
  }
  return all;
}

/// Root may write everywhere: gives that up, for the rest of this (child) process.
void become_nobody() {
  if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
    throw std::runtime_error("cannot become nobody");
}

TEST_CASE("rows come back as they went in") {
  const fake::folder folder;
  const latency_entry row = entry("convolution 8x8x3>4x4x16 k3 s2 relu", 0.125);
  {
    latency_store store(folder / "a.db", key());
    CHECK(store.load().empty());
    CHECK(store.insert(std::vector{row}).rows == 1);
  }
  const auto rows = latency_store(folder / "a.db", key()).load();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].signature == row.signature);
  CHECK(rows[0].time == row.time);
  CHECK(rows[0].estimated == row.estimated);
  CHECK(rows[0].network == row.network);
  CHECK(rows[0].measured_at == row.measured_at);
}

TEST_CASE("a file is marked as ours, with its schema, and keeps a write-ahead log") {
  const fake::folder folder;
  { latency_store store(folder / "a.db", key()); }
  database d(folder / "a.db");
  CHECK(d.number("PRAGMA application_id") == latency_store::application_id);
  CHECK(d.number("PRAGMA user_version") == latency_store::schema);
  CHECK(d.text("PRAGMA journal_mode") == "wal");
}

TEST_CASE("rows belong to device, library, instruction set, threads, type, batch and context") {
  const fake::folder folder;
  const store_key base = key();
  latency_store(folder / "a.db", base).insert(std::vector{entry("k", 1)});
  std::vector<store_key> others(7, base);
  others[0].device.device = "other";
  others[1].device.library = "fake 1.1";
  others[2].device.isa = "avx2";
  others[3].device.threads = 2;
  others[4].device.type = nascent::data_type::bf16;
  others[5].batch = 8;
  others[6].context = cache_context::hot;
  for (const store_key& other : others) {
    latency_store store(folder / "a.db", other);
    CHECK(store.load().empty());
    CHECK(store.insert(std::vector{entry("k", 2)}).rows == 1);
    CHECK(store.load().size() == 1);
  }
  CHECK(latency_store(folder / "a.db", base).load().at(0).time.median_ms == 1);
  database d(folder / "a.db");
  CHECK(d.number("SELECT count(*) FROM entry") == 8);
  CHECK(d.number("SELECT count(*) FROM environment") == 7);  // contexts share one
}

TEST_CASE("a measured row stays, an estimate gives way to a measurement") {
  latency_store store(":memory:", key());
  const auto put = [&](double ms, bool estimated) { return store.insert(std::vector{entry("k", ms, estimated)}).rows; };
  CHECK(put(1, true) == 1);
  CHECK(put(2, true) == 0);
  CHECK(store.load().at(0).time.median_ms == 1);
  CHECK(put(3, false) == 1);
  CHECK(store.load().at(0).time.median_ms == 3);
  CHECK(!store.load().at(0).estimated);
  CHECK(put(4, false) == 0);
  CHECK(put(5, true) == 0);
  CHECK(store.load().at(0).time.median_ms == 3);
}

TEST_CASE("rows are written together or not at all") {
  latency_store store(":memory:", key());
  std::vector<latency_entry> rows{entry("a", 1), entry("b", 2), entry("c", 3)};
  rows[2].time.median_ms = std::numeric_limits<double>::quiet_NaN();  // SQLite has no such number: NULL, refused
  CHECK_THROWS_AS(store.insert(rows), latency_table_error);
  CHECK(store.load().empty());
  rows.pop_back();
  CHECK(store.insert(rows).rows == 2);
}

TEST_CASE("what others write is seen") {
  const fake::folder folder;
  latency_store mine(folder / "a.db", key());
  mine.load();
  CHECK(!mine.changed());
  mine.insert(std::vector{entry("mine", 1)});
  CHECK(!mine.changed());
  latency_store(folder / "a.db", key()).insert(std::vector{entry("theirs", 1)});
  CHECK(mine.changed());
  CHECK(mine.load().size() == 2);
  CHECK(!mine.changed());
}

TEST_CASE("a file that is no database is refused and untouched") {
  const fake::folder folder;
  for (const std::string& content :
       {std::string("x"), std::string("device,latency\ncpu,1.5\n"), std::string(5000, '\x7f')}) {
    const fs::path path = folder / "text.csv";
    std::ofstream(path, std::ios::binary) << content;
    for (const bool read_only : {false, true})
      CHECK(says(message(path, read_only), path, {"no SQLite file", "name another path", "nothing was written"}));
    CHECK(bytes_of(path) == content);
  }
}

TEST_CASE("another program's database is refused and untouched") {
  const fake::folder folder;
  const fs::path path = folder / "foreign.db";
  {
    database(path).execute(
        "CREATE TABLE notes(text); INSERT INTO notes VALUES('precious'); PRAGMA application_id = 42");
  }
  const std::string before = bytes_of(path);
  CHECK(says(message(path), path, {"another program", "application id 42", "name another path"}));
  CHECK(bytes_of(path) == before);
  // Most programs set no application id.
  { database(path).execute("PRAGMA application_id = 0"); }
  CHECK(says(message(path), path, {"another program", "application id 0"}));
  CHECK(database(path).text("SELECT text FROM notes") == "precious");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);  // and nothing left beside it
}

TEST_CASE("a schema of another version is refused") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  { latency_store store(path, key()); }
  { database(path).execute("PRAGMA user_version = 7"); }
  CHECK(says(message(path), path, {"schema version 7", "allowed: 1 to 4", "newer nascent"}));
  { database(path).execute("PRAGMA user_version = 0"); }
  CHECK(says(message(path), path, {"schema version 0"}));
}

TEST_CASE("a damaged file is refused") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  {
    latency_store store(path, key());
    std::vector<latency_entry> rows;
    for (int i = 0; i < 500; ++i) rows.push_back(entry("kernel " + std::to_string(i), i));
    store.insert(rows);
  }
  const std::string good = bytes_of(path);
  SECTION("cut off") {
    std::ofstream(path, std::ios::binary) << good.substr(0, good.size() / 2);
    CHECK(says(message(path), path, {"found damage", "restore a copy"}));
  }
  SECTION("overwritten in the middle") {
    std::string bad = good;
    for (std::size_t i = good.size() / 2; i < good.size() / 2 + 5000; ++i) bad[i] = '\x55';
    std::ofstream(path, std::ios::binary) << bad;
    CHECK(says(message(path), path, {"found damage", "restore a copy"}));
    CHECK(bytes_of(path) == bad);
  }
  SECTION("a table gone") {
    { database(path).execute("DROP TABLE entry"); }
    const auto text = fake::message_of<latency_table_error>([&] { latency_store(path, key()).load(); });
    CHECK(says(text, path, {"found damage", "entry"}));
  }
  SECTION("an impossible time") {
    { database(path).execute("UPDATE entry SET low_ms = -3 WHERE signature = 'kernel 7'"); }
    const auto text = fake::message_of<latency_table_error>([&] { latency_store(path, key()).load(); });
    CHECK(says(text, path, {"a row of 'kernel 7' with low_ms -3", "a number of 0 or more"}));
  }
}

TEST_CASE("paths where no table can be are refused with the reason") {
  const fake::folder folder;
  CHECK(says(message(""), "", {"no name"}));
  CHECK(says(message(folder.path()), folder.path(), {"found a folder"}));
  CHECK(says(message("/dev/null"), "/dev/null", {"no ordinary file"}));
  const fs::path nowhere = folder / "no" / "such" / "a.db";
  CHECK(says(message(nowhere), nowhere, {"no folder", "make it first"}));
  CHECK(says(message("/proc/a.db"), "/proc/a.db", {"cannot be opened", "name another path"}));
  CHECK(says(message(folder / "none.db", true), folder / "none.db", {"no such file", "read-only"}));
  CHECK(!fs::exists(folder / "none.db"));
}

TEST_CASE("an empty file becomes a table, unless it is to be read only") {
  const fake::folder folder;
  std::ofstream(folder / "empty.db").close();
  CHECK(says(message(folder / "empty.db", true), folder / "empty.db", {"an empty file"}));
  CHECK(fs::file_size(folder / "empty.db") == 0);
  CHECK(latency_store(folder / "empty.db", key()).load().empty());
  CHECK(fs::file_size(folder / "empty.db") > 0);
}

TEST_CASE("a file without permission to write is refused for measuring, and good for predicting") {
  const fake::folder folder;
  const fake::folder other;
  fs::permissions(other.path(), fs::perms::all);
  const fs::path path = folder / "a.db";
  latency_store(path, key()).insert(std::vector{entry("k", 1)});
  fs::permissions(path, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  SECTION("in a folder that can be written") {}
  SECTION("in a folder that cannot") {
    fs::permissions(folder.path(), fs::perms::owner_write, fs::perm_options::remove);
    fs::permissions(folder.path(), fs::perms::group_write | fs::perms::others_write, fs::perm_options::remove);
  }
  const int status = fake::in_child([&] {
    become_nobody();
    const std::string refused = message(path);
    if (refused.find("'" + path.string() + "'") == std::string::npos) return 1;
    if (refused.find("a folder that can be written") == std::string::npos ||
        refused.find("name another path") == std::string::npos)
      return 2;
    latency_store readable(path, key(), true);
    if (readable.load().size() != 1) return 3;
    const auto text = fake::message_of<latency_table_error>([&] { readable.insert(std::vector{entry("l", 1)}); });
    if (text.find("read-only") == std::string::npos) return 4;
    std::ostringstream out;
    readable.export_csv(out);
    if (out.str().find("k") == std::string::npos) return 5;
    if (load_rows(path).size() != 1) return 6;
    return merge_tables(other / "b.db", path).written == 1 ? 0 : 7;
  });
  CHECK(status == 0);
  fs::permissions(folder.path(), fs::perms::owner_all, fs::perm_options::add);
}

TEST_CASE("a folder without permission to write is refused") {
  const fake::folder folder;
  fs::permissions(folder.path(),
                  fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  const int status = fake::in_child([&] {
    become_nobody();
    return message(folder / "a.db").find("cannot be opened") == std::string::npos ? 1 : 0;
  });
  CHECK(status == 0);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

/// Inserts until it fails. 0 if that says what it should and the rows before are still there, in a file without a flaw.
int fill_up(const fs::path& path) {
  latency_store store(path, key());
  std::size_t written = 0;
  std::string refused;
  for (int batch = 0; batch < 1000 && refused.empty(); ++batch) {
    std::vector<latency_entry> rows;
    for (int i = 0; i < 20; ++i) rows.push_back(entry("kernel " + std::to_string(20 * batch + i), 1));
    refused = fake::message_of<latency_table_error>([&] { written += store.insert(rows).rows; });
  }
  if (refused.find("enough space; free some") == std::string::npos) return 1;
  if (refused.find("'" + path.string() + "'") == std::string::npos) return 2;
  if (written == 0 || store.load().size() != written) return 3;
  return database(path).text("PRAGMA integrity_check") == "ok" ? 0 : 4;
}

TEST_CASE("a limit on the size of files ends with the rows before kept") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  const int status = fake::in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 300'000, .rlim_max = 300'000};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 5;
    return fill_up(path);
  });
  CHECK(status == 0);
  const auto rows = latency_store(path, key()).load();
  CHECK(!rows.empty());
  CHECK(rows.size() % 20 == 0);
}

TEST_CASE("a full disk ends with the rows before kept") {
  const fake::folder folder;
  constexpr int cannot_mount = 77;
  const int status = fake::in_child([&] {
    // A small disk that only this child sees, gone with it.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=400k") != 0)
      return cannot_mount;
    return fill_up(folder / "a.db");
  });
  if (status == cannot_mount) SKIP("no permission to mount a small disk");
  CHECK(status == 0);
}

TEST_CASE("processes that make one file at once all find it made") {
  for (int trial = 0; trial < 5; ++trial) {
    const fake::folder folder;
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i)
      children.push_back(fake::start_child([&] {
        latency_store store(folder / "a.db", key());
        return store.insert(std::vector{entry("of " + std::to_string(::getpid()), 1)}).rows == 1 ? 0 : 1;
      }));
    for (const pid_t child : children) CHECK(fake::wait_for(child) == 0);
    CHECK(latency_store(folder / "a.db", key()).load().size() == 8);
  }
}

TEST_CASE("rows are exported as comma-separated values") {
  latency_store store(":memory:", key("Brand \"X\", 2 cores"));
  store.insert(std::vector{entry("b", 0.1), entry("a", 2, true)});
  std::ostringstream out;
  store.export_csv(out);
  CHECK(out.str() ==
        "device,library,isa,threads,dtype,batch,context,signature,placement,median_ms,trimmed_mean_ms,minimum_ms,low_"
        "ms,high_ms,"
        "spread,"
        "cpu_median_ms,samples,spoilt,switches,source,estimated,network,measured_at,network_weights,network_ms\r\n"
        "\"Brand \"\"X\"\", 2 cores\",fake "
        "1.0,any,1,f32,1,in_network,a,0,2,2.02,1.8,1.98,2.04,0.03,1.96,17,3,5,thread_cpu,1,n,"
        "2026-01-31T12:00:00Z,0,0\r\n"
        "\"Brand \"\"X\"\", 2 cores\",fake 1.0,any,1,f32,1,in_network,b,0,0.1,0.101,0.09000000000000001,0.099,"
        "0.10200000000000001,0.03,0.098,17,3,5,thread_cpu,0,n,2026-01-31T12:00:00Z,0,0\r\n");
}

}  // namespace

TEST_CASE(
    "a file that is removed, moved or replaced while it is open is noticed: what goes on is not lost without a word") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  const auto change = [&](auto&& what) {
    for (const fs::directory_entry& left : fs::directory_iterator(folder.path())) fs::remove(left);
    latency_store store(path, key());
    store.insert(std::vector{entry("one", 1)});
    store.check_in_place();
    what();
    const auto said = [&](auto&& action) { return fake::message_of<latency_table_error>(action); };
    const std::string expected = "found its file removed, moved or replaced since it was opened";
    CHECK(said([&] { store.insert(std::vector{entry("two", 2)}); }).find(expected) != std::string::npos);
    CHECK(said([&] { store.replace_estimates(std::vector{entry("two", 2, true)}); }).find(expected) !=
          std::string::npos);
    CHECK(said([&] { store.check_in_place(); }).find(expected) != std::string::npos);
  };
  change([&] { fs::remove(path); });
  change([&] { fs::rename(path, folder / "b.db"); });
  fs::rename(folder / "b.db", path);  // put back: what was measured before is there
  CHECK(latency_store(path, key()).load().size() == 1);
  change([&] {
    fs::remove(path);
    latency_store(path, key("another"));
  });
  latency_store in_memory(":memory:", key());
  in_memory.insert(std::vector{entry("one", 1)});
  in_memory.check_in_place();
}
