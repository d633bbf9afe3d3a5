// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which of several implementations of each kernel runs: those with which the whole network is fastest here, measured
/// inside the running network.
///
/// Alone, kernels are not what they are in a network: there, inputs lie where the kernel before has left them, in
/// another core's cache perhaps, and weights were last used a network ago. So the network runs with one combination of
/// implementations after another, each kernel is timed under every implementation of the kernel that had its input
/// before, and the combination with the least sum is taken.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent::onednn::detail {

/// What an executor has found: by kernel and batch, the name of the chosen implementation, empty for oneDNN's. Networks
/// of one executor run the same implementation of the same kernel: an entry of a latency table is one of them.
class race_results {
 public:
  std::optional<std::string> find(const std::string& key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(key);
    return found == results_.end() ? std::nullopt : std::optional(found->second);
  }
  /// What was found first stays.
  void add(const std::map<std::string, std::string>& winners) {
    const std::scoped_lock lock(mutex_);
    results_.insert(winners.begin(), winners.end());
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> results_;
};

/// A kernel of the network in a race.
struct race_kernel {
  std::string key{};  ///< kernels of one key get the same implementation
  int before = -1;    ///< the kernel that had its (largest) input last, as writer or reader; -1: none
  std::vector<std::string> implementations{};  ///< names; the first stays where no other is clearly faster
};

struct race_options {
  int samples = 4;        ///< of each kernel's implementation after each implementation of the kernel before
  int least_passes = 12;  ///< whatever the budget says
  double budget_s = 1;
  double margin = 0.98;  ///< of the time with the first implementation: another one has to be faster than that
};

/// The times of a network's kernels, and the choice that follows from them.
class race {
 public:
  explicit race(std::span<const race_kernel> kernels) : kernels_(kernels.begin(), kernels.end()) {
    for (std::size_t i = 0; i < kernels_.size(); ++i) {
      const std::size_t earlier = before(i) ? choices(*before(i)) : 1;
      least_.emplace_back(earlier * choices(i), std::numeric_limits<double>::infinity());
      samples_.emplace_back(earlier * choices(i), 0);
      key_of_.push_back(keys_.try_emplace(kernels_[i].key, keys_.size()).first->second);
    }
  }

  /// Runs the network until every pair was seen often enough or the time is up. `run(choice, seconds)` runs it once
  /// with implementation choice[i] of kernel i and writes what each kernel took.
  template <class Run>
  void measure(Run&& run, const race_options& how = {}) {
    using clock = std::chrono::steady_clock;
    std::vector<std::size_t> choice(kernels_.size());
    std::vector<double> seconds(kernels_.size());
    // Nothing is in the caches yet.
    run(std::as_const(choice), seconds);
    const auto start = clock::now();
    for (int pass = 0; fewest_samples() < how.samples; ++pass) {
      if (pass >= how.least_passes && std::chrono::duration<double>(clock::now() - start).count() > how.budget_s) break;
      for (std::size_t i = 0; i < kernels_.size(); ++i) choice[i] = least_seen(i, choice);
      run(std::as_const(choice), seconds);
      for (std::size_t i = 0; i < kernels_.size(); ++i) {
        const std::size_t at = pair(i, before(i) ? choice[*before(i)] : 0, choice[i]);
        least_[i][at] = std::min(least_[i][at], seconds[i]);
        ++samples_[i][at];
      }
    }
  }

  /// By key, the name of the implementation with which the network is fastest.
  std::map<std::string, std::string> winners(const race_options& how = {}) const {
    assignment alone(keys_.size(), 0);
    assignment last(keys_.size(), 0);
    for (std::size_t i = 0; i < kernels_.size(); ++i) {
      last[key_of_[i]] = choices(i) - 1;
      std::size_t fastest = 0;
      for (std::size_t c = 1; c < choices(i); ++c)
        if (fastest_of(i, c) < fastest_of(i, fastest)) fastest = c;
      alone[key_of_[i]] = fastest;
    }
    assignment best = improve(assignment(keys_.size(), 0));
    for (const assignment& start : {alone, last})
      if (assignment other = improve(start); sum(other) < sum(best)) best = std::move(other);
    prefer_first(best, how.margin);
    std::map<std::string, std::string> names;
    for (std::size_t i = 0; i < kernels_.size(); ++i)
      if (choices(i) > 1) names[kernels_[i].key] = kernels_[i].implementations[best[key_of_[i]]];
    return names;
  }

 private:
  using assignment = std::vector<std::size_t>;  ///< by number of the key, its choice

  std::size_t choices(std::size_t i) const { return kernels_[i].implementations.size(); }
  std::optional<std::size_t> before(std::size_t i) const {
    return kernels_[i].before < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(kernels_[i].before));
  }
  std::size_t pair(std::size_t i, std::size_t earlier, std::size_t own) const { return earlier * choices(i) + own; }

  int fewest_samples() const {
    int fewest = std::numeric_limits<int>::max();
    for (std::size_t i = 0; i < kernels_.size(); ++i)
      if (samples_[i].size() > 1) fewest = std::min(fewest, std::ranges::min(samples_[i]));
    return fewest;
  }

  /// After what was chosen before, the implementation that has the fewest samples.
  std::size_t least_seen(std::size_t i, const std::vector<std::size_t>& choice) const {
    const std::size_t earlier = before(i) ? choice[*before(i)] : 0;
    std::size_t least = 0;
    for (std::size_t c = 1; c < choices(i); ++c)
      if (samples_[i][pair(i, earlier, c)] < samples_[i][pair(i, earlier, least)]) least = c;
    return least;
  }

  double fastest_of(std::size_t i, std::size_t own) const {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t at = own; at < least_[i].size(); at += choices(i)) least = std::min(least, least_[i][at]);
    return least;
  }

  double time_of(std::size_t i, const assignment& all) const {
    const std::size_t own = all[key_of_[i]];
    const double known = least_[i][pair(i, before(i) ? all[key_of_[*before(i)]] : 0, own)];
    return known < std::numeric_limits<double>::infinity() ? known : fastest_of(i, own);
  }

  double sum(const assignment& all) const {
    double seconds = 0;
    for (std::size_t i = 0; i < kernels_.size(); ++i) seconds += time_of(i, all);
    return seconds;
  }

  /// What a key's choice bears on: its kernels, and those that come after them.
  double sum_around(const assignment& all, std::size_t key) const {
    double seconds = 0;
    for (std::size_t i = 0; i < kernels_.size(); ++i)
      if (key_of_[i] == key || (before(i) && key_of_[*before(i)] == key)) seconds += time_of(i, all);
    return seconds;
  }

  /// Changes one key's choice, or those of two that follow each other, as long as the sum falls.
  assignment improve(assignment all) const {
    double now = sum(all);
    for (bool better = true; better;) {
      better = false;
      for (std::size_t i = 0; i < kernels_.size(); ++i) {
        const std::size_t key = key_of_[i];
        const std::size_t earlier = before(i) ? key_of_[*before(i)] : key;
        if (least_[i].size() == 1) continue;  // nothing to choose, nor before it
        for (std::size_t e = 0; e < (before(i) ? choices(*before(i)) : 1); ++e)
          for (std::size_t c = 0; c < choices(i); ++c) {
            assignment other = all;
            if (before(i)) other[earlier] = e;
            other[key] = c;
            if (const double then = sum(other); then < now * (1 - 1e-12)) {
              now = then;
              all = std::move(other);
              better = true;
            }
          }
      }
    }
    return all;
  }

  void prefer_first(assignment& all, double margin) const {
    for (std::size_t key = 0; key < all.size(); ++key) {
      if (all[key] == 0) continue;
      assignment other = all;
      other[key] = 0;
      if (sum_around(all, key) > margin * sum_around(other, key)) all[key] = 0;
    }
  }

  std::vector<race_kernel> kernels_;
  std::map<std::string, std::size_t> keys_;  ///< their numbers
  std::vector<std::size_t> key_of_;          ///< by kernel
  std::vector<std::vector<double>> least_;   ///< by kernel, then pair of the choice before and its own: seconds
  std::vector<std::vector<int>> samples_;
};

}  // namespace nascent::onednn::detail
