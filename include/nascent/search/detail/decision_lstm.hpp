// SPDX-License-Identifier: Apache-2.0
/// \file
/// A recurrent network that makes one decision after another: forwards, and its gradient.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "nascent/base/random.hpp"
#include "nascent/search/detail/slot_order.hpp"

namespace nascent::detail {

/// A one-layer LSTM whose input is the decision before, as a vector of its own for each option, and whose output for
/// each decision is a softmax over its options. All parameters lie in one vector, for the optimiser.
class decision_lstm {
 public:
  /// `decisions`: options of each, in the order in which they are made. Weights are uniform within +- 0.1 (NASNet).
  decision_lstm(std::vector<std::size_t> options, Eigen::Index hidden, random_engine& rng)
      : options_(std::move(options)), hidden_(hidden) {
    Eigen::Index at = 4 * hidden * 2 * hidden + 4 * hidden;
    for (const std::size_t n : options_) {
      first_.push_back(at);
      at += static_cast<Eigen::Index>(n) * (2 * hidden + 1);  // a vector in, weights and a bias out for each option
    }
    start_ = at;
    at += hidden;
    parameters_.resize(at);
    for (Eigen::Index i = 0; i < at; ++i) parameters_(i) = 0.2 * random_unit(rng) - 0.1;
  }

  Eigen::VectorXd& parameters() { return parameters_; }

  struct step {
    std::size_t decision = 0;
    std::size_t chosen = 0;
    std::ptrdiff_t before = -1;  ///< decision whose vector came in; -1 at the start
    std::size_t before_chosen = 0;
    Eigen::VectorXd input{}, last_hidden{}, last_cell{}, gates{}, cell{}, hidden{}, probabilities{};
  };

  /// Begins a candidate.
  void begin() {
    hidden_state_ = Eigen::VectorXd::Zero(hidden_);
    cell_state_ = hidden_state_;
    steps_.clear();
  }
  /// The distribution of the next decision that takes part.
  const Eigen::VectorXd& next(std::size_t decision) {
    step s;
    s.decision = decision;
    if (!steps_.empty()) {
      s.before = static_cast<std::ptrdiff_t>(steps_.back().decision);
      s.before_chosen = steps_.back().chosen;
    }
    s.input = parameters_.segment(input_at(s.before, s.before_chosen), hidden_);
    s.last_hidden = hidden_state_;
    s.last_cell = cell_state_;
    Eigen::VectorXd both(2 * hidden_);
    both << s.input, s.last_hidden;
    const Eigen::Map<const Eigen::MatrixXd> weights(parameters_.data(), 4 * hidden_, 2 * hidden_);
    const Eigen::VectorXd sums = weights * both + parameters_.segment(8 * hidden_ * hidden_, 4 * hidden_);
    s.gates.resize(4 * hidden_);
    s.gates.head(3 * hidden_) = (1 + (-sums.head(3 * hidden_).array()).exp()).inverse();
    s.gates.tail(hidden_) = sums.tail(hidden_).array().tanh();
    cell_state_ = (s.gates.segment(hidden_, hidden_).array() * s.last_cell.array() +
                   s.gates.head(hidden_).array() * s.gates.tail(hidden_).array())
                      .matrix();
    hidden_state_ = (s.gates.segment(2 * hidden_, hidden_).array() * cell_state_.array().tanh()).matrix();
    s.cell = cell_state_;
    s.hidden = hidden_state_;
    const auto n = static_cast<Eigen::Index>(options_[decision]);
    const Eigen::Map<const Eigen::MatrixXd> out(parameters_.data() + out_at(decision), n, hidden_);
    const Eigen::VectorXd logits = out * hidden_state_ + parameters_.segment(out_at(decision) + n * hidden_, n);
    s.probabilities = (logits.array() - logits.maxCoeff()).exp();
    s.probabilities /= s.probabilities.sum();
    steps_.push_back(std::move(s));
    return steps_.back().probabilities;
  }
  void choose(std::size_t option) { steps_.back().chosen = option; }

  /// The logarithm of the probability of what was chosen since `begin`.
  double log_probability() const {
    double sum = 0;
    for (const step& s : steps_) sum += std::log(s.probabilities(static_cast<Eigen::Index>(s.chosen)));
    return sum;
  }

  /// Adds to `gradient` that of `of_log_probability` x log probability + `of_entropy` x entropy, for what was chosen
  /// since `begin`.
  void add_gradient(double of_log_probability, double of_entropy, Eigen::VectorXd& gradient) const {
    Eigen::VectorXd hidden_gradient = Eigen::VectorXd::Zero(hidden_);
    Eigen::VectorXd cell_gradient = hidden_gradient;
    const Eigen::Map<const Eigen::MatrixXd> weights(parameters_.data(), 4 * hidden_, 2 * hidden_);
    Eigen::Map<Eigen::MatrixXd> weights_gradient(gradient.data(), 4 * hidden_, 2 * hidden_);
    for (std::size_t t = steps_.size(); t-- > 0;) {
      const step& s = steps_[t];
      const auto n = static_cast<Eigen::Index>(options_[s.decision]);
      const Eigen::ArrayXd p = s.probabilities.array();
      const double entropy = -(p * p.log()).sum();
      Eigen::VectorXd logits = (-of_log_probability * p - of_entropy * p * (p.log() + entropy)).matrix();
      logits(static_cast<Eigen::Index>(s.chosen)) += of_log_probability;
      const Eigen::Map<const Eigen::MatrixXd> out(parameters_.data() + out_at(s.decision), n, hidden_);
      Eigen::Map<Eigen::MatrixXd>(gradient.data() + out_at(s.decision), n, hidden_) += logits * s.hidden.transpose();
      gradient.segment(out_at(s.decision) + n * hidden_, n) += logits;
      hidden_gradient += out.transpose() * logits;

      const Eigen::ArrayXd in = s.gates.head(hidden_);
      const Eigen::ArrayXd forget = s.gates.segment(hidden_, hidden_);
      const Eigen::ArrayXd give = s.gates.segment(2 * hidden_, hidden_);
      const Eigen::ArrayXd fresh = s.gates.tail(hidden_);
      const Eigen::ArrayXd shown = s.cell.array().tanh();
      const Eigen::ArrayXd cell = cell_gradient.array() + hidden_gradient.array() * give * (1 - shown.square());
      Eigen::VectorXd sums(4 * hidden_);
      sums << (cell * fresh * in * (1 - in)).matrix(), (cell * s.last_cell.array() * forget * (1 - forget)).matrix(),
          (hidden_gradient.array() * shown * give * (1 - give)).matrix(), (cell * in * (1 - fresh.square())).matrix();
      Eigen::VectorXd both(2 * hidden_);
      both << s.input, s.last_hidden;
      weights_gradient += sums * both.transpose();
      gradient.segment(8 * hidden_ * hidden_, 4 * hidden_) += sums;
      const Eigen::VectorXd back = weights.transpose() * sums;
      gradient.segment(input_at(s.before, s.before_chosen), hidden_) += back.head(hidden_);
      hidden_gradient = back.tail(hidden_);
      cell_gradient = (cell * forget).matrix();
    }
  }

 private:
  /// Where the vectors that come in begin; then follow the weights and the biases of what goes out.
  Eigen::Index input_at(std::ptrdiff_t decision, std::size_t chosen) const {
    return decision < 0 ? start_
                        : first_[static_cast<std::size_t>(decision)] + static_cast<Eigen::Index>(chosen) * hidden_;
  }
  Eigen::Index out_at(std::size_t decision) const {
    return first_[decision] + static_cast<Eigen::Index>(options_[decision]) * hidden_;
  }

  std::vector<std::size_t> options_;
  Eigen::Index hidden_;
  std::vector<Eigen::Index> first_;
  Eigen::Index start_ = 0;
  Eigen::VectorXd parameters_;
  Eigen::VectorXd hidden_state_, cell_state_;
  std::vector<step> steps_;
};

}  // namespace nascent::detail
