// SPDX-License-Identifier: Apache-2.0
// Searchers against each other: the best found after so many evaluations, median and quartiles over seeds.
//
//   benchmark_search                                    functions and NAS-Bench-Macro, which the repository holds
//   benchmark_search --accel accel_nasbench.csv         and Accel-NASBench
//   benchmark_search --csv all.csv --svg curves.svg     every run, and the curves of one task
//   python3 benchmarks/search_optuna.py --program benchmark_search --csv optuna.csv
//   benchmark_search --read optuna.csv                  its runs in the same tables
//
// Counts of evaluations, not times: a busy machine does no harm.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "search_tasks.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/search/exact_acquisition.hpp>
#include <nascent/search/gaussian_process_search.hpp>
#include <nascent/search/la_mcts.hpp>
#include <nascent/search/local_search.hpp>
#include <nascent/search/nsga2.hpp>
#include <nascent/search/random_search.hpp>
#include <nascent/search/recurrent_controller.hpp>
#include <nascent/search/regularized_evolution.hpp>
#include <nascent/search/reinforce.hpp>

namespace {

using namespace nascent;
using namespace benchmarks;

/// Worth of the candidate that was told the most, after each evaluation.
using curve = std::vector<double>;

struct run {
  std::string task;
  std::string method;
  std::uint64_t seed = 0;
  curve best;
};

/// Asks and tells `evaluations` times. Several objectives: worth and cost, whatever the limits.
template <class Searcher>
curve follow(Searcher searching, const search_task& task, std::uint64_t seed, std::size_t evaluations) {
  curve best;
  double most_told = -std::numeric_limits<double>::infinity();
  double worth = -std::numeric_limits<double>::infinity();
  while (best.size() < evaluations) {
    const auto c = searching.ask();
    if (!c) break;
    const double told = task.told(*c, seed);
    if constexpr (searcher<Searcher>) searching.tell(*c, told);
    else searching.tell(*c, std::vector{told, -task.cost(*c)});
    if (told > most_told && task.keeps_limits(*c)) {
      most_told = told;
      worth = task.worth(*c, seed);
    }
    best.push_back(worth);
  }
  best.resize(evaluations, worth);
  return best;
}

struct method {
  std::string name;
  std::size_t most;  ///< evaluations: the time of those that learn a model grows with the cube
};
const std::vector<method> methods{{"random", 1000},          {"local search", 1000}, {"evolution", 1000},
                                  {"NSGA-II", 1000},         {"REINFORCE", 1000},    {"recurrent controller", 100},
                                  {"Gaussian process", 100}, {"LA-MCTS", 100},       {"LA-MCTS without tree", 100},
                                  {"exact acquisition", 200}};

template <class Searched>
std::optional<curve> run_in(const Searched& searched, const search_task& task, const std::string& name,
                            std::uint64_t seed, std::size_t n) {
  const auto by = [&](auto searching) { return std::optional(follow(std::move(searching), task, seed, n)); };
  if (name == "random") return by(random_search(searched, {.seed = seed}));
  if (name == "local search") return by(local_search(searched, {.seed = seed}));
  if (name == "evolution") return by(regularized_evolution(searched, {.population = 20, .sample = 5, .seed = seed}));
  if (name == "REINFORCE")
    return by(reinforce(searched,
                        {.rate = 0.05, .schedule = rate_schedule::constant, .delay = 0, .replicas = 1, .seed = seed}));
  if (name == "recurrent controller") return by(recurrent_controller(searched, {.seed = seed}));
  if (name == "Gaussian process") return by(gaussian_process_search(searched, {.seed = seed}));
  // Weights fitted to few answers of many numbers lead astray.
  la_mcts_options tree{.seed = seed};
  if (!task.few_values) tree.model.start = 30, tree.model.fit_steps = 0;
  if (name == "LA-MCTS") return by(la_mcts(searched, tree));
  tree.leaf = std::numeric_limits<int>::max();
  if (name == "LA-MCTS without tree") return by(la_mcts(searched, tree));
  return std::nullopt;
}

std::optional<curve> run_one(const search_task& task, const std::string& name, std::uint64_t seed, std::size_t n,
                             const exact_acquisition_options& exact) {
  if (name == "NSGA-II") {
    if (task.limits.empty()) return std::nullopt;  // there is one number
    return follow(nsga2(task.space, {.population = 20, .seed = seed}), task, seed, n);
  }
  if (name == "exact acquisition") {
    exact_acquisition_options options = exact;
    options.seed = seed;
    return follow(exact_acquisition(*task.trellis, task.limits, options), task, seed, n);
  }
  return task.limits.empty() ? run_in(task.space, task, name, seed, n)
                             : run_in(within_limits{&task}, task, name, seed, n);
}

double quantile(std::vector<double> of, double at) {
  std::ranges::sort(of);
  const double place = at * static_cast<double>(of.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, of.size() - 1);
  return of[low] + (place - static_cast<double>(low)) * (of[high] - of[low]);
}

/// All runs of a task by method, in the order in which they come.
std::vector<std::pair<std::string, std::vector<const run*>>> by_method(const std::vector<run>& runs,
                                                                       const std::string& task) {
  std::vector<std::pair<std::string, std::vector<const run*>>> found;
  for (const run& r : runs) {
    if (r.task != task) continue;
    auto place = std::ranges::find(found, r.method, [](const auto& f) { return f.first; });
    if (place == found.end()) place = found.insert(found.end(), {r.method, {}});
    place->second.push_back(&r);
  }
  return found;
}

std::optional<std::vector<double>> after(const std::vector<const run*>& runs, std::size_t evaluations, double sign) {
  std::vector<double> values;
  for (const run* r : runs)
    if (r->best.size() >= evaluations) values.push_back(sign * r->best[evaluations - 1]);
  if (values.empty()) return std::nullopt;
  return values;
}

void print_table(const std::vector<run>& runs, const search_task& task, const std::vector<std::size_t>& evaluations) {
  std::printf("\n%s, median (quartiles)\n\n| method |", task.name.c_str());
  for (const std::size_t n : evaluations) std::printf(" %zu |", n);
  std::printf(" seeds |\n|---|");
  for (std::size_t i = 0; i < evaluations.size(); ++i) std::printf("---|");
  std::printf("---|\n");
  for (const auto& [name, of] : by_method(runs, task.name)) {
    std::printf("| %s |", name.c_str());
    for (const std::size_t n : evaluations) {
      const auto values = after(of, n, task.sign);
      if (values)
        std::printf(" %.*f (%.*f to %.*f) |", task.decimals, quantile(*values, 0.5), task.decimals,
                    quantile(*values, 0.25), task.decimals, quantile(*values, 0.75));
      else std::printf(" |");
    }
    std::printf(" %zu |\n", of.size());
  }
  std::fflush(stdout);
}

void draw(const std::vector<run>& runs, const search_task& task, const std::string& file) {
  std::vector<plot_series> series;
  for (const auto& [name, of] : by_method(runs, task.name)) {
    plot_series line{.name = name, .marker = plot_marker::none, .line = plot_line::straight};
    for (std::size_t n = 10; n <= 1000; n = n + 1 + n / 25)
      if (const auto values = after(of, n, task.sign)) {
        line.points.push_back({.x = static_cast<double>(n), .y = quantile(*values, 0.5)});
      }
    series.push_back(std::move(line));
  }
  write_file(file, to_svg(line_plot(task.name + ", median of the best so far",
                                    {.title = "evaluations", .scale = axis_scale::log}, {.title = "best so far"},
                                    std::move(series))));
}

void write_csv(const std::vector<run>& runs, const std::string& file) {
  std::string text = "task;method;seed;best\n";
  for (const run& r : runs) {
    text += r.task + ";" + r.method + ";" + std::to_string(r.seed) + ";";
    for (std::size_t i = 0; i < r.best.size(); ++i) text += (i == 0 ? "" : " ") + significant_text(r.best[i], 8);
    text += "\n";
  }
  write_file(file, text);
}

/// What write_csv and search_optuna.py write: task;method;seed;best so far after each evaluation.
std::vector<run> read_csv(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("'" + file + "' cannot be read");
  std::vector<run> runs;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    run r;
    std::string cell;
    std::getline(cells, r.task, ';');
    std::getline(cells, r.method, ';');
    std::getline(cells, cell, ';');
    r.seed = std::stoull(cell);
    for (double value = 0; cells >> value;) r.best.push_back(value);
    runs.push_back(std::move(r));
  }
  return runs;
}

/// For programs in other languages: first a line for each decision (its name, n for numbers or c for names, its
/// options), and an empty one; then for each line with a seed and decisions what is told, what it is worth, and whether
/// it keeps the limits.
void serve(const search_task& task) {
  const auto distances = nascent::detail::distances_of(task.space);
  for (std::size_t k = 0; k < task.space.slot_count; ++k)
    std::printf("%s %s %d\n", std::string(task.space.slot(k).path.view()).c_str(), distances.is_ordinal(k) ? "n" : "c",
                task.space.slot(k).options);
  std::printf("\n");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::uint64_t seed = 0;
    words >> seed;
    std::vector<int> decisions;
    for (int d = 0; words >> d;) decisions.push_back(d);
    const any_candidate c = task.space.decode(decisions);
    std::printf("%.10g %.10g %d\n", task.told(c, seed), task.worth(c, seed), task.keeps_limits(c) ? 1 : 0);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::string accel;
  std::size_t seeds = 20;
  std::size_t most = 1000;
  double limit_ms = 4;
  std::vector<std::string> only_tasks;
  std::vector<std::string> only_methods;
  std::vector<std::string> others;
  std::string csv;
  std::string svg;
  std::string drawn = "Accel-NASBench, noise, under 4.0 ms";
  std::string served;
  exact_acquisition_options exact;
  CLI::App app("Searchers against each other on tables of trained networks and on functions");
  app.add_option("--accel", accel, "accel_nasbench.csv: its tasks are left out without");
  app.add_option("--limit-ms", limit_ms, "of Accel-NASBench under a limit")->capture_default_str();
  app.add_option("--seeds", seeds, "runs of each searcher")->capture_default_str();
  app.add_option("--evaluations", most, "at most")->capture_default_str();
  app.add_option("--task", only_tasks, "those whose name begins so; all without");
  app.add_option("--method", only_methods, "all without");
  app.add_option("--read", others, "runs of search_optuna.py, or of --csv, for the tables");
  app.add_option("--csv", csv, "every run, into this file");
  app.add_option("--svg", svg, "curves of a task, into this file");
  app.add_option("--draw", drawn, "that task")->capture_default_str();
  app.add_option("--serve", served, "the name of a task: evaluates for other programs");
  app.add_option("--exact-doubt", exact.doubt, "of exact acquisition")->capture_default_str();
  app.add_option("--exact-draws", exact.draws, "of exact acquisition")->capture_default_str();
  app.add_option("--exact-fit-steps", exact.fit_steps, "of exact acquisition")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::vector<search_task> tasks{macro_task()};
  if (accel.empty()) {
    std::fprintf(stderr, "Accel-NASBench is left out: --accel says where its table is\n");
  } else {
    const accel_nasbench table(accel);
    if (served.empty())
      std::printf("Accel-NASBench: R2 of the accuracy %.3f, of the latency %.4f, of networks that were held out\n",
                  table.accuracy_r2, table.latency_r2);
    for (const double under : {limit_ms, 0.0})
      for (const double noise : {0.06, 0.0}) tasks.push_back(table.task(noise, under));
  }
  tasks.push_back(function_task("Ackley-10", any_space(ten_coordinates), 0.15, ackley));
  tasks.push_back(function_task("Levy-10", any_space(ten_coordinates), 0.2, levy));
  tasks.push_back(function_task("Ackley-20", any_space(twenty_coordinates), 0.3, ackley));
  if (!served.empty()) {
    for (const search_task& t : tasks)
      if (t.name == served) return serve(t), 0;
    throw std::runtime_error("--serve: no task '" + served + "'");
  }
  const auto chosen = [](const std::vector<std::string>& only, const std::string& name, bool whole) {
    return only.empty() ||
           std::ranges::any_of(only, [&](const std::string& o) { return whole ? o == name : name.starts_with(o); });
  };
  std::vector<run> runs;
  const std::vector<std::size_t> evaluations{50, 100, 200, 1000};
  std::vector<run> read;
  for (const std::string& file : others)
    for (run& r : read_csv(file)) read.push_back(std::move(r));
  for (const search_task& t : tasks) {
    if (!chosen(only_tasks, t.name, false)) continue;
    for (const method& m : methods) {
      if (!chosen(only_methods, m.name, true)) continue;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto best = run_one(t, m.name, seed, std::min(most, m.most), exact);
        if (!best) break;
        runs.push_back({t.name, m.name, seed, *std::move(best)});
      }
    }
    for (const run& r : read)
      if (r.task == t.name) runs.push_back(r);
    print_table(runs, t, evaluations);
    if (!csv.empty()) write_csv(runs, csv);  // what there is, if it is ended
  }
  for (const search_task& t : tasks)
    if (!svg.empty() && t.name == drawn) draw(runs, t, svg);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
