// SPDX-License-Identifier: Apache-2.0
/// \file
/// Progress of a long job: a bar with the time left on a terminal, a line now and then elsewhere.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "nascent/base/clock.hpp"

namespace nascent {

enum class progress_style : std::uint8_t {
  automatic,  ///< `bar` where standard error is a terminal that can move its cursor, else `lines`
  bar,        ///< one line that is rewritten, at most ten times a second
  lines,      ///< plain lines for logs: at every tenth of the way but at most one per second, else every five seconds
  quiet,      ///< nothing
};

struct progress_options {
  progress_style style = progress_style::automatic;
  std::function<void(std::string_view)> write{};  ///< takes the text; standard error if none is given
  std::int64_t (*clock)() noexcept = wall_ns;     ///< ns
};

/// Shows how far a job is: what a `watch` draws with. `begin`, then `advance` as often as one likes, then `finish`;
/// then the next job.
class progress {
 public:
  explicit progress(const progress_options& options = {})
      : write_(options.write ? options.write : to_standard_error), clock_(options.clock), style_(options.style) {
    if (style_ == progress_style::automatic) style_ = on_terminal() ? progress_style::bar : progress_style::lines;
  }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() { close(); }

  /// Starts a job of `total` steps; `label` says what it is.
  void begin(std::string label, std::size_t total) {
    close();
    label_ = std::move(label);
    total_ = total;
    done_ = 0;
    note_.clear();
    tenth_ = 0;
    start_ = shown_ = clock_();
    active_ = true;
    if (style_ == progress_style::lines) write_(label_ + ": 0/" + std::to_string(total_) + "\n");
    if (style_ == progress_style::bar) draw();
  }

  /// `steps` more are done; `note` is shown until the next one.
  void advance(std::size_t steps = 1, std::string_view note = {}) {
    if (!active_) return;
    note_ = note;
    done_ = std::min(done_ + steps, total_);
    const double since = seconds(clock_() - shown_);
    if (style_ == progress_style::bar && (since >= 0.1 || done_ == total_)) draw();
    if (style_ != progress_style::lines) return;
    const std::size_t tenth = total_ == 0 ? 10 : done_ * 10 / total_;
    if (since >= 5 || (tenth > tenth_ && since >= 1)) {
      tenth_ = tenth;
      shown_ = clock_();
      write_(label_ + ": " + state() + "\n");
    }
  }

  /// Ends the job, wherever it stands.
  void finish() {
    if (!active_) return;
    const std::string end =
        label_ + ": " + std::to_string(done_) + "/" + std::to_string(total_) + " in " + clock_text(elapsed()) + "\n";
    if (style_ == progress_style::bar) write_("\r\033[K" + end);
    if (style_ == progress_style::lines) write_(end);
    active_ = false;
  }

  /// Ends the job without a word, as after an error: the cursor gets a line of its own.
  void close() {
    if (active_ && style_ == progress_style::bar) write_("\n");
    active_ = false;
  }

  /// Seconds that the rest takes at the pace so far; negative before the first step.
  double seconds_left() const {
    if (done_ == 0) return -1;
    return elapsed() * static_cast<double>(total_ - done_) / static_cast<double>(done_);
  }

  progress_style style() const { return style_; }

 private:
  static void to_standard_error(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }
  static double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }
  double elapsed() const { return seconds(clock_() - start_); }

  static bool on_terminal() {
    if (::isatty(STDERR_FILENO) == 0) return false;
    const char* kind = std::getenv("TERM");
    return kind != nullptr && std::string_view(kind) != "dumb";
  }

  /// 75 s is "1:15", 3675 s is "1:01:15".
  static std::string clock_text(double s) {
    const auto whole = std::int64_t{std::llround(s)};
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const std::string tail = ":" + two(whole % 60);
    if (whole < 3600) return std::to_string(whole / 60) + tail;
    return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + tail;
  }

  std::string state() const {
    const std::size_t percent = total_ == 0 ? 100 : done_ * 100 / total_;
    std::string text = std::to_string(done_) + "/" + std::to_string(total_) + ", " + std::to_string(percent) + " %";
    if (!note_.empty()) text += ", " + note_;
    if (done_ > 0 && done_ < total_) text += ", " + clock_text(seconds_left()) + " left";
    return text;
  }

  void draw() {
    constexpr std::size_t width = 30;
    const std::size_t filled = total_ == 0 ? width : done_ * width / total_;
    write_('\r' + label_ + " [" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + state() +
           "\033[K");
    shown_ = clock_();
  }

  std::function<void(std::string_view)> write_;
  std::int64_t (*clock_)() noexcept;
  progress_style style_;
  std::string label_;
  std::string note_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::size_t tenth_ = 0;
  std::int64_t start_ = 0;
  std::int64_t shown_ = 0;
  bool active_ = false;
};

}  // namespace nascent
