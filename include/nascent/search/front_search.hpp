// SPDX-License-Identifier: Apache-2.0
/// \file
/// The front of latency and accuracy by looking at very many networks, where both are predicted: a million take
/// seconds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/watch.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

/// A network that was looked at, not run.
template <space Space>
struct predicted_network {
  candidate<Space> what{};
  double ms = 0;
  double accuracy = 0;
};

struct front_search_options {
  std::size_t networks = 1'000'000;  ///< to look at
  std::uint64_t seed = 1;
  double least_ms = 0;  ///< networks outside of these are looked at, and not kept
  double most_ms = std::numeric_limits<double>::infinity();
  /// Latency of which half of the networks come to be close below, where the front is wanted most; 0: nowhere.
  double target_ms = 0;
  nascent::watch* watch = nullptr;  ///< time, stop and progress: no further networks are looked at after its end
};

/// What a front search found.
template <space Space>
struct predicted_front {
  std::vector<predicted_network<Space>> points{};  ///< by rising latency, and so by rising accuracy
  std::size_t networks = 0;                        ///< looked at

  /// The most accurate one within a latency; null where there is none.
  const predicted_network<Space>* best_under(double ms) const {
    const auto above = std::ranges::upper_bound(points, ms, {}, &predicted_network<Space>::ms);
    return above == points.begin() ? nullptr : &*std::prev(above);
  }
};

namespace detail {

/// The best network of each latency, latencies in steps of half a per cent (an archive as in MAP-Elites, Mouret and
/// Clune, 2015): every latency has a parent of its own, so that none dies out.
template <space Space>
class latency_archive {
 public:
  static constexpr double steps_per_doubling = 139;  // 0.5 %

  /// True where it is the best one of its latency so far.
  bool offer(const predicted_network<Space>& n) {
    const auto step = static_cast<std::int64_t>(std::floor(steps_per_doubling * std::log2(n.ms)));
    if (elites_.empty()) first_ = step;
    if (step < first_) {
      elites_.insert(elites_.begin(), static_cast<std::size_t>(first_ - step), std::nullopt);
      first_ = step;
    }
    const auto at = static_cast<std::size_t>(step - first_);
    if (at >= elites_.size()) elites_.resize(at + 1);
    std::optional<predicted_network<Space>>& elite = elites_[at];
    if (elite && (elite->accuracy > n.accuracy || (elite->accuracy == n.accuracy && elite->ms <= n.ms))) return false;
    elite = n;
    return true;
  }

  /// The elite of a random latency within limits; a random one of all where there is none.
  template <class Rng>
  const predicted_network<Space>& draw(Rng& rng, double least_ms, double most_ms) const {
    const auto place = [&](double ms) {
      const double step = std::floor(steps_per_doubling * std::log2(ms)) - static_cast<double>(first_);
      return static_cast<std::size_t>(std::clamp(step, 0.0, static_cast<double>(elites_.size() - 1)));
    };
    std::size_t low = least_ms > 0 ? place(least_ms) : 0;
    std::size_t high = most_ms < std::numeric_limits<double>::infinity() ? place(most_ms) : elites_.size() - 1;
    for (int attempt = 0;; ++attempt) {
      if (attempt == 16) low = 0, high = elites_.size() - 1;
      const std::size_t at = low + static_cast<std::size_t>(random_below(rng, std::uint64_t{high - low + 1}));
      if (elites_[at]) return *elites_[at];
    }
  }

  bool empty() const { return elites_.empty(); }

  /// Those that no faster one equals in accuracy.
  std::vector<predicted_network<Space>> front() const {
    std::vector<predicted_network<Space>> points;
    for (const auto& elite : elites_)
      if (elite && (points.empty() || elite->accuracy > points.back().accuracy)) {
        if (!points.empty() && points.back().ms >= elite->ms) points.pop_back();
        points.push_back(*elite);
      }
    return points;
  }

 private:
  std::int64_t first_ = 0;
  std::vector<std::optional<predicted_network<Space>>> elites_;
};

inline constexpr double near_target = 0.9;  ///< from there to the target is close below it

/// Looks at networks until `seen`, which `look(candidate)` counts up, is `networks`, or the watch ends: first those of
/// `also` and random ones, then mutations of what `parent()` gives; a random one where that is null.
template <space Space, class Look, class Parent>
void look_at_networks(const Space& searched, random_engine& rng, std::size_t networks, const std::size_t& seen,
                      watch& watched, const std::vector<candidate<Space>>& also, Look&& look, Parent&& parent) {
  for (const candidate<Space>& c : also) look(c);
  const std::size_t random_ones = std::max<std::size_t>(1, std::min<std::size_t>(10'000, networks / 10));
  watch_job job = watched.begin("looking at networks", networks);
  constexpr std::size_t at_once = 1024;  // networks between two looks at the watch: they take about a microsecond each
  std::size_t shown = 0;
  while (seen < networks) {
    if (seen >= shown + at_once) {
      job.advance(seen - std::exchange(shown, seen));
      if (watched.ended()) break;
    }
    const candidate<Space>* from = seen < random_ones ? nullptr : parent();
    if (from == nullptr) {
      look(seen % 2 == 0 ? searched.sample(rng) : searched.sample_decisions(rng));
      continue;
    }
    candidate<Space> child = *from;
    do child = searched.mutate(child, rng);
    while (rng() % 2 == 0);  // one step, often two, seldom many
    look(child);
  }
}

}  // namespace detail

/// Looks at networks of a space, each a mutation of the best one of some latency that it knows, and keeps the front.
/// `latency` gives milliseconds and `accuracy` a number for a candidate, or none where it cannot judge it; both are
/// asked once per network. `also` are networks to start from beside random ones. \throws search_error where no network
/// can be used, and for a NaN; what the callables throw
template <space Space, network_metric<candidate<Space>> Latency, network_metric<candidate<Space>> Accuracy>
predicted_front<Space> search_front(const Space& searched, Latency&& latency, Accuracy&& accuracy,
                                    const front_search_options& options = {},
                                    const std::vector<candidate<Space>>& also = {}) {
  random_engine rng(options.seed);
  detail::watch_or_none watched(options.watch);
  detail::latency_archive<Space> archive;
  predicted_front<Space> result;
  const auto look = [&](const candidate<Space>& seen) {
    const evaluated_candidate c(searched, seen);
    ++result.networks;
    const std::optional<double> gained = evaluate(accuracy, c);
    if (!gained) return;
    const std::optional<double> ms = evaluate(latency, c);
    if (std::isnan(*gained) || (ms && std::isnan(*ms)))
      throw search_error("search.reward", "front search, network " + std::to_string(result.networks),
                         std::isnan(*gained) ? "an accuracy of nan" : "a latency of nan",
                         "numbers, or none for a network that cannot be judged");
    if (!ms || !(*ms > options.least_ms) || *ms > options.most_ms) return;
    archive.offer({seen, *ms, *gained});
  };
  detail::look_at_networks(
      searched, rng, options.networks, result.networks, *watched, also, look, [&]() -> const candidate<Space>* {
        if (archive.empty()) return nullptr;
        const bool near = options.target_ms > 0 && rng() % 2 == 0;
        return &(near ? archive.draw(rng, detail::near_target * options.target_ms, options.target_ms)
                      : archive.draw(rng, options.least_ms, options.most_ms))
                    .what;
      });
  result.points = archive.front();
  if (result.points.empty()) watched->throw_if_stopped();
  if (result.points.empty())
    throw search_error("search.none_usable", "front search, space '" + std::string(searched.name()) + "'",
                       "none that can be used among " + std::to_string(result.networks) + " networks",
                       "1 or more; widen the limits of latency or the accuracy's domain");
  return result;
}

}  // namespace nascent
