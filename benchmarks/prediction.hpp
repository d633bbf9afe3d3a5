// SPDX-License-Identifier: Apache-2.0
/// \file
/// How well a latency table predicts networks that it was not built from, on any executor. Random networks to predict
/// are drawn and set aside; the table is filled with all their kernels from other networks of the space
/// (build_table.hpp); then every network set aside is measured as a whole, in turns with a few references. Prints
/// errors, writes a scatter plot.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "prediction_errors.hpp"
#include "sweeps.hpp"
#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/watch.hpp>
#include <nascent/latency/build_table.hpp>
#include <nascent/latency/table.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/plot.hpp>

namespace prediction {

using namespace nascent;

struct settings {
  int networks = 100;
  int pool = 40;       ///< random networks that fill the table first
  int references = 3;  ///< networks that the others are timed against
  int sweeps = 2;      ///< how often each network is measured, some minutes apart
  int threads = 1;
  std::string kernels = "fastest";
  std::string dtype = "f32";
  std::uint64_t seed = 1;
  double most_gmacs = 3;
  int batch = 1;
  double fill_s = std::numeric_limits<double>::infinity();  ///< no network is started for the table after this time
  int placements = 3;
  int most_placements = 8;
  std::string average = "mean";
  std::string out = "build/predict";
  const std::atomic<int>* stop = nullptr;  ///< of every watch, see watch_options
};

/// A random candidate below the limit of MACs: a space's largest networks take seconds.
template <class Space>
auto draw(const Space& space, random_engine& rng, double most_gmacs) {
  while (true) {
    const auto c = space.sample(rng);
    if (static_cast<double>(count(c).macs) < most_gmacs * 1e9) return c;
  }
}

/// Executor and space are any; times are those of the whole batch.
template <class Space, executor Executor>
nlohmann::json study(const Space& space, const settings& s, Executor& device) {
  random_engine rng(s.seed);
  using candidate_type = typename Space::candidate_type;
  std::vector<candidate_type> aside;
  for (int i = 0; i < s.networks; ++i) aside.push_back(draw(space, rng, s.most_gmacs));
  // Neither the table nor what the machine's speed is read from may see them.
  std::unordered_set<std::string> contents_aside;
  std::unordered_set<std::string> kernels_aside;
  const auto content = [](const network& graph) {
    std::string all;
    for (const kernel& k : fuse(graph)) all += k.signature() + '\n';
    return all;
  };
  for (const candidate_type& c : aside) {
    const network graph = to_network(c);
    contents_aside.insert(content(graph));
    for (const kernel& k : fuse(graph)) kernels_aside.insert(k.signature());
  }
  const auto may_run = [&](const network& graph) {
    double all = 0;
    for (const kernel& k : fuse(graph)) all += static_cast<double>(macs(k.core));
    return all < 2 * s.most_gmacs * 1e9 && !contents_aside.contains(content(graph));
  };

  latency_table table(
      std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + ".db"), device,
      {.batch = s.batch,
       .placements = {.least = s.placements,
                      .most = std::max(s.placements, s.most_placements),
                      .average = s.average == "median" ? placement_average::median : placement_average::mean}});
  std::vector<network> pool;
  while (static_cast<int>(pool.size()) < s.pool)
    if (network graph = to_network(draw(space, rng, s.most_gmacs), "pool " + std::to_string(pool.size()));
        may_run(graph))
      pool.push_back(std::move(graph));
  watch filling({.seconds = s.fill_s, .stop = s.stop});
  const fill_result from_pool = table.measure_missing(pool, {.watch = &filling});
  const kernel_trellis trellis(space);
  const build_result built = build_table(trellis, table,
                                         {.watch = &filling,
                                          .seed = s.seed,
                                          .wants = [&](const std::string& k) { return kernels_aside.contains(k); },
                                          .may_run = may_run});
  filling.throw_if_stopped();
  fill_result filled = from_pool;
  filled += built.fill;

  // A machine is not the same from minute to minute. Each network is timed in turns with one of a few others whose
  // kernels the table knows, and takes its share of what that one takes over the whole time.
  using compiled_type = decltype(prepare(device, to_network(aside.front()), s.batch, s.seed));
  constexpr bool by_device =
      self_timed_network<compiled_type>;  // nothing else disturbs its clock, and `measure` sees when it slows down
  std::vector<compiled_type> references;
  double references_predicted = 0;
  if constexpr (!by_device) {
    const int wanted_references = std::min(s.references, s.networks);
    random_engine reference_rng(s.seed + 1);
    std::vector<candidate_type> some;
    while (static_cast<int>(some.size()) < 10 * wanted_references)
      if (const candidate_type c = draw(space, reference_rng, s.most_gmacs); may_run(to_network(c))) some.push_back(c);
    std::ranges::sort(some, {}, [](const candidate_type& c) { return count(c).macs; });
    std::vector<network> small;
    for (int i = 0; i < wanted_references; ++i) small.push_back(to_network(some[static_cast<std::size_t>(i)]));
    watch rest({.stop = s.stop});
    table.measure_missing(small, {.watch = &rest, .placements = 3});
    rest.throw_if_stopped();
    for (const network& graph : small) {
      references_predicted += table.predict(graph).ms;
      references.push_back(prepare(device, graph, s.batch, s.seed));
    }
  }

  struct known_network {
    std::size_t number = 0;  // of those set aside
    network graph;
    latency_prediction prediction{};
  };
  std::vector<known_network> known;
  for (std::size_t i = 0; i < aside.size(); ++i) {
    network graph = to_network(aside[i]);
    if (const latency_prediction p = table.predict(graph); p.complete()) known.push_back({i, std::move(graph), p});
  }
  const auto demand_enough = [&](std::size_t networks) {
    if (networks < std::max<std::size_t>(2, references.size()))
      throw std::runtime_error(std::string(space.name()) + ": " + std::to_string(networks) + " of " +
                               std::to_string(aside.size()) +
                               " networks have all their kernels in the table; more time to fill it is needed");
  };
  demand_enough(known.size());

  // Several times, some minutes apart and compiled anew: how well a measurement predicts the next one is as good as any
  // table can be.
  const device_description where = table.description();
  sweep_file measured(std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + " measured.json"),
                      {{"space", space.name()},
                       {"seed", s.seed},
                       {"networks", s.networks},
                       {"references", s.references},
                       {"most_gmacs", s.most_gmacs},
                       {"batch", s.batch},
                       {"dtype", s.dtype},
                       {"threads", where.threads},
                       {"device", where.device},
                       {"library", where.library},
                       {"isa", where.isa}});
  std::vector<std::vector<double>> references_ms(references.size());
  const auto note_reference = [&](const sample& t) {
    if (!by_device) references_ms[t.reference].push_back(t.reference_ms);
  };
  for (const auto& sweep : measured.sweeps()) std::ranges::for_each(sweep, note_reference);
  // A minute in which the machine is slow, which the reference shows, is waited for; it slows down one network more
  // than another.
  constexpr double slow = 1.1;
  constexpr int most_again = 3;
  const auto is_slow = [&](const sample& t) {
    if (by_device || references_ms[t.reference].size() < 3) return false;
    return t.reference_ms > slow * ordered_sample(references_ms[t.reference]).median();
  };
  const auto measure_one = [&](const known_network& one, std::size_t reference) {
    auto compiled = prepare(device, one.graph, s.batch, s.seed);
    const measure_options how{.warm_up = 4, .min_samples = by_device ? 12 : 4, .half_width = .004, .budget_ms = 1000};
    if constexpr (by_device) {
      const sample_summary t = measure(compiled, how);
      return sample{
          .network = one.number, .ratio = t.trimmed_mean_ms, .alone_ms = t.trimmed_mean_ms, .spread = t.spread};
    } else {
      const comparison t = compare(references[reference], compiled, {.measure = how, .untimed = 12, .timed = 16});
      return sample{.network = one.number,
                    .reference = reference,
                    .reference_ms = t.first.trimmed_mean_ms,
                    .ratio = t.ratio.median,
                    .alone_ms = t.second.trimmed_mean_ms,
                    .spread = t.second.spread};
    }
  };
  std::size_t again_for_slowness = 0;
  const auto wanted_sweeps = static_cast<std::size_t>(s.sweeps);
  const std::size_t sweeps_done = std::min(wanted_sweeps, measured.sweeps().size());
  watch sweeping({.stop = s.stop});
  std::optional<watch_job> job;
  job.emplace(
      sweeping,
      "measuring " + std::to_string(known.size()) + " networks set aside, " + std::to_string(s.sweeps) + " times",
      (wanted_sweeps - sweeps_done) * known.size());
  while (measured.sweeps().size() < wanted_sweeps) {
    std::vector<sample> sweep;
    for (std::size_t i = 0; i < known.size(); ++i) {
      job->advance();
      sweeping.throw_if_stopped();  // whole sweeps are kept
      const std::size_t reference = by_device ? 0 : i % references.size();
      sample best = measure_one(known[i], reference);
      for (int again = 0; again < most_again && is_slow(best); ++again, ++again_for_slowness)
        if (const sample next = measure_one(known[i], reference); next.reference_ms < best.reference_ms) best = next;
      note_reference(best);
      sweep.push_back(best);
    }
    measured.add(std::move(sweep));
  }
  job.reset();

  const latency_table plain(table.path(), table.description(),
                            {.batch = s.batch, .read_only = true, .placements = {.common_effects = false}});
  std::vector<outcome> outcomes;
  std::vector<std::vector<const sample*>> samples(aside.size());
  for (const auto& sweep : measured.sweeps())
    for (const sample& t : sweep) samples[t.network].push_back(&t);
  for (const known_network& one : known) {
    if (samples[one.number].size() < measured.sweeps().size()) continue;  // the table did not know it yet
    const latency_prediction& p = one.prediction;
    outcome o{.predicted = p.ms,
              .plain = plain.predict(one.graph).ms,
              .low = p.low_ms,
              .high = p.high_ms,
              .deviation = p.placement_deviation_ms / p.ms};
    for (const sample* t : samples[one.number]) {
      o.reference = t->reference;
      o.by_sweep.push_back(t->ratio);
      o.alone.push_back(t->alone_ms);
      o.spread = t->spread;
    }
    outcomes.push_back(std::move(o));
  }
  demand_enough(outcomes.size());

  double machine = 1;  // now over when the table was filled
  double machine_spread = 0;
  if constexpr (!by_device) {
    std::vector<double> usual;
    for (std::vector<double>& times : references_ms) {
      const ordered_sample ordered(times);
      usual.push_back(ordered.median());
      machine_spread = std::max(machine_spread, ordered.maximum() / ordered.minimum() - 1);
    }
    for (outcome& o : outcomes)
      for (double& ms : o.by_sweep) ms *= usual[o.reference];
    machine = std::accumulate(usual.begin(), usual.end(), 0.0) / references_predicted;
  }
  for (outcome& o : outcomes) o.measured = geometric_mean(o.by_sweep);
  const error_summary errors = errors_of(outcomes, [](const outcome& o) { return o.error(); });
  // Predictions times what the references take now over what the table says of them.
  const error_summary at_speed =
      errors_of(outcomes, [&](const outcome& o) { return machine * o.predicted / o.measured - 1; });
  const error_summary of_plain_sums = errors_of(outcomes, [](const outcome& o) { return o.plain / o.measured - 1; });
  const error_summary of_alone =
      errors_of(outcomes, [](const outcome& o) { return o.predicted / geometric_mean(o.alone) - 1; });
  double again = 0;
  double squares = 0;
  double squares_of_measuring = 0;
  int inside = 0;
  double deviation = 0;
  plot_series points{.name = "networks"};
  for (const outcome& o : outcomes) {
    again += o.again();
    squares += std::pow(std::log(o.predicted / o.measured), 2);
    squares_of_measuring += o.sweep_variance() / static_cast<double>(o.by_sweep.size());
    inside += o.low <= o.measured && o.measured <= o.high ? 1 : 0;
    deviation += o.deviation;
    points.points.push_back({.x = o.measured, .y = o.predicted});
  }
  const auto n = static_cast<double>(outcomes.size());
  // What measured times are themselves off by does not belong to the table.
  const double table_error = std::sqrt(std::max(0.0, squares - squares_of_measuring) / n);
  const auto [fastest, slowest] = std::minmax_element(
      outcomes.begin(), outcomes.end(), [](const outcome& a, const outcome& b) { return a.measured < b.measured; });
  const plot_series equal{
      .name = "equal",
      .points = {{.x = fastest->measured, .y = fastest->measured}, {.x = slowest->measured, .y = slowest->measured}},
      .marker = plot_marker::none,
      .line = plot_line::dashed};
  const std::string title = std::string(space.name()) + ", " + s.dtype + ": predicted and measured";
  write_file(std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + ".svg"),
             to_svg(scatter_plot(title, {.title = "measured", .unit = "ms", .scale = axis_scale::log},
                                 {.title = "predicted", .unit = "ms", .scale = axis_scale::log}, {points, equal})));
  nlohmann::json each = nlohmann::json::array();
  for (const outcome& o : outcomes)
    each.push_back({{"predicted_ms", o.predicted},
                    {"measured_ms", o.measured},
                    {"sweeps_ms", o.by_sweep},
                    {"alone_ms", o.alone},
                    {"spread", o.spread},
                    {"low_ms", o.low},
                    {"high_ms", o.high}});
  const nlohmann::json result{{"space", space.name()},
                              {"dtype", s.dtype},
                              {"batch", s.batch},
                              {"networks", outcomes.size()},
                              {"networks_not_in_table", aside.size() - outcomes.size()},
                              {"kernels", table.size()},
                              {"networks_in_table", filled.networks},
                              {"kernels_not_measured", filled.missing},
                              {"mean_absolute_error_without_references", of_alone.mean_absolute},
                              {"machine_now_over_table", machine},
                              {"machine_spread_while_measuring", machine_spread},
                              {"sweeps", measured.sweeps().size()},
                              {"measured_again_in_slow_minutes", again_for_slowness},
                              {"placement_drift", table.effects().deviation()},
                              {"slowest_placement", table.effects().range().second},
                              {"mean_absolute_error", errors.mean_absolute},
                              {"mean_absolute_error_at_speed_of_references", at_speed.mean_absolute},
                              {"bias_at_speed_of_references", at_speed.bias},
                              {"within_5_percent_at_speed_of_references", at_speed.within_5},
                              {"mean_absolute_error_of_plain_sums", of_plain_sums.mean_absolute},
                              {"mean_absolute_difference_of_sweeps", again / n},
                              {"root_mean_square_error", std::sqrt(squares / n)},
                              {"root_mean_square_error_of_measured_times", std::sqrt(squares_of_measuring / n)},
                              {"root_mean_square_error_of_table", table_error},
                              {"bias", errors.bias},
                              {"worst", errors.worst},
                              {"within_5_percent", errors.within_5},
                              {"within_10_percent", errors.within_10},
                              {"rank_correlation", rank_correlation(outcomes)},
                              {"rank_correlation_of_sweeps", rank_correlation_of_sweeps(outcomes)},
                              {"within_interval", inside / n},
                              {"expected_placement_deviation", deviation / n},
                              {"placements", filled.placements},
                              {"least_placements", s.placements},
                              {"average", s.average},
                              {"fastest_ms", fastest->measured},
                              {"slowest_ms", slowest->measured},
                              {"seconds_filling", filled.seconds},
                              {"each", each}};
  std::printf(
      "%-22s %-5s %4zu networks %5zu kernels  error %.2f %% (sums as measured %.2f %%, measured again %.2f %%; root "
      "mean square %.2f %%, of it measuring %.2f %%, the table %.2f %%)  bias %+.2f %%  within 5 %%: %.0f %%  10 %%: "
      "%.0f %%  "
      "worst %.1f %%  rank correlation %.4f (of measured times with each other %.4f)  machine %.3f of the table's, "
      "%.1f %% apart: at its speed error %.2f %%, bias %+.2f %%, within 5 %%: %.0f %%; placements %.1f %% apart; %zu "
      "networks in %.0f s\n",
      space.name(), s.dtype.c_str(), outcomes.size(), table.size(), 100 * errors.mean_absolute,
      100 * of_plain_sums.mean_absolute, 100 * again / n, 100 * std::sqrt(squares / n),
      100 * std::sqrt(squares_of_measuring / n), 100 * table_error, 100 * errors.bias, 100 * errors.within_5,
      100 * errors.within_10, 100 * errors.worst, rank_correlation(outcomes), rank_correlation_of_sweeps(outcomes),
      machine, 100 * machine_spread, 100 * at_speed.mean_absolute, 100 * at_speed.bias, 100 * at_speed.within_5,
      100 * table.effects().deviation(), filled.networks, filled.seconds);
  std::fflush(stdout);
  return result;
}

}  // namespace prediction
