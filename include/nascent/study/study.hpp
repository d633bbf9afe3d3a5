// SPDX-License-Identifier: Apache-2.0
/// \file
/// A search that nothing can lose: every ask and tell is in a file, and the searcher is a function of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/place_lock.hpp"
#include "nascent/base/version.hpp"
#include "nascent/search/searcher.hpp"
#include "nascent/study/curve_memory.hpp"
#include "nascent/study/early_stopping.hpp"
#include "nascent/study/network_identity.hpp"
#include "nascent/study/objective.hpp"
#include "nascent/study/space_record.hpp"
#include "nascent/study/store.hpp"

namespace nascent {

struct study_options {
  std::string worker = "worker";  ///< a name for this process among others
  std::string settings{};         ///< text of a program's own, kept where the study is made
  double patience_s = 30;         ///< how long to wait for other processes
};

/// A network to evaluate.
template <class Candidate>
struct asked_trial {
  std::int64_t id = 0;
  Candidate what{};
  int starts = 1;  ///< more than 1 where a worker was killed over it
};

/// A searcher whose every ask and tell is kept in a file:
///
///     study s("search.db", local_search{space, {.seed = 7}}, maximise("accuracy"));
///     while (const auto t = s.ask()) s.tell(t->id, {.metrics = {{"accuracy", train(t->what)}}});
///
/// Each call is written whole or not at all. Where the file exists already its log is replayed into the searcher, so
/// that a run which was killed goes on as if it had not been; networks that were being evaluated then are given out
/// again first. Several processes may open one file: they share the search, and nothing is evaluated twice. Nor are
/// candidates that build one network: the later ones take the earlier one's result. Threads may share an object.
template <recorded_searcher Searcher>
class study {
 public:
  using candidate_type = typename Searcher::candidate_type;
  using space_type = typename candidate_type::space_type;

  /// `fresh` is the searcher before its first ask. \throws study_error for a file that is not this study: of another
  /// space, searcher, seed, option or objective, of a newer version, damaged
  study(const std::filesystem::path& path, const Searcher& fresh, objective judge, const study_options& options = {})
      : store_(path, open_mode::create, options.patience_s), fresh_(fresh), judge_(std::move(judge)) {
    std::map<std::string, std::string> about = describe();
    if (store_.is_blank()) {
      about["settings"] = options.settings;
      about["created"] = utc_now();
      about["version"] = std::string(version);
      store_.create(about);
    }
    check(about);
    const std::int64_t worker = store_.write([&] { return store_.add_worker(options.worker); });
    lock_.emplace(std::filesystem::path(path) += ".workers", worker);
    update([] { return 0; });
  }

  const space_type& space() const { return fresh_.space(); }
  const objective& judge() const { return judge_; }
  const std::filesystem::path& path() const { return store_.path(); }

  /// The next network to evaluate; none where `limit` networks were asked for, and where the searcher has no more. What
  /// a worker left that is no more comes first. \throws study_error
  std::optional<asked_trial<candidate_type>> ask(std::size_t limit = std::numeric_limits<std::size_t>::max()) {
    const std::lock_guard held(mutex_);
    bool none = false;
    auto asked = update([&]() -> std::optional<asked_trial<candidate_type>> {
      if (const auto left = orphan()) return left;
      if (asked_ >= limit) return std::nullopt;
      for (;;) {
        const std::optional<candidate_type> next = searcher_->ask();
        none = !next;
        if (none) return std::nullopt;
        trial_record t{.decisions = decisions(*next), .network = identity_of(space(), *next)};
        t.same_as = store_.find_network(t.network);
        t.worker = lock_->place();
        t.starts = t.same_as ? 0 : 1;
        t.id = store_.add_trial(t);
        last_ = store_.add_event(false, t.id);
        if (!t.same_as) {
          ++asked_;
          return asked_trial<candidate_type>{.id = t.id, .what = *next};
        }
        const trial_record first = *store_.trial(*t.same_as);
        if (first.state != trial_state::pending) answer(t, first.state, copied(first.result), first.told);
      }
    });
    if (none) {
      exhausted_ = true;
      searcher_.reset();  // that it had no more is not in the log
    }
    return asked;
  }

  /// The result of a trial; false where there is one already, or another worker has the trial. A metric that is missing
  /// or not a number is a failure. \throws study_error for a trial that there is not
  bool tell(std::int64_t id, const evaluation& result) { return finish(id, result, false); }

  /// Ends a trial whose answer does not come, whoever has it: it failed.
  bool give_up(std::int64_t id, const std::string& why = "given up") {
    return finish(id, evaluation::failed(why), true);
  }

  /// Takes in a result from elsewhere; false where the study has that candidate.
  bool add_known(const candidate_type& c, const evaluation& result) {
    const std::lock_guard held(mutex_);
    space().decode(space().encode(c));
    return update([&] {
      trial_record t{.decisions = decisions(c), .network = identity_of(space(), c)};
      for (const trial_record& other : store_.trials("network = ?", t.network))
        if (other.decisions == t.decisions) return false;
      t.worker = lock_->place();
      t.id = store_.add_trial(t);
      const auto [state, judged, told] = judged_result(result);
      answer(t, state, judged, told);
      return true;
    });
  }

  /// A partial result: the metrics after so many steps, such as epochs. Returns what the objective makes of them.
  /// \throws study_error
  double report(std::int64_t id, std::int64_t step, const metric_map& metrics) {
    const double value = judge_(metrics).front();
    const std::lock_guard held(mutex_);
    store_.write([&] { store_.add_partial(id, step, value); });
    curves_.add(id, step, value);
    return value;
  }

  /// How many workers this driver has at a time, in seconds since 1970: what `work_record` shows.
  void note_workers(std::int64_t workers, double at) {
    const std::lock_guard held(mutex_);
    store_.write([&] { store_.add_capacity({.driver = lock_->place(), .at = at, .workers = workers}); });
  }

  /// Whether a pending trial is not worth its end, by what was reported of it and of all others. \throws
  /// study_error
  bool should_stop(std::int64_t id, const early_stopping& policy) {
    if (std::holds_alternative<std::monostate>(policy)) return false;
    const std::lock_guard held(mutex_);
    if (const std::int64_t now = store_.version_of_others(); !curves_.is_of(now)) curves_.take(now, store_.curves());
    const learning_curve* const mine = curves_.find(id);
    return mine != nullptr && nascent::should_stop(policy, *mine, curves_.all());
  }

  std::vector<trial_record> trials() {
    const std::lock_guard held(mutex_);
    return store_.trials();
  }
  /// One of them; none where there is no such number.
  std::optional<trial_record> trial(std::int64_t id) {
    const std::lock_guard held(mutex_);
    return store_.trial(id);
  }
  std::vector<learning_curve> curves() {
    const std::lock_guard held(mutex_);
    return store_.curves();
  }
  /// Networks that were asked for, duplicates not counted.
  std::size_t networks() {
    const std::lock_guard held(mutex_);
    return store_.count(asked_networks);
  }
  /// The searcher had no more networks to propose.
  bool exhausted() const { return exhausted_; }

 private:
  static constexpr const char* asked_networks =
      "same_as IS NULL AND EXISTS(SELECT 1 FROM event WHERE event.trial = trial.id AND kind = 'ask')";

  std::map<std::string, std::string> describe() const {
    const searcher_description searcher = fresh_.description();
    json options = json::object();
    for (const auto& [name, value] : searcher.options) options[name] = value;
    const json record = record_of(space());
    return {{"space", space().name()},
            {"space_size", to_decimal(space().size()).c_str()},
            {"space_fingerprint", fingerprint_of(record)},
            {"space_record", record.dump()},
            {"searcher", searcher.name},
            {"searcher_options", options.dump()},
            {"objective", judge_.text()},
            {"objectives", std::to_string(judge_.count())}};
  }

  void check(const std::map<std::string, std::string>& mine) {
    const auto of = [&](const char* key) { return store_.about(key); };
    const auto is_mine = [&](const char* key) { return of(key) == mine.at(key); };
    if (!is_mine("space_fingerprint")) {
      const bool renamed = !is_mine("space");
      store_.refuse("study.space",
                    "space '" + of("space") + "' of " + of("space_size") + " networks" +
                        (renamed ? "" : ", declared otherwise than here"),
                    "space '" + mine.at("space") + "' of " + mine.at("space_size") + " networks" +
                        (renamed ? "; name the study of that space, or a new file"
                                 : "; migrate_study takes it over into the space as it is now"));
    }
    if (!is_mine("searcher"))
      store_.refuse("study.searcher", "searcher '" + of("searcher") + "'",
                    "'" + mine.at("searcher") + "'; go on with the one that it was begun with, or name a new file");
    const json found = parse_json(of("searcher_options"), path().string());
    const json given = parse_json(mine.at("searcher_options"));
    for (const auto& [name, value] : given.items())
      if (!found.contains(name) || found[name] != value)
        store_.refuse("study.searcher",
                      mine.at("searcher") + ", " + name + " = " +
                          (found.contains(name) ? found[name].template get<std::string>() : "nothing"),
                      value.template get<std::string>() + "; go on with what it was begun with, or name a new file");
    if (found.size() != given.size())
      store_.refuse("study.searcher", "options " + found.dump(), "options " + given.dump());
    if (!is_mine("objective"))
      store_.refuse("study.objective", "objective '" + of("objective") + "'",
                    "'" + mine.at("objective") + "'; go on with what it was begun with, or name a new file");
  }

  std::vector<int> decisions(const candidate_type& c) const {
    const auto vector = space().encode(c);
    return {vector.begin(), vector.end()};
  }

  /// Calls `action` with the searcher where the log ends, and keeps what it wrote or nothing. After an error the
  /// searcher may be ahead of the log: it is made again.
  template <class Action>
  auto update(Action&& action) -> decltype(action()) {
    try {
      return store_.write([&] {
        catch_up();
        return action();
      });
    } catch (...) {
      searcher_.reset();
      curves_.clear();
      throw;
    }
  }

  void catch_up() {
    if (!searcher_) {
      searcher_.emplace(fresh_);
      last_ = 0;
      asked_ = 0;
    }
    for (const study_event& e : store_.events(last_)) {
      if (e.is_tell) {
        tell_searcher(e.decisions, e.told);
      } else {
        const std::optional<candidate_type> asked = searcher_->ask();
        if (!asked || decisions(*asked) != e.decisions)
          store_.refuse("study.replay", "trial " + std::to_string(e.trial) + ", which this searcher does not propose",
                        "the searcher and the version of nascent (" + store_.about("version") +
                            ") that it was begun with; or migrate_study into a new file");
        asked_ += !e.is_duplicate;
      }
      last_ = e.id;
    }
  }

  void tell_searcher(const std::vector<int>& what, const std::vector<double>& told) {
    const candidate_type c = space().decode(what);
    if constexpr (detail::takes_objectives<Searcher>) searcher_->tell(c, std::span<const double>(told));
    else searcher_->tell(c, told.front());
  }

  /// A trial of a worker that is no more.
  std::optional<asked_trial<candidate_type>> orphan() {
    std::map<std::int64_t, bool> lives;
    for (const auto& [id, worker] : store_.pending_elsewhere(lock_->place())) {
      if (!lives.contains(worker)) lives[worker] = lock_->is_held(worker);
      if (lives[worker]) continue;
      const trial_record t = *store_.trial(id);
      store_.take_over(id, lock_->place());
      curves_.forget(id);
      return asked_trial<candidate_type>{.id = id, .what = space().decode(t.decisions), .starts = t.starts + 1};
    }
    return std::nullopt;
  }

  struct judgement {
    trial_state state;
    evaluation result;
    std::vector<double> told;
  };
  judgement judged_result(evaluation result) const {
    const std::vector<double> unusable(judge_.count(), -std::numeric_limits<double>::infinity());
    if (!result.failure.empty()) {
      result.metrics.clear();
      return {trial_state::failed, std::move(result), unusable};
    }
    try {
      std::vector<double> told = judge_(result.metrics);
      return {result.stopped ? trial_state::stopped : trial_state::done, std::move(result), std::move(told)};
    } catch (const error& e) {
      result.metrics.clear();
      result.failure = e.what();
      return {trial_state::failed, std::move(result), unusable};
    }
  }

  static evaluation copied(evaluation result) {
    result.seconds = result.cost = 0;
    result.log.clear();
    result.attempts = 0;
    return result;
  }

  void answer(const trial_record& t, trial_state state, const evaluation& result, const std::vector<double>& told) {
    store_.finish(t.id, state, result);
    curves_.finish(t.id, state);
    last_ = store_.add_event(true, t.id, told);
    tell_searcher(t.decisions, told);
  }

  bool finish(std::int64_t id, const evaluation& given, bool whoever) {
    const std::lock_guard held(mutex_);
    return update([&] {
      const std::optional<trial_record> t = store_.trial(id);
      if (!t || t->same_as)
        store_.refuse("study.trial", "a result of trial " + std::to_string(id), "trials that `ask` has given");
      if (t->state != trial_state::pending || (!whoever && t->worker != lock_->place())) return false;
      const auto [state, result, told] = judged_result(given);
      answer(*t, state, result, told);
      for (const trial_record& same : store_.trials("state = 'pending' AND same_as = ?", id))
        answer(same, state, copied(result), told);
      return true;
    });
  }

  study_store store_;
  const Searcher fresh_;
  objective judge_;
  std::optional<place_lock> lock_{};
  std::optional<Searcher> searcher_{};  ///< after event last_ of the log; none: to be made again
  std::int64_t last_ = 0;
  std::size_t asked_ = 0;  ///< networks that were asked for up to there, duplicates not counted
  curve_memory curves_{};
  bool exhausted_ = false;
  std::mutex mutex_;
};

template <class Searcher>
study(const std::filesystem::path&, const Searcher&, objective, const study_options& = {}) -> study<Searcher>;

}  // namespace nascent
