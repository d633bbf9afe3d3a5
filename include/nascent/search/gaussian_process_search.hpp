// SPDX-License-Identifier: Apache-2.0
/// \file
/// Bayesian optimisation on decisions: a Gaussian process, a region that it is trusted in, and local search for where
/// the most is expected.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nascent/search/detail/answer_model.hpp"
#include "nascent/search/searcher.hpp"
#include "nascent/search/surrogate_options.hpp"

namespace nascent {

struct gaussian_process_options {
  surrogate_options model{};
  std::uint64_t seed = 1;
};

/// For tens to hundreds of evaluations that cost minutes to days. The kernel is a product of transformed overlap for
/// names and Matern 5/2 for numbers, a weight for each decision; a decision that only one of two candidates has counts
/// as different. Values become normal scores of their ranks, so that bad ones do not bend the model. The trust region
/// is a number of decisions around the best candidate (as Casmopolitan, Wan et al., 2021): it grows with success,
/// shrinks without, and where it is used up the search begins anew elsewhere with all that is known. Within it expected
/// improvement is climbed from the best candidates and their mutations, to neighbours. Answers that are pending count
/// as the model expects them. Results are the same again for the same program; another compiler rounds otherwise.
template <class Searched>
class gaussian_process_search {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range
  explicit gaussian_process_search(const Searched& searched, const gaussian_process_options& options = {})
      : memory_(detail::take_searched(searched)), options_(options), rng_(options.seed), model_(space()) {
    detail::check_surrogate(options.model, "gaussian_process_options");
    radius_ = widest();
  }

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const {
    searcher_description d{"Gaussian process", detail::texts_of(options_.model)};
    d.options.emplace_back("seed", std::to_string(options_.seed));
    return d;
  }

  std::optional<candidate_type> ask() {
    std::optional<candidate_type> next;
    if (model_.told().size() >= static_cast<std::size_t>(options_.model.start) && best_) next = by_model();
    if (!next) next = memory_.fresh(rng_);
    if (next) model_.ask(*next);
    return next;
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    model_.tell(c, value);
    const bool better = detail::is_usable(value) && (!best_ || value > *best_);
    if (better) best_ = value;
    if (model_.told().size() > static_cast<std::size_t>(options_.model.start)) adapt(better);
    return true;
  }

 private:
  int widest() const {
    return static_cast<int>(std::max<std::size_t>(1, std::min<std::size_t>(space().slot_count, 20)));
  }

  void adapt(bool better) {
    failures_ = better ? 0 : failures_ + 1;
    successes_ = better ? successes_ + 1 : 0;
    if (successes_ >= 2) {
      radius_ = std::min(widest(), radius_ * 2);
      successes_ = 0;
    } else if (failures_ >= 6) {
      radius_ = radius_ * 2 / 3;
      failures_ = 0;
      if (radius_ < 1) radius_ = widest();
    }
  }

  std::optional<candidate_type> by_model() {
    const double best =
        model_.fit(space(), static_cast<std::size_t>(options_.model.most_points), options_.model.fit_steps);
    std::vector<candidate_type> starts;
    for (const std::size_t i : model_.by_value()) {
      starts.push_back(model_.told()[i].what);
      if (starts.size() > static_cast<std::size_t>((options_.model.climbs - 1) / 2)) break;
    }
    const candidate_type centre = starts[0];
    const auto found = detail::climb_gain(
        space(), starts, {.climbs = options_.model.climbs}, rng_,
        [&](const candidate_type& c) { return detail::expected_improvement(model_.expects(space(), c), best); },
        [&](const candidate_type& c) { return distance(c, centre) <= radius_; },
        [&](const candidate_type& c) { return !memory_.is_known(c); });
    if (found && memory_.propose(*found)) return found;
    // Its surroundings are known, or outside of the region that is searched: a mutation that is not.
    return detail::fresh_mutation(memory_, centre, rng_);
  }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  gaussian_process_options options_;
  random_engine rng_;
  detail::answer_model<space_type> model_;
  std::optional<double> best_;
  int radius_ = 1;
  int successes_ = 0;
  int failures_ = 0;
};

}  // namespace nascent
