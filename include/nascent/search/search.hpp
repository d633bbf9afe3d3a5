// SPDX-License-Identifier: Apache-2.0
/// \file
/// Runs a search to its end and keeps everything it saw: `search(gpunet, accuracy, table, mnas_soft{.target_ms = 8},
/// {.trials = 500})`.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/reward/reward.hpp"
#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

struct search_options {
  std::size_t trials = 500;
  std::uint64_t seed = 1;  ///< where a space is given; a searcher has its own
  /// Time, stop and progress: no trial is begun after its end. A step is a trial, its note the best reward so far.
  nascent::watch* watch = nullptr;
};

/// One network that was tried.
template <class Space, class Metrics = metrics>
struct trial {
  nascent::candidate<Space> candidate{};
  std::optional<Metrics> metrics{};  ///< none where a callable could not judge the network
  double reward = -std::numeric_limits<double>::infinity();

  bool is_usable() const { return reward > -std::numeric_limits<double>::infinity(); }
};

/// All trials of a search in their order.
template <class Space, class Metrics = metrics>
struct search_result {
  std::vector<trial<Space, Metrics>> history{};
  std::optional<std::size_t>
      best_index{};  ///< of the highest reward, the first among equals; none if no network could be used
  std::vector<std::size_t>
      front{};             ///< Pareto front of latency and accuracy, by rising latency; empty for other metrics
  bool exhausted = false;  ///< ended because every network of the space was tried

  /// \throws search_error where no network could be used.
  const trial<Space, Metrics>& best() const {
    if (!best_index)
      throw search_error("search.none_usable", "search, best network",
                         "none that can be used among " + std::to_string(history.size()) + " trials",
                         "1 or more; widen the accuracy model's domain or the space");
    return history[*best_index];
  }
};

namespace detail {

/// `measure` gives std::optional<Metrics> for a candidate.
template <class Metrics, searcher Searcher, class Measure, class Reward>
auto run_search(Searcher& searching, Measure measure, const Reward& judge, const search_options& options) {
  using space_type = typename Searcher::candidate_type::space_type;
  search_result<space_type, Metrics> result;
  watch_or_none watched(options.watch);
  watch_job job = watched->begin("searching", options.trials);
  double best = -std::numeric_limits<double>::infinity();
  while (result.history.size() < options.trials && !watched->ended()) {
    const auto proposed = searching.ask();
    if (!proposed) {
      result.exhausted = true;
      break;
    }
    trial<space_type, Metrics> t{.candidate = *proposed, .metrics = measure(*proposed)};
    if (t.metrics) t.reward = static_cast<double>(judge(*t.metrics));
    if (std::isnan(t.reward) || t.reward == std::numeric_limits<double>::infinity())
      throw search_error("search.reward", "search, trial " + std::to_string(result.history.size()) + ", reward",
                         exact_text(t.reward), "finite numbers, or -inf for a network that cannot be used");
    searching.tell(t.candidate, t.reward);
    if (t.is_usable() && t.reward > best) {
      best = t.reward;
      result.best_index = result.history.size();
    }
    result.history.push_back(std::move(t));
    job.advance(1, result.best_index ? "best " + significant_text(best) : std::string());
  }
  if constexpr (accuracy_and_latency<Metrics>) {
    std::vector<std::size_t> usable;
    for (std::size_t i = 0; i < result.history.size(); ++i)
      if (result.history[i].is_usable()) usable.push_back(i);
    const auto of = [&](std::size_t i) -> const Metrics& { return *result.history[i].metrics; };
    result.front = pareto_front(
        usable, [&](std::size_t i) { return of(i).latency_ms; }, [&](std::size_t i) { return of(i).accuracy; });
    for (std::size_t& i : result.front) i = usable[i];
  }
  return result;
}

template <class T>
struct metrics_of {
  using type = T;
};
template <class T>
struct metrics_of<std::optional<T>> {
  using type = T;
};
/// What a measure takes: the candidate, or one that is being evaluated, whose network several callables share.
template <class Measure, class Candidate>
using measure_argument =
    std::conditional_t<std::invocable<Measure&, const Candidate&>, Candidate, evaluated_candidate<Candidate>>;
/// What a measure gives for a candidate, without the std::optional around it.
template <class Measure, class Candidate>
using metrics_of_t = typename metrics_of<
    std::remove_cvref_t<std::invoke_result_t<Measure&, const measure_argument<Measure, Candidate>&>>>::type;

}  // namespace detail

/// Looks for the candidate with the highest objective: a callable that gives a number for a candidate or its network;
/// none or minus infinity where it cannot be used. \throws search_error where the objective is NaN; what the callable
/// throws.
template <searcher Searcher, network_metric<typename Searcher::candidate_type> Objective>
auto search(Searcher& searching, Objective&& objective, const search_options& options = {}) {
  const auto measure = [&](const auto& c) { return evaluate(searching.space(), objective, c); };
  return detail::run_search<double>(
      searching, measure, [](double value) { return value; }, options);
}

/// The same with metrics of one's own: `measure` gives a structure of named metrics for a candidate, or none where the
/// candidate cannot be judged, and the reward makes a number of it. One that asks several callables about the
/// candidate's network takes `const evaluated_candidate<...>&` and calls `evaluate(callable, c)`.
template <searcher Searcher, class Measure, class Reward>
requires reward<Reward, detail::metrics_of_t<Measure, typename Searcher::candidate_type>>
auto search(Searcher& searching, Measure&& measure, const Reward& judge, const search_options& options = {}) {
  using candidate_type = typename Searcher::candidate_type;
  using metrics_type = detail::metrics_of_t<Measure, candidate_type>;
  return detail::run_search<metrics_type>(
      searching,
      [&](const candidate_type& c) -> std::optional<metrics_type> {
        if constexpr (std::invocable<Measure&, const candidate_type&>) return measure(c);
        else return measure(evaluated_candidate(searching.space(), c));
      },
      judge, options);
}

/// The same with accuracy and latency (ms) from two callables. Latency is only asked for where there is an accuracy.
template <searcher Searcher, network_metric<typename Searcher::candidate_type> Accuracy,
          network_metric<typename Searcher::candidate_type> Latency, reward Reward>
auto search(Searcher& searching, Accuracy&& accuracy, Latency&& latency, const Reward& judge,
            const search_options& options = {}) {
  const auto measure = [&](const typename Searcher::candidate_type& proposed) -> std::optional<metrics> {
    const evaluated_candidate c(searching.space(), proposed);
    const std::optional<double> gained = evaluate(accuracy, c);
    if (!gained) return std::nullopt;
    const std::optional<double> spent = evaluate(latency, c);
    if (!spent) return std::nullopt;
    return metrics{.accuracy = *gained, .latency_ms = *spent};
  };
  return detail::run_search<metrics>(searching, measure, judge, options);
}

/// All three for a space or a region of one: regularised evolution with its default options and the seed of `options`.
/// For another searcher give it instead of the space: `local_search climb{gpunet, {.seed = 7}}; search(climb, ...)`.
template <detail::searchable Searched, class Objective>
auto search(const Searched& searched, Objective&& objective, const search_options& options = {}) {
  regularized_evolution evolution{searched, {.seed = options.seed}};
  return search(evolution, objective, options);
}
template <detail::searchable Searched, class Measure, class Reward>
requires reward<Reward, detail::metrics_of_t<Measure, candidate<detail::searched_space<Searched>>>>
auto search(const Searched& searched, Measure&& measure, const Reward& judge, const search_options& options = {}) {
  regularized_evolution evolution{searched, {.seed = options.seed}};
  return search(evolution, measure, judge, options);
}
template <detail::searchable Searched, class Accuracy, class Latency, reward Reward>
auto search(const Searched& searched, Accuracy&& accuracy, Latency&& latency, const Reward& judge,
            const search_options& options = {}) {
  regularized_evolution evolution{searched, {.seed = options.seed}};
  return search(evolution, accuracy, latency, judge, options);
}

namespace detail {

/// What a search answers to what is neither a searcher nor a space nor a region, which is reported.
template <class Searched>
concept unsearchable = !searchable<Searched> && !searcher<Searched>;
template <class Searched>
using refused_search = search_result<stand_in_space, double>;

}  // namespace detail

template <detail::unsearchable Searched, class Objective>
detail::refused_search<Searched> search(const Searched& searched, Objective&&, const search_options& = {}) {
  detail::take_space(searched);
  return {};
}
template <detail::unsearchable Searched, class Measure, class Reward>
detail::refused_search<Searched> search(const Searched& searched, Measure&&, const Reward&,
                                        const search_options& = {}) {
  detail::take_space(searched);
  return {};
}
template <detail::unsearchable Searched, class Accuracy, class Latency, class Reward>
detail::refused_search<Searched> search(const Searched& searched, Accuracy&&, Latency&&, const Reward&,
                                        const search_options& = {}) {
  detail::take_space(searched);
  return {};
}

}  // namespace nascent
