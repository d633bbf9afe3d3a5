// SPDX-License-Identifier: Apache-2.0
/// \file
/// A model hub as a table for the terminal and a page for the browser.
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/io/model_hub.hpp"
#include "nascent/report/plot.hpp"
#include "nascent/report/report.hpp"
#include "nascent/report/table.hpp"

namespace nascent {

namespace detail {

inline std::vector<std::string> hub_row(const hub_entry& e) {
  const accuracy_record& a = e.accuracy();
  const std::string error = a.standard_error ? " \xC2\xB1 " + fixed_text(*a.standard_error, 2) : "";
  return {exact_text(e.tier_ms()),
          e.name(),
          e.space(),
          fixed_text(1e-6 * static_cast<double>(e.cost().params), 2),
          fixed_text(1e-6 * static_cast<double>(e.cost().macs), 0),
          significant_text(e.ms()),
          e.is_measured() ? "measured" : "predicted",
          fixed_text(a.top1, 2) + error,
          a.source,
          e.added()};
}

}  // namespace detail

/// Entries of a hub as rows.
inline report_table table_of(const std::vector<const hub_entry*>& entries, std::string caption = {}) {
  report_table t{
      .columns = {"up to ms", "network", "space", "params M", "MACs M", "ms", "how", "top-1 %", "accuracy by", "added"},
      .caption = std::move(caption)};
  for (const hub_entry* e : entries) t.rows.push_back(detail::hub_row(*e));
  return t;
}

/// The best of each tier: one table for each device, data type and batch, under its name.
struct hub_section {
  std::string title{};
  report_table table{};
};
inline std::vector<hub_section> sections_of(const model_hub& hub, const hub_filter& filter = {}) {
  std::vector<hub_section> sections;
  std::vector<const hub_entry*> group;
  const std::vector<const hub_entry*> best = hub.best(filter);
  for (std::size_t i = 0; i < best.size(); ++i) {
    group.push_back(best[i]);
    if (i + 1 < best.size() && best[i + 1]->place() == best[i]->place()) continue;
    sections.push_back({best[i]->place(), table_of(group, "The most accurate network known for each tier.")});
    group.clear();
  }
  return sections;
}

/// The page.
inline std::string to_html(const model_hub& hub) {
  const std::vector<const hub_entry*> best = hub.best();
  const std::vector<hub_section> sections = sections_of(hub);
  std::set<std::string> devices;
  for (const hub_entry& e : hub.entries()) devices.insert(e.device().device);
  html_report page("Model hub", "The best networks known for each tier of latency");
  page.tiles({{"tiers", std::to_string(best.size()),
               "on " + std::to_string(devices.size()) + (devices.size() == 1 ? " device" : " devices")},
              {"networks", std::to_string(hub.entries().size()), "with the history"}});
  if (best.empty()) page.text("Nothing has been added yet: model_hub add extends it.");
  for (const hub_section& s : sections) {
    page.section(s.title).table(s.table);
    pareto_figure figure{.title = "Accuracy against latency",
                         .x = {.title = "latency", .unit = "ms", .scale = axis_scale::log}};
    for (const hub_entry& e : hub.entries())
      if (e.place() == s.title) figure.trials.push_back({.x = e.ms(), .y = e.accuracy().top1});
    for (const hub_entry* e : best)
      if (e->place() == s.title) figure.models.push_back({.x = e->ms(), .y = e->accuracy().top1, .label = e->name()});
    page.figure(to_svg(pareto_plot(figure)),
                "Every network of this device and batch; named are the best of the tiers.");
  }
  std::vector<const hub_entry*> others;
  for (const hub_entry& e : hub.entries())
    if (std::ranges::find(best, &e) == best.end()) others.push_back(&e);
  if (!others.empty()) {
    report_table history = table_of(others, "What was added and is not, or no longer, the best of its tier.");
    history.columns.insert(history.columns.begin(), "device");
    for (std::size_t i = 0; i < others.size(); ++i) history.rows[i].insert(history.rows[i].begin(), others[i]->place());
    page.section("History").table(history);
  }
  return page.str();
}

}  // namespace nascent
