// SPDX-License-Identifier: Apache-2.0
// The main job: a declared space becomes a measured, scaled family on this machine.
//
//   design_family                        as fast as EfficientNet-B0 here, in about three minutes
//   design_family --target-ms 4          another latency
//   design_family --budget-s 600         more kernels measured before it searches
//
// Measure little, predict everything, verify what matters: the kernels that matter most fill a latency table, the
// search and the scaling look at predictions, and what they recommend is measured before anyone is told.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cpu_options.hpp"
#include "family_space.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/io/device_json.hpp>
#include <nascent/io/family.hpp>
#include <nascent/latency/machine_level.hpp>
#include <nascent/latency/network_predictor.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/family_findings.hpp>
#include <nascent/report/family_report.hpp>
#include <nascent/report/picture.hpp>
#include <nascent/scaling/verified_lacs.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/search/verified_search.hpp>
#include <nascent/space/describe.hpp>
#include <nascent/space/migrate.hpp>
#include <nascent/timing/calibration.hpp>
#include <nascent/zoo/efficientnet_family.hpp>

using namespace nascent;
using examples::family_space;

namespace {

struct settings {
  double target_ms = 0;  // 0: as fast as EfficientNet-B0 on this machine
  examples::cpu_options cpu;
  std::size_t networks = 1'000'000;
  std::uint64_t seed = 1;
  std::filesystem::path out = "family";
  double budget_s = 200;
  std::string command;
};

void add_to(CLI::App& app, settings& s) {
  app.add_option("--target-ms", s.target_ms,
                 "latency in ms for one image; 0 takes what EfficientNet-B0 needs on this machine")
      ->check(examples::milliseconds_or_0())
      ->capture_default_str();
  s.cpu.add_to(app);
  app.add_option("--networks", s.networks, "networks that the search looks at, about")
      ->check(examples::whole<std::size_t>(1, 1'000'000'000'000))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "seed of the search")->check(examples::seeds())->capture_default_str();
  app.add_option("--out", s.out, "folder for latency.db, family.json, report.html; a latency.db there is continued")
      ->capture_default_str();
  app.add_option("--budget-s", s.budget_s, "seconds for everything, about")
      ->check(examples::real({.least = 5, .most = 1e6}))
      ->capture_default_str();
}

using family_type = std::remove_cvref_t<decltype(family_space)>;

/// A level of the family as family.json keeps it.
family_level<family_type> recorded(const reported_network& n, const scaled_candidate<family_type>& what) {
  const sample_summary& time = n.measured.time;
  return {
      .name = n.name.substr(n.name.find('B')),
      .network = what,
      .cost = n.cost,
      .latency = {.predicted_ms = n.predicted.ms,
                  .measured_ms = time.median_ms,
                  .spread_ms = time.spread * time.median_ms,
                  .samples = static_cast<int>(time.count)},
      .accuracy = {.top1 = n.accuracy.top1, .standard_error = n.accuracy.standard_error, .source = "accuracy model"}};
}

/// Of networks that were run, the first, best one that keeps the target; the last, fastest one where none does.
std::size_t choose(const std::vector<compared_network>& times, const settings& s, double target) {
  const auto keeps = [&](const compared_network& n) {
    return s.target_ms > 0 ? n.time.median_ms <= target : n.against_first->median <= 1;
  };
  for (std::size_t i = 1; i < times.size(); ++i)
    if (keeps(times[i])) return i;
  return times.size() - 1;
}

/// Networks run against each other in a share of the time, as far as that much is left.
std::vector<compared_network> run_in_turns(onednn::executor& cpu, const std::vector<network>& graphs, watch& all,
                                           double share) {
  watch turns = all.share(share);
  const double seconds = std::max(0.1, turns.seconds_left());
  return compare_networks(cpu, graphs, {.measure = {.half_width = 0.01, .budget_ms = 1000 * seconds}, .watch = &turns});
}

/// How many networks can be compiled and run in the time: at a second and some for each, in which its kernels race.
std::size_t affordable(double seconds, std::size_t least, std::size_t most) {
  return std::clamp(static_cast<std::size_t>(std::max(0.0, seconds) / 1.5), least, most);
}

int run(const settings& s, const signal_stop& signals) {
  watch all({.seconds = s.budget_s, .stop = &signals.received()});
  std::filesystem::create_directories(s.out);
  examples::option_files()
      .reads("--out, latency.db", s.out / "latency.db")
      .writes("--out, report.html", s.out / "report.html")
      .writes("--out, family.json", s.out / "family.json")
      .check();

  std::printf("1. Space '%s': %s networks, %zu decisions, %.0f to %.0f million MACs\n", family_space.name(),
              to_decimal(family_space.size()).c_str(), family_space.slot_count,
              1e-6 * static_cast<double>(min_macs(family_space)), 1e-6 * static_cast<double>(max_macs(family_space)));
  onednn::executor cpu = s.cpu.executor();
  std::printf("   on %s\n", describe(cpu.description()).c_str());

  const network b0 = to_network(zoo::efficientnet_b0.only());
  const network x_b0 = to_network(zoo::efficientnet_x_b0.only());
  latency_table table{
      s.out / "latency.db", cpu, {.measure = {.warm_up = 1, .min_samples = 6, .half_width = 0.02, .budget_ms = 150}}};
  const kernel_trellis trellis(family_space);
  std::printf("2. Latency table %s knows %zu kernels, the space has %zu: measuring those that matter most\n",
              table.path().c_str(), table.size(), trellis.kernels().size());
  std::fflush(stdout);
  watch rivals_first = all.share(.1);
  table.measure_missing(std::vector{b0, x_b0}, {.watch = &rivals_first});
  all.throw_if_stopped();
  watch filling = all.share(.25);
  const build_result filled = build_table(trellis, table, {.watch = &filling, .estimate_rest = true, .seed = s.seed});
  all.throw_if_stopped();
  std::printf("   %zu kernels measured, %.0f %% of the time of an average network; the others are estimated\n",
              filled.coverage.measured, 100 * filled.coverage.measured_time);

  // Predictions are as the table was filled; what the machine does meanwhile is said.
  std::optional<machine_level<onednn::executor>> speed;
  if (const latency_prediction known = table.predict(b0); known.complete() && known.estimated == 0)
    speed.emplace(table, cpu, std::vector{b0, x_b0},
                  machine_level_options{.every_s = 5, .measure = {.warm_up = 2, .min_samples = 6, .budget_ms = 100}});
  const auto say_speed = [&] {
    if (speed && speed->renew()) std::printf("   By EfficientNet-B0, run again, %s\n", speed->text().c_str());
  };

  const estimated_top1 accuracy;
  const double target = s.target_ms > 0 ? s.target_ms : table.latency(b0);
  std::printf("3. Search: the best estimated accuracy within %.2f ms (%s), by predictions\n", target,
              s.target_ms > 0 ? "--target-ms" : "what EfficientNet-B0 is predicted to take");
  std::fflush(stdout);
  watch searching = all.share(.22);
  proven_network<family_type> proof;
  const auto b0_here = migrate(zoo::efficientnet_b0, zoo::efficientnet_b0.only(), family_space).what.value();
  const auto found = verified_search(family_space, trellis, table, accuracy,
                                     {.target_ms = target,
                                      .front = {.networks = s.networks, .seed = s.seed, .most_ms = 6 * target},
                                      .watch = &searching},
                                     [&](const latency_predictor<family_type>& predictor) {
                                       watch proving = all.share(.03);
                                       proof = best_under(trellis, predictor, accuracy.model, target,
                                                          {.tolerance = .01, .watch = &proving});
                                       return std::vector{proof.what, b0_here};
                                     });
  all.throw_if_stopped();
  std::printf("   %zu networks looked at in %d rounds, %zu of them measured\n", found.networks, found.rounds,
              found.verified.networks);
  const std::string proven = "No network of this space is better than " + fixed_text(proof.bound, 2) + " % within " +
                             fixed_text(target, 2) +
                             " ms, by the table and the accuracy model: proven. The best one that was found has " +
                             fixed_text(found.best().accuracy, 2) + " %.";
  std::printf("   %s\n", proven.c_str());
  say_speed();
  if (found.estimated > 0)
    std::printf(
        "   The budget ended first: %zu kernels of the networks below are estimates. A larger --budget-s, or "
        "the same command again, goes on from here.\n",
        found.estimated);

  std::vector<network> rivals{b0};
  std::vector<predicted_network<family_type>> finalists = found.finalists;
  if (const std::size_t n =
          affordable(.4 * all.seconds_left(), std::min<std::size_t>(2, finalists.size()), finalists.size());
      n < finalists.size())
    finalists.erase(finalists.begin() + static_cast<std::ptrdiff_t>(n - 1), finalists.end() - 1);  // keeps the fastest
  for (const auto& finalist : finalists) rivals.push_back(to_network(finalist.what));
  std::printf("4. Running the best %zu in turns with EfficientNet-B0\n", finalists.size());
  std::fflush(stdout);
  const auto times = run_in_turns(cpu, rivals, all, .1);
  const std::size_t chosen = choose(times, s, target);
  for (std::size_t i = 1; i < rivals.size(); ++i)
    std::printf("   %.2f %% at %.2f ms predicted, %.2f ms measured, %.3f of EfficientNet-B0's time%s\n",
                finalists[i - 1].accuracy, finalists[i - 1].ms, times[i].time.median_ms, times[i].against_first->median,
                i == chosen ? ": taken" : "");
  const auto base = finalists[chosen - 1].what;
  std::printf("   %s\n", describe(family_space, base).c_str());

  all.throw_if_stopped();
  std::printf(
      "5. Scaling (LACS): depth, width and resolution compared at 2.8 times the base's latency, solved for B1 to B4\n");
  std::fflush(stdout);
  network_predictor latency(table, trellis.kernels());
  watch scaling = all.share(std::clamp(.5 * all.seconds_left() / s.budget_s, .01, .2));
  const auto scaled_up = verified_lacs(base, accuracy, latency,
                                       {.scaling = {.levels = 4,  // each 1.68 times the one before, as the paper's
                                                    .search_level = 2,
                                                    .also = {{1.2, 1.1, 1.15}, {1.28, 1.17, 1.07}},
                                                    .phi = {.fall_allowed = 0.5},
                                                    .watch = &scaling}});
  all.throw_if_stopped();
  const auto& [alpha, beta, gamma] = scaled_up.family.coefficients;
  std::printf(
      "   alpha %.3f (depth), beta %.3f (width), gamma %.3f (resolution) of %zu triplets, %zu networks predicted\n",
      alpha, beta, gamma, scaled_up.family.trials.size(), scaled_up.family.latency_calls);

  say_speed();
  std::printf("6. Measuring the family in turns with EfficientNet and EfficientNet-X-B0\n");
  std::fflush(stdout);
  family_report report{.device = cpu.description(), .command = s.command, .seed = s.seed, .target_ms = target};
  const auto add = [&](std::string family, const network& graph) {
    report.networks.push_back({.name = graph.name(),
                               .family = std::move(family),
                               .graph = graph,
                               .cost = cost(graph, {.type = s.cpu.type()}),
                               .predicted = latency.predict(graph),
                               .accuracy = accuracy.model(graph)});
  };
  // Where the time is short fewer of the others: the family itself takes five.
  const std::size_t others = affordable(all.seconds_left() - 8, 1, 6);
  for (const auto& model : zoo::efficientnet_family | std::views::take(std::max<std::size_t>(1, others - 1)))
    add("EfficientNet", to_network(model));
  if (others > 1) add("EfficientNet-X", x_b0);
  if (others < 6)
    std::printf("   The budget allows %zu of the 6 networks to compare with. A larger --budget-s has all.\n", others);
  report.base = report.networks.size();
  for (const auto& level : scaled_up.family.levels)
    add("this family",
        to_network(level.candidate, "this family, B" + std::to_string(report.networks.size() - report.base)));
  std::vector<network> graphs;
  for (const reported_network& n : report.networks) graphs.push_back(n.graph);
  const auto measured = run_in_turns(cpu, graphs, all, .15);
  all.throw_if_stopped();
  for (std::size_t i = 0; i < graphs.size(); ++i) report.networks[i].measured = measured[i];
  report.findings = findings_of(report);
  report.findings.insert(report.findings.begin(), proven);
  if (speed) report.findings.push_back("When the family had been scaled, " + speed->text() + ".");
  std::printf("\n%s\n", to_text(results_of(report)).c_str());
  for (const std::string& sentence : report.findings) std::printf("%s\n", sentence.c_str());

  for (const auto& p : found.front.points) report.searched.push_back({.x = p.ms, .y = p.accuracy});
  report.tiles = {
      {"networks in the space", significant_text(static_cast<double>(family_space.size()), 2),
       "exactly " + std::string(to_decimal(family_space.size()).c_str())},
      {"looked at", std::to_string(found.networks), std::to_string(latency.measured()) + " kernels measured"}};
  report.machine = measure_profile({}, cpu);
  report.space_picture = to_svg(family_space);
  write_file(s.out / "report.html", to_html(report));
  family_record<family_type> record{.name = "designed by examples/design_family"};
  record.about = {{"device", report.device}, {"command", s.command}, {"seed", s.seed}, {"target_ms", target},
                  {"alpha", alpha},          {"beta", beta},         {"gamma", gamma}};
  for (std::size_t i = report.base; i < report.networks.size(); ++i)
    record.levels.push_back(recorded(report.networks[i], scaled_up.family.levels[i - report.base].candidate));
  write_family(s.out / "family.json", record);
  table.check_in_place();
  std::printf("Wrote %s and %s in %.0f s of %.0f.\n", (s.out / "family.json").c_str(), (s.out / "report.html").c_str(),
              all.seconds(), s.budget_s);
  return 0;
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  s.command = examples::command_line(argc, argv);
  CLI::App app{"Designs a family of convolutional networks for this CPU, and writes family.json and report.html."};
  add_to(app, s);
  app.footer("Example: design_family --target-ms 10 --budget-s 120 --out family");
  CLI11_PARSE(app, argc, argv);
  return until_signal(
      "'" + (s.out / "latency.db").string() + "' keeps what was measured: run the same command again to go on",
      [&](const signal_stop& signals) { return run(s, signals); });
}

int main(int argc, char** argv) {
  return examples::run_program("design_family", [&] { return program(argc, argv); });
}
