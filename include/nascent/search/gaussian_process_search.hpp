// SPDX-License-Identifier: Apache-2.0
/// \file
/// Bayesian optimisation on decisions: a Gaussian process, a region that it is trusted in, and local search for where
/// the most is expected.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/mixed_process.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

struct gaussian_process_options {
  int start = 12;         ///< random candidates before the first model
  int fit_steps = 25;     ///< of the model's parameters, for each new answer
  int climbs = 6;         ///< local searches for the largest expected improvement, each time
  int most_points = 400;  ///< of a model: the best and the latest ones
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
      : memory_(detail::take_searched(searched)),
        options_(options),
        rng_(options.seed),
        process_(detail::distances_of(space())) {
    const auto check = [](bool ok, const char* name, int found, const char* allowed) {
      if (!ok)
        throw search_error("search.option", std::string("gaussian_process_options.") + name, std::to_string(found),
                           allowed);
    };
    check(options.start >= 2, "start", options.start, "2 or more");
    check(options.fit_steps >= 0, "fit_steps", options.fit_steps, "0 or more");
    check(options.climbs >= 1, "climbs", options.climbs, "1 or more");
    check(options.most_points >= 2 * options.start, "most_points", options.most_points, "twice `start` or more");
    radius_ = widest();
  }

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const {
    return {"Gaussian process",
            {{"start", std::to_string(options_.start)},
             {"fit_steps", std::to_string(options_.fit_steps)},
             {"climbs", std::to_string(options_.climbs)},
             {"most_points", std::to_string(options_.most_points)},
             {"seed", std::to_string(options_.seed)}}};
  }

  std::optional<candidate_type> ask() {
    std::optional<candidate_type> next;
    if (told_.size() >= static_cast<std::size_t>(options_.start) && usable_ > 0) next = by_model();
    if (!next) next = memory_.fresh(rng_);
    if (next) pending_.push_back(*next);
    return next;
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    std::erase(pending_, c);
    told_.push_back({c, value});
    usable_ += detail::is_usable(value);
    const bool better = detail::is_usable(value) && (!centre_ || value > told_[*centre_].value);
    if (better) centre_ = told_.size() - 1;
    if (told_.size() > static_cast<std::size_t>(options_.start)) adapt(better);
    return true;
  }

 private:
  struct answer {
    candidate_type what;
    double value;
  };

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

  /// The best answers first, of equal ones the earlier.
  auto by_value() const {
    return [this](std::size_t a, std::size_t b) {
      return told_[a].value != told_[b].value ? told_[a].value > told_[b].value : a < b;
    };
  }

  std::vector<int> row(const candidate_type& c) const {
    const auto v = space().encode(c);
    return {v.begin(), v.end()};
  }

  /// Fits the model to what is known; answers that are pending are those that it expects without them.
  double fit() {
    std::vector<std::size_t> used(told_.size());
    for (std::size_t i = 0; i < used.size(); ++i) used[i] = i;
    if (const auto most = static_cast<std::size_t>(options_.most_points); used.size() > most) {
      std::ranges::sort(used, by_value());
      std::ranges::sort(used.begin() + static_cast<std::ptrdiff_t>(most / 2), used.end(), std::greater<>());
      used.resize(most);
      std::ranges::sort(used);
    }
    std::vector<std::vector<int>> points;
    std::vector<double> values;
    for (const std::size_t i : used) {
      points.push_back(row(told_[i].what));
      values.push_back(told_[i].value);
    }
    Eigen::VectorXd scores = normal_scores(values);
    const double best = scores.maxCoeff();
    process_.fit(points, scores, options_.fit_steps);
    if (pending_.empty()) return best;
    for (const candidate_type& p : pending_) {
      points.push_back(row(p));
      scores.conservativeResize(scores.size() + 1);
      scores(scores.size() - 1) = process_.at(points.back()).mean;
    }
    process_.fit(std::move(points), scores, 0);
    return best;
  }

  /// Equal values have equal scores.
  static Eigen::VectorXd normal_scores(const std::vector<double>& values) {
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    Eigen::VectorXd scores(static_cast<Eigen::Index>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto [low, high] = std::ranges::equal_range(sorted, values[i]);
      const double rank = 0.5 * static_cast<double>((low - sorted.begin()) + (high - sorted.begin()));
      scores(static_cast<Eigen::Index>(i)) = detail::normal_quantile(rank / static_cast<double>(values.size()));
    }
    return scores;
  }

  std::optional<candidate_type> by_model() {
    const double best = fit();
    const candidate_type centre = told_[*centre_].what;
    std::vector<std::size_t> good(told_.size());
    for (std::size_t i = 0; i < good.size(); ++i) good[i] = i;
    std::ranges::sort(good, by_value());

    std::optional<candidate_type> found;
    double most = -1;
    const auto gain = [&](const candidate_type& c) { return detail::expected_improvement(process_.at(row(c)), best); };
    for (int climb = 0; climb < options_.climbs; ++climb) {
      candidate_type at = climb == 0 ? centre : told_[good[static_cast<std::size_t>(climb / 2) % good.size()]].what;
      for (int step = 0; step < climb % 4; ++step) at = space().mutate(at, rng_);
      if (distance(at, centre) > radius_) at = centre;
      double here = gain(at);
      for (int move = 0; move < 30; ++move) {
        std::optional<candidate_type> next;
        double next_gain = here;
        space().for_each_neighbour(at, [&](const candidate_type& near) {
          if (distance(near, centre) > radius_) return;
          const double g = gain(near);
          if (g > most && is_new(near)) {
            most = g;
            found = near;
          }
          if (g > next_gain) {
            next_gain = g;
            next = near;
          }
        });
        if (!next) break;
        at = *next;
        here = next_gain;
      }
      if (here > most && is_new(at)) {
        most = here;
        found = at;
      }
    }
    if (found && memory_.propose(*found)) return found;
    // Its surroundings are known, or outside of the region that is searched: a mutation that is not.
    for (int attempt = 0; attempt < 200; ++attempt) {
      candidate_type at = centre;
      for (int step = 0; step <= attempt / 20; ++step) at = space().mutate(at, rng_);
      if (memory_.propose(at)) return at;
    }
    return std::nullopt;
  }

  bool is_new(const candidate_type& c) const { return !memory_.is_known(c); }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  gaussian_process_options options_;
  random_engine rng_;
  detail::mixed_process process_;
  std::vector<answer> told_;
  std::vector<candidate_type> pending_;
  std::optional<std::size_t> centre_;  ///< the best one told
  std::size_t usable_ = 0;
  int radius_ = 1;
  int successes_ = 0;
  int failures_ = 0;
};

}  // namespace nascent
