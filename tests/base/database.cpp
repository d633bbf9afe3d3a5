// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/database.hpp"

#include <chrono>
#include <fstream>
#include <string>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>

namespace {

using nascent::database;
using nascent::database_error;
using nascent::open_mode;
using nascent::statement;
using nascent::transaction;

template <class Action>
int code_of(Action&& action) {
  try {
    action();
  } catch (const database_error& e) {
    return e.result;
  }
  return SQLITE_OK;
}

TEST_CASE("values come back as they went in") {
  database d(":memory:");
  d.execute("CREATE TABLE t(a TEXT, b REAL, c INTEGER)");
  const std::string text("with 'quotes', \xc3\xa9 and \0 inside", 29);
  statement put = d.prepare("INSERT INTO t VALUES(?, ?, ?)");
  put.bind(text, 0.1, std::int64_t{1} << 62).run();
  put.bind("second", -1e300, -1).run();
  CHECK(d.changes() == 1);
  statement get = d.prepare("SELECT a, b, c FROM t ORDER BY rowid");
  REQUIRE(get.step());
  CHECK(get.text(0) == text);
  CHECK(get.real(1) == 0.1);
  CHECK(get.is_real(1));
  CHECK(get.integer(2) == std::int64_t{1} << 62);
  REQUIRE(get.step());
  CHECK(get.real(1) == -1e300);
  CHECK(!get.step());
  CHECK(d.number("SELECT count(*) FROM t") == 2);
  CHECK(d.text("SELECT a FROM t WHERE c < 0") == "second");
  CHECK(d.number("SELECT c FROM t WHERE 0") == 0);
}

TEST_CASE("a statement that is kept is compiled once, and leaves no read open") {
  database d(":memory:");
  d.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)");
  const auto put = [&](int a) { d.kept("INSERT INTO t VALUES(?)")->bind(a).run(); };
  put(1);
  put(2);
  CHECK(code_of([&] { put(2); }) == SQLITE_CONSTRAINT);
  put(3);  // as if nothing had been
  CHECK(d.last_row() == 3);
  const nascent::statement* first = nullptr;
  {
    const auto get = d.kept("SELECT a FROM t ORDER BY a");
    first = get.operator->();
    REQUIRE(get->step());
    CHECK(get->integer(0) == 1);
    CHECK(code_of([&] { d.execute("DROP TABLE t"); }) == SQLITE_LOCKED);  // a read is open
  }
  const auto again = d.kept("SELECT a FROM t ORDER BY a");
  CHECK(again.operator->() == first);
  REQUIRE(again->step());
  CHECK(again->integer(0) == 1);  // from the beginning
  again->start_over();
  d.execute("DROP TABLE t");
  CHECK(code_of([&] { again->step(); }) == SQLITE_ERROR);
}

TEST_CASE("errors carry SQLite's code and words") {
  database d(":memory:");
  CHECK(code_of([&] { d.execute("SELECT * FROM nowhere"); }) == SQLITE_ERROR);
  CHECK(code_of([&] { d.prepare("SELEC"); }) == SQLITE_ERROR);
  CHECK(fake::message_of<database_error>([&] { d.execute("SELECT * FROM nowhere"); }).find("nowhere") !=
        std::string::npos);
  d.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)");
  d.execute("INSERT INTO t VALUES(1)");
  CHECK(code_of([&] { d.prepare("INSERT INTO t VALUES(?)").bind(1).run(); }) == SQLITE_CONSTRAINT);
  CHECK(code_of([&] { d.prepare("INSERT INTO t VALUES(2)").bind(1).run(); }) == SQLITE_RANGE);
  const fake::folder folder;
  CHECK(code_of([&] { database(folder / "none.db", open_mode::read_write); }) == SQLITE_CANTOPEN);
  CHECK(code_of([&] { database(folder / "none.db", open_mode::read_only); }) == SQLITE_CANTOPEN);
  CHECK(!std::filesystem::exists(folder / "none.db"));
  std::ofstream(folder / "text.db") << "no database\n";
  CHECK(code_of([&] { database(folder / "text.db").number("PRAGMA user_version"); }) == SQLITE_NOTADB);
}

TEST_CASE("a transaction that is left undoes what it did") {
  database d(":memory:");
  d.execute("CREATE TABLE t(a)");
  {
    transaction all(d);
    d.execute("INSERT INTO t VALUES(1)");
  }
  CHECK(d.number("SELECT count(*) FROM t") == 0);
  CHECK(!d.in_transaction());
  {
    transaction all(d);
    d.execute("INSERT INTO t VALUES(1)");
    all.commit();
  }
  CHECK(d.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("a locked file is waited for, then reported as busy") {
  const fake::folder folder;
  database first(folder / "a.db");
  first.execute("CREATE TABLE t(a)");
  database second(folder / "a.db", open_mode::read_write, 0.05);
  const transaction held(first);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(code_of([&] { transaction waits(second); }) == SQLITE_BUSY);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(40));
}

TEST_CASE("file names that look like URIs are files") {
  const fake::folder folder;
  const std::string odd = "a 100%?mode=memory#b.db";
  { database(folder / odd).execute("CREATE TABLE t(a)"); }
  CHECK(std::filesystem::exists(folder / odd));
  CHECK(database(folder / odd, open_mode::immutable).number("SELECT count(*) FROM t") == 0);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  { database("file:c.db").execute("CREATE TABLE t(a)"); }
  std::filesystem::current_path(before);
  CHECK(std::filesystem::exists(folder / "file:c.db"));
}

}  // namespace
