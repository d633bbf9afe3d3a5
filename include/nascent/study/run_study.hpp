// SPDX-License-Identifier: Apache-2.0
/// \file
/// Evaluates what a study asks for, with a callable, until there is enough: `run_study(s, train, {.networks = 100})`.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/clock.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/study/early_stopping.hpp"
#include "nascent/study/study.hpp"

namespace nascent {

struct run_options {
  std::size_t networks = 100;  ///< of the study, those from before and of other processes counted, duplicates not
  std::size_t workers = 1;     ///< threads that evaluate at the same time
  early_stopping stopping{};
  /// Time, stop and progress: nothing is begun after its end. A step is a network, its note the best value so far.
  nascent::watch* watch = nullptr;
};

/// A network while it is evaluated.
template <class Study>
class running_trial {
 public:
  using candidate_type = typename Study::candidate_type;

  running_trial(Study& of, const asked_trial<candidate_type>& asked, const run_options& options, const watch& watched)
      : study_(&of), asked_(&asked), options_(&options), watch_(&watched) {}

  std::int64_t id() const { return asked_->id; }
  const candidate_type& candidate() const { return asked_->what; }
  const auto& space() const { return study_->space(); }
  /// How often it was begun: more than once where a worker was killed over it.
  int starts() const { return asked_->starts; }
  /// Where the evaluation is asked to stop without a result: throw stopped_error, as `watch::throw_if_stopped` does.
  const nascent::watch& watch() const { return *watch_; }

  /// Metrics after so many steps, such as epochs. False where it is not worth to go on: return what there is, with
  /// `.stopped = true`. \throws study_error for metrics that the objective cannot take
  bool report(std::int64_t step, const metric_map& metrics) {
    study_->report(id(), step, metrics);
    last_ = metrics;
    if (last_step_ && *last_step_ >= step) return true;
    last_step_ = step;
    return !study_->should_stop(id(), options_->stopping);
  }
  /// The last metrics that were reported.
  const metric_map& last_report() const { return last_; }

 private:
  Study* study_;
  const asked_trial<candidate_type>* asked_;
  const run_options* options_;
  const nascent::watch* watch_;
  std::optional<std::int64_t> last_step_{};
  metric_map last_{};
};

struct run_result {
  std::size_t evaluated = 0;  ///< by this call
  std::size_t failed = 0;     ///< of them
  bool exhausted = false;     ///< the searcher had no more networks
  bool ended = false;         ///< by the watch
};

namespace detail {

/// Metrics of what a callable gives: an evaluation, metrics, or a number, or none, as metric "accuracy".
template <class Answer>
evaluation as_evaluation(Answer&& answer) {
  using type = std::remove_cvref_t<Answer>;
  if constexpr (std::same_as<type, evaluation>) {
    return std::forward<Answer>(answer);
  } else if constexpr (std::same_as<type, metric_map>) {
    return {.metrics = std::forward<Answer>(answer)};
  } else {
    const std::optional<double> value = number_or_none(std::forward<Answer>(answer));
    if (!value) return evaluation::failed("the evaluator gives no number for this network");
    return {.metrics = {{"accuracy", *value}}};
  }
}

template <class Trial, class Evaluate>
evaluation evaluate_trial(Trial& running, Evaluate& evaluate_one) {
  using candidate_type = typename Trial::candidate_type;
  if constexpr (std::invocable<Evaluate&, Trial&>) return as_evaluation(evaluate_one(running));
  else if constexpr (std::invocable<Evaluate&, const candidate_type&>)
    return as_evaluation(evaluate_one(running.candidate()));
  else return as_evaluation(evaluate_one(to_network(running.space(), running.candidate())));
}

}  // namespace detail

/// What can evaluate the networks of a study: a callable that takes a `running_trial<Study>&`, a candidate or a
/// network, and gives an evaluation, metrics, or a number.
template <class Evaluate, class Study>
concept study_evaluator = std::invocable < Evaluate&,
        running_trial<Study>
& > || std::invocable<Evaluate&, const typename Study::candidate_type&> || std::invocable<Evaluate&, const network&>;

/// Asks, evaluates and tells. What the callable throws is a failed trial with that text, but for stopped_error: then
/// the trial stays open, and is given out again when the study goes on. With several workers the callable is called by
/// several threads. \throws study_error, stopped_error
template <recorded_searcher Searcher, study_evaluator<study<Searcher>> Evaluate>
run_result run_study(study<Searcher>& of, Evaluate&& evaluate_one, const run_options& options = {}) {
  if (options.workers < 1) throw study_error("study.option", "run_options.workers", "0", "1 or more");
  detail::watch_or_none watched(options.watch);
  const std::size_t before = std::min(of.networks(), options.networks);
  watch_job job = watched->begin("searching", options.networks - before);
  run_result result;
  double best = -std::numeric_limits<double>::infinity();
  std::exception_ptr thrown;
  std::mutex mutex;
  const auto one_after_another = [&] {
    for (;;) {
      {
        const std::lock_guard held(mutex);
        if (thrown) return;
        if (watched->ended()) {
          result.ended = true;
          return;
        }
      }
      const auto asked = of.ask(options.networks);
      if (!asked) return;
      running_trial<study<Searcher>> running(of, *asked, options, *watched);
      const std::int64_t start = wall_ns();
      evaluation e;
      try {
        e = detail::evaluate_trial(running, evaluate_one);
      } catch (const stopped_error&) {
        throw;
      } catch (const study_error& error) {
        if (error.code() != "study.metric") throw;
        e = evaluation::failed(error.what());
      } catch (const std::exception& error) {
        e = evaluation::failed(error.what());
      }
      e.seconds = static_cast<double>(wall_ns() - start) * 1e-9;
      const bool told = of.tell(asked->id, e);
      const std::lock_guard held(mutex);
      if (!told) continue;
      ++result.evaluated;
      double value = -std::numeric_limits<double>::infinity();
      try {
        if (e.failure.empty()) value = of.judge()(e.metrics).front();
      } catch (const error&) {
        e.failure = "no value";
      }
      result.failed += !e.failure.empty();
      best = std::max(best, value);
      job.advance(1, detail::is_usable(best) ? "best " + significant_text(best) : std::string());
    }
  };
  const auto guarded = [&] {
    try {
      one_after_another();
    } catch (...) {
      const std::lock_guard held(mutex);
      if (!thrown) thrown = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < options.workers; ++i) others.emplace_back(guarded);
  guarded();
  others.clear();
  if (thrown) std::rethrow_exception(thrown);
  result.exhausted = of.exhausted();
  return result;
}

}  // namespace nascent
