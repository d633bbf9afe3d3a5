// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a long job looks at: how much time it has, whether it was asked to stop, and where it says how far it is.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "nascent/base/clock.hpp"
#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/base/progress.hpp"

namespace nascent {

/// Work that was asked to stop and has no result to give back. What it measured before is kept.
struct stopped_error : error {
  using error::error;
};

/// How far a job is, for `watch_options::each_step`.
struct watch_step {
  std::string_view job;   ///< what is done
  std::size_t done = 0;   ///< steps
  std::size_t total = 0;  ///< steps; fewer may be made
  std::string_view note;  ///< what the job says of itself, such as the best reward so far
};

struct watch_options {
  double seconds = std::numeric_limits<double>::infinity();  ///< no step is begun after this time
  progress_style style = progress_style::automatic;
  const std::atomic<int>* stop = nullptr;  ///< asks to stop once it is not 0: `&signals.received()` of a signal_stop
  std::function<void(const watch_step&)> each_step{};  ///< called after every step; may `end` or `stop` the watch
  std::function<void(std::string_view)> write{};       ///< takes the progress; standard error if none is given
  std::int64_t (*clock)() noexcept = wall_ns;          ///< ns
};

class watch;

/// One job under way, from `watch::begin` to the end of its scope.
class watch_job {
 public:
  watch_job(watch& of, std::string_view name, std::size_t total);
  watch_job(const watch_job&) = delete;
  watch_job& operator=(const watch_job&) = delete;
  ~watch_job();

  /// `steps` more are done. `note` stands beside the bar until the next one.
  void advance(std::size_t steps = 1, std::string_view note = {});

 private:
  watch* watch_;
  bool shown_;
  int exceptions_ = std::uncaught_exceptions();
  std::string name_;
  std::string note_;
  std::size_t total_;
  std::size_t done_ = 0;
};

/// Time, stop and progress of long work. Everything that takes long has a `watch` among its options, asks `ended`
/// before each step, and reports its steps:
///
///     watch all({.seconds = 600});
///     watch fill = all.share(.3, "filling the table");
///     table.measure_missing(networks, {.watch = &fill});
///
/// A share belongs to the watch that it was taken from, which must live longer. One thread reports; any may `end` or
/// `stop` it.
class watch {
 public:
  /// \throws error for a time that is not above 0
  explicit watch(watch_options options = {})
      : own_(std::in_place, std::move(options)),
        root_(&*own_),
        seconds_(own_->options.seconds),
        start_(own_->options.clock()) {
    if (!(seconds_ > 0)) throw error("watch.time", "watch_options.seconds", exact_text(seconds_), "above 0");
  }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() = default;

  /// A part that may take `of` of this watch's whole time, from now on, and ends with it at the latest. `name` is what
  /// its progress says instead of the work's own words. \throws error for a share that is not above 0 and at most 1
  watch share(double of, std::string name = {}) { return watch(*this, of, std::move(name)); }

  /// True where no further step is to be begun: the time is up, or somebody asked to stop.
  bool ended() const { return is_late() || is_stopped(); }
  bool is_late() const {
    return seconds_left() <= 0 || end_.load(std::memory_order_relaxed) || (parent_ != nullptr && parent_->is_late());
  }
  bool is_stopped() const {
    return stop_.load(std::memory_order_relaxed) ||
           (parent_ != nullptr ? parent_->is_stopped() : root_->options.stop != nullptr && *root_->options.stop != 0);
  }
  /// Enough: no further step, as if the time were up. What is done is the result.
  void end() noexcept { end_.store(true, std::memory_order_relaxed); }
  /// Asks the work of this watch and of its shares to stop before the next step, result or not.
  void stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
  /// For work that has nothing to give back before it is done, and between two works. \throws stopped_error
  void throw_if_stopped() const {
    if (is_stopped())
      throw stopped_error("watch.stopped", name_.empty() ? "long work" : name_, "a request to stop",
                          "work until its end; run it again: what was measured is kept");
  }

  /// Since this watch, or this share, was made.
  double seconds() const { return static_cast<double>(root_->options.clock() - start_) * 1e-9; }
  /// Of its own and of all that it is a share of; infinite without a limit.
  double seconds_left() const {
    const double own = seconds_ - seconds();
    return parent_ == nullptr ? own : std::min(own, parent_->seconds_left());
  }

  /// Begins a job of `total` steps: `watch_job job = w.begin("measuring", 12);`, then `job.advance()`. While a job is
  /// under way, a further one is part of its steps and not shown.
  [[nodiscard]] watch_job begin(std::string_view job, std::size_t total) { return {*this, job, total}; }

 private:
  friend class watch_job;

  /// What a watch and its shares have in common.
  struct display {
    explicit display(watch_options o)
        : options(std::move(o)), bar({.style = options.style, .write = options.write, .clock = options.clock}) {}
    watch_options options;
    progress bar;
    bool busy = false;  ///< a job is shown
  };

  watch(watch& parent, double of, std::string name)
      : parent_(&parent),
        root_(parent.root_),
        name_(std::move(name)),
        seconds_(of * parent.seconds_),
        start_(root_->options.clock()) {
    if (!(of > 0 && of <= 1)) throw error("watch.time", "watch, share", exact_text(of), "above 0, 1 at most");
  }

  watch* parent_ = nullptr;
  std::optional<display> own_;
  display* root_;
  std::string name_;
  double seconds_;
  std::int64_t start_;
  std::atomic<bool> end_ = false;
  std::atomic<bool> stop_ = false;
};

inline watch_job::watch_job(watch& of, std::string_view name, std::size_t total)
    : watch_(&of), shown_(!of.root_->busy), name_(of.name_.empty() ? name : std::string_view(of.name_)), total_(total) {
  if (!shown_) return;
  of.root_->busy = true;
  of.root_->bar.begin(name_, total);
}

inline watch_job::~watch_job() {
  if (!shown_) return;
  watch_->root_->busy = false;
  if (std::uncaught_exceptions() > exceptions_) watch_->root_->bar.close();
  else watch_->root_->bar.finish();
}

inline void watch_job::advance(std::size_t steps, std::string_view note) {
  if (!shown_) return;
  done_ = std::min(total_, done_ + steps);
  note_ = note;
  watch_->root_->bar.advance(steps, note_);
  if (watch_->root_->options.each_step) watch_->root_->options.each_step({name_, done_, total_, note_});
}

namespace detail {

/// The watch that a caller gave, or one with neither limit nor progress.
class watch_or_none {
 public:
  explicit watch_or_none(watch* given) : given_(given) {
    if (given_ == nullptr) none_.emplace(watch_options{.style = progress_style::quiet});
  }
  watch& operator*() { return given_ == nullptr ? *none_ : *given_; }
  watch* operator->() { return &**this; }

 private:
  watch* given_;
  std::optional<watch> none_;
};

}  // namespace detail

}  // namespace nascent
