// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/exchange.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/latency/read_table.hpp"

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using namespace nascent;

store_key key(const std::string& device, int threads = 1) {
  return {.device = {.device = device, .library = "fake 1.0", .isa = "any", .threads = threads}};
}

latency_entry entry(const std::string& signature, double ms, bool estimated = false) {
  return {.signature = signature,
          .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 5},
          .estimated = estimated,
          .network = "n",
          .measured_at = "2026-01-31T12:00:00Z"};
}

std::string exported(const fs::path& path) {
  std::ostringstream out;
  latency_store(path, key("any"), true).export_csv(out);
  return out.str();
}

}  // namespace

TEST_CASE("joined tables have the rows of both; measured rows stay, estimates give way") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  const fs::path b = temporary.path() / "b.db";
  latency_store(a, key("X")).insert(std::vector{entry("one", 1), entry("two", 2, true)});
  latency_store(b, key("X")).insert(std::vector{entry("one", 9), entry("two", 3), entry("three", 4)});
  latency_store(b, key("X", 2)).insert(std::vector{entry("one", 5)});
  const exchange_result r = merge_tables(a, b);
  CHECK(r.rows == 4);
  CHECK(r.written == 3);
  for (const latency_entry& e : latency_store(a, key("X")).load())
    CHECK(e.time.median_ms == (e.signature == "one" ? 1 : e.signature == "two" ? 3 : 4));
  CHECK(latency_store(a, key("X", 2)).load().size() == 1);
  CHECK(merge_tables(a, b).written == 0);
}

TEST_CASE("placements of one kernel lie beside each other, estimates beside none that was measured") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  const fs::path b = temporary.path() / "b.db";
  const auto placed = [](const std::string& signature, double ms, std::int64_t placement, bool estimated = false) {
    latency_entry e = entry(signature, ms, estimated);
    e.placement = placement;
    return e;
  };
  latency_store(a, key("X"))
      .insert(
          std::vector{placed("both", 1, 1), placed("mine", 2, 1), placed("guess", 3, 0, true), placed("same", 4, 5)});
  latency_store(b, key("X"))
      .insert(std::vector{placed("both", 5, 2), placed("both", 6, 3), placed("mine", 7, 0, true), placed("guess", 8, 2),
                          placed("guess", 9, 3), placed("same", 10, 5), placed("new", 11, 0, true)});
  // The other context of the same kernels is another matter.
  store_key hot = key("X");
  hot.context = cache_context::hot;
  latency_store(b, hot).insert(std::vector{placed("mine", 12, 4)});
  const auto check = [&] {
    std::multiset<std::string> found;
    for (const table_row& r : load_rows(a))
      found.insert(r.entry.signature + " " + std::to_string(std::lround(r.entry.time.median_ms)) +
                   (r.key.context == cache_context::hot ? " hot" : ""));
    CHECK(found == std::multiset<std::string>{"both 1", "both 5", "both 6", "mine 2", "guess 8", "guess 9", "same 4",
                                              "new 11", "mine 12 hot"});
  };
  const std::vector<table_row> theirs = load_rows(b);
  fs::copy_file(a, temporary.path() / "before.db");
  const exchange_result r = merge_tables(a, b);
  CHECK(r.rows == 8);
  CHECK(r.written == 6);
  check();
  // Rows that are added one by one make the same table.
  fs::remove(a);
  fs::copy_file(temporary.path() / "before.db", a);
  CHECK(add_rows(a, theirs).written == 6);
  check();
}

TEST_CASE("every column comes back from CSV, none in another's place") {
  const fake::folder temporary;
  const table_row one{
      .key = {.device = {.device = "D", .library = "L", .isa = "I", .threads = 3, .type = data_type::int8},
              .batch = 5,
              .context = cache_context::cold},
      .entry = {.signature = "s",
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
                .estimated = true,
                .network = "net",
                .measured_at = "2026-01-31T12:00:00Z",
                .placement = 77,
                .network_weights = 4321,
                .network_ms = 1.75}};
  CHECK(add_rows(temporary.path() / "a.db", std::vector{one}).written == 1);
  std::istringstream in(exported(temporary.path() / "a.db"));
  std::string header;
  std::string record;
  std::getline(in, header);
  std::getline(in, record);
  CHECK(header + "\n" + record ==
        "device,library,isa,threads,dtype,batch,context,signature,placement,median_ms,trimmed_mean_ms,minimum_ms,"
        "low_ms,high_ms,spread,cpu_median_ms,samples,spoilt,switches,source,estimated,network,measured_at,"
        "network_weights,network_ms\r\n"
        "D,L,I,3,int8,5,cold,s,77,5,6,3,4,7,0.25,4.5,12,2,9,device,1,net,2026-01-31T12:00:00Z,4321,1.75\r");
  std::istringstream again(exported(temporary.path() / "a.db"));
  CHECK(import_csv(temporary.path() / "b.db", again).written == 1);
  for (const char* name : {"a.db", "b.db"}) {
    const std::vector<table_row> rows = load_rows(temporary.path() / name);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].key.device == one.key.device);
    CHECK(rows[0].key.batch == 5);
    CHECK(rows[0].key.context == cache_context::cold);
    const latency_entry& e = rows[0].entry;
    CHECK(e.signature == "s");
    CHECK(e.time == one.entry.time);
    CHECK(e.estimated);
    CHECK(e.network == "net");
    CHECK(e.measured_at == one.entry.measured_at);
    CHECK(e.placement == 77);
    CHECK(e.network_weights == 4321);
    CHECK(e.network_ms == 1.75);
  }
}

TEST_CASE("tables of different devices are refused by name, and stay as they are") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  const fs::path b = temporary.path() / "b.db";
  latency_store(a, key("Brand X")).insert(std::vector{entry("one", 1)});
  latency_store(b, key("Brand Y")).insert(std::vector{entry("two", 1)});
  const std::string before = exported(a);
  CHECK_THROWS_WITH(merge_tables(a, b), ContainsSubstring("'Brand X'") && ContainsSubstring("'Brand Y'") &&
                                            ContainsSubstring("allowed: tables of one device"));
  CHECK(exported(a) == before);
  CHECK_THROWS_WITH(merge_tables(a, a), ContainsSubstring("the same file twice; allowed: two files"));
  CHECK_THROWS_AS(merge_tables(a, temporary.path() / "none.db"), latency_table_error);
}

TEST_CASE("a new table takes what is joined to it") {
  const fake::folder temporary;
  latency_store(temporary.path() / "b.db", key("X")).insert(std::vector{entry("one", 1)});
  CHECK(merge_tables(temporary.path() / "new.db", temporary.path() / "b.db").written == 1);
  CHECK(exported(temporary.path() / "new.db") == exported(temporary.path() / "b.db"));
}

TEST_CASE("what was exported reads back as it was, also with commas, quotes and line ends") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  latency_store(a, key("Brand \"X\", 2 cores"))
      .insert(std::vector{entry("one", 0.1), entry("two, \"so\"\nto say", 1. / 3, true)});
  std::istringstream in(exported(a));
  const exchange_result r = import_csv(temporary.path() / "b.db", in);
  CHECK(r.rows == 2);
  CHECK(r.written == 2);
  CHECK(exported(temporary.path() / "b.db") == exported(a));
  std::istringstream again(exported(a));
  CHECK(import_csv(a, again).written == 0);
}

TEST_CASE("a bad record is named, and nothing is written") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  latency_store(a, key("X")).insert(std::vector{entry("one", 1), entry("two", 2)});
  const std::string good = exported(a);
  const auto refused = [&](std::string text, const std::string& part) {
    std::istringstream in(std::move(text));
    CHECK_THROWS_WITH(import_csv(temporary.path() / "b.db", in),
                      ContainsSubstring(part) && ContainsSubstring("nothing was written"));
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.rfind(from), from.size(), to);
  };
  refused("", "found nothing; allowed: the columns that export_csv writes");
  refused("a,b,c\r\n", "another header");
  refused(with("two,0,2,", "two,0,fast,"), "record 3, median_ms: found 'fast'");
  refused(with("two,0,2,", "two,0,-2,"), "median_ms: found '-2'");
  refused(with("two,0,2,", "two,0,nan,"), "median_ms: found 'nan'");
  refused(with("two,0,2,", "two,0,2,7,"), "found 26 fields");
  refused(with(",5,0,0,", ",5.5,0,0,"), "samples: found '5.5'");
  refused(with(",5,0,0,", ",1e300,0,0,"), "samples: found '1e300'");
  refused(with("any,1,", "any,4294967297,"),
          "threads: found '4294967297'; allowed: a whole number of 1 or more, below 2^31");
  refused(with("any,1,", "any,0,"), "threads: found '0'; allowed: a whole number of 1 or more");
  refused(with("any,1,", "any,1e300,"), "threads: found '1e300'");
  refused(with("f32,1,", "f32,0,"), "batch: found '0'; allowed: a whole number of 1 or more");
  refused(with("two,0,2,", ",0,2,"), "record 3, signature: found an empty text");
  refused(with("two,0,2,2,2,2,2,", "two,0,2,2,2,3,2,"), "low_ms: found 3; allowed: up to high_ms, 2");
  refused(with("two,0,2,", "two,0,9e999,"), "median_ms: found '9e999'");
  refused(with("two,", "tw\xFFo,"), "signature: found a text that is no UTF-8");
  CHECK(!fs::exists(temporary.path() / "b.db"));
}

TEST_CASE("a file that is cut off, or a stream that breaks, gives nothing at all, and says so") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  latency_store(a, key("X")).insert(std::vector{entry("one", 1), entry("two", 12.345)});
  const std::string whole = exported(a);
  const fs::path b = temporary.path() / "b.db";
  const auto refused = [&](std::istream& in, const std::string& part) {
    CHECK_THROWS_WITH(import_csv(b, in), ContainsSubstring(part) && ContainsSubstring("nothing was written"));
    CHECK(!fs::exists(b));
  };
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    std::istringstream in(whole.substr(0, cut));
    if (whole[cut - 1] == '\n') continue;  // whole records: nothing tells that there were more
    CHECK_THROWS_AS(import_csv(b, in), latency_table_error);
  }
  CHECK(!fs::exists(b));
  std::istringstream cut(whole.substr(0, whole.size() - 3));  // inside the last number
  refused(cut, "record 3: found no line end behind it, as in a file that is cut off");
  std::istringstream quote(whole + "\"");
  refused(quote, "record 4: found a quote that does not close");
  struct breaking : std::stringbuf {
    using std::stringbuf::stringbuf;
    int_type underflow() override {
      if (gptr() == egptr() && gptr() != nullptr && gptr() != eback()) throw std::runtime_error("the disk is gone");
      return std::stringbuf::underflow();
    }
  } broken(whole);
  std::istream breaks(&broken);
  refused(breaks, "a stream that broke off");
  std::ifstream none(temporary.path() / "none.csv");
  refused(none, "a stream that cannot be read");
  CHECK_THROWS_AS(import_csv(b, temporary.path() / "none.csv"), file_error);
  CHECK(!fs::exists(b));
  write_file(temporary.path() / "a.csv", whole);
  CHECK(import_csv(b, temporary.path() / "a.csv").written == 2);
}

TEST_CASE("rows that no table holds are refused on every way in, and a table keeps working") {
  const fake::folder temporary;
  const fs::path a = temporary.path() / "a.db";
  const fs::path b = temporary.path() / "b.db";
  latency_store mine(a, key("X"));
  mine.insert(std::vector{entry("one", 1)});
  const std::string before = exported(a);
  const auto refuse = [&](latency_entry bad, const std::string& part) {
    CHECK_THROWS_WITH(mine.insert(std::vector{entry("new", 1), bad}), ContainsSubstring(part));
    CHECK_THROWS_WITH(add_rows(a, std::vector<table_row>{{key("X"), bad}}), ContainsSubstring(part));
    CHECK(exported(a) == before);
  };
  latency_entry bad = entry("two", 1);
  bad.time.median_ms = std::numeric_limits<double>::infinity();
  refuse(bad, "row of 'two', median_ms: found inf; allowed: a number of 0 or more");
  bad.time.median_ms = std::numeric_limits<double>::quiet_NaN();
  refuse(bad, "median_ms: found nan");
  refuse(entry("two", -1), "median_ms: found -1");
  refuse(entry("", 1), "signature: found an empty text");
  bad = entry("two", 1);
  bad.time.low_ms = 2;
  refuse(bad, "low_ms: found 2; allowed: up to high_ms, 1");
  CHECK_THROWS_WITH(add_rows(a, std::vector<table_row>{{key("X", 0), entry("two", 1)}}),
                    ContainsSubstring("threads: found 0"));

  // Another program put them into the file that is joined.
  const auto damaged = [&](const std::string& change, const std::string& part) {
    fs::remove(b);
    latency_store(b, key("X")).insert(std::vector{entry("two", 2)});
    database(b).execute("UPDATE entry SET " + change);
    CHECK_THROWS_WITH(merge_tables(a, b), ContainsSubstring("b.db") && ContainsSubstring(part));
    CHECK_THROWS_WITH(load_rows(b), ContainsSubstring(part));
    CHECK(exported(a) == before);
    CHECK(latency_store(a, key("X")).load().size() == 1);
  };
  damaged("median_ms = 9e999", "a row of 'two' with median_ms inf");
  damaged("median_ms = 'fast'", "a row of 'two' with median_ms 'fast'; allowed: a number");
  damaged("high_ms = -1", "high_ms -1");
  damaged("samples = -5", "samples '-5'");
  damaged("samples = 1.5", "samples '1.5'; allowed: a whole number");
  damaged("source = 'sun'", "source 'sun'");
  damaged("signature = ''", "signature an empty text");
}

TEST_CASE("a table is read from its file alone, and which of its devices is meant has to be clear") {
  const fake::folder temporary;
  const fs::path path = temporary.path() / "phone.db";
  const auto refusal = [&](const table_choice& choice = {}) -> std::string {
    try {
      static_cast<void>(read_table(path, choice));
    } catch (const latency_table_error& e) {
      return std::string(e.code()) + ": " + e.what();
    }
    return "";
  };
  CHECK_THAT(refusal(), ContainsSubstring("no such file"));
  latency_store(path, key("Phone 1")).insert(std::vector<latency_entry>{});
  CHECK_THAT(refusal(), ContainsSubstring("latency.choice: ") && ContainsSubstring("found no rows"));
  latency_store(path, key("Phone 1")).insert(std::vector{entry("one", 1), entry("two", 2, true)});
  {
    latency_table only = read_table(path);
    CHECK(only.description() == key("Phone 1").device);
    CHECK(only.size() == 2);
    CHECK(only.entries()[*only.id("one")].time.trimmed_mean_ms == 1);
    CHECK_THROWS_AS(only.add(std::vector{entry("three", 3)}), latency_table_error);
  }
  CHECK(keys_of(path).size() == 1);

  latency_store(path, key("Phone 1", 4)).insert(std::vector{entry("one", 0.5)});
  store_key other = key("Tablet 1");
  other.device.type = data_type::bf16;
  other.device.isa = "neon";
  other.batch = 8;
  latency_store(path, other).insert(std::vector{entry("one", 9)});
  store_key hot = key("Phone 1");
  hot.context = cache_context::hot;
  latency_store(path, hot).insert(std::vector{entry("one", 0.7)});
  CHECK(keys_of(path).size() == 4);
  CHECK_THAT(refusal(),
             ContainsSubstring("3 that are: Phone 1, fake 1.0, any, 1 thread, f32, batch 1; Phone 1, fake 1.0, "
                               "any, 4 threads, f32, batch 1; Tablet 1"));
  CHECK_THAT(refusal({.device = "Phone"}), ContainsSubstring("2 that are"));
  CHECK_THAT(refusal({.device = "Watch"}),
             ContainsSubstring("none that is meant among: Phone 1") && ContainsSubstring("batch 1, hot"));
  const auto one = [&](const table_choice& choice) {
    const latency_table t = read_table(path, choice);
    return t.entries()[*t.id("one")].time.trimmed_mean_ms;
  };
  CHECK(one({.device = "Phone", .threads = 4}) == 0.5);
  CHECK(one({.device = "Tablet"}) == 9);
  CHECK(one({.isa = "neon"}) == 9);
  CHECK(one({.type = data_type::bf16}) == 9);
  CHECK(one({.batch = 8}) == 9);
  CHECK(one({.context = cache_context::hot}) == 0.7);
}
