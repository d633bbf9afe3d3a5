// SPDX-License-Identifier: Apache-2.0
/// \file
/// What Bayesian searchers share: the answers so far, a Gaussian process of them, and local search for what it expects
/// most of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "nascent/search/detail/mixed_process.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent::detail {

template <space Space>
struct told_answer {
  candidate<Space> what;
  double value;
};

/// Equal values have equal scores.
inline Eigen::VectorXd normal_scores(const std::vector<double>& values) {
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  Eigen::VectorXd scores(static_cast<Eigen::Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [low, high] = std::ranges::equal_range(sorted, values[i]);
    const double rank = 0.5 * static_cast<double>((low - sorted.begin()) + (high - sorted.begin()));
    scores(static_cast<Eigen::Index>(i)) = normal_quantile(rank / static_cast<double>(values.size()));
  }
  return scores;
}

/// Places of answers: the best first, of equal ones the earlier.
template <space Space>
std::vector<std::size_t> places_by_value(const std::vector<told_answer<Space>>& told) {
  std::vector<std::size_t> order(told.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return told[a].value != told[b].value ? told[a].value > told[b].value : a < b;
  });
  return order;
}

template <space Space>
std::vector<int> decisions_of(const Space& s, const candidate<Space>& c) {
  const auto v = s.encode(c);
  return {v.begin(), v.end()};
}

/// What a model is fitted to: decisions, and what they were worth.
struct answer_points {
  std::vector<std::vector<int>> decisions{};
  std::vector<double> values{};
};
/// The best and the latest answers, at most `most`, in the order in which they were told.
template <space Space>
answer_points best_and_latest(const Space& s, const std::vector<told_answer<Space>>& told, std::size_t most) {
  std::vector<std::size_t> used = places_by_value(told);
  if (used.size() > most) {
    std::ranges::sort(used.begin() + static_cast<std::ptrdiff_t>(most / 2), used.end(), std::greater<>());
    used.resize(most);
  }
  std::ranges::sort(used);
  answer_points points;
  for (const std::size_t i : used) {
    points.decisions.push_back(decisions_of(s, told[i].what));
    points.values.push_back(told[i].value);
  }
  return points;
}

/// Answers, told and pending, and a Gaussian process of their normal scores, so that bad ones do not bend it.
template <space Space>
class answer_model {
 public:
  explicit answer_model(const Space& s) : process_(distances_of(s)) {}

  void ask(const candidate<Space>& c) { pending_.push_back(c); }
  void tell(const candidate<Space>& c, double value) {
    std::erase(pending_, c);
    told_.push_back({c, value});
  }
  const std::vector<told_answer<Space>>& told() const { return told_; }
  const std::vector<candidate<Space>>& pending() const { return pending_; }

  /// Places in told(): the best first, of equal ones the earlier.
  std::vector<std::size_t> by_value() const { return places_by_value(told_); }

  /// Fits to the best and the latest answers, at most `most`; those that are pending are what it expects without them.
  /// Returns the best score.
  double fit(const Space& s, std::size_t most, int steps) {
    auto [points, values] = best_and_latest(s, told_, most);
    Eigen::VectorXd scores = normal_scores(values);
    const double best = scores.maxCoeff();
    process_.fit(points, scores, steps);
    if (pending_.empty()) return best;
    for (const candidate<Space>& p : pending_) {
      points.push_back(decisions_of(s, p));
      scores.conservativeResize(scores.size() + 1);
      scores(scores.size() - 1) = process_.at(points.back()).mean;
    }
    process_.fit(std::move(points), scores, 0);
    return best;
  }

  mixed_process::belief expects(const Space& s, const candidate<Space>& c) const {
    return process_.at(decisions_of(s, c));
  }

 private:
  mixed_process process_;
  std::vector<told_answer<Space>> told_;
  std::vector<candidate<Space>> pending_;
};

struct climb_options {
  int climbs = 6;
  int moves = 30;                ///< of one climb
  std::size_t neighbours = 300;  ///< looked at in a move: of more, about as many by chance
};

/// Climbs to neighbours from the best known candidates (`starts`, the best first) and their mutations for the largest
/// `gain` among candidates that are `allowed`, and returns the one of those met that has the largest and `is_new`.
template <space Space, class Gain, class Allowed, class IsNew>
std::optional<candidate<Space>> climb_gain(const Space& s, const std::vector<candidate<Space>>& starts,
                                           const climb_options& options, random_engine& rng, Gain gain, Allowed allowed,
                                           IsNew is_new) {
  std::optional<candidate<Space>> found;
  double most = -1;
  for (int climb = 0; climb < options.climbs; ++climb) {
    candidate<Space> at = starts[climb == 0 ? 0 : static_cast<std::size_t>(climb / 2) % starts.size()];
    for (int step = 0; step < climb % 4; ++step) at = s.mutate(at, rng);
    if (!allowed(at)) at = starts[0];
    double here = gain(at);
    for (int move = 0; move < options.moves; ++move) {
      std::optional<candidate<Space>> next;
      double next_gain = here;
      std::size_t count = 0;
      s.for_each_neighbour(at, [&](const candidate<Space>&) { ++count; });
      s.for_each_neighbour(at, [&](const candidate<Space>& near) {
        if (count > options.neighbours && random_below(rng, std::uint64_t{count}) >= options.neighbours) return;
        if (!allowed(near)) return;
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
  return found;
}

/// A candidate near `centre` that was not proposed yet, noted as proposed; none where many attempts find none.
template <class Memory, class Candidate>
std::optional<Candidate> fresh_mutation(Memory& memory, const Candidate& centre, random_engine& rng) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    Candidate at = centre;
    for (int step = 0; step <= attempt / 20; ++step) at = memory.space().mutate(at, rng);
    if (memory.propose(at)) return at;
  }
  return std::nullopt;
}

}  // namespace nascent::detail
