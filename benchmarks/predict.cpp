// SPDX-License-Identifier: Apache-2.0
// How well a latency table predicts networks that it was not built from. For each space: random networks to predict are drawn and set
// aside; the table is filled from other random networks, and where a kernel is still missing, from a mutation of the network that has it;
// then every network set aside is measured as a whole. Prints errors, writes JSON and a scatter plot for each space.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <string>
#include <unordered_set>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <nascent/executor/avx512.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/io/file.hpp>
#include <nascent/io/plot.hpp>
#include <nascent/latency/table.hpp>
#include <nascent/nascent.hpp>
#include <nascent/zoo/efficientnet.hpp>
#include <nascent/zoo/gpunet.hpp>
#include <nascent/zoo/tunas.hpp>

using namespace nascent;

namespace {

struct settings {
  int networks = 100;
  int pool = 40;
  int threads = 1;
  std::string kernels = "fastest";
  std::string dtype = "f32";
  std::uint64_t seed = 1;
  double most_gmacs = 3;
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

std::vector<double> ranks(const std::vector<outcome>& all, double outcome::*value) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all[a].*value < all[b].*value; });
  std::vector<double> rank(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<double>(i);
  return rank;
}

/// Spearman's rank correlation; times have no ties.
double rank_correlation(const std::vector<outcome>& all) {
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

template <class Space>
nlohmann::json study(const Space& space, const settings& s, onednn::executor& cpu) {
  random_engine rng(s.seed);
  using candidate_type = typename Space::candidate_type;
  std::vector<candidate_type> aside;
  for (int i = 0; i < s.networks; ++i) aside.push_back(draw(space, rng, s.most_gmacs));
  const auto is_aside = [&](const candidate_type& c) { return std::find(aside.begin(), aside.end(), c) != aside.end(); };
  std::vector<network> pool;
  while (static_cast<int>(pool.size()) < s.pool)
    if (const auto c = draw(space, rng, s.most_gmacs); !is_aside(c)) pool.push_back(to_network(c, "pool " + std::to_string(pool.size())));

  latency_table table(std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + ".db"), cpu,
                      {.placements = {.least = s.placements,
                                      .most = std::max(s.placements, s.most_placements),
                                      .average = s.average == "median" ? placement_average::median : placement_average::mean}});
  progress bar;
  fill_result filled = table.measure_missing(pool, {.bar = &bar});

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
  const fill_result mutated = table.measure_missing(more, {.bar = &bar});

  std::vector<outcome> outcomes;
  bar.begin("measuring " + std::to_string(s.networks) + " networks set aside", aside.size());
  for (const candidate_type& c : aside) {
    const network graph = to_network(c);
    const latency_prediction p = table.predict(graph);
    if (p.complete()) {
      auto compiled = prepare(cpu, graph, 1, s.seed);
      const sample_summary t = measure(compiled, {.warm_up = 2, .min_samples = 12, .half_width = .005, .budget_ms = 1500});
      outcomes.push_back({p.ms, t.trimmed_mean_ms, t.spread, p.placement_deviation_ms / p.ms, p.low_ms <= t.trimmed_mean_ms && t.trimmed_mean_ms <= p.high_ms});
    }
    bar.advance(1);
  }
  bar.finish();

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
  const auto [fastest, slowest] = std::minmax_element(outcomes.begin(), outcomes.end(), [](const outcome& a, const outcome& b) { return a.measured < b.measured; });
  const plot_series equal{.name = "equal",
                          .points = {{.x = fastest->measured, .y = fastest->measured}, {.x = slowest->measured, .y = slowest->measured}},
                          .marker = plot_marker::none,
                          .line = plot_line::dashed};
  const std::string title = std::string(space.name()) + ", " + s.dtype + ": predicted and measured";
  write_file(std::filesystem::path(s.out) / (std::string(space.name()) + " " + s.dtype + ".svg"),
             to_svg(scatter_plot(title, {.title = "measured", .unit = "ms", .scale = axis_scale::log}, {.title = "predicted", .unit = "ms", .scale = axis_scale::log},
                                 {points, equal})));
  const nlohmann::json result{{"space", space.name()},
                              {"dtype", s.dtype},
                              {"networks", outcomes.size()},
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
  std::printf("%-22s %-5s %4zu networks %5zu kernels  error %.2f %%  bias %+.2f %%  within 5 %%: %.0f %%  10 %%: %.0f %%  worst %.1f %%  rank correlation %.4f\n",
              space.name(), s.dtype.c_str(), outcomes.size(), table.size(), 100 * absolute / n, 100 * bias / n, 100 * within_5 / n, 100 * within_10 / n,
              100 * worst, rank_correlation(outcomes));
  std::fflush(stdout);
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  settings s;
  CLI::App app("How well a latency table predicts networks that it was not built from");
  app.add_option("--networks", s.networks, "networks to predict, for each space")->check(CLI::Range(2, 100000))->capture_default_str();
  app.add_option("--pool", s.pool, "other networks that fill the table first")->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_option("--threads", s.threads, "threads of the executor")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--kernels", s.kernels, "who computes: oneDNN alone, or per kernel the fastest of oneDNN and nascent")->check(CLI::IsMember({"fastest", "onednn"}))->capture_default_str();
  app.add_option("--dtype", s.dtype, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  app.add_option("--seed", s.seed, "of the random networks")->capture_default_str();
  app.add_option("--most-gmacs", s.most_gmacs, "leave larger networks out")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--placements", s.placements, "compilations that each kernel is measured in, at least")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--most-placements", s.most_placements, "the same where they disagree by more than 1 %")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--average", s.average, "of placements")->check(CLI::IsMember({"mean", "median"}))->capture_default_str();
  app.add_option("--out", s.out, "folder for tables, JSON and plots; tables that are there are used again")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::filesystem::create_directories(s.out);
  onednn::executor cpu{{.threads = s.threads,
                        .type = s.dtype == "bf16" ? data_type::bf16 : data_type::f32,
                        .kernels = s.kernels == "onednn" ? kernel_library{} : avx512_kernels()}};
  const device_description d = cpu.description();
  std::printf("%s, %s, %s, %d thread(s)\n", d.device.c_str(), d.library.c_str(), d.isa.c_str(), d.threads);
  nlohmann::json all = nlohmann::json::array();
  all.push_back(study(zoo::proxylessnas, s, cpu));
  all.push_back(study(zoo::efficientnet_x, s, cpu));
  all.push_back(study(zoo::gpunet_encoded, s, cpu));
  write_file(std::filesystem::path(s.out) / ("predict " + s.dtype + ".json"), nlohmann::json{{"device", d.device}, {"library", d.library}, {"isa", d.isa}, {"threads", d.threads}, {"studies", all}}.dump(2) + "\n");
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
