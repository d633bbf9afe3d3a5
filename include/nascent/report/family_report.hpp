// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a designed family is, beside networks of the literature, as a table for the terminal and a page for the
/// browser.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/accuracy/model.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/cost/device_profile.hpp"
#include "nascent/latency/prediction.hpp"
#include "nascent/report/picture/network.hpp"
#include "nascent/report/plot.hpp"
#include "nascent/report/report.hpp"
#include "nascent/report/roofline_plot.hpp"
#include "nascent/timing/compare_networks.hpp"

namespace nascent {

/// A network with everything that is known of it.
struct reported_network {
  std::string name{};
  std::string family{};  ///< those of one family are networks of rising size; may be empty
  network graph{{}, {}};
  costs cost{};
  latency_prediction predicted{};
  compared_network measured{};
  accuracy_estimate accuracy{};
};

/// A family on a device, beside the networks that it is held against.
struct family_report {
  std::string title = "A family of networks for this machine";
  device_description device{};
  std::string command{};  ///< that makes this report again
  std::optional<std::uint64_t> seed{};
  std::vector<report_tile> tiles{};  ///< figures of merit in its head, behind those of the family's base
  std::vector<std::string> findings{};
  std::vector<reported_network> networks{};  ///< the one that times are held against first
  std::size_t base = 0;                      ///< of them, the first of the family
  double target_ms = 0;                      ///< predicted, as the points of the search are
  std::vector<plot_point> searched{};       ///< predicted ms and estimated accuracy of networks that a search looked at
  std::optional<device_profile> machine{};  ///< its roofs; no roofline without
  std::string space_picture{};              ///< SVG; none where empty
};

/// The rows of a report: counts, predicted and measured times, estimated accuracy. A prediction that is off by more
/// than a tenth, and a time that spreads by more, are marked; so are predictions that rest on estimated kernels.
inline report_table results_of(const family_report& r) {
  constexpr double much = 0.1;
  report_table t{
      .columns = {"network", "params M", "MACs M", "ops/byte", "predicted ms", "measured ms", "spread",
                  "time / " + r.networks.front().name + " (95 %)", "est. top-1 %"},
      .caption = "Predicted: from the latency table. Measured: median, with the distance of the quartiles. " +
                 std::string("Marked with !: predictions off by more than 10 %, times that spread by more; with ~: "
                             "predictions that kernels were estimated for.")};
  for (const reported_network& n : r.networks) {
    const double ms = n.measured.time.median_ms;
    const bool off = ms > 0 && std::abs(n.predicted.ms / ms - 1) > much;
    const auto& ratio = n.measured.against_first;
    t.rows.push_back(
        {n.name, fixed_text(1e-6 * static_cast<double>(n.cost.params), 2),
         fixed_text(1e-6 * static_cast<double>(n.cost.macs), 0), fixed_text(n.cost.operational_intensity(), 1),
         fixed_text(n.predicted.ms, 2) + (n.predicted.estimated > 0 ? " ~" : "") + (off ? " !" : ""), fixed_text(ms, 2),
         fixed_text(100 * n.measured.time.spread, 1) + " %" + (n.measured.time.spread > much ? " !" : ""),
         !ratio                        ? ""
         : !std::isfinite(ratio->high) ? fixed_text(ratio->median, 3) + " (too few rounds)"
                                       : fixed_text(ratio->median, 3) + " (" + fixed_text(ratio->low, 3) + " to " +
                                             fixed_text(ratio->high, 3) + ")",
         fixed_text(n.accuracy.top1, 2) + " \xC2\xB1 " + fixed_text(n.accuracy.standard_error, 2) +
             (n.accuracy.in_domain ? "" : " (outside)")});
  }
  t.highlighted = {r.base};
  return t;
}

namespace detail {

/// "B1" of "EfficientNet-B1" or "this family, B1", where that is the family; else the whole name.
inline std::string name_in_family(const reported_network& n) {
  for (const char* between : {", ", "-"})
    if (const std::string prefix = n.family + between; n.name.starts_with(prefix)) return n.name.substr(prefix.size());
  return n.name;
}

}  // namespace detail

/// The page. `networks` must not be empty.
inline std::string to_html(const family_report& r) {
  const reported_network& base = r.networks[r.base];
  html_report page(r.title, describe(r.device));
  std::vector<report_tile> tiles = r.tiles;
  tiles.push_back({base.name, fixed_text(base.measured.time.median_ms, 2) + " ms",
                   "measured; target " + fixed_text(r.target_ms, 2) + " ms"});
  tiles.push_back({"estimated top-1", fixed_text(base.accuracy.top1, 1) + " %",
                   r.networks.front().name + ": " + fixed_text(r.networks.front().accuracy.top1, 1) + " %"});
  page.tiles(tiles);
  page.section("Results").table(results_of(r));
  for (const std::string& sentence : r.findings) page.text(sentence);
  page.text(
      "Top-1 is an estimate of a model fitted to published networks; it stands in for training. Differences below "
      "about "
      "0.7 points between networks of one size are ties.");

  pareto_figure pareto{.title = "Estimated accuracy against predicted latency",
                       .trials = r.searched,
                       .x = {.title = "predicted latency", .unit = "ms", .scale = axis_scale::log},
                       .target = r.target_ms};
  for (const reported_network& n : r.networks) {
    const bool alone = std::ranges::count(r.networks, n.family, &reported_network::family) < 2;
    plot_point p{.x = n.predicted.ms, .y = n.accuracy.top1, .label = n.name, .y_error = n.accuracy.standard_error};
    if (n.family.empty() || alone) {
      pareto.models.push_back(std::move(p));
      continue;
    }
    p.label = detail::name_in_family(n);
    auto line = std::ranges::find(pareto.families, n.family, &plot_family::name);
    if (line == pareto.families.end()) line = pareto.families.insert(line, {.name = n.family});
    line->members.push_back(std::move(p));
  }
  page.section("Accuracy and latency").figure(to_svg(pareto_plot(pareto)));
  if (r.machine) {
    const data_type type = r.device.type;
    roofline_figure under = roofs_figure("Roofline of this machine", *r.machine, type);
    for (const reported_network& n : r.networks)
      under.networks.push_back(roofline_point(
          {.work = work_of(n.cost), .under = roofs_of(*r.machine, type), .latency_ms = n.measured.time.median_ms},
          n.name));
    page.section("Roofline")
        .figure(to_svg(roofline_plot(under)), "Roofs measured in this run, reading memory and " +
                                                  std::string(r.machine->peak(type).source.view()) +
                                                  ". Points above the arithmetic are effective rates: an algorithm "
                                                  "saved multiplications that are counted.");
  }
  page.section("The best network").figure(to_svg(base.graph));
  if (!r.space_picture.empty()) page.section("The space").figure(r.space_picture);
  return page.origin({.command = r.command, .machine = describe(r.device), .seed = r.seed}).str();
}

}  // namespace nascent
