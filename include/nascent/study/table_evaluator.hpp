// SPDX-License-Identifier: Apache-2.0
/// \file
/// Evaluates networks by a table of results: of a benchmark, or of trainings done elsewhere.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>

#include "nascent/io/json.hpp"
#include "nascent/study/network_identity.hpp"
#include "nascent/study/trial_record.hpp"

namespace nascent {

/// The results of a file {"results": [{"rank": "17" or "decisions": {..}, "metrics": {"accuracy": 76.3}}, ..]}, which
/// `export_study` writes too, so that one study's results evaluate another's networks. A network counts, not the
/// decisions that led to it.
template <space Space>
class table_evaluator {
 public:
  /// \throws json_error that names the place
  table_evaluator(const Space& s, const json& table) : space_(s) {
    const detail::json_reader<json> top(table, "");
    for (const auto& row : top.at("results").items()) {
      if (!row.has("metrics")) continue;  // a failure, or one that is pending
      metric_map metrics;
      const auto said = row.at("metrics");
      said.must_be_object();
      for (const auto& [name, value] : said.value().items())
        metrics[name] = detail::json_reader<json>(value, said.where() + "/" + name).real(any_finite);
      json candidate = json::object();
      for (const char* key : {"rank", "decisions"})
        if (row.has(key)) candidate[key] = row.value()[key];
      const auto c = detail::read_candidate(s, detail::json_reader<json>(candidate, row.where()));
      known_[identity_of(s, c)] = std::move(metrics);
    }
  }
  table_evaluator(const Space& s, const std::filesystem::path& file) : table_evaluator(s, read_json(file)) {}

  std::size_t size() const { return known_.size(); }

  /// A network that the table lacks is a failure.
  evaluation operator()(const candidate<Space>& c) const {
    const auto found = known_.find(identity_of(space_, c));
    if (found == known_.end()) return evaluation::failed("the table has no result for this network");
    return {.metrics = found->second};
  }

 private:
  [[no_unique_address]] Space space_;
  std::unordered_map<std::string, metric_map> known_;
};

}  // namespace nascent
