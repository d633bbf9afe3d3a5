// SPDX-License-Identifier: Apache-2.0
/// \file
/// The tables in the file of a study.
#pragma once

#include <cstdint>
#include <string>

#include "nascent/base/database.hpp"

namespace nascent::detail {

inline constexpr std::int64_t study_application = 0x6e737374;  ///< "nsst"
inline constexpr std::int64_t study_schema = 1;

/// `event` is the log that a searcher is a function of: asks and tells in their order. All else hangs on trials.
inline void create_study_tables(database& d) {
  d.execute(
      "CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
      "CREATE TABLE worker(id INTEGER PRIMARY KEY, name TEXT NOT NULL, since TEXT NOT NULL);"
      "CREATE TABLE trial(id INTEGER PRIMARY KEY, decisions TEXT NOT NULL, network TEXT NOT NULL, "
      "same_as INTEGER REFERENCES trial(id), state TEXT NOT NULL, worker INTEGER NOT NULL, starts INTEGER NOT NULL, "
      "asked_at TEXT NOT NULL, told_at TEXT, failure TEXT, attempts INTEGER, seconds REAL, cost REAL);"
      "CREATE INDEX trial_network ON trial(network);"
      "CREATE INDEX trial_state ON trial(state) WHERE state = 'pending';"
      "CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK(kind IN ('ask', 'tell')), "
      "trial INTEGER NOT NULL REFERENCES trial(id), told TEXT, UNIQUE(trial, kind));"
      "CREATE TABLE metric(trial INTEGER NOT NULL REFERENCES trial(id), name TEXT NOT NULL, value REAL NOT NULL, "
      "PRIMARY KEY(trial, name)) WITHOUT ROWID;"
      "CREATE TABLE partial(trial INTEGER NOT NULL REFERENCES trial(id), step INTEGER NOT NULL, value REAL NOT NULL, "
      "at TEXT NOT NULL, PRIMARY KEY(trial, step)) WITHOUT ROWID;");
  d.execute("PRAGMA application_id = " + std::to_string(study_application));
  d.execute("PRAGMA user_version = " + std::to_string(study_schema));
}

/// Of studies on several workers only, and of files from before there were any: made where first needed.
inline void create_work_tables(database& d) {
  d.execute(
      "CREATE TABLE IF NOT EXISTS attempt(trial INTEGER NOT NULL REFERENCES trial(id), worker TEXT NOT NULL, "
      "began REAL NOT NULL, seconds REAL NOT NULL, end TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS capacity(driver INTEGER NOT NULL, at REAL NOT NULL, workers INTEGER NOT NULL);");
}

}  // namespace nascent::detail
