// SPDX-License-Identifier: Apache-2.0
/// \file
/// A study's results in a new study: of a space that was extended since, of another searcher or objective.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/migrate.hpp"
#include "nascent/study/study.hpp"

namespace nascent {

/// A trial whose network the new space does not have, and why.
struct lost_trial {
  std::int64_t id = 0;
  std::vector<std::string> differences{};
};

struct migration_result {
  std::size_t taken = 0;       ///< results that the new study begins with
  std::size_t duplicates = 0;  ///< results of candidates that are one in the new space
  std::vector<lost_trial> lost{};
};

struct migration_options {
  bool drop_lost = false;  ///< go on where some networks do not exist in the new space
};

/// Tells a study, which has not asked yet, all results of the study in another file: a warm start. Candidates of a
/// space that is not the same are moved into the study's by their stages, blocks, fields and values. The old file stays
/// as it is. \throws study_error where some cannot be moved: it says which, and nothing is written
template <recorded_searcher Searcher>
requires described_space<typename Searcher::candidate_type::space_type> migration_result
migrate_study(const std::filesystem::path& from, study<Searcher>& to, const migration_options& options = {}) {
  study_store old(from, open_mode::read_only);
  const json recorded = parse_json(old.about("space_record"), from.string());
  const space_record record(recorded);
  const bool same = old.about("space_fingerprint") == space_fingerprint(to.space());
  if (!same && !record.has_stages())
    old.refuse("study.migrate", "space '" + record.view().name + "', which says nothing of its stages",
               "a study of the space '" + std::string(to.space().name()) + "', or of one that was declared");
  migration_result result;
  std::vector<std::pair<typename Searcher::candidate_type, evaluation>> moved;
  for (trial_record& t : old.trials("state <> 'pending'")) {
    if (same) {
      moved.emplace_back(to.space().decode(t.decisions), std::move(t.result));
      continue;
    }
    if (t.decisions.size() != record.view().slots.size())
      old.refuse("study.damaged",
                 "trial " + std::to_string(t.id) + " of " + std::to_string(t.decisions.size()) + " decisions",
                 "as many as its space has; restore a copy");
    std::vector<digit> decisions;
    for (std::size_t k = 0; k < t.decisions.size(); ++k) {
      if (t.decisions[k] >= static_cast<int>(record.view().slots[k].values.size()))
        old.refuse("study.damaged", "option " + std::to_string(t.decisions[k]) + " of trial " + std::to_string(t.id),
                   "options of its space; restore a copy");
      decisions.push_back(static_cast<digit>(t.decisions[k]));
    }
    auto there = migrate(record.view(), decisions, to.space());
    if (there.what) moved.emplace_back(*there.what, std::move(t.result));
    else result.lost.push_back({t.id, std::move(there.differences)});
  }
  if (!result.lost.empty() && !options.drop_lost) {
    std::string which;
    for (std::size_t i = 0; i < std::min<std::size_t>(result.lost.size(), 5); ++i)
      which += (i == 0 ? "" : "; ") + ("trial " + std::to_string(result.lost[i].id)) + " (" +
               result.lost[i].differences.front() + ")";
    old.refuse("study.migrate",
               std::to_string(result.lost.size()) + " of " + std::to_string(result.lost.size() + moved.size()) +
                   " networks that space '" + to.space().name() + "' does not have: " + which +
                   (result.lost.size() > 5 ? "; ..." : ""),
               "networks of both; or drop_lost, to go on without them");
  }
  for (const auto& [c, e] : moved) (to.add_known(c, e) ? result.taken : result.duplicates) += 1;
  return result;
}

}  // namespace nascent
