// SPDX-License-Identifier: Apache-2.0
/// \file
/// Local search: climbs to better neighbours, and starts anew from a random network where there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/search/searcher.hpp"

namespace nascent {

struct local_search_options {
  std::uint64_t seed = 1;
};

/// First-improvement hill climbing with restarts (White et al., 2020, "Local Search is State of the Art for NAS
/// Benchmarks", moves to the best neighbour instead). The neighbours of a network differ from it in one decision; they
/// are tried in random order, and the first better one becomes the place to go on from. Networks whose values are known
/// cost nothing again. Neighbours must keep the space's constraints, so where a constraint ties decisions together only
/// restarts cross from one part of the space to another.
template <class Searched>
class local_search {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  explicit local_search(const Searched& searched, const local_search_options& options = {})
      : memory_(detail::take_searched(searched)), options_(options), rng_(options.seed) {}

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const { return {"local search", {{"seed", std::to_string(options_.seed)}}}; }

  std::optional<candidate_type> ask() {
    while (at_) {
      if (untried_.empty()) {
        at_.reset();
        asked_.clear();
        break;
      }
      const candidate_type next = untried_.back();
      untried_.pop_back();
      if (memory_.propose(next)) {
        asked_.push_back(next);
        return next;
      }
      const std::optional<double> known = memory_.value(next);
      if (known && *known > value_) move_to(next, *known);
    }
    return memory_.fresh(rng_);
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    if (!at_) {
      if (detail::is_usable(value)) move_to(c, value);
    } else if (take_asked(c) && value > value_) {
      move_to(c, value);
    }
    return true;
  }

 private:
  void move_to(const candidate_type& c, double value) {
    at_ = c;
    value_ = value;
    asked_.clear();
    untried_.clear();
    space().for_each_neighbour(c, [this](const candidate_type& near) { untried_.push_back(near); });
    for (std::size_t n = untried_.size(); n > 1; --n)
      std::swap(untried_[n - 1], untried_[static_cast<std::size_t>(random_below(rng_, std::uint64_t{n}))]);
  }

  /// Whether `c` is a neighbour of the present place that awaits its value.
  bool take_asked(const candidate_type& c) {
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      if (!(asked_[i] == c)) continue;
      asked_.erase(asked_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  local_search_options options_;
  random_engine rng_;
  std::optional<candidate_type> at_;
  double value_ = 0;
  std::vector<candidate_type> untried_;
  std::vector<candidate_type> asked_;
};

}  // namespace nascent
