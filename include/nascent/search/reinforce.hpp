// SPDX-License-Identifier: Apache-2.0
/// \file
/// REINFORCE as TuNAS has it: one distribution over the options of each decision, learnt from rewards.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/searched.hpp"
#include "nascent/search/detail/slot_order.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

enum class rate_schedule : std::uint8_t {
  constant,
  exponential,  ///< ten times the rate at the end
};

struct reinforce_options {
  double rate = 4.8e-3;  ///< of Adam; TuNAS: 3e-4 x (training batch / 256)
  rate_schedule schedule = rate_schedule::exponential;
  int steps = 1000;     ///< updates that the schedule is for; the last rate stays
  double delay = 0.25;  ///< share of the steps in which nothing but baseline and moments is learnt
  int replicas = 32;    ///< candidates for each update
  double baseline_decay = 0.95;
  std::uint64_t seed = 1;
};

/// TuNAS' controller (Bender et al., 2020, section 3 and appendices B and D): independent softmax distributions, one
/// for each decision, which begin uniform; decisions that take no part add nothing. The baseline is a moving average
/// that begins without bias and has the step's own rewards in it; Adam (0, 0.999) averages the squares of each
/// candidate's gradient. Constraints: what breaks one is drawn anew.
///
/// With cheap rewards, as of weights that are shared, `draw` and `learn` are all there is. As a searcher (`ask`,
/// `tell`) a candidate that is known counts again in the update without being evaluated again.
template <class Searched>
class reinforce {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range
  explicit reinforce(const Searched& searched, const reinforce_options& options = {})
      : searched_(searched, static_cast<std::size_t>(std::max(options.replicas, 1))),
        options_(options),
        rng_(options.seed),
        order_(detail::slots_in_order(space())) {
    const auto check = [](bool ok, const char* name, double found, const char* allowed) {
      if (!ok)
        throw search_error("search.option", std::string("reinforce_options.") + name, exact_text(found), allowed);
    };
    check(options.rate > 0 && std::isfinite(options.rate), "rate", options.rate, "above 0");
    check(options.steps >= 1, "steps", options.steps, "1 or more");
    check(options.delay >= 0 && options.delay < 1, "delay", options.delay, "0 to 1, 1 left out");
    check(options.replicas >= 1, "replicas", options.replicas, "1 or more");
    check(options.baseline_decay >= 0 && options.baseline_decay < 1, "baseline_decay", options.baseline_decay,
          "0 to 1, 1 left out");
    for (std::size_t k = 0; k < space().slot_count; ++k) {
      first_.push_back(logits_.size());
      logits_.resize(logits_.size() + static_cast<std::size_t>(space().slot(k).options), 0);
    }
    first_.push_back(logits_.size());
    probabilities_.resize(logits_.size());
    moments_.resize(logits_.size());
    update_probabilities();
  }

  const space_type& space() const { return searched_.space(); }
  searcher_description description() const {
    return {"reinforce",
            {{"rate", exact_text(options_.rate)},
             {"schedule", options_.schedule == rate_schedule::constant ? "constant" : "exponential"},
             {"steps", std::to_string(options_.steps)},
             {"delay", exact_text(options_.delay)},
             {"replicas", std::to_string(options_.replicas)},
             {"baseline_decay", exact_text(options_.baseline_decay)},
             {"seed", std::to_string(options_.seed)}}};
  }

  /// A candidate as the distributions have it; the same one may come again.
  candidate_type draw() {
    for (int attempt = 0; attempt < attempts; ++attempt)
      if (const auto c = detail::decide_in_order(searched_.searched(), order_, [&](const detail::ordered_slot& o) {
            return detail::random_weighted(rng_, probabilities(o.slot), 1);
          }))
        return *c;
    return searched_.searched().sample(rng_);  // constraints that hardly any combination of likely options keeps
  }

  /// One update by candidates and their rewards, usually those of `replicas` draws. \throws search_error for a reward
  /// that is not finite
  void learn(std::span<const candidate_type> drawn, std::span<const double> rewards) {
    if (drawn.empty()) return;
    double mean = 0;
    for (const double r : rewards) {
      if (!std::isfinite(r)) throw search_error("search.reward", "reinforce, reward", exact_text(r), "finite numbers");
      mean += r / static_cast<double>(rewards.size());
    }
    const double keep = options_.baseline_decay;
    baseline_ = keep * baseline_ + (1 - keep) * mean;
    baseline_weight_ = keep * baseline_weight_ + (1 - keep);
    const double baseline = baseline_ / baseline_weight_;

    std::vector<double> gradients(logits_.size(), 0);
    std::vector<double> squares(logits_.size(), 0);
    const double share = 1 / static_cast<double>(drawn.size());
    for (std::size_t i = 0; i < drawn.size(); ++i)
      for (std::size_t k = 0; k + 1 < first_.size(); ++k) {
        const int chosen = drawn[i].digits[k];
        if (chosen < 0) continue;
        for (std::size_t j = first_[k]; j < first_[k + 1]; ++j) {
          const bool is_chosen = j - first_[k] == static_cast<std::size_t>(chosen);
          const double g = (rewards[i] - baseline) * ((is_chosen ? 1.0 : 0.0) - probabilities_[j]);
          gradients[j] += share * g;
          squares[j] += share * g * g;
        }
      }
    ++step_;
    const double unbias = std::sqrt(1 - std::pow(second_decay, step_));
    const double rate = current_rate();
    for (std::size_t j = 0; j < logits_.size(); ++j) {
      moments_[j] = second_decay * moments_[j] + (1 - second_decay) * squares[j];
      logits_[j] += rate * unbias * gradients[j] / (std::sqrt(moments_[j]) + 1e-8);
    }
    update_probabilities();
  }

  /// The most likely option of each decision: the candidate that TuNAS trains in the end. None where that breaks a
  /// constraint.
  std::optional<candidate_type> most_likely() const {
    return detail::decide_in_order(searched_.searched(), order_, [&](const detail::ordered_slot& o) {
      const auto p = probabilities(o.slot);
      return static_cast<std::size_t>(std::ranges::max_element(p) - p.begin());
    });
  }

  /// Of the options of a slot, where it takes part.
  std::span<const double> probabilities(std::size_t slot) const {
    return std::span(probabilities_).subspan(first_[slot], first_[slot + 1] - first_[slot]);
  }
  int steps() const { return step_; }

  std::optional<candidate_type> ask() {
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const candidate_type c = draw();
      if (searched_.propose(c, learning())) return c;
    }
    return searched_.memory().fresh(rng_);
  }

  bool tell(const candidate_type& c, double value) { return searched_.tell(c, value, learning()); }

 private:
  static constexpr int attempts = 1000;
  static constexpr double second_decay = 0.999;

  double current_rate() const {
    const double begin = options_.delay * options_.steps;
    if (step_ <= begin) return 0;
    const double progress = std::min(1.0, (step_ - begin) / (options_.steps - begin));
    return options_.rate * (options_.schedule == rate_schedule::constant ? 1 : std::pow(10, progress));
  }

  auto learning() {
    return
        [this](const std::vector<candidate_type>& drawn, const std::vector<double>& rewards) { learn(drawn, rewards); };
  }

  void update_probabilities() {
    for (std::size_t k = 0; k + 1 < first_.size(); ++k) {
      double most = -std::numeric_limits<double>::infinity();
      for (std::size_t j = first_[k]; j < first_[k + 1]; ++j) most = std::max(most, logits_[j]);
      double sum = 0;
      for (std::size_t j = first_[k]; j < first_[k + 1]; ++j) sum += probabilities_[j] = std::exp(logits_[j] - most);
      for (std::size_t j = first_[k]; j < first_[k + 1]; ++j) probabilities_[j] /= sum;
    }
  }

  detail::searched_in_batches<Searched> searched_;
  reinforce_options options_;
  random_engine rng_;
  std::vector<detail::ordered_slot> order_;
  std::vector<std::size_t> first_;  ///< by slot, where its options begin
  std::vector<double> logits_;
  std::vector<double> probabilities_;
  std::vector<double> moments_;
  double baseline_ = 0;
  double baseline_weight_ = 0;
  int step_ = 0;
};

}  // namespace nascent
