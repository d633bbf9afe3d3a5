// SPDX-License-Identifier: Apache-2.0
// The main job: a declared space becomes a measured, scaled family on this machine.
//
// Declares a space of the EfficientNet-X kind, prints its size and cost range, measures kernels into a latency table,
// searches for the best network under a latency target, scales it to B0..B4, and measures the family beside
// EfficientNet-B0 and EfficientNet-X-B0.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <nascent/accuracy/model.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/io/family.hpp>
#include <nascent/latency/table.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/picture.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/report/report.hpp>
#include <nascent/reward/reward.hpp>
#include <nascent/scaling/lacs.hpp>
#include <nascent/search/search.hpp>
#include <nascent/timing/calibration.hpp>
#include <nascent/zoo/efficientnet.hpp>

using namespace nascent;

namespace {

/// The supplement's Table 4 around EfficientNet's stage plan. Every stage chooses its block type, kernel, expansion,
/// squeeze-and-excite, activation, width and depth; a trainable space-to-depth may come first, and then takes the
/// stride of stage 2.
inline constexpr auto family_space = define([] {
  constexpr auto stage = [](int filters) {
    constexpr auto acts = one_of(relu, swish);
    constexpr auto ratios = one_of(0, .125, .25, .5, 1);
    const auto widths = filters * one_of(.75, 1., 1.25);
    return either(
        mbconv{.filters = widths, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6), .se = ratios, .act = acts},
        fused_mbconv{.filters = widths, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6), .se = ratios, .act = acts});
  };
  return search_space("EfficientNet-X at 224")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = one_of(relu, swish)})
      .stride(2)
      .stage("reshape", space_to_depth{.factor = 2})
      .layers(range(0, 1))
      .stage("1", mbconv{.filters = one_of(16, 64),
                         .kernel = one_of(2, 3),
                         .expand = 1,
                         .se = one_of(0, .25),
                         .act = one_of(relu, swish)})
      .layers(1)
      .stage("2", stage(24))
      .stride(one_of(1, 2))
      .layers(range(1, 3))
      .stage("3", stage(40))
      .stride(2)
      .layers(range(1, 3))
      .stage("4", stage(80))
      .stride(2)
      .layers(range(1, 4))
      .stage("5", stage(112))
      .layers(range(1, 4))
      .stage("6", stage(192))
      .stride(2)
      .layers(range(1, 5))
      .stage("7", stage(320))
      .layers(range(1, 2))
      .head(conv{.filters = 1280, .kernel = 1, .act = one_of(relu, swish)}, global_pool{}, dense{1000})
      .require("reshape.layers", "2.stride", [](int reshapes, int stride) { return stride == (reshapes == 1 ? 1 : 2); })
      .require("reshape.layers", "1.filters",
               [](int reshapes, int filters) { return (reshapes == 1) == (filters == 64); });
});
static_assert(family_space.size() > 1e19);

using family_type = std::remove_cvref_t<decltype(family_space)>;

struct settings {
  double target_ms = 0;  // 0: as fast as EfficientNet-B0 on this machine
  int threads = 1;
  std::string kernels = "fastest";
  std::string dtype = "f32";
  std::size_t trials = 2000;
  std::uint64_t seed = 1;
  std::string out = "family";
  double budget_s = 200;
};

settings parse(int argc, char** argv, bool& stop, int& status) {
  settings s;
  CLI::App app{
      "Designs a family of convolutional networks for this CPU: searches a declared space under a latency target, "
      "scales the best\n"
      "network to B0..B4, measures it, and writes family.json and report.html."};
  app.add_option("--target-ms", s.target_ms,
                 "latency target in ms for one image; 0 takes what EfficientNet-B0 needs on this machine")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threads", s.threads, "threads of the executor")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--kernels", s.kernels, "who computes: oneDNN alone, or per kernel the fastest of oneDNN and nascent")
      ->check(CLI::IsMember({"fastest", "onednn"}))
      ->capture_default_str();
  app.add_option("--dtype", s.dtype, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  app.add_option("--trials", s.trials, "networks that the search may try")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", s.seed, "seed of the search")->capture_default_str();
  app.add_option("--out", s.out, "folder for latency.db, family.json, report.html; a latency.db there is continued")
      ->capture_default_str();
  app.add_option("--budget-s", s.budget_s, "seconds for everything, about")
      ->check(CLI::Range(20.0, 1e6))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    stop = true;
    status = app.exit(e);
  }
  return s;
}

/// One line of the final table.
struct entry {
  std::string name;
  network graph;
  costs cost;
  latency_prediction predicted;
  sample_summary measured;
  std::optional<paired_ratio> against_b0;
  accuracy_estimate accuracy;
};

costs cost_of(const network& graph, data_type type) {
  cost_counter counter({.type = type});
  for (const layer& l : graph.layers()) counter(l);
  return counter.total();
}

std::string fixed(double value, int digits) {
  char out[48];
  std::snprintf(out, sizeof out, "%.*f", digits, value);
  return out;
}

std::vector<std::string> cells(const entry& e) {
  const auto scaled_by = [](std::int64_t n, double unit) { return static_cast<double>(n) * unit; };
  return {e.name,
          fixed(scaled_by(e.cost.params, 1e-6), 2),
          fixed(scaled_by(e.cost.macs, 1e-6), 0),
          fixed(e.cost.operational_intensity(), 1),
          fixed(e.predicted.ms, 2),
          fixed(e.measured.median_ms, 2),
          fixed(100 * e.measured.spread, 1) + "%",
          e.against_b0 ? fixed(e.against_b0->median, 3) + " (" + fixed(e.against_b0->low, 3) + ".." +
                             fixed(e.against_b0->high, 3) + ")"
                       : "",
          fixed(e.accuracy.top1, 2) + " \xC2\xB1 " + fixed(e.accuracy.standard_error, 2) +
              (e.accuracy.in_domain ? "" : " (outside)")};
}

const std::vector<std::string> columns{"network",      "params M",    "MACs M", "ops/byte",
                                       "predicted ms", "measured ms", "spread", "time / EfficientNet-B0 (95 %)",
                                       "est. top-1 %"};

void print(const std::vector<entry>& entries) {
  std::printf("\n%-22s %8s %8s %8s %12s %12s %7s  %-26s %s\n", "network", "params M", "MACs M", "ops/byte",
              "predicted ms", "measured ms", "spread", "time / B0 (95 %)", "est. top-1 %");
  for (const entry& e : entries) {
    const auto c = cells(e);
    std::printf("%-22s %8s %8s %8s %12s %12s %7s  %-26s %s\n", c[0].c_str(), c[1].c_str(), c[2].c_str(), c[3].c_str(),
                c[4].c_str(), c[5].c_str(), c[6].c_str(), c[7].c_str(), c[8].c_str());
  }
}

/// Measures the first three entries interleaved, round by round, and the others one after another.
void measure_all(std::vector<entry>& entries, onednn::executor& cpu, double seconds) {
  std::vector<onednn::compiled> rivals;
  for (std::size_t i = 0; i < 3; ++i) rivals.push_back(prepare(cpu, entries[i].graph));
  std::vector<std::function<void()>> runs;
  for (onednn::compiled& c : rivals) runs.emplace_back([&c] { c.run(); });
  const auto found = compare(runs, {.measure = {.half_width = 0.005, .budget_ms = 500 * seconds}});
  entries[0].measured = found[0].first;
  for (std::size_t i = 1; i < 3; ++i) {
    entries[i].measured = found[i - 1].second;
    entries[i].against_b0 = found[i - 1].ratio;
  }
  for (std::size_t i = 3; i < entries.size(); ++i) {
    auto compiled = prepare(cpu, entries[i].graph);
    entries[i].measured = measure(
        compiled,
        {.min_samples = 9, .half_width = 0.005, .budget_ms = 500 * seconds / static_cast<double>(entries.size() - 3)});
  }
}

int run(const settings& s) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  const data_type type = parse_data_type(s.dtype);
  const std::filesystem::path folder = s.out;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw file_error("file.write", "folder '" + folder.string() + "'", failed.message(),
                     "a folder that can be made; choose another with --out");

  std::printf("1. Space '%s': %s networks, %zu decisions, %.0f to %.0f million MACs, %.1f to %.1f million parameters\n",
              family_space.name(), to_decimal(family_space.size()).c_str(), family_space.slot_count,
              static_cast<double>(min_macs(family_space)) * 1e-6, static_cast<double>(max_macs(family_space)) * 1e-6,
              static_cast<double>(min_params(family_space)) * 1e-6,
              static_cast<double>(max_params(family_space)) * 1e-6);

  onednn::executor cpu{
      {.threads = s.threads, .type = type, .kernels = s.kernels == "onednn" ? kernel_library{} : own_kernels()}};
  const device_description device = cpu.description();
  std::printf("   on %s, %s, %s, %d thread(s), %s\n", device.device.c_str(), device.library.c_str(), device.isa.c_str(),
              device.threads, to_string(device.type));

  // A rough time per kernel is enough to search by; what matters is measured again at the end.
  latency_table table{
      folder / "latency.db", cpu, {.measure = {.warm_up = 1, .min_samples = 6, .half_width = 0.02, .budget_ms = 150}}};
  const network b0 = to_network(zoo::efficientnet_b0.only());
  const network x_b0 = to_network(zoo::efficientnet_x_b0.only());
  progress bar;
  std::printf("2. Latency table %s: %zu kernels known\n", table.path().c_str(), table.size());
  std::fflush(stdout);
  random_engine rng(s.seed);
  std::vector<network> samples{b0, x_b0};
  const accuracy_model judge;
  while (samples.size() < 40) {  // networks like those that the search starts from
    network graph = to_network(family_space.sample(rng));
    if (count(family_space.sample(rng)).macs < 3'000'000'000 && judge(graph).in_domain)
      samples.push_back(std::move(graph));
  }
  table.measure_missing(samples, {.bar = &bar, .budget_s = 0.15 * s.budget_s});
  const double target = s.target_ms > 0 ? s.target_ms : table.latency(b0);

  std::printf(
      "3. Search: up to %zu networks, regularised evolution, seed %llu; accuracy (estimated) under %.2f ms (%s)\n",
      s.trials, static_cast<unsigned long long>(s.seed), target,
      s.target_ms > 0 ? "--target-ms" : "what EfficientNet-B0 is predicted to take");
  std::fflush(stdout);
  const auto accuracy = [&](const network& graph) -> std::optional<double> {
    const accuracy_estimate e = judge(graph);
    return e.in_domain ? std::optional(e.top1) : std::nullopt;
  };
  const double search_end = seconds() + 0.45 * s.budget_s;
  bar.begin("searching", s.trials);
  std::size_t shown = 0;
  const auto found =
      search(family_space, accuracy, std::ref(table), mnas_hard{.target_ms = target},
             {.trials = s.trials,
              .seed = s.seed,
              .progress = [&](const search_progress& p) { bar.advance(p.done - std::exchange(shown, p.done)); },
              .stop = [&] { return seconds() > search_end; }});
  bar.finish();
  const auto& best = found.best();
  std::printf(
      "   best of %zu: estimated %.2f %% at %.2f ms (EfficientNet-B0: %.2f %% at %.2f ms), %zu networks on the front, "
      "%zu kernels in the table\n",
      found.history.size(), best.metrics->accuracy, best.metrics->latency_ms, judge(b0).top1, table.latency(b0),
      found.front.size(), table.size());
  for (std::size_t k = 0; k < family_space.slot_count; ++k)
    if (best.candidate.digits[k] != inactive)
      std::printf("%s%s = %s", k == 0 ? "   " : ", ", family_space.slot(k).path.c_str(),
                  family_space.value(k, best.candidate.digits[k]).text().c_str());
  std::printf("\n");

  std::printf(
      "4. Scaling (LACS): depth, width and resolution compared at 3 x the base's latency (B3), then solved for levels "
      "B1..B4\n");
  std::fflush(stdout);
  const double base_ms = table.latency(to_network(best.candidate));
  const double scaling_end = seconds() + 0.2 * s.budget_s;
  std::size_t scaled_so_far = 0;
  // Compared at B3: at 1.5 times the latency more resolution alone looks best, and then saturates.
  const lacs_options how{
      .targets_ms = {1.5 * base_ms, 2 * base_ms, 3 * base_ms, 5 * base_ms},
      .search_level = 3,
      .divisions = 4,
      .refinements = 1,
      .also = {{1.2, 1.1, 1.15}, {1.28, 1.17, 1.07}},
      // A shared machine may be slow for a minute: then a level is smaller than it could be, which step 5 shows.
      .phi = {.fall_allowed = 0.5},
      .progress =
          [&](const lacs_progress& p) {
            if (p.done == 1) bar.begin("scaling", p.total);
            bar.advance(p.done - std::exchange(scaled_so_far, p.done));
          },
      .stop = [&] { return seconds() > scaling_end; }};
  const auto family = lacs(best.candidate, accuracy, std::ref(table), how);
  bar.finish();
  std::printf(
      "   alpha %.3f (depth), beta %.3f (width), gamma %.3f (resolution) of %zu triplets; %zu networks measured\n",
      family.coefficients.alpha, family.coefficients.beta, family.coefficients.gamma, family.trials.size(),
      family.latency_calls);

  std::printf("5. Measuring: EfficientNet-B0, EfficientNet-X-B0 and this family's B0 in turns, then B1..B4\n");
  std::fflush(stdout);
  std::vector<entry> entries;
  const auto add = [&](const std::string& name, const network& graph) {
    entries.push_back({.name = name,
                       .graph = graph,
                       .cost = cost_of(graph, type),
                       .predicted = {},
                       .measured = {},
                       .against_b0 = {},
                       .accuracy = judge(graph)});
    if (!table.predict(graph).complete()) table.measure_missing(graph);
    entries.back().predicted = table.predict(graph);
  };
  add("EfficientNet-B0", b0);
  add("EfficientNet-X-B0", x_b0);
  for (std::size_t i = 0; i < family.levels.size(); ++i)
    add("this family, B" + std::to_string(i), to_network(family.levels[i].candidate, "B" + std::to_string(i)));
  measure_all(entries, cpu, 0.1 * s.budget_s);
  print(entries);
  std::printf(
      "\nTop-1 is estimated by a model fitted to published networks (docs/accuracy.md); it stands in for training, and "
      "differences below\n"
      "about 0.7 points between networks of one size are ties. Times: median of interleaved runs (first three) or of "
      "one run after another.\n");

  const device_roofs roofs = measure_roofs(cpu);
  family_record<family_type> record{.name = "designed by examples/design_family"};
  record.about = {{"device", device.device},
                  {"library", device.library},
                  {"isa", device.isa},
                  {"threads", device.threads},
                  {"dtype", to_string(type)},
                  {"seed", s.seed},
                  {"target_ms", target},
                  {"trials", found.history.size()},
                  {"alpha", family.coefficients.alpha},
                  {"beta", family.coefficients.beta},
                  {"gamma", family.coefficients.gamma}};
  for (std::size_t i = 0; i < family.levels.size(); ++i) {
    const entry& e = entries[i + 2];
    record.levels.push_back(
        {.name = "B" + std::to_string(i),
         .network = family.levels[i].candidate,
         .cost = e.cost,
         .latency = {.predicted_ms = e.predicted.ms,
                     .measured_ms = e.measured.median_ms,
                     .spread_ms = e.measured.spread * e.measured.median_ms,
                     .samples = static_cast<int>(e.measured.count)},
         .accuracy = {
             .top1 = e.accuracy.top1, .standard_error = e.accuracy.standard_error, .source = "accuracy model"}});
  }
  write_family(folder / "family.json", record);

  pareto_figure pareto{.title = "Networks tried, estimated accuracy against predicted latency", .target = target};
  for (const auto& t : found.history)
    if (t.is_usable() && t.metrics->latency_ms < 6 * target)
      pareto.trials.push_back({.x = t.metrics->latency_ms, .y = t.metrics->accuracy});
  roofline_figure roofline{.title =
                               "Roofline of this machine, " + std::to_string(s.threads) + " thread(s), " + s.dtype};
  for (const bandwidth_sample& b : roofs.bandwidths)
    roofline.bandwidths.push_back({b.bytes < (std::size_t{1} << 20)    ? "512 KiB"
                                   : b.bytes < (std::size_t{64} << 20) ? "8 MiB"
                                                                       : "256 MiB",
                                   b.gb_per_s});
  roofline.peaks.push_back({"best convolution", roofs.peak_gops});
  report_table results{
      .columns = columns,
      .caption =
          "Predicted: sum of kernels from the latency table. Measured: median, with the distance of the quartiles."};
  for (const entry& e : entries) {
    pareto.models.push_back(
        {.x = e.measured.median_ms, .y = e.accuracy.top1, .label = e.name, .y_error = e.accuracy.standard_error});
    roofline.networks.push_back({.x = e.cost.operational_intensity(),
                                 .y = 2e-6 * static_cast<double>(e.cost.macs) / e.measured.median_ms,
                                 .label = e.name});
    results.rows.push_back(cells(e));
  }
  results.highlighted = {2};
  html_report report("A family of networks for this machine", device.device + ", " + device.library + ", " +
                                                                  device.isa + ", " + std::to_string(device.threads) +
                                                                  " thread(s), " + s.dtype);
  char size_text[32];
  std::snprintf(size_text, sizeof size_text, "%.2g", static_cast<double>(family_space.size()));
  report.tiles(
      {{"networks in the space", size_text, std::string("exactly ") + to_decimal(family_space.size()).c_str()},
       {"tried", std::to_string(found.history.size()), std::to_string(table.size()) + " kernels measured"},
       {"this family's B0", fixed(entries[2].measured.median_ms, 2) + " ms", "target " + fixed(target, 2) + " ms"},
       {"estimated top-1", fixed(entries[2].accuracy.top1, 1) + " %",
        "EfficientNet-B0: " + fixed(entries[0].accuracy.top1, 1) + " %"}});
  report.section("Results").table(std::move(results));
  report.text(
      "Top-1 is an estimate of a model fitted to published networks; it stands in for training. Differences below "
      "about 0.7 points between networks of one "
      "size are ties.");
  report.section("Accuracy and latency").figure(to_svg(pareto_plot(pareto)));
  report.section("Roofline")
      .figure(to_svg(roofline_plot(roofline)),
              "Roofs measured in this run: the best of four large convolutions, and reading memory with one thread.");
  report.section("The best network").figure(to_svg(to_network(best.candidate, "this family, B0")));
  report.section("The space").figure(to_svg(family_space));
  write_file(folder / "report.html", report.str());
  std::printf("\nWrote %s and %s in %.0f s.\n", (folder / "family.json").c_str(), (folder / "report.html").c_str(),
              seconds());
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  bool stop = false;
  int status = 0;
  const settings s = parse(argc, argv, stop, status);
  return stop ? status : run(s);
} catch (const std::exception& e) {
  std::cerr << "design_family: " << e.what() << '\n';
  return 1;
}
