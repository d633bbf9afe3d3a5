// SPDX-License-Identifier: Apache-2.0
/// \file
/// A study as text for the terminal and a page for the browser.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/report/plot.hpp"
#include "nascent/report/report.hpp"
#include "nascent/report/table.hpp"
#include "nascent/study/findings.hpp"

namespace nascent {

struct study_figures {
  std::string gain = "accuracy";  ///< metric that is the more the better
  std::string cost{};             ///< metric that is the less the better; none: no front
  std::size_t most_rows = 20;     ///< of tables of trials
};

namespace detail {

/// What a trial is worth; of one beyond the objective's limits, by how much it is.
inline std::string value_text(const trial_record& t, int digits) {
  if (!t.is_usable()) return "";
  return t.keeps_limits() ? significant_text(t.value(), digits)
                          : "beyond limits by " + significant_text(100 * t.violation(), 3) + " %";
}

}  // namespace detail

/// Trials as rows: value, metrics in the order of their names, decisions.
inline report_table table_of(const study_content& study, const std::vector<std::size_t>& which,
                             std::string caption = {}) {
  report_table t{.columns = {"trial", "value"}, .caption = std::move(caption)};
  std::vector<std::string> metrics;
  for (const std::size_t i : which)
    for (const auto& [name, value] : study.trials[i].result.metrics)
      if (std::ranges::find(metrics, name) == metrics.end()) metrics.push_back(name);
  t.columns.insert(t.columns.end(), metrics.begin(), metrics.end());
  t.columns.emplace_back("network");
  for (const std::size_t i : which) {
    const trial_record& r = study.trials[i];
    std::vector<std::string> row{std::to_string(r.id), detail::value_text(r, 5)};
    for (const std::string& name : metrics) {
      const auto found = r.result.metrics.find(name);
      row.push_back(found == r.result.metrics.end() ? "" : significant_text(found->second, 5));
    }
    row.push_back(study.describe(r));
    t.rows.push_back(std::move(row));
  }
  return t;
}

/// How many trials failed, by what was said.
inline report_table failures_of(const study_content& study) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> kinds;
  for (const trial_record& t : study.trials) {
    if (t.state != trial_state::failed || t.same_as) continue;
    auto at = std::ranges::find(kinds, t.result.failure, &std::pair<std::string, std::vector<std::int64_t>>::first);
    if (at == kinds.end()) at = kinds.insert(at, {t.result.failure, {}});
    at->second.push_back(t.id);
  }
  report_table table{.columns = {"failure", "trials", "the first"}, .caption = "Trials that failed."};
  for (const auto& [why, ids] : kinds)
    table.rows.push_back({why, std::to_string(ids.size()), std::to_string(ids.front())});
  return table;
}

/// Progress in a few lines.
inline std::string status_text(const study_content& study, const study_figures& figures = {}) {
  const auto about = [&](const char* key) { return study.about.at(key); };
  std::string text = about("space") + " (" + about("space_size") + " networks), " + about("searcher") + " " +
                     about("searcher_options") + ", " + about("objective") + ", begun " + about("created") + "\n";
  text += std::to_string(study.count(trial_state::done)) + " networks evaluated, " +
          std::to_string(study.count(trial_state::stopped)) + " stopped early, " +
          std::to_string(study.count(trial_state::failed)) + " failed, " +
          std::to_string(study.count(trial_state::pending)) + " pending, " + std::to_string(study.duplicates()) +
          " duplicates that cost nothing\n";
  if (const trial_record* best = study.best()) {
    text += "best: trial " + std::to_string(best->id) + ", value " + detail::value_text(*best, 6);
    for (const auto& [name, value] : best->result.metrics) text += ", " + name + " " + significant_text(value, 6);
    text += "\n      " + study.describe(*best) + "\n";
  }
  if (!figures.cost.empty())
    if (const auto front = front_of(study, figures.gain, figures.cost); !front.empty())
      text += "front of " + figures.gain + " and " + figures.cost + ":\n" + to_text(table_of(study, front));
  if (const report_table failures = failures_of(study); !failures.rows.empty())
    text += "failures:\n" + to_text(failures);
  return text;
}

/// The part of the page that is about workers: how much of their time was used, what they got done, what was lost.
inline void add_work(html_report& page, const work_record& work) {
  const double hours = (work.end() - work.begin()) / 3600;
  const double available = work.available_s();
  const auto ended = std::ranges::count_if(work.attempts, &attempt_record::has_result);
  page.section("Workers");
  page.tiles(
      {{.name = "workers", .value = std::to_string(work.most_workers()), .note = "at most at a time"},
       {.name = "of their time used",
        .value = available > 0 ? fixed_text(100 * work.busy_s() / available, 1) + " %" : "unknown",
        .note = "of " + rounded_text(available / 3600, 2) + " h"},
       {.name = "results per hour", .value = rounded_text(static_cast<double>(ended) / std::max(hours, 1e-9), 0)},
       {.name = "lost with machines", .value = std::to_string(work.count("lost")), .note = "and begun again"},
       {.name = "crashed or failed",
        .value = std::to_string(std::ranges::count_if(work.attempts, &attempt_record::has_failed))}});
  const bool by_minutes = hours < 3;
  const double unit_s = by_minutes ? 60 : 3600;
  const work_history history = work.history();
  std::vector<plot_point> busy;
  std::vector<plot_point> there;
  std::vector<plot_point> results;
  for (std::size_t i = 0; i <= history.busy.size(); ++i) {
    const std::size_t k = std::min(i, history.busy.size() - 1);  // steps need an end
    const double x = static_cast<double>(i) * history.step_s / unit_s;
    busy.push_back({.x = x, .y = history.busy[k]});
    there.push_back({.x = x, .y = history.available[k]});
    results.push_back({.x = x, .y = static_cast<double>(history.ended[k]) / history.step_s * unit_s});
  }
  const plot_axis time{.title = "time", .unit = by_minutes ? "min" : "h", .low = 0.0};
  const auto steps = [](std::string name, std::vector<plot_point> points, int colour) {
    return plot_series{.name = std::move(name),
                       .points = std::move(points),
                       .marker = plot_marker::none,
                       .line = plot_line::step,
                       .colour = colour};
  };
  page.figure(to_svg(scatter_plot("Workers", time, {.title = "number", .low = 0.0},
                                  {steps("workers", std::move(there), 9), steps("evaluating", std::move(busy), 0)})),
              "Workers that were there, and how many of them were evaluating, from the first moment on. What ran on a "
              "machine that was lost, or for a driver that was killed, is not known to have run.");
  page.figure(to_svg(scatter_plot("Throughput", time,
                                  {.title = by_minutes ? "results per minute" : "results per hour", .low = 0.0},
                                  {steps("results", std::move(results), 2)})),
              "Evaluations that ended with a result.");
  report_table machines{.columns = {"machine", "processes", "evaluations", "failed", "busy, h"},
                        .caption = "Machines, the busiest first."};
  for (const machine_work& m : work.machines())
    machines.rows.push_back({m.name, std::to_string(m.processes), std::to_string(m.attempts), std::to_string(m.failed),
                             rounded_text(m.busy_s / 3600, 2)});
  page.table(machines);
}

/// The page: figures of merit, front, history, hypervolume, what each decision went with, workers, failures.
inline html_report study_report(const study_content& study, const study_figures& figures = {}) {
  const auto about = [&](const char* key) { return study.about.at(key); };
  html_report page("Search in " + about("space"), about("searcher") + ", " + about("objective"));
  const trial_record* const best = study.best();
  double seconds = 0;
  for (const trial_record& t : study.trials) seconds += t.result.seconds;
  page.tiles({{.name = "networks evaluated",
               .value = std::to_string(study.count(trial_state::done)),
               .note = "of " + about("space_size")},
              {.name = "best value",
               .value = best == nullptr ? "none" : significant_text(best->value(), 5),
               .note = best == nullptr ? "" : "trial " + std::to_string(best->id)},
              {.name = "failed", .value = std::to_string(study.count(trial_state::failed))},
              {.name = "duplicates", .value = std::to_string(study.duplicates()), .note = "that cost nothing"},
              {.name = "evaluating took", .value = rounded_text(seconds / 3600, 2) + " h"}});

  const std::vector<std::size_t> front =
      figures.cost.empty() ? std::vector<std::size_t>{} : front_of(study, figures.gain, figures.cost);
  if (!front.empty()) {
    page.section("Front");
    std::vector<plot_point> points;
    for (const trial_record& t : study.trials) {
      const auto g = t.result.metrics.find(figures.gain);
      const auto c = t.result.metrics.find(figures.cost);
      if (t.state == trial_state::done && !t.same_as && g != t.result.metrics.end() && c != t.result.metrics.end())
        points.push_back({.x = c->second, .y = g->second});
    }
    page.figure(to_svg(pareto_plot({.title = figures.gain + " and " + figures.cost,
                                    .trials = points,
                                    .x = {.title = figures.cost},
                                    .y = {.title = figures.gain}})),
                "Every network that was evaluated, and the front.");
    page.table(table_of(study, front, "The front, by rising " + figures.cost + "."));
  }

  page.section("History");
  const study_history history = history_of(study, figures.gain, figures.cost);
  std::vector<plot_point> values;
  std::vector<plot_point> so_far;
  std::vector<plot_point> area;
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    const trial_record& t = study.trials[i];
    const auto x = static_cast<double>(i + 1);
    if (t.state == trial_state::done && t.keeps_limits()) values.push_back({.x = x, .y = t.value()});
    if (std::isfinite(history.best[i])) so_far.push_back({.x = x, .y = history.best[i]});
    if (i < history.hypervolume.size()) area.push_back({.x = x, .y = 100 * history.hypervolume[i]});
  }
  if (!values.empty())
    page.figure(to_svg(scatter_plot("Value by trial", {.title = "trial"}, {.title = "value"},
                                    {{.name = "trials", .points = values, .faint = true},
                                     {.name = "best so far",
                                      .points = so_far,
                                      .marker = plot_marker::none,
                                      .line = plot_line::step,
                                      .colour = 0}})),
                "What each trial was worth, and the best one so far.");
  if (area.size() > 1 && !front.empty())
    page.figure(to_svg(scatter_plot("Hypervolume", {.title = "trial"}, {.title = "hypervolume", .unit = "%"},
                                    {{.name = "hypervolume",
                                      .points = area,
                                      .marker = plot_marker::none,
                                      .line = plot_line::step,
                                      .colour = 0}})),
                "The area that the front dominates, as a share of what it dominates at the end; from the dearest and "
                "the poorest network that was seen.");
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < study.trials.size(); ++i)
    if (study.trials[i].state == trial_state::done && study.trials[i].is_usable() && !study.trials[i].same_as)
      order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(-study.trials[i].value(), i); });
  order.resize(std::min(order.size(), figures.most_rows));
  if (!order.empty()) page.table(table_of(study, order, "The best networks."));

  page.section("What was learnt of each decision");
  page.text(
      "Mean value of the trials with each option, and how much of the variance of values lies between the options. "
      "Trials are those that the searcher chose, not a sample: what it left early has few, and options of other "
      "decisions go with it.");
  report_table effects{
      .columns = {"decision", "share of variance, %", "option", "trials", "mean value", "standard error"},
      .caption = "Marginal effects, the decisions that explain most first."};
  for (const decision_effect& e : effects_of(study))
    for (const option_effect& o : e.options)
      effects.rows.push_back({e.path, fixed_text(100 * e.share, 1), o.value, std::to_string(o.trials),
                              o.trials > 0 ? significant_text(o.mean, 5) : "",
                              o.trials > 1 ? significant_text(o.error, 2) : ""});
  page.table(effects);

  if (!study.work.attempts.empty()) add_work(page, study.work);
  if (const report_table failures = failures_of(study); !failures.rows.empty())
    page.section("Failures").table(failures);
  return page;
}

}  // namespace nascent
