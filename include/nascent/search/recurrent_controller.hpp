// SPDX-License-Identifier: Apache-2.0
/// \file
/// MnasNet's kind of searcher: a recurrent network that writes candidates, decision by decision, and learns by
/// proximal policy optimisation.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/decision_lstm.hpp"
#include "nascent/search/detail/searched.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

struct recurrent_controller_options {
  int hidden = 32;        ///< units of the LSTM; NASNet had 100
  double rate = 0.003;    ///< of Adam; NASNet's 0.00035 is for tens of thousands of samples
  int batch = 5;          ///< candidates for each update
  int epochs = 4;         ///< passes over a batch; 1 is REINFORCE
  double clip = 0.2;      ///< how far a probability may move in an update
  double entropy = 1e-3;  ///< for staying unsure
  double baseline_decay = 0.95;
  std::uint64_t seed = 1;
};

/// Decisions are tokens in the order in which they come to take part; those that take no part are left out. Advantages
/// are rewards less a moving average, in units of the batch's deviation. A candidate that is known counts again in the
/// batch without being evaluated again.
template <class Searched>
class recurrent_controller {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range
  explicit recurrent_controller(const Searched& searched, const recurrent_controller_options& options = {})
      : searched_(searched, static_cast<std::size_t>(checked(options).batch)),
        options_(options),
        rng_(options.seed),
        order_(detail::slots_in_order(space())),
        network_(options_of(order_), options.hidden, rng_),
        mean_(Eigen::VectorXd::Zero(network_.parameters().size())),
        square_(mean_) {
    position_.resize(space().slot_count);
    for (std::size_t i = 0; i < order_.size(); ++i) position_[order_[i].slot] = i;
  }

  const space_type& space() const { return searched_.space(); }
  searcher_description description() const {
    return {"recurrent controller",
            {{"hidden", std::to_string(options_.hidden)},
             {"rate", exact_text(options_.rate)},
             {"batch", std::to_string(options_.batch)},
             {"epochs", std::to_string(options_.epochs)},
             {"clip", exact_text(options_.clip)},
             {"entropy", exact_text(options_.entropy)},
             {"baseline_decay", exact_text(options_.baseline_decay)},
             {"seed", std::to_string(options_.seed)}}};
  }

  /// Where the network writes only what is known, a mutation of that.
  std::optional<candidate_type> ask() {
    std::optional<candidate_type> last;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const std::optional<candidate_type> c = draw();
      if (!c) continue;
      if (searched_.propose(*c, learning())) return c;
      last = c;
    }
    for (int step = 0; last && step < attempts; ++step) {
      last = space().mutate(*last, rng_);
      if (searched_.memory().propose(*last)) return last;
    }
    return searched_.memory().fresh(rng_);
  }

  bool tell(const candidate_type& c, double value) { return searched_.tell(c, value, learning()); }

 private:
  static constexpr int attempts = 30;

  static recurrent_controller_options checked(const recurrent_controller_options& o) {
    const auto check = [](bool ok, const char* name, double found, const char* allowed) {
      if (!ok)
        throw search_error("search.option", std::string("recurrent_controller_options.") + name, exact_text(found),
                           allowed);
    };
    check(o.hidden >= 1 && o.hidden <= 1024, "hidden", o.hidden, "1 to 1024");
    check(o.rate > 0 && std::isfinite(o.rate), "rate", o.rate, "above 0");
    check(o.batch >= 2, "batch", o.batch, "2 or more");
    check(o.epochs >= 1, "epochs", o.epochs, "1 or more");
    check(o.clip > 0 && std::isfinite(o.clip), "clip", o.clip, "above 0");
    check(o.entropy >= 0 && std::isfinite(o.entropy), "entropy", o.entropy, "0 or more");
    check(o.baseline_decay >= 0 && o.baseline_decay < 1, "baseline_decay", o.baseline_decay, "0 to 1, 1 left out");
    return o;
  }
  static std::vector<std::size_t> options_of(const std::vector<detail::ordered_slot>& order) {
    std::vector<std::size_t> options;
    for (const auto& o : order) options.push_back(o.options);
    return options;
  }

  std::optional<candidate_type> draw() {
    network_.begin();
    return detail::decide_in_order(searched_.searched(), order_, [&](const detail::ordered_slot& o) {
      const Eigen::VectorXd& p = network_.next(position_[o.slot]);
      const std::size_t chosen =
          detail::random_weighted(rng_, std::span(p.data(), static_cast<std::size_t>(p.size())), 1);
      network_.choose(chosen);
      return chosen;
    });
  }

  /// Goes through a candidate's decisions again.
  void read(const candidate_type& c) {
    network_.begin();
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const int chosen = c.digits[order_[i].slot];
      if (chosen < 0) continue;
      network_.next(i);
      network_.choose(static_cast<std::size_t>(chosen));
    }
  }

  auto learning() {
    return
        [this](const std::vector<candidate_type>& batch, const std::vector<double>& values) { learn(batch, values); };
  }

  void learn(const std::vector<candidate_type>& batch, const std::vector<double>& values) {
    const auto n = static_cast<double>(batch.size());
    double mean = 0;
    for (const double v : values) mean += v / n;
    baseline_ = options_.baseline_decay * baseline_ + (1 - options_.baseline_decay) * mean;
    baseline_weight_ = options_.baseline_decay * baseline_weight_ + (1 - options_.baseline_decay);
    double variance = 0;
    for (const double v : values) variance += (v - mean) * (v - mean) / n;
    const double deviation = std::sqrt(variance) + 1e-9 * std::max(1.0, std::abs(mean));
    std::vector<double> before;
    for (const candidate_type& c : batch) {
      read(c);
      before.push_back(network_.log_probability());
    }
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(network_.parameters().size());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        // Outliers of a bad batch do not drown what it says of the others.
        const double advantage =
            std::clamp((values[i] - baseline_ / baseline_weight_) / deviation, -most_advantage, most_advantage);
        read(batch[i]);
        const double ratio = std::exp(network_.log_probability() - before[i]);
        const bool clipped = advantage > 0 ? ratio > 1 + options_.clip : ratio < 1 - options_.clip;
        network_.add_gradient(clipped ? 0 : advantage * ratio / n, options_.entropy / n, gradient);
      }
      climb(gradient);
    }
  }

  void climb(const Eigen::VectorXd& gradient) {
    ++updates_;
    mean_ = 0.9 * mean_ + 0.1 * gradient;
    square_ = 0.999 * square_ + 0.001 * gradient.cwiseAbs2();
    const double unbias = std::sqrt(1 - std::pow(0.999, updates_)) / (1 - std::pow(0.9, updates_));
    network_.parameters() += (options_.rate * unbias * mean_.array() / (square_.array().sqrt() + 1e-8)).matrix();
  }

  static constexpr double most_advantage = 3;

  detail::searched_in_batches<Searched> searched_;
  recurrent_controller_options options_;
  random_engine rng_;
  std::vector<detail::ordered_slot> order_;
  std::vector<std::size_t> position_;  ///< by slot, in the order
  detail::decision_lstm network_;
  Eigen::VectorXd mean_;
  Eigen::VectorXd square_;
  int updates_ = 0;
  double baseline_ = 0;
  double baseline_weight_ = 0;
};

}  // namespace nascent
