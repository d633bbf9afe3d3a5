// SPDX-License-Identifier: Apache-2.0
/// \file
/// The part of a space that keeps limits, of several devices or of anything that a function says: a region, which
/// searchers never leave.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/region.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

/// What a network may take, in any unit: `{"phone_ms", phone.predictor, 40}`, `{"macs", [](const auto& c) { return
/// count(c).macs; }, 3e8}`.
template <space Space>
struct candidate_limit {
  std::string name{};
  std::function<double(const candidate<Space>&)> value{};
  double most = 0;
};

/// The networks of a space, or of a region of one, that keep all limits; each is drawn as often as any other, by
/// drawing until one keeps them. Where few do, begin with a tier of latency, which draws rare networks directly:
/// `limited_region{tiers[0], {...}}`.
template <detail::searchable Searched>
class limited_region {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// Draws networks until one keeps the limits. \throws search_error for limits that none of `attempts` keeps: it names
  /// the one that fewest kept, and the least that was seen; for limits that are no numbers
  limited_region(Searched within, std::vector<candidate_limit<space_type>> limits, std::size_t attempts = 100'000)
      : within_(std::move(within)), limits_(std::move(limits)), attempts_(attempts) {
    for (const auto& l : limits_) {
      if (!l.value)
        throw search_error("search.option", "limited_region, limit '" + l.name + "'", "no function",
                           "a function that gives a number for a candidate");
      if (!std::isfinite(l.most))
        throw search_error("search.target", "limited_region, limit '" + l.name + "'", exact_text(l.most),
                           "finite numbers");
    }
    random_engine rng(1);
    static_cast<void>(sample(rng));
  }

  const space_type& space() const { return detail::space_of(within_); }
  const std::vector<candidate_limit<space_type>>& limits() const { return limits_; }

  bool contains(const candidate_type& c) const {
    if constexpr (region<Searched>)
      if (!within_.contains(c)) return false;
    return keeps(c);
  }

  /// \throws search_error as the constructor does
  template <class Rng>
  candidate_type sample(Rng& rng) const {
    for (std::size_t n = 0; n < attempts_; ++n) {
      const candidate_type c = within_.sample(rng);
      if (keeps(c)) return c;
    }
    refuse(rng);
  }

 private:
  static constexpr std::size_t looked_at = 1000;  ///< to say which limit is to blame

  bool keeps(const candidate_type& c) const {
    return std::ranges::all_of(limits_, [&](const auto& l) { return l.value(c) <= l.most; });
  }

  template <class Rng>
  [[noreturn]] void refuse(Rng& rng) const {
    std::vector<std::size_t> kept(limits_.size(), 0);
    std::vector<double> least(limits_.size(), std::numeric_limits<double>::infinity());
    for (std::size_t n = 0; n < std::min(looked_at, attempts_); ++n) {
      const candidate_type c = within_.sample(rng);
      for (std::size_t l = 0; l < limits_.size(); ++l) {
        const double value = limits_[l].value(c);
        least[l] = std::min(least[l], value);
        kept[l] += value <= limits_[l].most;
      }
    }
    const auto worst = static_cast<std::size_t>(std::ranges::min_element(kept) - kept.begin());
    throw search_error("search.target", "limited_region, limit '" + limits_[worst].name + "'",
                       exact_text(limits_[worst].most) + ", which " + std::to_string(kept[worst]) + " of " +
                           std::to_string(std::min(looked_at, attempts_)) +
                           " networks keep; all limits together none of " + std::to_string(attempts_),
                       "limits that more networks keep (the least seen of this one: " + exact_text(least[worst]) +
                           "); where few do, a tier of latency in the place of the space");
  }

  Searched within_;
  std::vector<candidate_limit<space_type>> limits_;
  std::size_t attempts_;
};

template <detail::searchable Searched>
limited_region(const Searched&, std::vector<candidate_limit<detail::searched_space<Searched>>>)
    -> limited_region<std::remove_const_t<Searched>>;
template <detail::searchable Searched>
limited_region(const Searched&, std::vector<candidate_limit<detail::searched_space<Searched>>>, std::size_t)
    -> limited_region<std::remove_const_t<Searched>>;

}  // namespace nascent
