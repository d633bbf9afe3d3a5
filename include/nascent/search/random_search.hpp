// SPDX-License-Identifier: Apache-2.0
/// \file
/// Random search: the baseline that every other searcher has to beat.
#pragma once

#include <cstdint>
#include <optional>

#include "nascent/search/searcher.hpp"

namespace nascent {

struct random_search_options {
  std::uint64_t seed = 1;
};

/// Draws networks uniformly without replacement: `random_search walk{space, {.seed = 7}}`.
template <class Space>
class random_search {
 public:
  using space_type = Space;
  using candidate_type = typename Space::candidate_type;

  explicit random_search(const Space& /*searched*/, const random_search_options& options = {}) : rng_(options.seed) {}

  std::optional<candidate_type> ask() { return memory_.fresh(rng_); }

  bool tell(const candidate_type& c, double value) { return memory_.tell(c, value); }

 private:
  random_engine rng_;
  detail::search_memory<Space> memory_;
};

}  // namespace nascent
