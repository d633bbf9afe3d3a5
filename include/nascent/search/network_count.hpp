// SPDX-License-Identifier: Apache-2.0
/// \file
/// How many networks of a space cost at most so much: counted, not sampled.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/search/detail/sum_grid.hpp"

namespace nascent {

/// A number of networks, proven: as many at least, as many at most.
struct network_count {
  uint128 at_least = 0;
  uint128 at_most = 0;

  bool exact() const { return at_least == at_most; }

  friend bool operator==(const network_count&, const network_count&) = default;
};

struct count_options {
  std::size_t cells = 1024;  ///< of the grid on which costs are added up; bounds are closer the more there are
  nascent::watch* watch = nullptr;
};

/// Networks whose sum is at most `limit`. Each step's cost is rounded to cells, once down and once up, and all networks
/// are counted by what that comes to. \throws search_error where no network can be built, and for a limit or cells that
/// make no sense; stopped_error
template <space Space, path_sum Sum>
network_count count_under(const kernel_trellis<Space>& trellis, const Sum& sum, double limit,
                          const count_options& options = {}) {
  detail::require_networks(trellis, "count_under");
  if (!std::isfinite(limit))
    throw search_error("search.option", "count_under, limit", exact_text(limit), "finite numbers");
  if (options.cells == 0) throw search_error("search.option", "count_options.cells", "0", "1 or more");
  detail::watch_or_none watched(options.watch);
  const auto count = [&](detail::cell_rounding rounding) {
    const detail::sum_grid<Space, Sum> grid(trellis, sum, detail::least_of_steps(trellis, sum), limit, options.cells,
                                            rounding, *watched);
    return grid.count(0, grid.cell_of_limit(limit));
  };
  return {.at_least = count(detail::cell_rounding::up), .at_most = count(detail::cell_rounding::down)};
}

}  // namespace nascent
