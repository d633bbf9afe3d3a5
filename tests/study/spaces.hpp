// SPDX-License-Identifier: Apache-2.0
// Spaces of these tests, and one that was extended.
#pragma once

#include <string>

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"
#include "nascent/study/study.hpp"

inline constexpr auto small_space = nascent::define([] {
  using namespace nascent;
  return search_space("small")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16, 24), .act = one_of(relu, swish)})
      .stage("2", mbconv{.filters = one_of(8, 16), .kernel = one_of(3, 5), .expand = range(2, 4)})
      .layers(range(0, 3))
      .head(global_pool{}, dense{10});
});
using small_candidate = decltype(small_space)::candidate_type;
static_assert(small_space.size() == 6 * (1 + 3 * 12));

/// The same under the same name with more options, one option less than before (24), and a stage that may be absent.
inline constexpr auto extended_space = nascent::define([] {
  using namespace nascent;
  return search_space("small")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16, 32), .act = one_of(relu, swish, hswish)})
      .stage("2", mbconv{.filters = one_of(8, 16), .kernel = one_of(3, 5, 7), .expand = range(1, 6)})
      .layers(range(0, 4))
      .stage("3", conv{.filters = one_of(32, 64)})
      .layers(range(0, 1))
      .head(global_pool{}, dense{10});
});

/// A value for each candidate without a pattern that a searcher could break on.
inline double small_value(const small_candidate& c) {
  const auto rank = static_cast<std::uint64_t>(small_space.rank(c));
  return static_cast<double>((rank * 7919 + 13) % 1009) / 10;
}

template <class Searcher>
std::string sequence(nascent::study<Searcher>& s) {
  std::string text;
  for (const nascent::trial_record& t : s.trials()) {
    for (const int d : t.decisions) text += std::to_string(d) + " ";
    text += t.told.empty() ? "pending\n" : "-> " + nascent::exact_text(t.told.front()) + "\n";
  }
  return text;
}
