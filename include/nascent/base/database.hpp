// SPDX-License-Identifier: Apache-2.0
/// \file
/// A thin layer over SQLite: connections, statements and transactions that close themselves, errors as exceptions.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "nascent/base/error.hpp"

namespace nascent {

/// What SQLite refused. `code` is its primary result code (SQLITE_BUSY, SQLITE_FULL, SQLITE_NOTADB, ..).
struct database_error : error {
  /// `found` is what SQLite says.
  database_error(int the_result, std::string_view found)
      : error("database.sqlite", "SQLite", found, "files and statements that it accepts"), result(the_result & 0xff) {}
  int result;  ///< SQLite's primary result code
};

enum class open_mode : std::uint8_t {
  read_only,
  immutable,   ///< read_only, and nobody writes meanwhile: needs no lock, works on media that cannot be written
  read_write,  ///< the file must exist
  create,
};

/// A prepared statement. Parameters and columns are numbered: parameters from 1, columns from 0, as in SQLite.
class statement {
 public:
  statement(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    handle_.reset(raw);
    if (result != SQLITE_OK) throw database_error(result, sqlite3_errmsg(connection));
  }

  /// Gives all parameters their values, in order, and starts over.
  template <class... T>
  statement& bind(const T&... values) {
    sqlite3_reset(handle_.get());
    int at = 0;
    (check(bind_one(++at, values)), ...);
    return *this;
  }

  /// Goes to the next row; false at the end.
  bool step() {
    const int result = sqlite3_step(handle_.get());
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) check(result);
    return false;
  }

  /// Runs a statement that answers nothing; ready to be bound again.
  void run() {
    while (step()) {
    }
    start_over();
  }

  /// Lets go of the row at hand, and with it of what keeps a reader's view of the file.
  void start_over() { sqlite3_reset(handle_.get()); }

  /// What the row at hand has in a column: any row may have any type in it, and SQLite would convert what is asked for.
  bool is_real(int column) const { return type(column) == SQLITE_FLOAT; }
  bool is_integer(int column) const { return type(column) == SQLITE_INTEGER; }
  bool is_text(int column) const { return type(column) == SQLITE_TEXT; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  double real(int column) const { return sqlite3_column_double(handle_.get(), column); }
  std::string text(int column) const {
    const auto* chars = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    return chars == nullptr ? std::string()
                            : std::string(chars, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
  }

 private:
  struct finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };

  int type(int column) const { return sqlite3_column_type(handle_.get(), column); }

  int bind_one(int at, std::string_view text) {
    return sqlite3_bind_text64(handle_.get(), at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  int bind_one(int at, double number) { return sqlite3_bind_double(handle_.get(), at, number); }
  template <std::integral Integer>
  int bind_one(int at, Integer number) {
    return sqlite3_bind_int64(handle_.get(), at, static_cast<sqlite3_int64>(number));
  }

  void check(int result) const {
    if (result != SQLITE_OK) throw database_error(result, sqlite3_errmsg(sqlite3_db_handle(handle_.get())));
  }

  std::unique_ptr<sqlite3_stmt, finalize> handle_;
};

/// The use of a statement that its connection keeps: started over at the end of the scope.
class kept_statement {
 public:
  explicit kept_statement(statement& kept) : kept_(&kept) {}
  kept_statement(const kept_statement&) = delete;
  kept_statement& operator=(const kept_statement&) = delete;
  ~kept_statement() { kept_->start_over(); }
  statement* operator->() const { return kept_; }

 private:
  statement* kept_;
};

/// A connection to one file.
class database {
 public:
  /// `patience_s`: how long to wait for other processes that have the file locked.
  /// \throws database_error where the file cannot be opened. That it is no database shows only at the first access.
  explicit database(const std::filesystem::path& path, open_mode mode = open_mode::create, double patience_s = 30)
      : patience_s_(patience_s) {
    const bool writable = mode == open_mode::read_write || mode == open_mode::create;
    int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (mode == open_mode::create) flags |= SQLITE_OPEN_CREATE;
    std::string name = path.string();
    flags |= SQLITE_OPEN_URI;  // also for what is attached
    name = mode == open_mode::immutable ? immutable_uri(name) : plain(name);
    sqlite3* raw = nullptr;
    const int result = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    handle_.reset(raw);
    if (result != SQLITE_OK)
      throw database_error(result, raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(result));
    sqlite3_busy_timeout(raw, static_cast<int>(patience_s * 1000));
  }

  /// Takes another file in to read, under a name. \throws database_error
  void attach(const std::filesystem::path& path, const std::string& name) {
    const auto take_in = [&](const std::string& file) {
      prepare("ATTACH DATABASE ? AS " + name).bind(file).run();
      number("PRAGMA " + name + ".user_version");  // only now is the file read
    };
    try {
      take_in(plain(path.string()));
    } catch (const database_error& cannot) {
      if (!lacks_log(cannot, path)) throw;
      try {
        execute("DETACH DATABASE " + name);
      } catch (const database_error&) {  // it was never in
      }
      take_in(immutable_uri(path.string()));
    }
  }

  /// Whether a file cannot be read only because a write-ahead log needs another file beside it. On a medium that cannot
  /// be written nobody writes the file either: it can be read without.
  static bool lacks_log(const database_error& cannot, const std::filesystem::path& path) {
    return (cannot.result == SQLITE_CANTOPEN || cannot.result == SQLITE_READONLY) &&
           !std::filesystem::exists(path.string() + "-wal");
  }

  statement prepare(std::string_view sql) { return {handle_.get(), sql}; }

  /// The same for a statement that comes again and again: it is compiled once. One use of it at a time.
  kept_statement kept(std::string_view sql) {
    auto found = kept_.find(sql);
    if (found == kept_.end()) found = kept_.emplace(sql, prepare(sql)).first;
    return kept_statement(found->second);
  }

  /// Runs one or several statements that answer nothing.
  void execute(const std::string& sql) {
    const int result = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw database_error(result, sqlite3_errmsg(handle_.get()));
  }

  /// The first column of the first row of the answer; 0 where there is none.
  std::int64_t number(std::string_view sql) {
    statement query = prepare(sql);
    return query.step() ? query.integer(0) : 0;
  }

  std::string text(std::string_view sql) {
    statement query = prepare(sql);
    return query.step() ? query.text(0) : std::string();
  }

  /// Asks for the write-ahead log, with which readers and a writer do not wait for each other; file systems without
  /// shared memory stay as they are. SQLite does not wait for a lock here by itself.
  void use_write_ahead_log() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience_s_);
    for (;;) {
      try {
        text("PRAGMA journal_mode = wal");
        return;
      } catch (const database_error& e) {
        if (e.result != SQLITE_BUSY || std::chrono::steady_clock::now() >= end) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  /// Rows that the last statement wrote.
  std::int64_t changes() const { return sqlite3_changes(handle_.get()); }
  /// Number of the row that was added last.
  std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  /// True where the file no longer stands under its name: removed, moved away, or another one put in its place. What is
  /// written goes on into the old file.
  bool has_moved() const {
    int moved = 0;
    return sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
  }

  /// True where the file was opened for writing but cannot be written: SQLite then opens it for reading without a word.
  bool is_read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }

 private:
  struct close {
    void operator()(sqlite3* d) const { sqlite3_close_v2(d); }
  };

  /// A file of that name, not a URI.
  static std::string plain(const std::string& path) { return path.starts_with("file:") ? "./" + path : path; }

  static std::string immutable_uri(const std::string& path) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "file:";
    for (const char c : path) {
      if (c == '%' || c == '?' || c == '#') {
        const auto code = static_cast<unsigned char>(c);
        (text += '%') += digits[code >> 4];
        text += digits[code & 15];
      } else {
        text += c;
      }
    }
    return text + "?immutable=1";
  }

  std::unique_ptr<sqlite3, close> handle_;
  std::map<std::string, statement, std::less<>> kept_{};
  double patience_s_;
};

/// A connection to read a file with, also one on a medium that cannot be written. \throws database_error
inline database open_to_read(const std::filesystem::path& path, double patience_s = 30) {
  database readable(path, open_mode::read_only, patience_s);
  try {
    readable.number("PRAGMA user_version");
  } catch (const database_error& cannot) {
    if (!database::lacks_log(cannot, path)) throw;
    return database(path, open_mode::immutable, patience_s);
  }
  return readable;
}

/// Everything or nothing: rolls back unless committed. Takes the write lock at once, since SQLite does not wait for it
/// in the middle of a transaction.
class transaction {
 public:
  explicit transaction(database& d) : database_(&d) { d.execute("BEGIN IMMEDIATE"); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  ~transaction() {
    // SQLite itself has rolled back after a full disk. What fails here is undone when the file is opened next.
    if (!committed_ && database_->in_transaction()) try {
        database_->execute("ROLLBACK");
      } catch (const database_error&) {
      }
  }

  /// \throws database_error, e.g. for a full disk: then nothing is written.
  void commit() {
    database_->execute("COMMIT");
    committed_ = true;
  }

 private:
  database* database_;
  bool committed_ = false;
};

}  // namespace nascent
