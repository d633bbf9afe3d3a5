// SPDX-License-Identifier: Apache-2.0
/// \file
/// Regularised evolution: tournaments, mutations, and a population in which the oldest dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "nascent/base/number_text.hpp"
#include "nascent/base/random.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

struct regularized_evolution_options {
  int population = 50;   ///< networks that take part
  int sample = 10;       ///< drawn from them, with replacement; the best becomes the parent
  double crossover = 0;  ///< probability of a second parent, 0 to 1; the paper has none
  std::uint64_t seed = 1;
};

/// Regularised evolution (Real et al., 2019): random networks until the population is full; then each child is a
/// mutation of the best of a sample and takes the place of the oldest. A child that is known already is mutated again
/// instead of being evaluated twice. Networks that cannot be used (value minus infinity) do not enter the population.
template <class Searched>
class regularized_evolution {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range.
  explicit regularized_evolution(const Searched& searched, const regularized_evolution_options& options = {})
      : memory_(detail::take_searched(searched)), options_(options), rng_(options.seed) {
    const auto check = [](bool ok, const char* name, double found, const char* allowed) {
      if (!ok)
        throw search_error("search.option", std::string("regularized_evolution_options.") + name, exact_text(found),
                           allowed);
    };
    check(options.population >= 1, "population", options.population, "1 or more");
    check(options.sample >= 1, "sample", options.sample, "1 or more");
    check(options.crossover >= 0 && options.crossover <= 1, "crossover", options.crossover, "0 to 1");
  }

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const {
    return {"regularised evolution",
            {{"population", std::to_string(options_.population)},
             {"sample", std::to_string(options_.sample)},
             {"crossover", exact_text(options_.crossover)},
             {"seed", std::to_string(options_.seed)}}};
  }

  std::optional<candidate_type> ask() {
    if (population_.size() >= static_cast<std::size_t>(options_.population)) {
      // Further from the parent where its surroundings are known.
      for (int attempt = 0; attempt < 16 * furthest; ++attempt) {
        candidate_type child = parent();
        if (options_.crossover > 0 && chance(options_.crossover)) child = space().crossover(child, parent(), rng_);
        for (int step = 0; step <= attempt / 16; ++step) child = space().mutate(child, rng_);
        if (memory_.propose(child)) return child;
      }
    }
    return memory_.fresh(rng_);
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    if (!detail::is_usable(value)) return true;
    population_.push_back({c, value});
    if (population_.size() > static_cast<std::size_t>(options_.population)) population_.pop_front();
    return true;
  }

 private:
  static constexpr int furthest = 8;  ///< mutations at most between parent and child

  struct individual {
    candidate_type network;
    double value;
  };

  /// The best of a sample; the first drawn among equals.
  const candidate_type& parent() {
    const individual* best = nullptr;
    for (int i = 0; i < options_.sample; ++i) {
      const individual& drawn =
          population_[static_cast<std::size_t>(random_below(rng_, std::uint64_t{population_.size()}))];
      if (best == nullptr || drawn.value > best->value) best = &drawn;
    }
    return best->network;
  }

  bool chance(double probability) { return random_unit(rng_) < probability; }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  regularized_evolution_options options_;
  random_engine rng_;
  std::deque<individual> population_;
};

}  // namespace nascent
