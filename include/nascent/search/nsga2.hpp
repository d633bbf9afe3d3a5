// SPDX-License-Identifier: Apache-2.0
/// \file
/// NSGA-II: evolution towards a whole front, for two and more objectives.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/slot_order.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

/// Which of several points come first: by fronts (0 is that of points that none dominates), within a front by crowding
/// distance (Deb et al., 2002). Objectives are the more the better; one of minus infinity puts a point last.
struct nondominated_order {
  std::vector<std::size_t> front{};  ///< by point
  std::vector<double> crowding{};    ///< by point; infinite at the ends of a front

  explicit nondominated_order(const std::vector<std::vector<double>>& points)
      : front(points.size()), crowding(points.size(), 0) {
    std::vector<std::size_t> left(points.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    for (std::size_t number = 0; !left.empty(); ++number) {
      std::vector<std::size_t> best;
      std::vector<std::size_t> rest;
      for (const std::size_t i : left) {
        const bool beaten = std::ranges::any_of(left, [&](std::size_t j) { return dominates(points[j], points[i]); });
        (beaten ? rest : best).push_back(i);
      }
      for (const std::size_t i : best) front[i] = number;
      spread(points, best);
      left = std::move(rest);
    }
  }

  bool comes_before(std::size_t a, std::size_t b) const {
    return front[a] != front[b] ? front[a] < front[b] : crowding[a] > crowding[b];
  }

  static bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
    bool better = false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] < b[i]) return false;
      better = better || a[i] > b[i];
    }
    return better;
  }

 private:
  void spread(const std::vector<std::vector<double>>& points, std::vector<std::size_t> members) {
    for (std::size_t objective = 0; objective < points[members[0]].size(); ++objective) {
      const auto of = [&](std::size_t i) { return points[i][objective]; };
      std::ranges::sort(members, {}, [&](std::size_t i) { return std::pair(of(i), i); });
      const double span = of(members.back()) - of(members.front());
      crowding[members.front()] = crowding[members.back()] = std::numeric_limits<double>::infinity();
      if (!(span > 0) || !std::isfinite(span)) continue;
      for (std::size_t m = 1; m + 1 < members.size(); ++m)
        crowding[members[m]] += (of(members[m + 1]) - of(members[m - 1])) / span;
    }
  }
};

struct nsga2_options {
  int population = 40;
  double crossover = 0.9;  ///< probability of a second parent
  std::uint64_t seed = 1;
};

/// NSGA-II (Deb et al., 2002) with one child at a time, so that it can be asked while answers are pending: parents win
/// tournaments of two; a child is a crossover, mutated once; of population and child the last one leaves. `tell` takes
/// objectives, each the more the better.
template <class Searched>
class nsga2 {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range
  explicit nsga2(const Searched& searched, const nsga2_options& options = {})
      : memory_(detail::take_searched(searched)), options_(options), rng_(options.seed) {
    if (options.population < 2)
      throw search_error("search.option", "nsga2_options.population", std::to_string(options.population), "2 or more");
    if (!(options.crossover >= 0 && options.crossover <= 1))
      throw search_error("search.option", "nsga2_options.crossover", exact_text(options.crossover), "0 to 1");
  }

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const {
    return {"NSGA-II",
            {{"population", std::to_string(options_.population)},
             {"crossover", exact_text(options_.crossover)},
             {"seed", std::to_string(options_.seed)}}};
  }

  std::optional<candidate_type> ask() {
    if (population_.size() >= static_cast<std::size_t>(options_.population)) {
      for (int attempt = 0; attempt < 16 * furthest; ++attempt) {
        candidate_type child = parent();
        if (detail::random_unit(rng_) < options_.crossover) child = space().crossover(child, parent(), rng_);
        for (int step = 0; step <= attempt / 16; ++step) child = space().mutate(child, rng_);
        if (memory_.propose(child)) return child;
      }
    }
    return memory_.fresh(rng_);
  }

  /// False where the candidate was told before. \throws search_error for objectives that are no numbers, and for
  /// another number of them than before
  bool tell(const candidate_type& c, std::span<const double> objectives) {
    if (objectives.empty() || (!population_.empty() && objectives.size() != objectives_.front().size()))
      throw search_error("search.reward", "nsga2, tell, objectives", std::to_string(objectives.size()),
                         population_.empty() ? "1 or more" : std::to_string(objectives_.front().size()));
    for (const double o : objectives)
      if (std::isnan(o) || o == std::numeric_limits<double>::infinity())
        throw search_error("search.reward", "nsga2, tell, objective", exact_text(o),
                           "finite numbers, or -inf for a candidate that cannot be used");
    if (!memory_.tell(c, objectives.front())) return false;
    if (!std::ranges::all_of(objectives, detail::is_usable)) return true;
    population_.push_back(c);
    objectives_.emplace_back(objectives.begin(), objectives.end());
    if (population_.size() > static_cast<std::size_t>(options_.population)) {
      const nondominated_order order(objectives_);
      std::size_t last = 0;
      for (std::size_t i = 1; i < population_.size(); ++i)
        if (!order.comes_before(i, last)) last = i;
      population_.erase(population_.begin() + static_cast<std::ptrdiff_t>(last));
      objectives_.erase(objectives_.begin() + static_cast<std::ptrdiff_t>(last));
    }
    order_.emplace(objectives_);
    return true;
  }

  /// The candidates that it has now, and those of them that none dominates first.
  std::vector<candidate_type> population() const {
    std::vector<std::size_t> by_order(population_.size());
    std::iota(by_order.begin(), by_order.end(), std::size_t{0});
    std::ranges::sort(by_order, [&](std::size_t a, std::size_t b) {
      return order_->comes_before(a, b) || (!order_->comes_before(b, a) && a < b);
    });
    std::vector<candidate_type> all;
    for (const std::size_t i : by_order) all.push_back(population_[i]);
    return all;
  }

 private:
  static constexpr int furthest = 8;  ///< mutations at most between parents and child

  const candidate_type& parent() {
    const auto one = static_cast<std::size_t>(random_below(rng_, std::uint64_t{population_.size()}));
    const auto other = static_cast<std::size_t>(random_below(rng_, std::uint64_t{population_.size()}));
    return population_[order_->comes_before(other, one) ? other : one];
  }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  nsga2_options options_;
  random_engine rng_;
  std::vector<candidate_type> population_;
  std::vector<std::vector<double>> objectives_;
  std::optional<nondominated_order> order_;
};

}  // namespace nascent
