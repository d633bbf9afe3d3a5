// SPDX-License-Identifier: Apache-2.0
// The model hub: the best networks known for each tier of latency and each device, in one file that runs extend.
//
//   model_hub add --family family/family.json --tiers 5,8,12,20   what design_family made
//   model_hub add --table family/latency.db --tiers 5,8,12        the proven best of each tier, by predictions
//   model_hub best --under 12 --device EPYC                       the best under 12 ms on this device
//   model_hub list
//   model_hub html --out hub.html
//
// Nothing in a hub is overwritten: what is no longer the best stays in its history.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "family_space.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/io/model_hub.hpp>
#include <nascent/latency/exchange.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/hub_report.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/search/latency_tiers.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;
using examples::family_space;

namespace {

struct settings {
  std::filesystem::path hub = "hub.json";
  std::filesystem::path family;
  std::filesystem::path table;
  std::string space = "design_family";
  std::vector<double> tiers_ms{5, 8, 12, 20};
  double budget_s = 60;
  double under_ms = std::numeric_limits<double>::infinity();
  hub_filter filter;
  bool as_json = false;
  std::filesystem::path out = "hub.html";
  std::string command;
};

void add_filter(CLI::App& app, hub_filter& f) {
  app.add_option("--device", f.device, "a part of the device's description, such as EPYC or avx512");
  std::vector<std::string> types;
  for (const data_type t : data_types) types.emplace_back(to_string(t));
  app.add_option("--dtype", f.dtype, "the type of numbers that it ran in")->check(CLI::IsMember(types));
  app.add_option("--batch", f.batch, "images at a time")->check(CLI::PositiveNumber);
  app.add_option("--source", f.source, "where the accuracy is from, such as \"accuracy model\" or \"trained\"");
}

/// Adds a network to the file, and says what that changed.
void add(const settings& s, const hub_entry& e) {
  const hub_change change = update_hub(s.hub, [&](model_hub& hub) { return hub.add(e); });
  std::printf("%s: %.2f %% at %s ms (%s), tier up to %s ms: %s\n", e.name().c_str(), e.accuracy().top1,
              significant_text(e.ms()).c_str(), e.is_measured() ? "measured" : "predicted",
              exact_text(e.tier_ms()).c_str(), to_string(change));
  std::fflush(stdout);
}

void add_family(const settings& s) {
  if (!std::ranges::is_sorted(s.tiers_ms))
    throw std::invalid_argument("--tiers: found limits that fall; allowed: rising ones");
  const auto family = read_family(family_space, s.family);
  const device_description device = device_from_json(family.about.value("device", json()), "/about/device");
  for (const auto& level : family.levels) {
    const double ms = level.latency.measured_ms ? *level.latency.measured_ms : level.latency.predicted_ms.value_or(0);
    const auto tier = std::ranges::lower_bound(s.tiers_ms, ms);
    if (tier == s.tiers_ms.end())
      std::printf("%s: left out, its %s ms are above the last tier\n", level.name.c_str(),
                  significant_text(ms).c_str());
    else add(s, {device, *tier, level, s.command, utc_now()});
  }
}

/// The environment of a table that the filter leaves.
store_key environment_of(const settings& s) {
  std::vector<store_key> found;
  std::string names;
  for (const table_row& row : load_rows(s.table)) {
    const auto same = [&](const store_key& k) { return k.device == row.key.device && k.batch == row.key.batch; };
    const std::string name = describe(row.key.device) + ", batch " + std::to_string(row.key.batch);
    if (name.find(s.filter.device) == std::string::npos || std::ranges::any_of(found, same) ||
        (s.filter.batch != 0 && s.filter.batch != row.key.batch) ||
        (!s.filter.dtype.empty() && s.filter.dtype != to_string(row.key.device.type)))
      continue;
    found.push_back(row.key);
    names += (names.empty() ? "" : "; ") + name;
  }
  if (found.size() != 1)
    throw std::invalid_argument("table '" + s.table.string() + "': found " +
                                (found.empty() ? "no times of such a device" : "times of several: " + names) +
                                "; allowed: those of one, by --device, --dtype and --batch");
  return found.front();
}

template <class Space>
int add_tiers(const Space& space, const settings& s, const signal_stop& signals) {
  watch all({.seconds = s.budget_s, .stop = &signals.received()});
  const store_key key = environment_of(s);
  const latency_table table(s.table, key.device, {.batch = key.batch, .context = key.context, .read_only = true});
  const kernel_trellis trellis(space);
  const latency_predictor predictor(trellis, table);
  const estimated_top1 accuracy;
  const accuracy_proof proof(trellis, predictor, accuracy.model);
  watch sorting = all.share(.3);
  const auto tiers = tier(space, predictor, s.tiers_ms, {.watch = &sorting});
  std::printf("%zu networks of '%s' drawn, priced on %s and sorted into %zu tiers in %.1f s\n", tiers.drawn,
              space.name(), describe(key.device).c_str(), tiers.size(), tiers.seconds);
  for (const auto& t : tiers) {
    all.throw_if_stopped();
    const tier_count& n = t.count();
    std::printf("%s: about %s networks (%s to %s)\n", t.name().c_str(), significant_text(n.estimate, 3).c_str(),
                significant_text(n.low, 3).c_str(), significant_text(n.high, 3).c_str());
    watch searching = all.share(.3 / static_cast<double>(tiers.size()));
    const auto front = search_front(t, accuracy, {.networks = 300'000, .watch = &searching});
    all.throw_if_stopped();
    watch proving = all.share(.3 / static_cast<double>(tiers.size()));
    auto best = proof.best_under(t.most_ms(), {.watch = &proving});
    all.throw_if_stopped();
    if (const auto& found = front.points.back(); found.accuracy > best.accuracy.top1)
      best = {
          .what = found.what, .accuracy = accuracy.model(to_network(found.what)), .ms = found.ms, .bound = best.bound};
    std::printf("  no network of the space is above %.2f %% within %s ms\n", best.bound,
                exact_text(t.most_ms()).c_str());
    const auto network = scaled(best.what, {});
    const family_level<Space> level{
        .name = std::string(space.name()) + ", " + t.name(),
        .network = network,
        .cost = cost(network, {.type = key.device.type, .batch = key.batch}),
        .latency = {.predicted_ms = best.ms},
        .accuracy = {
            .top1 = best.accuracy.top1, .standard_error = best.accuracy.standard_error, .source = "accuracy model"}};
    add(s, {key.device, t.most_ms(), level, s.command, utc_now()});
  }
  return 0;
}

int add_any(const settings& s, const signal_stop& signals) {
  if (s.family.empty() == s.table.empty())
    throw std::invalid_argument(
        "add: found " + std::string(s.family.empty() ? "neither --family nor --table" : "--family and --table") +
        "; allowed: one of them");
  if (!s.family.empty()) {
    add_family(s);
    return 0;
  }
  if (s.space == "design_family") return add_tiers(family_space, s, signals);
  return zoo::with_space(
      s.space, [&](const auto& space) { return add_tiers(space, s, signals); }, zoo::efficientnet_x);
}

int best(const settings& s) {
  const model_hub hub = read_hub(s.hub);
  const hub_entry& e = hub.best_under(s.under_ms, s.filter);
  if (s.as_json) {
    std::printf("%s\n", json(e).dump(2).c_str());
    return 0;
  }
  std::printf("%s\n%s", e.place().c_str(), to_text(table_of({&e})).c_str());
  for (const auto& [path, value] : e.network()["candidate"]["decisions"].items())
    std::printf("  %s = %s\n", path.c_str(), value.dump().c_str());
  return 0;
}

int list(const settings& s) {
  const model_hub hub = read_hub(s.hub);
  for (const hub_section& section : sections_of(hub, s.filter))
    std::printf("%s\n%s\n", section.title.c_str(), to_text(section.table).c_str());
  std::printf("%zu networks in all\n", hub.entries().size());
  return 0;
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  s.command = examples::command_line(argc, argv);
  CLI::App app{"The best networks known for each tier of latency and each device, in one file that runs extend."};
  app.require_subcommand(1);
  app.add_option("--hub", s.hub, "the file")->capture_default_str();
  app.fallthrough();
  CLI::App& adding = *app.add_subcommand("add", "extends the hub");
  adding.add_option("--family", s.family, "a family.json of design_family");
  adding.add_option("--table", s.table, "a latency table: the best network of each tier by its predictions");
  adding.add_option("--space", s.space, "that the table is for: design_family or efficientnet_x")
      ->capture_default_str();
  adding.add_option("--budget-s", s.budget_s, "seconds for a table's tiers, about")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  adding.add_option("--tiers", s.tiers_ms, "limits in ms, rising")->delimiter(',')->capture_default_str();
  CLI::App& asking = *app.add_subcommand("best", "the most accurate network under a latency");
  asking.add_option("--under", s.under_ms, "ms")->check(CLI::PositiveNumber);
  asking.add_flag("--json", s.as_json, "the entry as it is in the file");
  CLI::App& listing = *app.add_subcommand("list", "the best of each tier");
  CLI::App& page = *app.add_subcommand("html", "writes a page");
  page.add_option("--out", s.out, "the page")->capture_default_str();
  for (CLI::App* sub : {&adding, &asking, &listing}) add_filter(*sub, s.filter);
  app.footer("Example: model_hub add --family family/family.json --tiers 5,8,12,20");
  CLI11_PARSE(app, argc, argv);
  if (adding.parsed())
    return until_signal("'" + s.hub.string() + "' keeps what was added",
                        [&](const signal_stop& signals) { return add_any(s, signals); });
  if (asking.parsed()) return best(s);
  if (listing.parsed()) return list(s);
  write_file(s.out, to_html(read_hub(s.hub)));
  std::printf("Wrote %s.\n", s.out.c_str());
  return 0;
}

int main(int argc, char** argv) {
  return examples::run_program("model_hub", [&] { return program(argc, argv); });
}
