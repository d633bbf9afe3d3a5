// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency-aware compound scaling (LACS; Li et al., 2021, "Searching for Fast Model Families on Datacenter
/// Accelerators"): finds the coefficients by which a base network grows best on the device at hand, then the family.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/scaling/solve_phi.hpp"

namespace nascent {

struct lacs_options {
  int levels = 7;  ///< above the base
  /// Latency of a level against the level before. EfficientNet-X-B7 takes 37.7 = 1.68^7 times as long as B0.
  double factor = 1.68;
  std::vector<double> targets_ms{};  ///< one per level, rising; instead of `levels` and `factor`
  /// The level at whose target the triplets are compared; 0 for the middle one. The paper's is 1; near the base,
  /// though, layers that are rounded up in every stage at once make depth look dearer than it is for the rest of the
  /// family.
  int search_level = 0;
  int divisions = 6;    ///< of the coarse grid: (n + 1)(n + 2) / 2 triplets; 0 for those of `also` only
  int refinements = 2;  ///< finer grids around the best triplet, each of half the step
  std::vector<compound_coefficients> also{};  ///< triplets to try beside the coarse grid, e.g. published ones
  double weight = -0.09;  ///< of mnas_soft, where no reward is given; tells something only without `interpolate`
  /// Triplets are compared at exactly the target: by the accuracy interpolated, over the logarithm of latency, between
  /// the networks around it. Rounding leaves a network up to a sixth below its target, which would decide otherwise.
  /// False: by the network itself.
  bool interpolate = true;
  /// Solving phi for a triplet ends where the latencies of the networks below and above the target are this close,
  /// relative, which spares measurements; 0 goes on to neighbouring networks, as the family's levels and trials without
  /// `interpolate` always do.
  double bracket = 0.05;
  phi_options phi{};
  /// Time, stop and progress. A step is a triplet, its note the best reward so far. Once a triplet can be used, the end
  /// of its time ends the search for more, and the family is solved for. A request to stop ends all before the next
  /// network is judged: LACS has no half family to give, see stopped_error.
  nascent::watch* watch = nullptr;
};

/// One triplet that was tried.
template <class Space>
struct lacs_trial {
  compound_coefficients coefficients{};
  int grid = 0;  ///< 0 for the coarse grid, 1 for the first finer one, ...
  /// Networks below and above the target, as near as lacs_options.bracket says; none where the limits of phi_options
  /// come before the target.
  std::optional<phi_solution<Space>> solution{};
  std::optional<double> accuracy{};  ///< of the network within the target; none where the callable could not judge it
  std::optional<metrics> judged{};   ///< what the reward was asked about: at the target, or of the network itself
  double reward = -std::numeric_limits<double>::infinity();

  bool is_usable() const { return reward > -std::numeric_limits<double>::infinity(); }
};

/// One network of the family.
template <class Space>
struct lacs_level {
  double target_ms = 0;
  double phi = 0;
  scaled_candidate<Space> candidate{};
  double latency_ms = 0;
  std::optional<double> accuracy{};            ///< none where the callable could not judge the network
  std::optional<scaled_point<Space>> below{};  ///< the neighbours on the curve, after rounding
  std::optional<scaled_point<Space>> above{};

  const dimensions& scale() const { return candidate.scale; }
  /// What rounding leaves of the target, relative: 0 or below.
  double residual() const { return latency_ms / target_ms - 1; }
};

/// What LACS found, and everything it tried.
template <class Space>
struct lacs_result {
  compound_coefficients coefficients{};
  std::vector<lacs_level<Space>> levels{};  ///< levels[0] is the base
  std::vector<lacs_trial<Space>> trials{};
  std::size_t best_index = 0;        ///< of the trial whose coefficients were chosen
  std::vector<std::size_t> ties{};   ///< all trials of the same reward, the chosen one among them
  std::vector<std::size_t> front{};  ///< Pareto front of the trials by latency and accuracy
  std::size_t latency_calls = 0;     ///< distinct networks whose latency was asked for
  std::size_t accuracy_calls = 0;
};

namespace detail {

/// How a doubling of MACs is shared between depth, width and resolution: 1 in all.
struct growth_shares {
  double depth;
  double width;
  double resolution;

  compound_coefficients coefficients() const {
    return {std::exp2(depth), std::exp2(width / 2), std::exp2(resolution / 2)};
  }
  static growth_shares of(const compound_coefficients& c) {
    const double all = std::log(c.macs_factor());
    return {std::log(c.alpha) / all, 2 * std::log(c.beta) / all, 2 * std::log(c.gamma) / all};
  }
  double distance(const growth_shares& other) const {
    return std::abs(depth - other.depth) + std::abs(width - other.width) + std::abs(resolution - other.resolution);
  }
};

template <class Space, class Accuracy, class Latency>
class lacs_search {
 public:
  lacs_search(const Space& of, const candidate<Space>& base, Accuracy& accuracy, Latency& latency,
              const lacs_options& options)
      : accuracy_(&accuracy), latency_(of, base, latency, options.watch), options_(options), watched_(options.watch) {
    set_targets();
    for (const compound_coefficients& c : options.also) c.check();
    const auto check = [](bool ok, const char* name, double found, const char* allowed) {
      check_scaling(ok, std::string("lacs_options.") + name, found, allowed);
    };
    check(options.search_level >= 0 && options.search_level <= static_cast<int>(targets_.size()), "search_level",
          options.search_level, "0 up to the number of levels");
    if (options.search_level == 0) options_.search_level = static_cast<int>(targets_.size() + 1) / 2;
    check(options.divisions >= 0 && options.divisions <= 1000, "divisions", options.divisions, "0 to 1000");
    check(options.bracket >= 0 && options.bracket < 1, "bracket", options.bracket, "0 up to 1");
    check(options.refinements >= 0 && options.refinements <= 30, "refinements", options.refinements, "0 to 30");
    if (options.divisions == 0 && options.also.empty())
      throw scaling_error("scaling.option", "lacs, grid", "no triplets",
                          "1 or more; set lacs_options.divisions or .also");
  }

  double search_target_ms() const { return targets_[static_cast<std::size_t>(options_.search_level) - 1]; }

  template <class Reward>
  lacs_result<Space> run(const Reward& judge) {
    const auto n = static_cast<std::size_t>(options_.divisions);
    const std::size_t at_most =
        options_.also.size() +
        (n > 0 ? (n + 1) * (n + 2) / 2 + 12 * static_cast<std::size_t>(options_.refinements) : 0);
    job_.emplace(*watched_, "scaling", at_most);
    for (const compound_coefficients& c : options_.also)
      if (!attempt(c, growth_shares::of(c), 0, judge)) break;
    search_coarse(judge);
    search_finer(judge);
    job_.reset();
    // One triplet that is given is not compared with others: it needs no accuracy.
    if (!best_ && n == 0 && result_.trials.size() == 1 && result_.trials[0].solution && !result_.trials[0].accuracy)
      best_ = 0;
    if (!best_) refuse();
    finish();
    return std::move(result_);
  }

 private:
  void set_targets() {
    const double base_ms = latency_.base_ms();
    targets_ = options_.targets_ms;
    if (targets_.empty()) {
      check_scaling(options_.levels >= 1 && options_.levels <= 100, "lacs_options.levels", options_.levels, "1 to 100");
      check_scaling(options_.factor > 1 && options_.factor < 1e6, "lacs_options.factor", options_.factor, "above 1");
      for (int level = 1; level <= options_.levels; ++level)
        targets_.push_back(base_ms * std::pow(options_.factor, level));
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const std::string where = "lacs_options.targets_ms, level " + std::to_string(i + 1);
      if (!is_positive(targets_[i]) || targets_[i] < base_ms)
        throw scaling_error("scaling.target", where, ms_text(targets_[i]),
                            "the base's " + ms_text(base_ms) + " or more");
      if (i > 0 && targets_[i] < targets_[i - 1])
        throw scaling_error("scaling.target", where, ms_text(targets_[i]),
                            "the level before's " + ms_text(targets_[i - 1]) + " or more");
    }
  }

  /// All shares that are multiples of 1 / divisions. One triplet for each ray: the others on it describe the same
  /// networks.
  template <class Reward>
  void search_coarse(const Reward& judge) {
    const int n = options_.divisions;
    for (int depth = n; depth >= 0 && n > 0; --depth)
      for (int width = n - depth; width >= 0; --width) {
        const growth_shares shares{static_cast<double>(depth) / n, static_cast<double>(width) / n,
                                   static_cast<double>(n - depth - width) / n};
        if (!attempt(shares.coefficients(), shares, 0, judge)) return;
      }
  }

  /// Two rings of half the step around the best; of the outer one every second triplet is known.
  template <class Reward>
  void search_finer(const Reward& judge) {
    double step = options_.divisions > 0 ? 1.0 / options_.divisions : 0;
    for (int grid = 1; grid <= options_.refinements && step > 0 && best_; ++grid) {
      step /= 2;
      const growth_shares centre = shares_[*best_];
      for (int p = -2; p <= 2; ++p)
        for (int q = -2; q <= 2; ++q) {
          if (p + q < -2 || p + q > 2) continue;
          const growth_shares shares{centre.depth + p * step, centre.width + q * step,
                                     centre.resolution - (p + q) * step};
          if (shares.depth < -1e-9 || shares.width < -1e-9 || shares.resolution < -1e-9) continue;
          const growth_shares inside{std::max(shares.depth, 0.0), std::max(shares.width, 0.0),
                                     std::max(shares.resolution, 0.0)};
          if (!attempt(inside.coefficients(), inside, grid, judge)) return;
        }
    }
  }

  /// Tries one triplet unless it is known; false where the search shall end.
  template <class Reward>
  bool attempt(const compound_coefficients& by, const growth_shares& shares, int grid, const Reward& judge) {
    for (const growth_shares& known : shares_)
      if (known.distance(shares) < 1e-6) return true;
    watched_->throw_if_stopped();
    if (best_ && watched_->is_late()) return false;
    latency_.forget_networks();
    lacs_trial<Space> t{
        .coefficients = by,
        .grid = grid,
        .solution = solve_phi(latency_, by, search_target_ms(), options_.phi,
                              {.neighbours = false, .bracket = options_.interpolate ? options_.bracket : 0})};
    if (t.solution) t.accuracy = judge_accuracy(t.solution->at.candidate);
    if (t.accuracy) t.judged = at_target(*t.solution, *t.accuracy);
    if (t.judged) t.reward = static_cast<double>(judge(*t.judged));
    if (std::isnan(t.reward) || t.reward == std::numeric_limits<double>::infinity())
      throw scaling_error("scaling.reward", "lacs, triplet " + std::to_string(result_.trials.size()) + ", reward",
                          exact_text(t.reward), "finite numbers, or -inf for a network that cannot be used");
    if (t.is_usable() && (!best_ || t.reward > best_reward_)) {
      best_ = result_.trials.size();
      best_reward_ = t.reward;
    }
    result_.trials.push_back(std::move(t));
    shares_.push_back(shares);
    job_->advance(1, best_ ? "best " + significant_text(best_reward_) : std::string());
    return true;
  }

  /// Where the network above cannot be judged, accuracy is taken to stay the same up to the target.
  metrics at_target(const phi_solution<Space>& s, double accuracy) {
    if (!options_.interpolate) return {.accuracy = accuracy, .latency_ms = s.at.latency_ms};
    if (const std::optional<double> next = judge_accuracy(s.above.candidate))
      accuracy +=
          (*next - accuracy) * std::log(s.target_ms / s.at.latency_ms) / std::log(s.above.latency_ms / s.at.latency_ms);
    return {.accuracy = accuracy, .latency_ms = s.target_ms};
  }

  /// None where the network is outside the callable's domain. \throws scaling_error for NaN.
  std::optional<double> judge_accuracy(const scaled_candidate<Space>& c) {
    const uint128 id = fingerprint(latency_.space(), c);
    const auto [known, is_new] = accuracies_.try_emplace(id);
    if (!is_new) return known->second;
    known->second = latency_.ask(*accuracy_, c, id);
    if (known->second && std::isnan(*known->second))
      throw scaling_error("scaling.accuracy", "accuracy at " + dimensions_text(c.scale), "nan",
                          "numbers, or none for a network that cannot be judged");
    if (known->second && *known->second == -std::numeric_limits<double>::infinity()) known->second.reset();
    return known->second;
  }

  [[noreturn]] void refuse() const {
    const auto count = [&](auto why) { return std::to_string(std::ranges::count_if(result_.trials, why)); };
    throw scaling_error(
        "scaling.none_usable", "lacs, triplets",
        "none that can be used among " + std::to_string(result_.trials.size()) +
            " (not judged by the accuracy: " + count([](const auto& t) { return t.solution && !t.accuracy; }) +
            "; refused by the reward: " + count([](const auto& t) { return t.accuracy.has_value(); }) +
            "; target not reached within phi_options: " + count([](const auto& t) { return !t.solution; }) + ")",
        "1 or more; try an accuracy that knows such networks, another base or another target");
  }

  void finish() {
    result_.best_index = *best_;
    result_.coefficients = result_.trials[*best_].coefficients;
    std::vector<std::size_t> usable;
    for (std::size_t i = 0; i < result_.trials.size(); ++i) {
      if (!result_.trials[i].is_usable()) continue;
      usable.push_back(i);
      if (result_.trials[i].reward == best_reward_) result_.ties.push_back(i);
    }
    result_.front = pareto_front(
        usable, [&](std::size_t i) { return result_.trials[i].solution->at.latency_ms; },
        [&](std::size_t i) { return *result_.trials[i].accuracy; });
    for (std::size_t& i : result_.front) i = usable[i];

    const double base_ms = latency_.base_ms();
    const scaled_candidate<Space> base = scaled(latency_.base(), dimensions{.resolution = latency_.resolution()});
    result_.levels.push_back(
        {.target_ms = base_ms, .candidate = base, .latency_ms = base_ms, .accuracy = judge_accuracy(base)});
    for (const double target : targets_) {
      latency_.forget_networks();
      auto s = solve_phi(latency_, result_.coefficients, target, options_.phi, {});
      if (!s)
        throw scaling_error("scaling.target", "lacs, level " + std::to_string(result_.levels.size()) + ", target",
                            ms_text(target), "what the largest network of phi_options takes, at most");
      result_.levels.push_back({.target_ms = target,
                                .phi = s->at.phi,
                                .candidate = s->at.candidate,
                                .latency_ms = s->at.latency_ms,
                                .accuracy = judge_accuracy(s->at.candidate),
                                .below = std::move(s->below),
                                .above = std::move(s->above)});
    }
    result_.latency_calls = latency_.calls();
    result_.accuracy_calls = accuracies_.size();
  }

  Accuracy* accuracy_;
  scaling_latency<Space, Latency> latency_;
  lacs_options options_;
  std::vector<double> targets_;
  std::map<uint128, std::optional<double>> accuracies_;
  std::vector<growth_shares> shares_;  // of each trial
  std::optional<std::size_t> best_;
  double best_reward_ = -std::numeric_limits<double>::infinity();
  watch_or_none watched_;
  std::optional<watch_job> job_;
  lacs_result<Space> result_;
};

}  // namespace detail

/// Scales a base network to a family of latency levels.
///
/// 1. Triplets (alpha, beta, gamma), each at least 1, are compared at the target of one level: for each, phi is solved
/// so that the
///    network, after rounding, is the largest within the target, and the reward judges accuracy at the target. Only the
///    ratio of the three logarithms matters, for phi is free, so the grid has two dimensions: how a doubling of MACs,
///    alpha beta^2 gamma^2 = 2, is shared between depth, width and resolution. First a coarse grid, then finer ones
///    around the best triplet.
/// 2. The chosen triplet is kept, and phi solved for the target of every level.
///
/// `accuracy` (a fraction or per cent) and `latency` (ms) take a scaled candidate or its network; each is asked once
/// for every distinct network. `judge` is any reward; without one it is mnas_soft at the target with `options.weight`,
/// as in the paper. \throws scaling_error for options out of range, an empty grid, targets below the base's latency,
/// latencies that are no positive numbers or fall with phi, and where no triplet can be used (a single one that is
/// given needs no accuracy); what the callables throw.
template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency, reward Reward>
lacs_result<Space> lacs(const Space& s, const candidate<Space>& base, Accuracy&& accuracy, Latency&& latency,
                        const Reward& judge, const lacs_options& options = {}) {
  detail::lacs_search<Space, std::remove_reference_t<Accuracy>, std::remove_reference_t<Latency>> scaling(
      s, base, accuracy, latency, options);
  return scaling.run(judge);
}

template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency>
lacs_result<Space> lacs(const Space& s, const candidate<Space>& base, Accuracy&& accuracy, Latency&& latency,
                        const lacs_options& options = {}) {
  detail::lacs_search<Space, std::remove_reference_t<Accuracy>, std::remove_reference_t<Latency>> scaling(
      s, base, accuracy, latency, options);
  return scaling.run(mnas_soft{.target_ms = scaling.search_target_ms(), .weight = options.weight});
}

/// Both where the base's type says which space it is of.
template <stateless_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency, reward Reward>
lacs_result<Space> lacs(const candidate<Space>& base, Accuracy&& accuracy, Latency&& latency, const Reward& judge,
                        const lacs_options& options = {}) {
  return lacs(Space{}, base, accuracy, latency, judge, options);
}

template <stateless_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency>
lacs_result<Space> lacs(const candidate<Space>& base, Accuracy&& accuracy, Latency&& latency,
                        const lacs_options& options = {}) {
  return lacs(Space{}, base, accuracy, latency, options);
}

}  // namespace nascent
