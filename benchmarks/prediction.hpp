// SPDX-License-Identifier: Apache-2.0
/// \file
/// How well a latency table predicts networks that it was not built from, on any executor. Random networks to predict
/// are drawn and set aside; the table is filled from other random networks, and where a kernel is still missing, from a
/// mutation of the network that has it; then every network set aside is measured as a whole. Prints errors, writes a
/// scatter plot.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include <nascent/io/file.hpp>
#include <nascent/io/plot.hpp>
#include <nascent/latency/table.hpp>
#include <nascent/nascent.hpp>

namespace prediction {

using namespace nascent;

struct settings {
  int networks = 100;
  int pool = 40;
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
};

struct outcome {
  double predicted = 0;
  double measured = 0;
  double spread = 0;
  double deviation = 0;  ///< by placement, as the table expects it, relative
  bool inside = false;   ///< the prediction's interval
  double error() const { return predicted / measured - 1; }
};

inline std::vector<double> ranks(const std::vector<outcome>& all, double outcome::*value) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all[a].*value < all[b].*value; });
  std::vector<double> rank(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<double>(i);
  return rank;
}

/// Spearman's rank correlation; times have no ties.
inline double rank_correlation(const std::vector<outcome>& all) {
  const std::vector<double> a = ranks(all, &outcome::predicted);
  const std::vector<double> b = ranks(all, &outcome::measured);
  double sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  const auto n = static_cast<double>(all.size());
  return n < 2 ? 0 : 1 - 6 * sum / (n * (n * n - 1));
}

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
  const auto is_aside = [&](const candidate_type& c) {
    return std::find(aside.begin(), aside.end(), c) != aside.end();
  };
  std::vector<network> pool;
  while (static_cast<int>(pool.size()) < s.pool)
    if (const auto c = draw(space, rng, s.most_gmacs); !is_aside(c))
      pool.push_back(to_network(c, "pool " + std::to_string(pool.size())));

  latency_table table(
      std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + ".db"), device,
      {.batch = s.batch,
       .placements = {.least = s.placements,
                      .most = std::max(s.placements, s.most_placements),
                      .average = s.average == "median" ? placement_average::median : placement_average::mean}});
  progress bar;
  fill_result filled = table.measure_missing(pool, {.bar = &bar, .budget_s = s.fill_s});

  // What the pool does not have: from mutations that keep the kernel. Each is another network than those set aside.
  std::vector<network> more;
  std::unordered_set<std::string> found;
  std::size_t left_out = 0;
  for (const candidate_type& c : aside) {
    for (const kernel& k : fuse(to_network(c))) {
      const std::string signature = k.signature();
      if (table.id(signature) || found.contains(signature)) continue;
      bool kept = false;
      for (int attempt = 0; attempt < 50 && !kept; ++attempt) {
        candidate_type other = c;
        for (int step = 0; step < 3; ++step) other = mutate(other, rng);
        if (is_aside(other)) continue;
        network graph = to_network(other, "mutation " + std::to_string(more.size()));
        for (const kernel& m : fuse(graph)) kept = kept || m.signature() == signature;
        if (!kept) continue;
        for (const kernel& m : fuse(graph)) found.insert(m.signature());
        more.push_back(std::move(graph));
      }
      left_out += kept ? 0 : 1;
    }
  }
  const fill_result mutated =
      table.measure_missing(more, {.bar = &bar, .budget_s = std::max(1e-3, s.fill_s - filled.seconds)});

  std::vector<outcome> outcomes;
  bar.begin("measuring " + std::to_string(s.networks) + " networks set aside", aside.size());
  for (const candidate_type& c : aside) {
    const network graph = to_network(c);
    const latency_prediction p = table.predict(graph);
    if (p.complete()) {
      auto compiled = prepare(device, graph, s.batch, s.seed);
      const sample_summary t =
          measure(compiled, {.warm_up = 2, .min_samples = 12, .half_width = .005, .budget_ms = 1500});
      outcomes.push_back({p.ms, t.trimmed_mean_ms, t.spread, p.placement_deviation_ms / p.ms,
                          p.low_ms <= t.trimmed_mean_ms && t.trimmed_mean_ms <= p.high_ms});
    }
    bar.advance(1);
  }
  bar.finish();
  if (outcomes.size() < 2)
    throw std::runtime_error(std::string(space.name()) + ": " + std::to_string(outcomes.size()) + " of " +
                             std::to_string(aside.size()) +
                             " networks have all their kernels in the table; more time to fill it is needed");

  double absolute = 0;
  double bias = 0;
  double worst = 0;
  int within_5 = 0;
  int within_10 = 0;
  int inside = 0;
  double deviation = 0;
  plot_series points{.name = "networks"};
  for (const outcome& o : outcomes) {
    absolute += std::fabs(o.error());
    bias += o.error();
    worst = std::max(worst, std::fabs(o.error()));
    within_5 += std::fabs(o.error()) <= .05 ? 1 : 0;
    within_10 += std::fabs(o.error()) <= .10 ? 1 : 0;
    inside += o.inside ? 1 : 0;
    deviation += o.deviation;
    points.points.push_back({.x = o.measured, .y = o.predicted});
  }
  const auto n = static_cast<double>(outcomes.size());
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
  const nlohmann::json result{{"space", space.name()},
                              {"dtype", s.dtype},
                              {"batch", s.batch},
                              {"networks", outcomes.size()},
                              {"networks_not_in_table", aside.size() - outcomes.size()},
                              {"kernels", table.size()},
                              {"networks_in_table", filled.networks + mutated.networks},
                              {"kernels_never_found", left_out},
                              {"mean_absolute_error", absolute / n},
                              {"bias", bias / n},
                              {"worst", worst},
                              {"within_5_percent", within_5 / n},
                              {"within_10_percent", within_10 / n},
                              {"rank_correlation", rank_correlation(outcomes)},
                              {"within_interval", inside / n},
                              {"expected_placement_deviation", deviation / n},
                              {"placements", filled.placements + mutated.placements},
                              {"least_placements", s.placements},
                              {"average", s.average},
                              {"fastest_ms", fastest->measured},
                              {"slowest_ms", slowest->measured},
                              {"seconds_filling", filled.seconds + mutated.seconds}};
  std::printf(
      "%-22s %-5s %4zu networks %5zu kernels  error %.2f %%  bias %+.2f %%  within 5 %%: %.0f %%  10 %%: %.0f %%  "
      "worst %.1f %%  rank correlation %.4f\n",
      space.name(), s.dtype.c_str(), outcomes.size(), table.size(), 100 * absolute / n, 100 * bias / n,
      100 * within_5 / n, 100 * within_10 / n, 100 * worst, rank_correlation(outcomes));
  std::fflush(stdout);
  return result;
}

}  // namespace prediction
