// SPDX-License-Identifier: Apache-2.0
// Fills a latency table for a whole search space: every kernel that any of its networks can have, or within a budget
// those that matter.
//
//   build_table --table cpu.db                          ProxylessNAS: all kernels, three placements of each
//   build_table --space gpunet --plan                   only says how many there are, and what they would take
//   build_table --space gpunet --active --budget-s 600  the rest is estimated, and marked
//   build_table --table cpu.db --validate 16            does it still say what the machine does today?
//   build_table --table all.db --join a.db b.db         tables of several machines of one kind
//   build_table --for mine.onnx --table cpu.db          the kernels of a model that PyTorch wrote, and its time by them
//
// A kill at any time loses one network; start it again and it goes on. Several at once share the work, on a machine
// with cores to spare.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cpu_options.hpp"
#include "onnx_model.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/io/json.hpp>
#include <nascent/io/latency_json.hpp>
#include <nascent/latency/build_table.hpp>
#include <nascent/latency/exchange.hpp>
#include <nascent/latency/predictor.hpp>
#include <nascent/latency/table_validation.hpp>
#include <nascent/nascent.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;

namespace {

struct settings {
  std::string space = "proxylessnas";
  std::string table = "latency.db";
  std::vector<std::string> models;
  std::vector<std::string> join;
  examples::cpu_options cpu;
  std::string context = "in_network";
  std::string csv;
  std::string json;
  int batch = 1;
  int placements = 3;
  int most_placements = 8;
  std::size_t list = 12;
  int validate = 0;
  double budget_s = std::numeric_limits<double>::infinity();
  bool active = false;
  bool plan = false;
};

void print(const space_coverage& c) {
  std::printf("measured %zu of %zu kernels: %.1f %% of the kernels in a network drawn uniformly", c.measured, c.kernels,
              100 * c.measured_share);
  if (c.measured_time > 0) std::printf(", %.1f %% of its time", 100 * c.measured_time);
  if (c.estimated > 0)
    std::printf("; estimated %zu, at worst within a factor of %.2f", c.estimated, std::exp(2 * c.estimate_error));
  if (c.missing() > 0) std::printf("; missing %zu", c.missing());
  std::printf("\n");
}

template <class Space>
void list_kernels(const kernel_trellis<Space>& trellis, const latency_table& table, std::size_t count) {
  std::printf("%-60s %12s %12s %11s  %s\n", "kernel", "per network", "ms", "placements", "deviation");
  for (const space_kernel& k : trellis.kernels()) {
    if (count-- == 0) break;
    const auto known = table.id(k.signature);
    std::printf("%-60s %12.4f", k.signature.c_str(), k.per_network);
    if (known) {
      const latency_entry& e = table.entries()[*known];
      if (e.estimated)
        std::printf(" %12.4f   estimated, %.4f to %.4f", e.time.trimmed_mean_ms, e.time.low_ms, e.time.high_ms);
      else std::printf(" %12.4f %11zu", e.time.trimmed_mean_ms, e.placements);
      if (e.placements > 1) std::printf("  %.1f %%", 100 * e.placement_deviation_ms / e.time.trimmed_mean_ms);
    }
    std::printf("\n");
  }
}

/// The table that a run asks for, opened or made.
latency_table table_of(const settings& s, onednn::executor& cpu) {
  const auto context = parse_cache_context(s.context);
  if (!context) throw std::invalid_argument("--context " + s.context + "; allowed: in_network, evicted, hot, cold");
  latency_table table(s.plan && !std::filesystem::exists(s.table) ? ":memory:" : s.table, cpu,
                      {.batch = s.batch,
                       .context = *context,
                       .placements = {.least = s.placements, .most = std::max(s.placements, s.most_placements)}});
  std::printf("%s, batch %d, %s\n", describe(table.description()).c_str(), s.batch, s.context.c_str());
  return table;
}

void write_texts(latency_table& table, const settings& s) {
  if (!s.csv.empty()) {
    std::ostringstream out;
    table.export_csv(out);
    write_file(s.csv, out.str());
  }
  if (!s.json.empty()) write_file(s.json, json_text(latency_table_to_json(s.table), 1) + "\n");
}

/// The kernels of models alone, and what the table says of each model then.
int build_for_models(const settings& s, const signal_stop& signals) {
  const std::vector<network> graphs = examples::read_models(s.models);
  onednn::executor cpu = s.cpu.executor();
  latency_table table = table_of(s, cpu);
  if (!s.plan) {
    watch filling({.seconds = s.budget_s, .stop = &signals.received()});
    const fill_result r = table.measure_missing(graphs, {.watch = &filling});
    std::printf("%zu networks run in %.0f s: %zu new kernels, %zu placements\n", r.networks, r.seconds, r.measured,
                r.placements);
    std::fflush(stdout);
    filling.throw_if_stopped();
  }
  for (const network& graph : graphs) {
    const std::vector<kernel> kernels = fuse(graph);
    const latency_prediction known = table.predict(graph);
    if (known.complete())
      std::printf("%s: %zu kernels, %.3f ms (%.3f to %.3f)\n", graph.name().c_str(), kernels.size(), known.ms,
                  known.low_ms, known.high_ms);
    else
      std::printf("%s: %zu kernels, %zu of them not in the table\n", graph.name().c_str(), kernels.size(),
                  known.missing);
  }
  write_texts(table, s);
  return 0;
}

/// Takes the rows of other files into the table.
int join(const settings& s) {
  for (const std::string& other : s.join) {
    const exchange_result r = merge_tables(s.table, other);
    std::printf("%s: %zu rows, %zu of them new in %s\n", other.c_str(), r.rows, r.written, s.table.c_str());
  }
  return 0;
}

template <class Space>
int build(const Space& space, const settings& s, const signal_stop& signals) {
  const kernel_trellis trellis(space);
  std::printf("%s: %s networks, %zu kernels\n", space.name(), to_decimal(space.size()).c_str(),
              trellis.kernels().size());
  onednn::executor cpu = s.cpu.executor();
  latency_table table = table_of(s, cpu);
  print(coverage_of(trellis, table));

  constexpr std::size_t planned = 200;
  const build_plan plan = plan_table(trellis, table, planned);
  std::printf("%s%zu networks, in about %.0f s%s: they have %zu kernels that the table lacks%s\n",
              plan.complete ? "" : "the first ", plan.networks, plan.seconds,
              table.size() == 0 ? " (a guess: nothing is measured yet)" : "", plan.kernels,
              plan.complete ? ", then nothing is wanted" : "");
  std::fflush(stdout);
  if (!s.plan) {
    watch filling({.seconds = s.budget_s, .stop = &signals.received()});
    const build_result r = build_table(trellis, table, {.watch = &filling, .estimate_rest = s.active});
    std::printf("%zu networks run in %.0f s: %zu new kernels, %zu placements\n", r.fill.networks, r.fill.seconds,
                r.fill.measured, r.fill.placements);
    print(r.coverage);
    std::fflush(stdout);
    filling.throw_if_stopped();
    if (r.coverage.missing() == 0) {
      const latency_predictor predictor(trellis, table);
      random_engine rng(1);
      std::vector<double> all;
      for (int i = 0; i < 10001; ++i) all.push_back(predictor.ms(space.sample(rng)));
      const ordered_sample ordered(std::move(all));
      std::printf("10001 random networks are predicted to take %.2f to %.2f ms, the median %.2f ms\n",
                  ordered.minimum(), ordered.maximum(), ordered.median());
    }
  }
  if (s.validate > 0) {
    watch validating({.stop = &signals.received()});
    const table_validation v = validate(trellis, table, cpu, {.networks = s.validate, .watch = &validating});
    std::printf(
        "%zu random networks take %.3f (%.3f to %.3f) of what the table says; predictions are off by %.1f %%, times "
        "%.3f by %.1f %%\n",
        v.networks.size(), v.ratio, v.low, v.high, 100 * v.mean_absolute_error, v.ratio,
        100 * v.mean_absolute_error_at_ratio);
  }
  table.check_in_place();
  std::printf("\n");
  list_kernels(trellis, table, s.list);
  write_texts(table, s);
  return 0;
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  CLI::App app("Fills a latency table for a search space on this CPU");
  CLI::Option* const of_space =
      app.add_option("--space", s.space, "whose kernels: a space of the zoo by its name there")->capture_default_str();
  app.add_option("--table", s.table, "the file; made where there is none, continued where there is one")
      ->capture_default_str();
  CLI::Option* const plan = app.add_flag("--plan", s.plan, "measure nothing, say what there is to do");
  CLI::Option* const models =
      app.add_option("--for", s.models, "instead the kernels of an ONNX model")->take_all()->excludes(of_space);
  app.add_option("--join", s.join,
                 "measure nothing: take in the rows of a table that another machine of this kind filled")
      ->excludes(plan)
      ->excludes(models);
  app.add_flag("--active", s.active, "estimate at the end what the budget left unmeasured");
  app.add_option("--budget-s", s.budget_s, "seconds after which no network is started")->check(examples::seconds());
  app.add_option("--placements", s.placements, "compilations that each kernel is measured in, at least")
      ->check(examples::whole(1, 1000))
      ->capture_default_str();
  app.add_option("--most-placements", s.most_placements, "the same where they disagree by more than 1 %")
      ->check(examples::whole(1, 1000))
      ->capture_default_str();
  app.add_option("--context", s.context, "in_network, evicted, hot, cold: what the caches hold")
      ->check(CLI::IsMember({"in_network", "evicted", "hot", "cold"}))
      ->capture_default_str();
  s.cpu.add_to(app);
  app.add_option("--validate", s.validate,
                 "then run so many random networks, and say how their times compare with the table's")
      ->check(examples::whole(0, 100000))
      ->excludes(plan)
      ->excludes(models)
      ->capture_default_str();
  app.add_option("--batch", s.batch, "images per run")->check(examples::images())->capture_default_str();
  app.add_option("--list", s.list, "print so many of the most frequent kernels")
      ->check(examples::whole<std::size_t>(0))
      ->capture_default_str();
  app.add_option("--csv", s.csv, "write the table to this file too, as comma-separated values");
  app.add_option("--json", s.json, "the same as JSON");
  app.footer("Example: build_table --space proxylessnas --table cpu.db --budget-s 60");
  CLI11_PARSE(app, argc, argv);
  examples::option_files files;
  for (const std::string& model : s.models) files.reads("--for", model);
  for (const std::string& other : s.join) files.reads("--join", other);
  files.reads("--table", s.table).writes("--csv", s.csv).writes("--json", s.json).check();
  if (s.validate > 0 && s.context != "in_network")
    throw std::invalid_argument("--validate: found --context " + s.context +
                                "; allowed: in_network, for what is run are networks");
  if (s.plan && !std::filesystem::exists(s.table) && !(s.csv.empty() && s.json.empty()))
    throw std::invalid_argument("--table: found no table '" + s.table +
                                "' to write as text; allowed: one that exists, where --plan measures nothing");
  if (!s.join.empty()) return join(s);
  return until_signal("'" + s.table + "' keeps what was measured: run the same command again to go on",
                      [&](const signal_stop& signals) {
                        if (!s.models.empty()) return build_for_models(s, signals);
                        return zoo::with_space(
                            s.space, [&](const auto& space) { return build(space, s, signals); }, zoo::proxylessnas,
                            zoo::proxylessnas_enlarged, zoo::mobilenet_v3_like, zoo::once_for_all, zoo::efficientnet_x,
                            zoo::gpunet, zoo::gpunet_encoded);
                      });
}

int main(int argc, char** argv) {
  return examples::run_program("build_table", [&] { return program(argc, argv); });
}
