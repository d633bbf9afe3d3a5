// SPDX-License-Identifier: Apache-2.0
// A search that nothing can lose: networks are proposed, evaluated by a command of yours, and kept in a file.
//
//   search run --study s.db --space gpunet --evaluate 'python3 train.py {file}' --networks 500
//   search resume --study s.db                     goes on after a kill, or joins a search that another process does
//   search status --study s.db --front macs
//   search export --study s.db --csv s.csv --json s.json
//   search report --study s.db --front macs --html s.html
//   search give-up --study s.db --trial 7          its answer never comes: it failed
//   search run --study d.db --device server=server.db --device phone=phone.db --limit server_ms=3 --limit phone_ms=40
//                                                  latencies of two machines, by the tables that build_table made there
//
// The command reads the JSON file and prints {"accuracy": 76.3}; without one the library's accuracy model evaluates.
// Metrics macs, params and map_bytes (f32) are added to what it says, and NAME_ms for each device.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/cost/cost.hpp>
#include <nascent/cost/map_memory.hpp>
#include <nascent/erased/any_space.hpp>
#include <nascent/io/json_settings.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/study_report.hpp>
#include <nascent/search/device_fronts.hpp>
#include <nascent/search/exact_acquisition.hpp>
#include <nascent/search/gaussian_process_search.hpp>
#include <nascent/search/la_mcts.hpp>
#include <nascent/search/local_search.hpp>
#include <nascent/search/random_search.hpp>
#include <nascent/search/regularized_evolution.hpp>
#include <nascent/study/command_evaluator.hpp>
#include <nascent/study/export_study.hpp>
#include <nascent/study/migrate_study.hpp>
#include <nascent/study/table_evaluator.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;

namespace {

/// What a study is made with: kept in its file, so that `resume` needs nothing but its name.
struct plan {
  std::string space = "nas_bench_macro";
  std::string searcher = "evolution";
  std::uint64_t seed = 1;
  std::string maximise = "accuracy";
  std::vector<std::string> limits;
  std::vector<std::string> least;
  std::vector<std::string> targets;
  std::vector<std::string> hard_targets;
  std::vector<std::string> devices;
  bool mixed = false;
  std::string evaluate;
  std::string table;
  double time_limit_s = 1e9;
  int attempts = 1;
  std::string stopping = "none";

  std::string text() const {
    return json_text(json{{"space", space},
                          {"searcher", searcher},
                          {"seed", seed},
                          {"maximise", maximise},
                          {"limits", limits},
                          {"least", least},
                          {"targets", targets},
                          {"hard_targets", hard_targets},
                          {"devices", devices},
                          {"mixed", mixed},
                          {"evaluate", evaluate},
                          {"table", table},
                          {"time_limit_s", time_limit_s},
                          {"attempts", attempts},
                          {"stopping", stopping}},
                     -1);
  }
  static plan of(const std::string& study) {
    const json_settings kept(parse_json(read_study(study).about.at("settings"), study));
    return {.space = kept.text("space"),
            .searcher = kept.text("searcher"),
            .seed = kept.whole<std::uint64_t>("seed"),
            .maximise = kept.text("maximise"),
            .limits = kept.texts("limits"),
            .least = kept.texts("least"),
            .targets = kept.texts("targets"),
            .hard_targets = kept.texts("hard_targets"),
            .devices = kept.texts("devices"),
            .mixed = kept.truth("mixed"),
            .evaluate = kept.text("evaluate"),
            .table = kept.text("table"),
            .time_limit_s = kept.real("time_limit_s"),
            .attempts = kept.whole<int>("attempts", {.least = 1}),
            .stopping = kept.text("stopping")};
  }
};

struct settings {
  plan what;
  std::string study;
  std::size_t networks = 100;
  std::size_t workers = 1;
  double budget_s = std::numeric_limits<double>::infinity();
  std::string from;
  bool drop_lost = false;
  std::vector<std::int64_t> trials;
  study_figures figures;
  std::string csv;
  std::string json;
  std::string html;
};

/// A limit as it is written: macs=3e8.
std::pair<std::string, double> limit_of(const char* option, const std::string& text) {
  const std::string example = "METRIC=NUMBER, such as macs=3e8";
  const auto [metric, number] = examples::halves(option, text, example);
  const auto bound = read_real(number, {.above_least = true});
  if (!bound) throw std::invalid_argument(std::string(option) + ": found '" + text + "'; allowed: " + example);
  return {metric, *bound};
}

/// A target as it is written: phone_ms=40, or phone_ms=40,-0.07 with its weight.
metric_target target_of(const char* option, const std::string& text, bool hard) {
  const std::size_t comma = text.rfind(',');
  const auto [metric, target] = limit_of(option, text.substr(0, comma));
  metric_target t{.metric = metric, .target = target, .weight = hard ? -1 : -0.09, .hard = hard};
  if (comma == std::string::npos) return t;
  const auto weight = read_real(text.substr(comma + 1), {.least = -1e3, .most = 0});
  if (!weight)
    throw std::invalid_argument(std::string(option) + ": found '" + text +
                                "'; allowed: METRIC=NUMBER,WEIGHT, the weight 0 or below, such as phone_ms=40,-0.07");
  t.weight = *weight;
  return t;
}

objective judge_of(const plan& p) {
  weighted_product product{.gain = p.maximise};
  for (const std::string& target : p.targets) product.targets.push_back(target_of("--target", target, false));
  for (const std::string& target : p.hard_targets) product.targets.push_back(target_of("--hard-target", target, true));
  objective judge = product.targets.empty() ? maximise(p.maximise) : reward_objective(product);
  for (const std::string& limit : p.limits) {
    const auto [metric, most] = limit_of("--limit", limit);
    judge.under(metric, most);
  }
  for (const std::string& limit : p.least) {
    const auto [metric, least] = limit_of("--least", limit);
    judge.at_least(metric, least);
  }
  return judge;
}

/// All metrics that the plan asks for.
std::vector<std::string> metrics_of(const plan& p) {
  std::vector<std::string> all{p.maximise};
  for (const auto* list : {&p.limits, &p.least, &p.targets, &p.hard_targets})
    for (const std::string& text : *list) all.push_back(text.substr(0, text.find('=')));
  return all;
}

/// The devices that the plan names, by their tables; what a table lacks is estimated.
template <class Space>
std::vector<target_device<Space>> devices_of(const plan& p, const Space& space) {
  if (p.devices.empty()) return {};
  std::vector<device_table> tables;
  for (const std::string& device : p.devices) {
    const auto [name, file] = examples::halves("--device", device, "NAME=FILE, such as phone=phone.db");
    tables.push_back({.name = name, .file = file});
  }
  return read_devices(kernel_trellis(space), tables, {.estimate_missing = true, .mixed = p.mixed});
}

/// Limits that a searcher can keep before anything is evaluated. Of a device they are sums of kernels, without what
/// kernels of one network do to each other: the objective has the last word.
std::vector<sum_limit> sums_of(const plan& p, const kernel_trellis<any_space>& trellis) {
  const auto devices = devices_of(p, trellis.space());
  std::vector<sum_limit> sums;
  for (const std::string& limit : p.limits) {
    const auto [metric, most] = limit_of("--limit", limit);
    if (metric == "macs") sums.push_back({metric, macs_sum(trellis), most});
    if (metric == "params") sums.push_back({metric, params_sum(trellis), most});
    for (const auto& d : devices)
      if (metric == d.metric()) sums.push_back(d.limit(most));
  }
  return sums;
}

early_stopping stopping_of(const plan& p) {
  if (p.stopping == "median") return median_rule{};
  if (p.stopping == "halving") return successive_halving{};
  return {};
}

/// Evaluates by what the plan says, and adds what is counted.
template <class Space>
class evaluator {
 public:
  evaluator(const Space& space, const plan& p) : devices_(devices_of(p, space)) {
    std::string known = "accuracy, macs, params, map_bytes";
    for (const auto& d : devices_) {
      std::printf("%s: %s; %zu of %zu kernels are estimates\n", d.metric().c_str(), describe(d.what).c_str(),
                  d.estimated, d.predictor.trellis().kernels().size());
      known += ", " + d.metric();
    }
    // What a command or a table will say is not known yet; what this program says is.
    if (p.evaluate.empty() && p.table.empty())
      for (const std::string& metric : metrics_of(p))
        if ((", " + known + ",").find(", " + metric + ",") == std::string::npos)
          throw std::invalid_argument("metric '" + metric + "': found only " + known +
                                      "; allowed: one of these, or --evaluate with a command that gives it");
    if (!p.evaluate.empty())
      command_.emplace(p.evaluate, command_options{.time_limit_s = p.time_limit_s, .attempts = p.attempts});
    if (!p.table.empty()) table_.emplace(space, std::filesystem::path(p.table));
  }

  template <class Study>
  evaluation operator()(running_trial<Study>& running) const {
    const network graph = to_network(running.space(), running.candidate());
    evaluation e = command_ ? (*command_)(running) : table_ ? (*table_)(running.candidate()) : estimated(graph);
    if (!e.failure.empty()) return e;
    layer_counter counter;
    graph.replay(counter);
    e.metrics.emplace("macs", static_cast<double>(counter.total().macs));
    e.metrics.emplace("params", static_cast<double>(counter.total().params));
    e.metrics.emplace("map_bytes", static_cast<double>(map_memory(graph)));
    for (const auto& d : devices_) e.metrics.emplace(d.metric(), d.predictor.ms(running.candidate()));
    return e;
  }

 private:
  static evaluation estimated(const network& graph) {
    const accuracy_estimate top1 = accuracy_model{}(graph);
    if (!top1.in_domain)
      return evaluation::failed(std::string("outside of the accuracy model's domain: ") + top1.outside);
    return {.metrics = {{"accuracy", top1.top1}}};
  }

  std::vector<target_device<Space>> devices_;
  std::optional<command_evaluator> command_;
  std::optional<table_evaluator<Space>> table_;
};

void print_status(const settings& s) {
  std::fputs(status_text(read_study(s.study), s.figures).c_str(), stdout);
  std::fflush(stdout);
}

template <class Searcher>
int search_with(const Searcher& fresh, const settings& s, const signal_stop& signals) {
  const evaluator<typename Searcher::candidate_type::space_type> evaluate_one(fresh.space(), s.what);
  {
    study of(s.study, fresh, judge_of(s.what), {.worker = std::to_string(process_number()), .settings = s.what.text()});
    if (!s.from.empty()) {
      const migration_result moved = migrate_study(s.from, of, {.drop_lost = s.drop_lost});
      std::printf("%zu results taken over from %s, %zu of networks that are not in the space left behind\n",
                  moved.taken, s.from.c_str(), moved.lost.size());
      for (const lost_trial& lost : moved.lost)
        std::printf("  trial %lld: %s\n", static_cast<long long>(lost.id), lost.differences.front().c_str());
    }
    watch searching({.seconds = s.budget_s, .stop = &signals.received()});
    const run_result r =
        run_study(of, evaluate_one,
                  {.networks = s.networks, .workers = s.workers, .stopping = stopping_of(s.what), .watch = &searching});
    std::printf("%zu networks evaluated, %zu of them failed%s\n", r.evaluated, r.failed,
                r.exhausted ? "; the searcher has no more" : "");
    searching.throw_if_stopped();
  }
  print_status(s);
  return 0;
}

/// Calls `use` with the searcher that the plan names, as it is before the first candidate.
template <class Use>
int with_searcher(const plan& p, Use&& use) {
  const any_space space = zoo::with_space(
      p.space, [](const auto& found) { return any_space(found); }, zoo::nas_bench_macro, zoo::proxylessnas,
      zoo::gpunet);
  if (p.searcher == "random") return use(random_search(space, {.seed = p.seed}));
  if (p.searcher == "local") return use(local_search(space, {.seed = p.seed}));
  if (p.searcher == "gp") return use(gaussian_process_search(space, {.seed = p.seed}));
  if (p.searcher == "la-mcts") return use(la_mcts(space, {.seed = p.seed}));
  if (p.searcher == "exact") {
    const kernel_trellis trellis(space);
    return use(exact_acquisition(trellis, sums_of(p, trellis), {.seed = p.seed}));
  }
  return use(regularized_evolution(space, {.population = 20, .sample = 5, .seed = p.seed}));
}

int search(const settings& s, const signal_stop& signals) {
  return with_searcher(s.what, [&](const auto& fresh) { return search_with(fresh, s, signals); });
}

/// Ends trials whose answers never come, those that are named or all that are pending.
int give_up(const settings& s) {
  return with_searcher(s.what, [&](const auto& fresh) {
    study of(s.study, fresh, judge_of(s.what), {.settings = s.what.text()});
    std::vector<std::int64_t> trials = s.trials;
    if (trials.empty())
      for (const trial_record& t : of.trials())
        if (t.state == trial_state::pending && !t.same_as) trials.push_back(t.id);
    std::size_t ended = 0;
    for (const std::int64_t id : trials) ended += of.give_up(id) ? 1 : 0;
    std::printf("%zu trials given up, %zu had their results\n", ended, trials.size() - ended);
    return 0;
  });
}

int write_files(const settings& s) {
  const study_content content = read_study(s.study);
  if (!s.csv.empty()) write_file(s.csv, study_to_csv(content));
  if (!s.json.empty()) write_json(s.json, study_to_json(content));
  return 0;
}

int write_report(const settings& s, const std::string& command) {
  const study_content content = read_study(s.study);
  write_file(s.html, study_report(content, s.figures).origin({.command = command}).str());
  return 0;
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  CLI::App app("A search that nothing can lose");
  app.require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* about) {
    CLI::App* const sub = app.add_subcommand(name, about);
    sub->add_option("--study", s.study, "the file")->required();
    return sub;
  };
  const auto running = [&](CLI::App* sub) {
    sub->add_option("--networks", s.networks, "to evaluate in all, by all processes, from the beginning")
        ->check(examples::whole<std::size_t>(1))
        ->capture_default_str();
    sub->add_option("--workers", s.workers, "evaluations at the same time")
        ->check(examples::whole<std::size_t>(1, 4096))
        ->capture_default_str();
    sub->add_option("--budget-s", s.budget_s, "seconds after which none is begun")->check(examples::seconds());
    sub->add_option("--evaluate", s.what.evaluate,
                    "a command for each network: {file} is its JSON, its last line of JSON the result");
    sub->add_option("--time-limit-s", s.what.time_limit_s, "of one run of the command")->check(examples::seconds());
    sub->add_option("--attempts", s.what.attempts, "so often is it run where it fails")
        ->check(examples::whole(1, 1000));
    sub->add_option("--table", s.what.table, "results in a file, as `search export --json` writes them, instead");
    sub->add_option("--stop-early", s.what.stopping, "where the command says {\"step\": 1, ..}: median or halving")
        ->check(CLI::IsMember({"none", "median", "halving"}));
  };
  const auto figures = [&](CLI::App* sub) {
    sub->add_option("--gain", s.figures.gain, "metric of the front that is the more the better")->capture_default_str();
    sub->add_option("--front", s.figures.cost, "metric of the front that is the less the better: macs, params, ..");
  };

  CLI::App* const run = subcommand("run", "begin a search, or go on with it by the same options");
  run->add_option("--space", s.what.space, "a space of the zoo: nas_bench_macro, proxylessnas, gpunet")
      ->capture_default_str();
  run->add_option("--searcher", s.what.searcher, "how networks are proposed")
      ->check(CLI::IsMember({"random", "local", "evolution", "gp", "la-mcts", "exact"}))
      ->capture_default_str();
  run->add_option("--seed", s.what.seed, "of the searcher")->check(examples::seeds())->capture_default_str();
  run->add_option("--maximise", s.what.maximise, "metric to maximise")->capture_default_str();
  run->add_option("--limit", s.what.limits, "METRIC=NUMBER, the most, which is kept first: macs=3e8, phone_ms=40");
  run->add_option("--least", s.what.least, "METRIC=NUMBER, the least, which is kept first: accuracy=75");
  run->add_option("--target", s.what.targets,
                  "METRIC=NUMBER or METRIC=NUMBER,WEIGHT: maximises METRIC x (this / NUMBER)^WEIGHT, -0.09 where none "
                  "is said");
  run->add_option("--hard-target", s.what.hard_targets, "the same where nothing is gained below NUMBER; -1");
  run->add_option("--device", s.what.devices,
                  "NAME=FILE, the latency table of a device: its predictions are the metric NAME_ms");
  run->add_flag("--mixed", s.what.mixed, "devices of several data types or batches are what is meant");
  run->add_option("--from", s.from, "begin with the results of another study");
  run->add_flag("--drop-lost", s.drop_lost, "also where some of them are not in the space");
  running(run);
  CLI::App* const resume = subcommand("resume", "go on, or join: the file says with what");
  CLI::Option* const seed = resume->add_option("--seed", s.what.seed, "must be the study's");
  running(resume);
  CLI::App* const status = subcommand("status", "progress, best, front, failures");
  CLI::App* const exported = subcommand("export", "write the trials");
  exported->add_option("--csv", s.csv, "file of comma-separated values");
  exported->add_option("--json", s.json, "file of JSON, which --table reads");
  CLI::App* const giving_up = subcommand("give-up", "end trials whose answers never come: they failed");
  giving_up->add_option("--trial", s.trials, "numbers of trials; all that are pending without");
  CLI::App* const report = subcommand("report", "write a page");
  report->add_option("--html", s.html, "the file")->required();
  for (CLI::App* const sub : {run, resume, status, report}) figures(sub);
  app.footer("Example: search run --study s.db --evaluate 'python3 train.py {file}' --networks 50");
  CLI11_PARSE(app, argc, argv);
  examples::option_files()
      .reads("--study", s.study)
      .writes("--csv", s.csv)
      .writes("--json", s.json)
      .writes("--html", s.html)
      .reads("--table", s.what.table)
      .reads("--from", s.from)
      .check();
  if (status->parsed()) return print_status(s), 0;
  if (exported->parsed()) return write_files(s);
  if (report->parsed()) return write_report(s, examples::command_line(argc, argv));
  if (giving_up->parsed()) {
    s.what = plan::of(s.study);
    return give_up(s);
  }
  if (resume->parsed()) {
    const plan given = s.what;
    s.what = plan::of(s.study);
    if (seed->count() > 0) s.what.seed = given.seed;  // refused by name where it is another one
    for (const auto& [option, to, from] : {std::tuple{"--evaluate", &s.what.evaluate, &given.evaluate},
                                           std::tuple{"--table", &s.what.table, &given.table},
                                           std::tuple{"--stop-early", &s.what.stopping, &given.stopping}})
      if (resume->count(option) > 0) *to = *from;
    if (resume->count("--time-limit-s") > 0) s.what.time_limit_s = given.time_limit_s;
    if (resume->count("--attempts") > 0) s.what.attempts = given.attempts;
  }
  return until_signal("'" + s.study + "' keeps what was evaluated: search resume --study " + s.study + " goes on",
                      [&](const signal_stop& signals) { return search(s, signals); });
}

int main(int argc, char** argv) {
  return examples::run_program("search", [&] { return program(argc, argv); });
}
