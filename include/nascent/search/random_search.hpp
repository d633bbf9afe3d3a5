// SPDX-License-Identifier: Apache-2.0
/// \file
/// Random search: the baseline that every other searcher has to beat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nascent/search/searcher.hpp"

namespace nascent {

struct random_search_options {
  std::uint64_t seed = 1;
};

/// Draws networks uniformly without replacement: `random_search walk{space, {.seed = 7}}`.
template <class Searched>
class random_search {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  explicit random_search(const Searched& searched, const random_search_options& options = {})
      : memory_(detail::take_searched(searched)), options_(options), rng_(options.seed) {}

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const { return {"random search", {{"seed", std::to_string(options_.seed)}}}; }

  std::optional<candidate_type> ask() { return memory_.fresh(rng_); }

  bool tell(const candidate_type& c, double value) { return memory_.tell(c, value); }

 private:
  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  random_search_options options_;
  random_engine rng_;
};

}  // namespace nascent
