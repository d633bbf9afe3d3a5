// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a study has found: counts, the best network, the front, its growth, and what each decision is worth. From the
/// file alone, without the space that was searched.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/reward/pareto.hpp"
#include "nascent/study/space_record.hpp"
#include "nascent/study/store.hpp"

namespace nascent {

/// A study that was read.
struct study_content {
  std::filesystem::path path{};
  std::map<std::string, std::string> about{};  ///< "space", "searcher", "searcher_options", "objective", "settings", ..
  std::shared_ptr<const space_record> space{};
  std::vector<trial_record> trials{};
  work_record work{};  ///< of its workers; empty where they said nothing

  /// A trial's decisions in words: "2.kernel = 5, 2.layers = 3".
  std::string describe(const trial_record& t) const {
    std::string text;
    for_each_decision(t, [&](const slot_view& slot, const typed_value& value) {
      text += (text.empty() ? "" : ", ") + slot.path + " = " + std::string(value.text().view());
    });
    return text;
  }
  /// Calls `use(slot, value)` for every decision that takes part. \throws study_error where the file is damaged
  template <class Use>
  void for_each_decision(const trial_record& t, Use&& use) const {
    const std::vector<slot_view>& slots = space->view().slots;
    for (std::size_t k = 0; k < t.decisions.size(); ++k) {
      const int d = t.decisions[k];
      if (d < 0) continue;
      if (k >= slots.size() || static_cast<std::size_t>(d) >= slots[k].values.size())
        throw study_error("study.damaged", "study '" + path.string() + "'",
                          "trial " + std::to_string(t.id) + " with decisions of another space",
                          "decisions of its space; restore a copy");
      use(slots[k], slots[k].values[static_cast<std::size_t>(d)]);
    }
  }

  std::size_t count(trial_state state) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(trials, [&](const trial_record& t) { return t.state == state && !t.same_as; }));
  }
  /// Trials that cost nothing, because their network was known.
  std::size_t duplicates() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(trials, [](const trial_record& t) { return t.same_as.has_value(); }));
  }
  /// The usable trial of the highest value, the first among equals; null where there is none.
  const trial_record* best() const {
    const trial_record* found = nullptr;
    for (const trial_record& t : trials)
      if (t.state == trial_state::done && t.is_usable() && (found == nullptr || t.value() > found->value())) found = &t;
    return found;
  }
};

/// \throws study_error
inline study_content read_study(const std::filesystem::path& path) {
  study_store store(path, open_mode::read_only);
  study_content content{.path = path};
  for (const char* key : {"space", "space_size", "space_fingerprint", "searcher", "searcher_options", "objective",
                          "settings", "created", "version"})
    content.about[key] = store.about(key);
  content.space = std::make_shared<const space_record>(parse_json(store.about("space_record"), path.string()));
  content.trials = store.trials();
  content.work = store.who_worked();
  return content;
}

/// The front of two metrics over the finished trials: indices of trials, by rising cost. Trials without the two take no
/// part.
inline std::vector<std::size_t> front_of(const study_content& study, const std::string& gain, const std::string& cost,
                                         std::size_t first_trials = std::numeric_limits<std::size_t>::max()) {
  std::vector<std::size_t> with;
  std::vector<cost_gain> points;
  for (std::size_t i = 0; i < std::min(first_trials, study.trials.size()); ++i) {
    const trial_record& t = study.trials[i];
    const auto g = t.result.metrics.find(gain);
    const auto c = t.result.metrics.find(cost);
    if (t.same_as || t.state != trial_state::done || g == t.result.metrics.end() || c == t.result.metrics.end())
      continue;
    with.push_back(i);
    points.push_back({.cost = c->second, .gain = g->second});
  }
  std::vector<std::size_t> front = pareto_front(points);
  for (std::size_t& i : front) i = with[i];
  return front;
}

/// How much a study had found after each of its trials.
struct study_history {
  std::vector<double> best{};  ///< value of the best one so far that keeps the limits; minus infinity before the first
  std::vector<double> hypervolume{};  ///< as a share of the area that the last front spans; empty without two metrics
};

inline study_history history_of(const study_content& study, const std::string& gain = {},
                                const std::string& cost = {}) {
  study_history h;
  double best = -std::numeric_limits<double>::infinity();
  cost_gain worst{.cost = -std::numeric_limits<double>::infinity(), .gain = std::numeric_limits<double>::infinity()};
  std::vector<std::optional<cost_gain>> points;
  for (const trial_record& t : study.trials) {
    if (t.state == trial_state::done && t.keeps_limits()) best = std::max(best, t.value());
    h.best.push_back(best);
    const auto g = t.result.metrics.find(gain);
    const auto c = t.result.metrics.find(cost);
    points.emplace_back();
    if (t.state != trial_state::done || g == t.result.metrics.end() || c == t.result.metrics.end()) continue;
    points.back() = cost_gain{.cost = c->second, .gain = g->second};
    worst = {.cost = std::max(worst.cost, c->second), .gain = std::min(worst.gain, g->second)};
  }
  if (!std::isfinite(worst.cost)) return h;
  std::vector<cost_gain> front;
  double area = 0;
  for (const auto& p : points) {
    if (p && std::ranges::none_of(front, [&](const cost_gain& f) { return dominates_or_equals(f, *p); })) {
      std::erase_if(front, [&](const cost_gain& f) { return dominates(*p, f); });
      front.push_back(*p);
      area = hypervolume(front, worst);
    }
    h.hypervolume.push_back(area);
  }
  if (area > 0)
    for (double& v : h.hypervolume) v /= area;
  return h;
}

/// What one option of a decision went with.
struct option_effect {
  std::string value{};
  std::size_t trials = 0;
  double mean = 0;   ///< value of the trials with it
  double error = 0;  ///< standard error of the mean
};

/// A decision's options, and how much they explain.
struct decision_effect {
  std::string path{};
  double share = 0;  ///< of the variance of values between its options: 0 to 1, not a cause
  std::vector<option_effect> options{};
};

/// The marginal effect of every choice, over the trials with a result within the limits, the decisions that explain
/// most first. Trials are those that a searcher chose, not a sample: an option that it left early has few.
inline std::vector<decision_effect> effects_of(const study_content& study) {
  const std::vector<slot_view>& slots = study.space->view().slots;
  struct sums {
    std::size_t n = 0;
    double mean = 0;
    double squares = 0;
    void add(double v) {
      ++n;
      const double d = v - mean;
      mean += d / static_cast<double>(n);
      squares += d * (v - mean);
    }
  };
  std::vector<decision_effect> effects;
  for (std::size_t k = 0; k < slots.size(); ++k) {
    std::vector<sums> of(slots[k].values.size());
    sums all;
    for (const trial_record& t : study.trials) {
      if (t.same_as || t.state != trial_state::done || !t.keeps_limits() || k >= t.decisions.size()) continue;
      const int d = t.decisions[k];
      if (d < 0 || static_cast<std::size_t>(d) >= of.size()) continue;
      of[static_cast<std::size_t>(d)].add(t.value());
      all.add(t.value());
    }
    decision_effect e{.path = slots[k].path};
    double between = 0;
    for (std::size_t o = 0; o < of.size(); ++o) {
      const auto n = static_cast<double>(of[o].n);
      between += n * (of[o].mean - all.mean) * (of[o].mean - all.mean);
      e.options.push_back({.value = std::string(slots[k].values[o].text().view()),
                           .trials = of[o].n,
                           .mean = of[o].mean,
                           .error = of[o].n > 1 ? std::sqrt(of[o].squares / (n - 1) / n) : 0});
    }
    e.share = all.squares > 0 ? between / all.squares : 0;
    effects.push_back(std::move(e));
  }
  std::ranges::sort(effects, {},
                    [](const decision_effect& e) { return std::pair(-e.share, std::string_view(e.path)); });
  return effects;
}

}  // namespace nascent
