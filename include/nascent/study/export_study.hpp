// SPDX-License-Identifier: Apache-2.0
/// \file
/// A study as JSON and as comma-separated values.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/io/json.hpp"
#include "nascent/study/findings.hpp"

namespace nascent {

/// Everything: `table_evaluator` reads it back.
inline json study_to_json(const study_content& study) {
  json j = json::object();
  for (const auto& [key, value] : study.about) j[key] = value;
  j["searcher_options"] = parse_json(study.about.at("searcher_options"));
  json results = json::array();
  for (const trial_record& t : study.trials) {
    json one{{"trial", t.id}, {"state", to_string(t.state)}, {"network", t.network}};
    if (t.same_as) one["same_as"] = *t.same_as;
    one["decisions"] = json::object();
    study.for_each_decision(
        t, [&](const slot_view& slot, const typed_value& value) { one["decisions"][slot.path] = value; });
    if (t.is_usable()) one["value"] = t.told.size() == 1 ? json(t.told.front()) : json(t.told);
    if (!t.result.metrics.empty()) one["metrics"] = t.result.metrics;
    if (!t.result.failure.empty()) one["failure"] = t.result.failure;
    one["asked_at"] = t.asked_at;
    if (!t.told_at.empty()) one["told_at"] = t.told_at;
    one["seconds"] = t.result.seconds;
    one["cost"] = t.result.cost;
    one["attempts"] = t.result.attempts;
    one["starts"] = t.starts;
    one["worker"] = t.worker;
    results.push_back(std::move(one));
  }
  j["results"] = std::move(results);
  return j;
}

namespace detail {

inline std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace detail

/// A row for each trial: what became of it, its metrics, its decisions (empty where one takes no part).
inline std::string study_to_csv(const study_content& study) {
  std::set<std::string> metrics;
  for (const trial_record& t : study.trials)
    for (const auto& [name, value] : t.result.metrics) metrics.insert(name);
  std::string text = "trial,state,same_as,value,seconds,cost,attempts,starts,worker,asked_at,told_at,failure";
  for (const std::string& name : metrics) text += "," + detail::csv_cell(name);
  for (const slot_view& slot : study.space->view().slots) text += "," + detail::csv_cell(slot.path);
  text += '\n';
  for (const trial_record& t : study.trials) {
    text += std::to_string(t.id) + "," + to_string(t.state) + "," + (t.same_as ? std::to_string(*t.same_as) : "") +
            "," + (t.is_usable() ? exact_text(t.value()) : "") + "," + exact_text(t.result.seconds) + "," +
            exact_text(t.result.cost) + "," + std::to_string(t.result.attempts) + "," + std::to_string(t.starts) + "," +
            std::to_string(t.worker) + "," + t.asked_at + "," + t.told_at + "," + detail::csv_cell(t.result.failure);
    for (const std::string& name : metrics) {
      const auto found = t.result.metrics.find(name);
      text += "," + (found == t.result.metrics.end() ? "" : exact_text(found->second));
    }
    std::map<std::string, std::string> decided;
    study.for_each_decision(t, [&](const slot_view& slot, const typed_value& value) {
      decided[slot.path] = std::string(value.text().view());
    });
    for (const slot_view& slot : study.space->view().slots) {
      const auto found = decided.find(slot.path);
      text += "," + (found == decided.end() ? "" : detail::csv_cell(found->second));
    }
    text += '\n';
  }
  return text;
}

}  // namespace nascent
