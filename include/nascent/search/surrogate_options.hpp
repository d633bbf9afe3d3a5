// SPDX-License-Identifier: Apache-2.0
/// \file
/// Options of the Gaussian process that Bayesian searchers share, and of how its largest expected improvement is looked
/// for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nascent/search/searcher.hpp"

namespace nascent {

struct surrogate_options {
  int start = 12;         ///< random candidates before the first model
  int fit_steps = 25;     ///< of the model's parameters, for each new answer
  int climbs = 6;         ///< local searches for the largest expected improvement, each time
  int most_points = 400;  ///< of a model: the best and the latest ones
};

namespace detail {

/// \throws search_error for options out of range; it names them as those of `owner`
inline void check_surrogate(const surrogate_options& o, const char* owner) {
  const auto check = [&](bool ok, const char* name, int found, const char* allowed) {
    if (!ok) throw search_error("search.option", std::string(owner) + ".model." + name, std::to_string(found), allowed);
  };
  check(o.start >= 2, "start", o.start, "2 or more");
  check(o.fit_steps >= 0, "fit_steps", o.fit_steps, "0 or more");
  check(o.climbs >= 1, "climbs", o.climbs, "1 or more");
  check(o.most_points >= 2 * o.start, "most_points", o.most_points, "twice `start` or more");
}

/// For a searcher's description.
inline std::vector<std::pair<std::string, std::string>> texts_of(const surrogate_options& o) {
  return {{"start", std::to_string(o.start)},
          {"fit_steps", std::to_string(o.fit_steps)},
          {"climbs", std::to_string(o.climbs)},
          {"most_points", std::to_string(o.most_points)}};
}

}  // namespace detail
}  // namespace nascent
