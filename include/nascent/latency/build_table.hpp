// SPDX-License-Identifier: Apache-2.0
/// \file
/// Filling a latency table for a whole space: all its kernels, or within a budget those that matter, the others
/// estimated.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/kernels/network_cover.hpp"
#include "nascent/latency/kernel_estimator.hpp"
#include "nascent/latency/table.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent {

struct build_options {
  nascent::watch* watch = nullptr;  ///< time, stop and progress: no network is started after its end
  bool estimate_rest = false;       ///< at the end, estimates for kernels that were not measured
  /// Processes that fill one table take different networks by different seeds; none given, each has its own.
  std::optional<std::uint64_t> seed{};
  /// Which kernels to measure, by signature; all where it is empty.
  std::function<bool(const std::string&)> wants{};
  /// Which networks may be run, e.g. none that are kept for a test; all where it is empty.
  std::function<bool(const network&)> may_run{};
};

/// What a table knows of a space.
struct space_coverage {
  std::size_t kernels = 0;
  std::size_t measured = 0;
  std::size_t estimated = 0;
  std::size_t wanted = 0;     ///< of which the table's options want more placements
  double measured_share = 0;  ///< of the kernels that a network has on average, how many were measured
  double measured_time =
      0;  ///< of the time of a network, how much on average; 0 where not all kernels are known, be it by estimates
  double estimate_error =
      0;  ///< relative, of kernels left out; 0 where nothing was estimated, see kernel_estimator::error

  std::size_t missing() const { return kernels - measured - estimated; }
};

struct build_result {
  fill_result fill{};
  space_coverage coverage{};
};

namespace detail {

/// Before anything was measured: a processor core of some speed.
inline double guessed_ms(const kernel& k, data_type type, int batch) {
  constexpr double macs_per_ms = 5e7;
  constexpr double bytes_per_ms = 2e7;
  constexpr double call_ms = 0.003;
  return call_ms + static_cast<double>(macs(k.core)) * batch / macs_per_ms +
         static_cast<double>(traffic(k, type, batch)) / bytes_per_ms;
}

/// Chooses networks for a table, one after another: each time a random one from which there is much to learn.
template <space Space>
class build_planner {
 public:
  build_planner(const kernel_trellis<Space>& trellis, const latency_table& table, const build_options& options)
      : trellis_(&trellis),
        table_(&table),
        cover_(trellis),
        rng_(options.seed ? *options.seed : std::uint64_t{std::random_device{}()}),
        count_(trellis.kernels().size()) {
    for (const space_kernel& k : trellis.kernels()) asked_.push_back(!options.wants || options.wants(k.signature));
    look();
  }

  /// Reads what the table knows now.
  void look() {
    const auto kernels = trellis_->kernels();
    const data_type type = table_->description().type;
    const int batch = table_->options().batch;
    std::vector<kernel_time> measured;
    wanted_.assign(count_, 0);
    have_.assign(count_, 0);
    ms_.assign(count_, 0);
    for (std::size_t k = 0; k < count_; ++k) {
      wanted_[k] = asked_[k] ? table_->wanted(kernels[k].signature, {.replace_estimates = true}) : 0;
      const auto known = table_->id(kernels[k].signature);
      if (!known || table_->entries()[*known].estimated) continue;
      const latency_entry& e = table_->entries()[*known];
      have_[k] = static_cast<int>(e.placements);
      ms_[k] = e.time.trimmed_mean_ms;
      if (ms_[k] > 0) measured.push_back({kernels[k].what, ms_[k]});
    }
    // Regressions need a few kernels; they are looked at anew when there are a fifth more.
    const bool again = measured.size() >= 30 && measured.size() * 5 >= fitted_ * 6;
    if (again) {
      estimator_.emplace(measured, type, batch);
      fitted_ = measured.size();
    }
    for (std::size_t k = 0; k < count_; ++k)
      if (have_[k] == 0)
        ms_[k] = estimator_ ? estimator_->rough_ms(kernels[k].what) : guessed_ms(kernels[k].what, type, batch);
    if (again || shares_.empty()) shares_ = cover_.shares(ms_);
  }

  std::size_t remaining() const {
    return static_cast<std::size_t>(std::ranges::count_if(wanted_, [](int w) { return w > 0; }));
  }
  /// Times that kernels are still to be measured, one by one.
  std::size_t placements_left() const {
    return static_cast<std::size_t>(std::accumulate(wanted_.begin(), wanted_.end(), 0));
  }
  std::size_t lacking() const { return static_cast<std::size_t>(std::ranges::count(have_, 0)); }

  /// A network and about how many seconds it takes to measure; none where nothing is wanted.
  std::optional<covering_network<Space>> next() {
    if (remaining() == 0) return std::nullopt;
    std::vector<double> values(count_, 0);
    std::vector<double> costs(count_);
    const measure_options& how = table_->options().measure;
    const double passes = how.warm_up + how.min_samples + 1;
    for (std::size_t k = 0; k < count_; ++k) {
      costs[k] = passes * ms_[k] * 1e-3 + compile_s;
      if (wanted_[k] == 0) continue;
      // How wrong a network's time is for not knowing this one: by an estimate it is unsure by a fifth, after one
      // placement by some per cent.
      const double unsure = have_[k] == 0 ? 0.2 : 0.04 / (1 + have_[k]);
      const double any = random_unit(rng_);
      values[k] = (1e-12 + shares_[k] * unsure) * (scatter_ ? .25 + 1.5 * any : 1 + 1e-3 * any);
    }
    double sum = 0;
    double squares = 0;
    for (const double v : values) {
      sum += v;
      squares += v * v;
    }
    const double typical = squares / sum;  // of what a random unit of value belongs to
    cover_.weigh(values, std::move(costs));
    covering_network<Space> found = cover_.best();
    if (found.value <= 0) return std::nullopt;
    // The network that brings most is no ordinary one, and kernels in it are up to some per cent faster than elsewhere:
    // a random network that brings a part of that is better. It is drawn with as little tilt towards its kernels as is
    // enough.
    const double enough = least_part * found.value;
    std::vector<double> tilts(count_);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      for (std::size_t k = 0; k < count_; ++k) tilts[k] = tilt_ * std::min(1.0, values[k] / typical);
      const covering_network<Space> drawn = cover_.draw(tilts, rng_);
      if (drawn.value >= enough) {
        tilt_ = std::max(least_tilt, tilt_ / 1.2);
        found = drawn;
        break;
      }
      tilt_ *= 1.3;
    }
    found.cost += network_s;
    return found;
  }

  /// As if a network had been measured, to plan ahead.
  void assume(const candidate<Space>& c) {
    std::vector<bool> seen(count_, false);
    trellis_->walk(c, [&](std::int32_t group, int) {
      for (const std::int32_t number : trellis_->groups()[static_cast<std::size_t>(group)]) {
        const auto k = static_cast<std::size_t>(number);
        if (wanted_[k] > 0 && !seen[k]) {
          --wanted_[k];
          ++have_[k];
        }
        seen[k] = true;
      }
    });
  }

  /// From now on chooses less greedily: other processes that fill the table must not all do the same.
  void scatter() { scatter_ = true; }

 private:
  static constexpr double network_s = 0.05;      ///< of measuring a network whatever it is
  static constexpr double compile_s = 0.002;     ///< of a kernel
  static constexpr double least_part = 1.0 / 3;  ///< of the value that a network can have
  static constexpr double least_tilt = 0.25;
  static constexpr int most_attempts = 60;

  const kernel_trellis<Space>* trellis_;
  const latency_table* table_;
  network_cover<Space> cover_;
  random_engine rng_;
  std::size_t count_;
  std::vector<bool> asked_;
  std::vector<int> wanted_;
  std::vector<int> have_;
  std::vector<double> ms_;
  std::vector<double> shares_;
  std::optional<kernel_estimator> estimator_;
  std::size_t fitted_ = 0;
  double tilt_ = least_tilt;
  bool scatter_ = false;
};

}  // namespace detail

/// How many networks it takes to measure all that a table wants of a space, and about how long, before anything is run.
struct build_plan {
  std::size_t networks = 0;
  std::size_t kernels = 0;  ///< that the table lacks, and they bring
  double seconds = 0;
  bool complete = true;  ///< false where planning stopped at `most_networks`
};

/// Plans without measuring. The times rest on what the table knows, where it knows nothing on a guess: then they may be
/// wrong by a factor.
template <space Space>
build_plan plan_table(const kernel_trellis<Space>& trellis, const latency_table& table, std::size_t most_networks = 200,
                      const build_options& options = {}) {
  detail::build_planner<Space> planner(trellis, table, options);
  build_plan plan;
  const std::size_t at_first = planner.lacking();
  while (const auto found = planner.next()) {
    if (plan.networks == most_networks) {
      plan.complete = false;
      break;
    }
    ++plan.networks;
    plan.seconds += found->cost;
    planner.assume(found->what);
  }
  plan.kernels = at_first - planner.lacking();
  return plan;
}

template <space Space>
space_coverage coverage_of(const kernel_trellis<Space>& trellis, const latency_table& table) {
  space_coverage c{.kernels = trellis.kernels().size()};
  double all = 0;
  std::vector<double> ms;
  std::vector<bool> measured;
  for (const space_kernel& k : trellis.kernels()) {
    c.wanted += table.wanted(k.signature, {.replace_estimates = true}) > 0;
    all += k.per_network;
    const auto known = table.id(k.signature);
    const latency_entry* e = known ? &table.entries()[*known] : nullptr;
    ms.push_back(e != nullptr ? e->time.trimmed_mean_ms : 0);
    measured.push_back(e != nullptr && !e->estimated);
    if (e == nullptr) continue;
    (e->estimated ? c.estimated : c.measured) += 1;
    if (e->estimated) c.estimate_error = std::max(c.estimate_error, e->time.spread);
    else c.measured_share += k.per_network;
  }
  c.measured_share /= all;
  if (c.missing() > 0) return c;
  const std::vector<double> shares = network_cover(trellis).shares(std::move(ms));
  for (std::size_t k = 0; k < shares.size(); ++k) c.measured_time += measured[k] ? shares[k] : 0;
  return c;
}

/// Estimates all kernels of a space that were not measured, from those that were, in the place of earlier estimates of
/// them. Returns the error over all kernels left out one by one (see kernel_estimator::error); 0 where nothing is
/// to be estimated. \throws latency_table_error where nothing was measured
template <space Space>
double estimate_missing(const kernel_trellis<Space>& trellis, latency_table& table) {
  std::vector<kernel_time> measured;
  std::vector<const space_kernel*> open;
  for (const space_kernel& k : trellis.kernels()) {
    const auto known = table.id(k.signature);
    if (known && !table.entries()[*known].estimated)
      measured.push_back({k.what, std::max(1e-6, table.entries()[*known].time.trimmed_mean_ms)});
    else open.push_back(&k);
  }
  if (open.empty()) return 0;
  if (measured.empty())
    throw latency_table_error("latency.lacks_kernels", "latency table '" + table.path().string() + "', estimates",
                              "no measured kernel of the space, so nothing to estimate from",
                              "1 or more; measure some first");
  const kernel_estimator estimator(measured, table.description().type, table.options().batch);
  std::vector<latency_entry> estimates;
  for (const space_kernel* k : open) estimates.push_back(estimator.estimate(k->what));
  table.replace_estimates(estimates);
  return estimator.error();
}

/// Measures kernels of a space until the table has all that its options want, or the watch ends: each time the
/// random network of large value, where a kernel is worth how often it occurs times how long it takes times how unsure
/// its time is. Goes on where an earlier call ended, by a kill too; several processes may fill one
/// table. \throws latency_table_error, executor_error, space_error
template <space Space>
build_result build_table(const kernel_trellis<Space>& trellis, latency_table& table,
                         const build_options& options = {}) {
  const std::int64_t begin = wall_ns();
  const auto seconds = [&] { return static_cast<double>(wall_ns() - begin) * 1e-9; };
  table.refresh();
  detail::build_planner<Space> planner(trellis, table, options);
  build_result result;
  const std::size_t at_first = planner.placements_left();
  std::size_t shown = 0;
  constexpr int most_refused = 100;  // in a row
  int refused = 0;
  detail::watch_or_none watched(options.watch);
  std::optional<watch_job> job;
  job.emplace(*watched, std::string(trellis.space().name()) + ": placements of kernels", at_first);
  while (!watched->ended()) {
    const auto found = planner.next();
    if (!found) break;
    const network graph = to_network(trellis.space(), found->what);
    if (options.may_run && !options.may_run(graph)) {
      if (++refused == most_refused) break;
      planner.scatter();
      continue;
    }
    refused = 0;
    result.fill += table.measure_once(graph, {.replace_estimates = true});
    planner.look();
    if (result.fill.duplicates > 0) planner.scatter();
    const std::size_t done = at_first - std::min(at_first, planner.placements_left());
    if (done > shown) job->advance(done - shown);
    shown = std::max(shown, done);
  }
  job.reset();
  if (result.fill.networks > 0) table.refresh();
  table.check_in_place();
  result.fill.seconds = seconds();
  result.fill.missing = planner.remaining();
  if (options.estimate_rest && !watched->is_stopped()) estimate_missing(trellis, table);
  result.coverage = coverage_of(trellis, table);
  return result;
}

}  // namespace nascent
