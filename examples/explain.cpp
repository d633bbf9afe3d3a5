// SPDX-License-Identifier: Apache-2.0
// Why is network A slower than network B here, in spite of fewer MACs? Both run on this CPU, every kernel is timed
// inside the running network and held against the measured roofs of the machine; the sentences at the end follow from
// the figures.
//
//   explain --first EfficientNet-B0 --second EfficientNet-X-B0 --dtype bf16 --batch 8 --html explain.html
//   explain --onnx mine.onnx --second ResNet-50         a model that PyTorch wrote, beside one of the zoo
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "cpu_options.hpp"
#include "onnx_model.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/report.hpp>
#include <nascent/report/roofline_plot.hpp>
#include <nascent/timing/calibration.hpp>
#include <nascent/timing/conclusions.hpp>
#include <nascent/timing/explanation.hpp>
#include <nascent/zoo/catalog.hpp>

using namespace nascent;

namespace {

/// What both networks and the machine gave.
struct findings {
  explained_network first;
  explained_network second;
  comparison whole;
  device_profile machine;
  std::vector<std::string> sentences{};
};

std::string percent(double part, double whole) { return whole == 0 ? "-" : fixed_text(100 * part / whole, 0); }

const std::vector<std::string> sum_columns{"",   "network", "kernels", "ms",  "time %",         "MMACs",   "MACs %",
                                           "MB", "I",       "GMAC/s",  "E %", "memory-bound %", "saving %"};

std::vector<std::string> sum_cells(const std::string& name, const explained_network& n, const kernel_sum& s) {
  const kernel_sum all = sum_of(n);
  return {name,
          n.name,
          std::to_string(s.kernels),
          fixed_text(s.ms, 3),
          percent(s.ms, all.ms),
          fixed_text(s.macs() * 1e-6, 1),
          percent(s.macs(), all.macs()),
          fixed_text(s.work.bytes * 1e-6, 2),
          fixed_text(s.work.intensity(), 1),
          fixed_text(s.ms == 0 ? 0 : s.macs() / s.ms * 1e-6, 1),
          percent(s.ideal_ms, s.ms),
          percent(s.memory_bound_ms, s.ms),
          percent(s.saving_ms, s.ms)};
}

std::vector<std::vector<std::string>> stage_rows(const findings& f) {
  std::vector<std::vector<std::string>> rows;
  for (const stage_pair& p : pair_stages(f.first, f.second)) {
    if (p.first.kernels > 0) rows.push_back(sum_cells(p.name, f.first, p.first));
    if (p.second.kernels > 0) rows.push_back(sum_cells(p.name, f.second, p.second));
  }
  rows.push_back(sum_cells("all", f.first, sum_of(f.first)));
  rows.push_back(sum_cells("all", f.second, sum_of(f.second)));
  return rows;
}

std::vector<std::vector<std::string>> group_rows(const findings& f) {
  std::vector<std::vector<std::string>> rows;
  const std::vector<kernel_sum> first = sums_by_group(f.first);
  const std::vector<kernel_sum> second = sums_by_group(f.second);
  for (int g = 0; g < kernel_group_count; ++g) {
    const std::string name = to_string(static_cast<kernel_group>(g));
    if (const kernel_sum* s = find_sum(first, name)) rows.push_back(sum_cells(name, f.first, *s));
    if (const kernel_sum* s = find_sum(second, name)) rows.push_back(sum_cells(name, f.second, *s));
  }
  return rows;
}

const std::vector<std::string> kernel_columns{"stage", "network", "kernel", "maps", "ms",      "MMACs",
                                              "MB",    "I",       "GMAC/s", "E %",  "bound by"};

std::vector<std::string> kernel_cells(const stage_pair& stage, const explained_network& n, std::size_t which) {
  const explained_kernel& k = n.kernels[which];
  return {stage.name,
          n.name,
          k.signature,
          k.types,
          fixed_text(k.at.latency_ms, 4),
          fixed_text(k.macs() * 1e-6, 2),
          fixed_text(k.at.work.bytes * 1e-6, 3),
          fixed_text(k.at.intensity(), 1),
          fixed_text(k.macs() / k.at.latency_ms * 1e-6, 1),
          k.saves_arithmetic() ? "saves" : fixed_text(100 * k.at.efficiency(), 0),
          to_string(k.at.bound())};
}

/// Every kernel, stage by stage, those of the first network before those of the second.
std::vector<std::vector<std::string>> kernel_rows(const findings& f) {
  std::vector<std::vector<std::string>> rows;
  for (const stage_pair& p : pair_stages(f.first, f.second)) {
    for (const std::size_t k : p.first_kernels) rows.push_back(kernel_cells(p, f.first, k));
    for (const std::size_t k : p.second_kernels) rows.push_back(kernel_cells(p, f.second, k));
  }
  return rows;
}

std::string machine_text(const findings& f, const device_description& d, int batch) {
  const peak_rate& peak = f.machine.peak(d.type);
  std::string text = describe(d) + ", batch " + std::to_string(batch) + ". Roofs: " + fixed_text(peak.tops * 1e3, 0) +
                     " Gops/s (" + std::string(peak.source.view()) + ")";
  for (const memory_level& cache : f.machine.caches())
    text += ", " + std::string(cache.name.view()) + " of " + fixed_text(cache.bytes / 1024, 0) + " KiB " +
            fixed_text(cache.gb_per_s, 1) + " GB/s";
  return text + ", " + std::string(f.machine.memory().name.view()) + " " + fixed_text(f.machine.memory().gb_per_s, 1) +
         " GB/s";
}

constexpr const char* meaning =
    "ms: mean of the middle 90 % inside the running network. MB: maps and weights that the kernel reads and writes. I: "
    "operations per byte, two per MAC. "
    "E: least time under the roofs over the time taken, with the maps in the nearest cache that holds them and the "
    "weights in the nearest that holds "
    "the whole network; above 100 % where they came from a nearer one. saves: the kernel does less arithmetic than is "
    "counted (Winograd), so its rate is an effective one; in sums its E is at most 100 %. saving %: time in such "
    "kernels.";

void write_report(const findings& f, const std::string& path, const std::string& machine, data_type type,
                  const std::string& command) {
  html_report report("Why " + f.first.name + " and " + f.second.name + " take the time they take", machine);
  const auto note = [](const explained_network& n, const sample_summary& time) {
    return fixed_text(sum_of(n).macs() * 1e-6, 0) + " MMACs" +
           (time.spread > .1 ? "; spreads by " + fixed_text(100 * time.spread, 0) + " % !" : "");
  };
  report.tiles({{f.first.name, fixed_text(f.whole.first.median_ms, 2) + " ms", note(f.first, f.whole.first)},
                {f.second.name, fixed_text(f.whole.second.median_ms, 2) + " ms", note(f.second, f.whole.second)},
                {"time, second / first", fixed_text(f.whole.ratio.median, 3),
                 fixed_text(f.whole.ratio.low, 3) + " to " + fixed_text(f.whole.ratio.high, 3) + " (95 %)"}});
  report.section("Conclusions");
  for (const std::string& s : f.sentences) report.text(s);
  report.section("Roofline");
  plot stages = roofline_plot(roofs_figure("Stages under the roofs of this machine", f.machine, type));
  stages.height = 560;
  plot_series first{.name = f.first.name, .marker = plot_marker::dot, .colour = 5};
  plot_series second{.name = f.second.name, .marker = plot_marker::square, .colour = 6};
  for (const stage_pair& p : pair_stages(f.first, f.second)) {
    const auto add = [&](plot_series& series, const kernel_sum& s) {
      if (s.work.operations > 0)
        series.points.push_back(
            roofline_point({.work = s.work, .under = roofs_of(f.machine, type), .latency_ms = s.ms}, p.name));
    };
    add(first, p.first);
    add(second, p.second);
  }
  stages.series.push_back(std::move(first));
  stages.series.push_back(std::move(second));
  report.figure(
      to_svg(stages),
      "Points are stages: all their kernels together. Effective rates count arithmetic that an algorithm saved.");
  report.section("By kind of kernel").table({.columns = sum_columns, .rows = group_rows(f), .caption = meaning});
  report.section("By stage")
      .table({.columns = sum_columns, .rows = stage_rows(f), .caption = "Stages are paired by name."});
  report.section("Kernel by kernel").table({.columns = kernel_columns, .rows = kernel_rows(f), .caption = meaning});
  report.origin({.command = command, .machine = machine});
  write_file(path, report.str());
}

}  // namespace

static int program(int argc, char** argv) {
  std::string first_name = "EfficientNet-B0";
  std::string second_name = "EfficientNet-X-B0";
  examples::cpu_options cpu_chosen;
  std::string html;
  std::vector<std::string> models;
  int resolution = 0;
  int batch = 1;
  double budget_s = 5;
  CLI::App app{
      "Explains the times of two networks on this CPU kernel by kernel: MACs, bytes, intensity, efficiency, bound."};
  app.add_option("--first", first_name, "a model of the zoo by its name")->capture_default_str();
  app.add_option("--second", second_name, "another")->capture_default_str();
  app.add_option("--onnx", models, "an ONNX model in the place of the first network; two in the places of both")
      ->expected(1, 2);
  app.add_option("--resolution", resolution, "px for both of the zoo; without, each model's own")
      ->check(examples::whole(1, network_limits::size));
  cpu_chosen.add_to(app);
  app.add_option("--batch", batch, "images per run")->check(examples::images())->capture_default_str();
  app.add_option("--budget-s", budget_s, "seconds for each of three measurements")
      ->check(examples::seconds())
      ->capture_default_str();
  app.add_option("--html", html, "write a report with all tables to this file");
  app.footer("Example: explain --first EfficientNet-B0 --second EfficientNet-X-B0 --html explain.html");
  CLI11_PARSE(app, argc, argv);
  examples::option_files files;
  for (const std::string& model : models) files.reads("--onnx", model);
  files.writes("--html", html).check();
  const std::vector<network> read = examples::read_models(models);

  return until_signal("nothing was kept: run the same command again", [&](const signal_stop& signals) {
    watch all({.style = progress_style::quiet, .stop = &signals.received()});
    const data_type type = cpu_chosen.type();
    const network a = read.empty() ? zoo::make_model(first_name, resolution) : read.front();
    const network b = read.size() < 2 ? zoo::make_model(second_name, resolution) : read.back();
    onednn::executor cpu = cpu_chosen.executor();
    auto first = prepare(cpu, a, batch);
    auto second = prepare(cpu, b, batch);

    const device_profile machine = measure_profile({}, cpu);
    all.throw_if_stopped();
    const measure_options how{.budget_ms = budget_s * 1000};
    auto [of_first, of_second] = explain_networks(first, a, second, b, machine, type, how);
    all.throw_if_stopped();
    // Three untimed runs: what the rival leaves in a shared cache takes more than one run to go.
    findings f{.first = std::move(of_first),
               .second = std::move(of_second),
               .whole = compare(first, second, {.measure = how, .untimed = 3}),
               .machine = machine};
    all.throw_if_stopped();
    f.sentences = conclusions(f.first, f.second, f.whole.ratio);

    const std::string text = machine_text(f, cpu.description(), batch);
    std::printf("%s\n\n", text.c_str());
    std::printf("%s\n", to_text({.columns = kernel_columns, .rows = kernel_rows(f)}).c_str());
    std::printf("%s\n", to_text({.columns = sum_columns, .rows = stage_rows(f)}).c_str());
    std::printf("%s\n", to_text({.columns = sum_columns, .rows = group_rows(f)}).c_str());
    std::printf("%s\n\n", meaning);
    for (const std::string& s : f.sentences) std::printf("* %s\n", s.c_str());
    if (!html.empty()) write_report(f, html, text, type, examples::command_line(argc, argv));
    return 0;
  });
}

int main(int argc, char** argv) {
  return examples::run_program("explain", [&] { return program(argc, argv); });
}
