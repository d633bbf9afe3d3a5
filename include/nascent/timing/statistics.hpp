// SPDX-License-Identifier: Apache-2.0
/// \file
/// Statistics of times: robust ones, because a busy machine makes a few samples arbitrarily late.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"

namespace nascent {

/// Two order statistics that enclose the median of the distribution with probability `coverage`, whatever the
/// distribution is. Ranks count from 1. `low` is 0 where `count` samples are too few for the confidence asked for.
struct median_ranks {
  std::size_t low = 0;
  std::size_t high = 0;
  double coverage = 0;
};

/// The narrowest symmetric pair of ranks whose coverage is at least `confidence`, in (0, 1).
/// P(x_(k) <= median <= x_(n+1-k)) = 1 - 2 P(B < k), B binomial(n, 1/2): the inverted sign test.
inline median_ranks ranks_around_median(std::size_t count, double confidence) {
  if (!(confidence > 0 && confidence < 1))
    throw error("timing.sample", "ranks_around_median, confidence", exact_text(confidence), "above 0 and below 1");
  median_ranks best;
  // In logarithms, since 2^-count leaves the range of double at count = 1074.
  const double n = static_cast<double>(count);
  double log_term = -n * std::log(2.0);
  double below = 0;  // P(B < k)
  for (std::size_t k = 1; 2 * k <= count; ++k) {
    below += std::exp(log_term);
    if (1 - 2 * below < confidence) break;
    best = {k, count + 1 - k, 1 - 2 * below};
    const double chosen = static_cast<double>(k);
    log_term += std::log((n - chosen + 1) / chosen);
  }
  return best;
}

/// Numbers in rising order, at least one.
class ordered_sample {
 public:
  /// \throws nascent::error where there is no number, or one is not a number.
  explicit ordered_sample(std::vector<double> values) : values_(std::move(values)) {
    if (values_.empty()) throw error("timing.sample", "ordered_sample", "no values", "1 or more");
    if (std::ranges::any_of(values_, [](double v) { return std::isnan(v); }))
      throw error("timing.sample", "ordered_sample", "a value that is no number", "numbers");
    std::ranges::sort(values_);
  }

  std::size_t size() const { return values_.size(); }
  std::span<const double> values() const { return values_; }
  double minimum() const { return values_.front(); }
  double maximum() const { return values_.back(); }
  double median() const { return quantile(0.5); }

  /// The value below which the share `p` in [0, 1] lies, interpolated between neighbours (type 7 of Hyndman and Fan).
  double quantile(double p) const {
    if (!(p >= 0 && p <= 1)) throw error("timing.sample", "ordered_sample, quantile", exact_text(p), "0 to 1");
    const double at = p * static_cast<double>(size() - 1);
    const auto left = static_cast<std::size_t>(at);
    const std::size_t right = std::min(left + 1, size() - 1);
    return values_[left] + (at - static_cast<double>(left)) * (values_[right] - values_[left]);
  }

  /// Mean of the middle share `keep` in (0, 1]. Unlike medians, trimmed means of parts add up to that of the whole.
  double trimmed_mean(double keep = 0.9) const {
    if (!(keep > 0 && keep <= 1))
      throw error("timing.sample", "ordered_sample, share of a trimmed mean", exact_text(keep), "above 0, 1 at most");
    // The rounding of 1 - keep must not cost a whole sample.
    const auto cut =
        std::min(static_cast<std::size_t>(static_cast<double>(size()) * (1 - keep) / 2 + 1e-9), (size() - 1) / 2);
    double sum = 0;
    for (std::size_t i = cut; i < size() - cut; ++i) sum += values_[i];
    return sum / static_cast<double>(size() - 2 * cut);
  }

  /// Distance of the quartiles over the median, a pure number; 0 where the median is 0.
  double spread() const {
    const double middle = median();
    return middle == 0 ? 0 : (quantile(0.75) - quantile(0.25)) / std::abs(middle);
  }

  /// Confidence interval of the median without assumptions on the distribution. Where the samples are too few for the
  /// confidence (below 6 for 95 %), the smallest and the largest one: then it covers less.
  std::pair<double, double> median_interval(double confidence = 0.95) const {
    const median_ranks ranks = ranks_around_median(size(), confidence);
    if (ranks.low == 0) return {minimum(), maximum()};
    return {values_[ranks.low - 1], values_[ranks.high - 1]};
  }

 private:
  std::vector<double> values_;
};

/// Which clock a figure comes from.
enum class time_source : std::uint8_t {
  wall,
  thread_cpu,  ///< processor time of the one thread that worked: stands in where other programs spoilt the wall time
  device,      ///< the device's own clock
};

constexpr const char* to_string(time_source source) {
  switch (source) {
    case time_source::wall: return "wall";
    case time_source::thread_cpu: return "thread_cpu";
    case time_source::device: return "device";
  }
  return "unknown";
}

/// The source of a name, as `to_string` writes it; none where it is no source.
constexpr std::optional<time_source> parse_time_source(std::string_view name) {
  for (const time_source s : {time_source::wall, time_source::thread_cpu, time_source::device})
    if (name == to_string(s)) return s;
  return std::nullopt;
}

/// One timed execution.
struct time_sample {
  double wall_ms = 0;         ///< of the device's clock where that was read
  double cpu_ms = 0;          ///< of the calling thread; 0 where the device's clock was read
  std::int64_t switches = 0;  ///< times the scheduler took the processor away meanwhile, or 1 where a device was slower
                              ///< than it should be; a sample with any is spoilt
};

/// What is kept of the times of one thing. `median_ms` to `spread` come from `source`, without the spoilt samples if it
/// is the wall clock.
struct sample_summary {
  double median_ms = 0;
  double trimmed_mean_ms = 0;  ///< of the middle 90 %: the one to add up
  double minimum_ms = 0;
  double low_ms = 0;  ///< confidence interval of the median
  double high_ms = 0;
  double spread = 0;         ///< distance of the quartiles over the median
  double cpu_median_ms = 0;  ///< of all samples, calling thread only
  std::size_t count = 0;     ///< samples that the figures rest on
  std::size_t spoilt = 0;    ///< samples with an involuntary switch or from a slowed device, used or not
  std::int64_t involuntary_switches = 0;
  time_source source = time_source::wall;

  friend bool operator==(const sample_summary&, const sample_summary&) = default;
};

/// The same thing `factor` times over.
inline sample_summary scaled(sample_summary s, double factor) {
  for (double* ms : {&s.median_ms, &s.trimmed_mean_ms, &s.minimum_ms, &s.low_ms, &s.high_ms, &s.cpu_median_ms})
    *ms *= factor;
  return s;
}

/// The same thing without something that took `ms` of it; at least a tenth of it is left.
inline sample_summary without(sample_summary s, double ms) {
  for (double* time : {&s.median_ms, &s.trimmed_mean_ms, &s.minimum_ms, &s.low_ms, &s.high_ms, &s.cpu_median_ms})
    *time = std::max(*time - ms, *time / 10);
  return s;
}

namespace detail {

/// Which clock, and which samples, to believe.
struct sample_choice {
  time_source source = time_source::wall;
  bool drop_spoilt = false;
};

/// If at most half of the samples are spoilt, the others' wall time. Beyond that, processor time where one thread
/// worked; where several did it means nothing, so the wall time of what is left, or of all if that is next to nothing.
inline sample_choice choose_samples(std::size_t count, std::size_t spoilt, bool one_thread) {
  constexpr std::size_t enough = 8;
  if (spoilt * 2 <= count) return {.drop_spoilt = spoilt > 0};
  if (one_thread) return {.source = time_source::thread_cpu};
  return {.drop_spoilt = count - spoilt >= enough};
}

}  // namespace detail

/// Sums samples up. `one_thread`: the calling thread did all the work, so that its processor time may stand in for wall
/// time. \throws nascent::error where there is no sample.
inline sample_summary summarise(std::span<const time_sample> samples, bool one_thread, double confidence = 0.95) {
  sample_summary result;
  std::vector<double> cpu;
  cpu.reserve(samples.size());
  for (const time_sample& s : samples) {
    result.involuntary_switches += s.switches;
    result.spoilt += s.switches > 0;
    cpu.push_back(s.cpu_ms);
  }
  const detail::sample_choice choice = detail::choose_samples(samples.size(), result.spoilt, one_thread);
  result.source = choice.source;
  std::vector<double> used;
  if (choice.source == time_source::thread_cpu) {
    used = cpu;
  } else {
    used.reserve(samples.size());
    for (const time_sample& s : samples)
      if (s.switches == 0 || !choice.drop_spoilt) used.push_back(s.wall_ms);
  }
  result.cpu_median_ms = ordered_sample(std::move(cpu)).median();
  const ordered_sample times(std::move(used));
  std::tie(result.low_ms, result.high_ms) = times.median_interval(confidence);
  result.median_ms = times.median();
  result.trimmed_mean_ms = times.trimmed_mean();
  result.minimum_ms = times.minimum();
  result.spread = times.spread();
  result.count = times.size();
  return result;
}

/// How two things compare that were timed in the same rounds: the median over rounds of time(second) / time(first).
struct paired_ratio {
  double median = 1;
  double low = 0;  ///< confidence interval of the median; (0, infinity) where the rounds are too few
  double high = std::numeric_limits<double>::infinity();
  std::size_t rounds = 0;  ///< rounds that it rests on
  time_source source = time_source::wall;

  /// Half the width of the interval, relative to the median.
  double half_width() const { return (high - low) / 2 / median; }
};

/// Pairs round by round: what slows both in one round cancels. Spoilt rounds are treated as `summarise` treats samples.
/// \throws nascent::error where the numbers of rounds differ or are 0.
inline paired_ratio pair_up(std::span<const time_sample> first, std::span<const time_sample> second, bool one_thread,
                            double confidence = 0.95) {
  if (first.size() != second.size() || first.empty())
    throw error("timing.sample", "pair_up, rounds",
                std::to_string(first.size()) + " and " + std::to_string(second.size()),
                "the same number of both, 1 or more");
  const auto spoilt_in = [&](std::size_t round) { return first[round].switches > 0 || second[round].switches > 0; };
  std::size_t spoilt = 0;
  for (std::size_t i = 0; i < first.size(); ++i) spoilt += spoilt_in(i);
  const detail::sample_choice choice = detail::choose_samples(first.size(), spoilt, one_thread);
  const bool wall = choice.source == time_source::wall;
  std::vector<double> logs;
  logs.reserve(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (choice.drop_spoilt && spoilt_in(i)) continue;
    const double a = wall ? first[i].wall_ms : first[i].cpu_ms;
    const double b = wall ? second[i].wall_ms : second[i].cpu_ms;
    // Nothing is measured as 0 ms but an empty function on a coarse clock.
    if (a > 0 && b > 0) logs.push_back(std::log(b / a));
  }
  paired_ratio result{.rounds = logs.size(), .source = choice.source};
  if (logs.empty()) return result;
  const ordered_sample ordered(std::move(logs));
  result.median = std::exp(ordered.median());
  if (ranks_around_median(ordered.size(), confidence).low == 0) return result;
  const auto [low, high] = ordered.median_interval(confidence);
  result.low = std::exp(low);
  result.high = std::exp(high);
  return result;
}

}  // namespace nascent
