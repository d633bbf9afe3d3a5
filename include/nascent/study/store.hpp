// SPDX-License-Identifier: Apache-2.0
/// \file
/// The file of a study: its tables, read and written in transactions, and the errors of files in words.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/clock.hpp"
#include "nascent/base/database.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/base/read_number.hpp"
#include "nascent/study/detail/columns.hpp"
#include "nascent/study/detail/schema.hpp"
#include "nascent/study/error.hpp"
#include "nascent/study/trial_record.hpp"
#include "nascent/study/work_record.hpp"

namespace nascent {

/// One entry of the log.
struct study_event {
  std::int64_t id = 0;
  bool is_tell = false;
  bool is_duplicate = false;  ///< of an earlier trial's network
  std::int64_t trial = 0;
  std::vector<int> decisions{};
  std::vector<double> told{};
};

/// The rows of a study's file. What they mean is known to `study`; programs that only look use `read_study`.
class study_store {
 public:
  /// Opens a study, or makes an empty file where there is none and that is allowed. \throws study_error
  study_store(std::filesystem::path path, open_mode mode, double patience_s = 30)
      : path_(std::move(path)), database_(open(mode, patience_s)) {
    guard([&] {
      if (is_blank()) {
        if (mode != open_mode::create)
          refuse("study.file", "an empty file", "a study; begin one by `study` or `search run`");
        return;
      }
      if (const auto owner = database_.number("PRAGMA application_id"); owner != detail::study_application)
        refuse("study.file", "an SQLite file of another program (application id " + std::to_string(owner) + ")",
               "a study, or the path of a new file");
      if (const auto found = database_.number("PRAGMA user_version"); found != detail::study_schema)
        refuse("study.schema", "schema version " + std::to_string(found),
               std::to_string(detail::study_schema) + "; use " +
                   (found > detail::study_schema ? "a newer nascent" : "the nascent that wrote it") +
                   ", or name another path (nothing was written to it)");
      if (mode != open_mode::read_only && database_.is_read_only())
        throw database_error(SQLITE_READONLY, "no write permission");
      if (const std::string found = database_.text("PRAGMA quick_check(1)"); found != "ok")
        throw database_error(SQLITE_CORRUPT, found);
      if (mode != open_mode::read_only) database_.execute("PRAGMA synchronous = FULL");
    });
  }

  const std::filesystem::path& path() const { return path_; }

  /// Nothing in it at all: a new file, or one whose maker was killed before its first transaction ended.
  bool is_blank() {
    return guard([&] {
      return database_.number("PRAGMA application_id") == 0 && database_.number("PRAGMA user_version") == 0 &&
             database_.number("SELECT count(*) FROM sqlite_master") == 0;
    });
  }

  /// Makes the tables, with what the study is about, unless another process was faster.
  void create(const std::map<std::string, std::string>& about) {
    guard([&] {
      database_.use_write_ahead_log();
      database_.execute("PRAGMA synchronous = FULL");
    });
    write([&] {
      if (!is_blank()) return;
      detail::create_study_tables(database_);
      statement put = database_.prepare("INSERT INTO about VALUES(?, ?)");
      for (const auto& [key, value] : about) put.bind(key, value).run();
    });
  }

  std::string about(std::string_view key) {
    return guard([&] {
      statement query = database_.prepare("SELECT value FROM about WHERE key = ?");
      query.bind(key);
      return query.step() ? query.text(0) : std::string();
    });
  }

  /// Calls `action`, and keeps all that it wrote or nothing. \throws study_error, what `action` throws
  template <class Action>
  auto write(Action&& action) -> decltype(action()) {
    return guard([&] {
      if (database_.has_moved())
        refuse("study.file", "another file, or none, under this name", "the file that was opened; start again");
      transaction all(database_);
      if constexpr (std::is_void_v<decltype(action())>) {
        action();
        all.commit();
      } else {
        auto result = action();
        all.commit();
        return result;
      }
    });
  }

  // The following are called within `write`.

  std::int64_t add_worker(std::string_view name) {
    database_.prepare("INSERT INTO worker(name, since) VALUES(?, ?)").bind(name, utc_now()).run();
    return database_.last_row();
  }

  /// Events after number `after`, in their order.
  std::vector<study_event> events(std::int64_t after) {
    const kept_statement query = database_.kept(
        "SELECT event.id, kind, trial, decisions, told, same_as IS NOT NULL FROM event JOIN trial ON trial.id = trial "
        "WHERE event.id > ? ORDER BY event.id");
    query->bind(after);
    std::vector<study_event> all;
    while (query->step())
      all.push_back({.id = query->integer(0),
                     .is_tell = query->text(1) == "tell",
                     .is_duplicate = query->integer(5) != 0,
                     .trial = query->integer(2),
                     .decisions = decisions_of(query->text(3)),
                     .told = numbers_of(query->text(4))});
    return all;
  }

  std::int64_t add_trial(const trial_record& t) {
    database_
        .kept("INSERT INTO trial(decisions, network, state, worker, starts, asked_at) VALUES(?, ?, 'pending', ?, ?, ?)")
        ->bind(detail::column_text(t.decisions), t.network, t.worker, t.starts, utc_now())
        .run();
    const std::int64_t id = database_.last_row();
    if (t.same_as) database_.kept("UPDATE trial SET same_as = ? WHERE id = ?")->bind(*t.same_as, id).run();
    return id;
  }

  std::int64_t add_event(bool is_tell, std::int64_t trial, std::span<const double> told = {}) {
    const kept_statement put = database_.kept("INSERT INTO event(kind, trial, told) VALUES(?, ?, ?)");
    put->bind(is_tell ? "tell" : "ask", trial, detail::column_text(told)).run();
    return database_.last_row();
  }

  void take_over(std::int64_t trial, std::int64_t worker) {
    database_.prepare("UPDATE trial SET worker = ?, starts = starts + 1 WHERE id = ?").bind(worker, trial).run();
    database_.prepare("DELETE FROM partial WHERE trial = ?").bind(trial).run();
  }

  void finish(std::int64_t trial, trial_state state, const evaluation& e) {
    database_
        .kept("UPDATE trial SET state = ?, told_at = ?, failure = ?, attempts = ?, seconds = ?, cost = ? WHERE id = ?")
        ->bind(to_string(state), utc_now(), e.failure, e.attempts, e.seconds, e.cost, trial)
        .run();
    const kept_statement put = database_.kept("INSERT INTO metric VALUES(?, ?, ?)");
    for (const auto& [name, value] : e.metrics) put->bind(trial, name, value).run();
    if (e.log.empty()) return;
    detail::create_work_tables(database_);
    const kept_statement note = database_.kept("INSERT INTO attempt VALUES(?, ?, ?, ?, ?)");
    for (const attempt_record& a : e.log) note->bind(trial, a.worker, a.began, a.seconds, a.end).run();
  }

  /// How many workers there are for a driver at a time, in seconds since 1970.
  void add_capacity(const capacity_record& c) {
    detail::create_work_tables(database_);
    database_.kept("INSERT INTO capacity VALUES(?, ?, ?)")->bind(c.driver, c.at, c.workers).run();
  }

  void add_partial(std::int64_t trial, std::int64_t step, double value) {
    database_.kept("INSERT OR REPLACE INTO partial VALUES(?, ?, ?, ?)")->bind(trial, step, value, utc_now()).run();
  }

  // Reading.

  /// The trials that fulfil a condition of SQL, whose parameters are `values`, in their order.
  template <class... T>
  std::vector<trial_record> trials(const std::string& condition = "1", const T&... values) {
    return guard([&] {
      const kept_statement query = database_.kept(
          "SELECT id, decisions, network, same_as, state, worker, starts, asked_at, told_at, failure, attempts, "
          "seconds, "
          "cost, (SELECT told FROM event WHERE trial = trial.id AND kind = 'tell'), EXISTS(SELECT 1 FROM event WHERE "
          "trial = trial.id AND kind = 'ask') FROM trial WHERE " +
          condition + " ORDER BY id");
      query->bind(values...);
      std::vector<trial_record> all;
      while (query->step()) {
        trial_record t{.id = query->integer(0), .decisions = decisions_of(query->text(1)), .network = query->text(2)};
        if (query->is_integer(3)) t.same_as = query->integer(3);
        t.state = state_of(query->text(4));
        t.worker = query->integer(5);
        t.starts = static_cast<int>(query->integer(6));
        t.asked_at = query->text(7);
        t.told_at = query->text(8);
        t.result = {.failure = query->text(9),
                    .stopped = t.state == trial_state::stopped,
                    .cost = query->real(12),
                    .seconds = query->real(11),
                    .attempts = static_cast<int>(query->integer(10))};
        t.told = numbers_of(query->text(13));
        t.asked = query->integer(14) != 0;
        all.push_back(std::move(t));
      }
      if (all.empty()) return all;
      const kept_statement metrics =
          database_.kept("SELECT trial, name, value FROM metric WHERE trial IN (SELECT id FROM trial WHERE " +
                         condition + ") ORDER BY trial");
      metrics->bind(values...);
      auto at = all.begin();
      while (metrics->step()) {
        while (at != all.end() && at->id < metrics->integer(0)) ++at;
        if (at != all.end()) at->result.metrics.emplace(metrics->text(1), metrics->real(2));
      }
      return all;
    });
  }

  std::optional<trial_record> trial(std::int64_t id) {
    std::vector<trial_record> found = trials("id = ?", id);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

  /// The trial of a network that was, or is being, evaluated; none where there is none.
  std::optional<std::int64_t> find_network(std::string_view network) {
    const kept_statement query =
        database_.kept("SELECT id FROM trial WHERE network = ? AND same_as IS NULL ORDER BY id");
    query->bind(network);
    return query->step() ? std::optional(query->integer(0)) : std::nullopt;
  }

  /// Pending trials of other workers than `worker`, each with its worker, in their order; duplicates not.
  std::vector<std::pair<std::int64_t, std::int64_t>> pending_elsewhere(std::int64_t worker) {
    const kept_statement query = database_.kept(
        "SELECT id, worker FROM trial WHERE state = 'pending' AND same_as IS NULL AND worker <> ? ORDER BY id");
    query->bind(worker);
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    while (query->step()) all.emplace_back(query->integer(0), query->integer(1));
    return all;
  }

  /// How many trials fulfil a condition of SQL.
  std::size_t count(const std::string& condition) {
    return guard(
        [&] { return static_cast<std::size_t>(database_.number("SELECT count(*) FROM trial WHERE " + condition)); });
  }

  /// Who evaluated when; empty where nobody said.
  work_record who_worked() {
    return guard([&] {
      work_record all;
      if (database_.number("SELECT count(*) FROM sqlite_master WHERE name IN ('attempt', 'capacity')") < 2) return all;
      statement attempts = database_.prepare("SELECT worker, began, seconds, end FROM attempt ORDER BY began");
      while (attempts.step())
        all.attempts.push_back({attempts.text(0), attempts.real(1), attempts.real(2), attempts.text(3)});
      statement capacity = database_.prepare("SELECT driver, at, workers FROM capacity ORDER BY driver, at");
      while (capacity.step()) all.capacity.push_back({capacity.integer(0), capacity.real(1), capacity.integer(2)});
      return all;
    });
  }

  /// Another number after each time that another connection has written.
  std::int64_t version_of_others() {
    return guard([&] { return database_.number("PRAGMA data_version"); });
  }

  std::vector<learning_curve> curves() {
    return guard([&] {
      statement query = database_.prepare(
          "SELECT trial, state, step, value FROM partial JOIN trial ON trial.id = trial ORDER BY trial, step");
      std::vector<learning_curve> all;
      while (query.step()) {
        if (all.empty() || all.back().trial != query.integer(0))
          all.push_back({.trial = query.integer(0), .state = state_of(query.text(1))});
        all.back().points.push_back({query.integer(2), query.real(3)});
      }
      return all;
    });
  }

  [[noreturn]] void refuse(error_code code, std::string_view found, std::string_view allowed) const {
    throw study_error(code, "study '" + path_.string() + "'", found, allowed);
  }

 private:
  std::vector<int> decisions_of(std::string_view text) const {
    std::vector<int> all;
    detail::for_each_word(text, [&](std::string_view word) {
      const auto d = read_whole<int>(word, {.least = -1});
      if (!d) damaged("the decision '" + std::string(word) + "'");
      all.push_back(*d);
    });
    return all;
  }
  std::vector<double> numbers_of(std::string_view text) const {
    std::vector<double> all;
    detail::for_each_word(text, [&](std::string_view word) {
      const auto number = detail::number_in<double>(word);
      if (!number) damaged("the value '" + std::string(word) + "'");
      all.push_back(*number);
    });
    return all;
  }
  trial_state state_of(std::string_view text) const {
    for (const trial_state s : {trial_state::pending, trial_state::done, trial_state::failed, trial_state::stopped})
      if (text == to_string(s)) return s;
    damaged("the state '" + std::string(text) + "'");
  }
  [[noreturn]] void damaged(const std::string& found) const {
    refuse("study.damaged", found, "what a study writes; restore a copy");
  }

  database open(open_mode mode, double patience_s) {
    std::error_code ignored;
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    if (!std::filesystem::is_directory(folder, ignored))
      refuse("study.file", "no folder '" + folder.string() + "' that can be reached",
             "a path in a folder; make it first");
    if (mode != open_mode::create && !std::filesystem::exists(path_, ignored))
      refuse("study.file", "no such file", "a study; begin one by `study` or `search run`, or check the path");
    return guard([&] {
      return mode == open_mode::read_only ? open_to_read(path_, patience_s) : database(path_, mode, patience_s);
    });
  }

  /// Calls `action`; what SQLite refuses becomes a sentence about this file.
  template <class Action>
  auto guard(Action&& action) const -> decltype(action()) {
    try {
      return action();
    } catch (const database_error& e) {
      const std::string words = " (SQLite: " + std::string(e.found()) + ")";
      switch (e.result) {
        case SQLITE_NOTADB: refuse("study.file", "no SQLite file" + words, "a study, or the path of a new file");
        case SQLITE_CORRUPT:
        case SQLITE_ERROR:  // a table or a column is not there
          refuse("study.damaged", "damage" + words, "a whole study; restore a copy");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CANTOPEN:
          refuse("study.access", "a file that cannot be opened or written" + words,
                 "a file and a folder that can be read and written; change that, or name another path");
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_NOMEM:
          refuse("study.disk", "a disk that does not take or give all" + words,
                 "enough space; free some and run again: all that was told before is kept");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
          refuse("study.locked", "a file that another process locks for too long" + words,
                 "processes that write in turn; end that process or wait longer, then run again");
        default: refuse("study.file", "a file that SQLite cannot use" + words, "a study, or the path of a new file");
      }
    }
  }

  std::filesystem::path path_;
  database database_;
};

}  // namespace nascent
