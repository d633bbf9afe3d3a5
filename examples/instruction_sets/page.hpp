// SPDX-License-Identifier: Apache-2.0
/// \file
/// What examples/instruction_sets says beside its tables: sentences that the figures allow, pictures, files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tables.hpp"

#include <nascent/report/design_map.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/report/ratio_map.hpp>
#include <nascent/report/report.hpp>

namespace examples::sets {

// --- sentences

/// "SSE4.1, f32 0.20; AVX2, f32 0.60".
template <class Value>
std::string each_set(const study& s, Value&& value) {
  std::string text;
  for (std::size_t i = 0; i < s.sets.size(); ++i)
    text += (text.empty() ? "" : "; ") + title_of(s.sets[i]) + ": " + value(i);
  return text;
}

/// The narrowest set and the widest one that computes in the same type.
inline std::pair<std::size_t, std::size_t> ends_of(const study& s) {
  std::size_t wide = 0;
  for (std::size_t i = 0; i < s.sets.size(); ++i)
    if (type_of(s.sets[i]) == type_of(s.sets.front())) wide = i;
  return {0, wide};
}

/// How a share moves from the narrowest to the widest set, given what the errors of the times allow.
inline std::string moved(const spread_of& narrow, const spread_of& wide) {
  if (narrow.most < wide.least) return "rises, beyond what errors of the times explain";
  if (narrow.least > wide.most) return "falls, beyond what errors of the times explain";
  return "does not move beyond what errors of the times explain";
}

inline std::vector<std::string> findings_of(const study& s) {
  std::vector<std::string> all;
  if (s.sets.size() < 2) {
    all.emplace_back("One instruction set alone says nothing about what they change.");
    return all;
  }
  const auto [narrow, wide] = ends_of(s);
  const set_record& from = s.sets[narrow];
  const set_record& to = s.sets[wide];
  const std::string between = " from " + title_of(from) + " to " + title_of(to);

  all.push_back("Fused blocks early, share, with its range: " +
                each_set(s, [&](std::size_t i) { return spread_of(s.sets[i], early_share).text(2); }) + ". It " +
                moved(spread_of(from, early_share), spread_of(to, early_share)) + "," + between +
                ". The paper: none without wide vectors, all of stages 2 and 3 (4 of 5) with them.");
  all.push_back("Space-to-depth: " +
                each_set(s,
                         [&](std::size_t i) {
                           return std::string(
                               profile_of(main_design(s.sets[i]).decisions, type_of(s.sets[i])).space_to_depth ? "yes"
                                                                                                               : "no");
                         }) +
                ". The paper: no without wide vectors, yes with them.");
  all.push_back("Swish, share of the blocks: " +
                each_set(s, [&](std::size_t i) { return spread_of(s.sets[i], swish_share).text(2); }) +
                ". The paper: relu alone, with and without wide vectors.");
  all.push_back("MACs of the design for EfficientNet-B0's time: " +
                each_set(s, [&](std::size_t i) { return spread_of(s.sets[i], megamacs).text(0) + " M"; }) + ". It " +
                moved(spread_of(from, megamacs), spread_of(to, megamacs)) + "," + between +
                ". The paper: 390 M without wide vectors, 910 M with them.");
  const double x_narrow = literature(s.times[narrow], 2).ratio / literature(s.times[narrow], 1).ratio;
  const double x_wide = literature(s.times[wide], 2).ratio / literature(s.times[wide], 1).ratio;
  all.push_back("EfficientNet-X-B0 takes " + fixed_text(x_narrow, 2) + " of EfficientNet-B0's time under " +
                title_of(from) + " and " + fixed_text(x_wide, 2) + " under " + title_of(to) +
                ", both with relu. The paper, over B0 to B7: 1.45 and 0.86.");
  all.push_back("The design of " + title_of(from) + " takes " + fixed_text(foreign_ratio(s, wide, narrow), 2) +
                " of the time of the own design under " + title_of(to) + ", with " +
                fixed_text(main_design(from).top1, 2) + " instead of " + fixed_text(main_design(to).top1, 2) +
                " %; the other way round it is " + fixed_text(foreign_ratio(s, narrow, wide), 2) + ".");
  for (const std::size_t i : {narrow, wide}) {
    const set_record& r = s.sets[i];
    if (r.scalings.size() < 2) continue;
    std::string gains;
    for (std::size_t l = 0; l < r.scalings[0].top1.size(); ++l)
      if (r.scalings[0].top1[l] > 0 && r.scalings[1].top1[l] > 0)
        gains += (gains.empty() ? "" : ", ") + fixed_text(r.scalings[0].top1[l] - r.scalings[1].top1[l], 2);
    all.push_back("Scaling under " + title_of(r) + ": LACS has " + (gains.empty() ? "no figures" : gains) +
                  " points more than scaling for accuracy and MACs alone, level by level. The paper: slightly better " +
                  (i == narrow ? "without LACS where vectors are narrow." : "with LACS where they are wide."));
  }
  std::size_t estimated = 0;
  for (const set_record& r : s.sets)
    for (const design& d : r.designs) estimated += d.estimated;
  if (estimated > 0)
    all.push_back("The budget ended first: " + std::to_string(estimated) +
                  " kernels of designs are estimates (marked with !). A larger --budget-s goes on from here.");
  return all;
}

inline constexpr const char* reading =
    "Top-1 is an estimate of a model fitted to published networks; it stands in for training, and differences below "
    "about "
    "0.7 points between networks of one size are ties. What it adds for fused blocks (0.3) and space-to-depth (0.2) "
    "and "
    "takes for relu (0.5) are the paper's own steps, not fits.";

inline std::string text_of(const study& s) {
  std::string text;
  for (const report_table& t : tables_of(s)) text += t.caption + ":\n\n" + to_text(t) + "\n";
  for (const std::string& sentence : findings_of(s)) text += sentence + "\n";
  return text;
}

inline std::string markdown_of(const study& s) {
  std::string text = s.sets.empty() ? "" : s.sets.front().device + ", kernels: " + s.sets.back().how.kernels + ".\n";
  for (const report_table& t : tables_of(s)) text += "\n" + to_markdown(t);
  for (const std::string& sentence : findings_of(s)) text += "\n" + sentence + "\n";
  return text;
}

// --- pictures and files

inline design_map map_of(const study& s) {
  design_map m{.title = "Designs under each instruction set, and the paper's"};
  const auto note = [](const network_profile& p) {
    return fixed_text(megamacs(p), 0) + " M MACs" + (p.space_to_depth ? ", space-to-depth" : "");
  };
  const auto add_model = [&](const network& graph) {
    const network_profile p = nascent::profile_of(graph);
    m.designs.push_back({.name = graph.name(), .note = note(p), .profile = p});
  };
  add_model(to_network(zoo::efficientnet_b0.only()));
  add_model(to_network(zoo::efficientnet_x_family[0]));
  for (const set_record& r : s.sets)
    for (const design& d : r.designs) {
      const network_profile p = profile_of(d.decisions, type_of(r));
      m.designs.push_back({.name = title_of(r) + ", " + rounded_text(d.factor) + " x B0's time",
                           .note = note(p) + ", " + fixed_text(d.top1, 1) + " %",
                           .profile = p});
    }
  return m;
}

inline ratio_map crossing_of(const study& s) {
  ratio_map m{.title = "Time of each design under each set, over the set's own design"};
  for (const set_record& r : s.sets) {
    m.rows.push_back("under " + title_of(r));
    m.columns.push_back("of " + title_of(r));
  }
  for (std::size_t under = 0; under < s.sets.size(); ++under)
    for (std::size_t by = 0; by < s.sets.size(); ++by) m.ratios.push_back(foreign_ratio(s, under, by));
  return m;
}

/// The price of a MAC of each design under each set, over EfficientNet-B0's there.
inline plot prices_of(const study& s) {
  std::vector<plot_series> series;
  for (std::size_t under = 0; under < s.sets.size(); ++under) {
    plot_series points{.name = "run under " + title_of(s.sets[under])};
    const timed& b0 = literature(s.times[under], 0);
    const double b0_macs = static_cast<double>(count(zoo::efficientnet_b0.only()).macs);
    for (std::size_t by = 0; by < s.sets.size(); ++by)
      for (const design& d : s.sets[by].designs)
        if (const timed* t = time_of(s, under, by, d.factor)) {
          const network_profile p = profile_of(d.decisions, type_of(s.sets[by]));
          points.points.push_back(
              {.x = early_share(p) * 100,
               .y = mac_price(static_cast<double>(p.cost.macs), t->ms) / mac_price(b0_macs, b0.ms)});
        }
    if (!points.points.empty()) series.push_back(std::move(points));
  }
  return scatter_plot("What a MAC costs, by how much of the early blocks is fused",
                      {.title = "early blocks that are fused", .unit = "%", .low = -5, .high = 105},
                      {.title = "price of a MAC, over EfficientNet-B0's"}, std::move(series));
}

inline void write_files(const study& s, const std::filesystem::path& folder, const std::string& command) {
  const std::string device = s.sets.empty() ? "" : s.sets.front().device;
  html_report page("What instruction sets change", device);
  std::vector<report_tile> tiles;
  for (const set_record& r : s.sets)
    tiles.push_back({title_of(r), fixed_text(main_design(r).top1, 1) + " %",
                     "in EfficientNet-B0's time; fused early " +
                         fixed_text(100 * early_share(profile_of(main_design(r).decisions, type_of(r))), 0) + " %"});
  page.tiles(tiles).section("Findings");
  for (const std::string& sentence : findings_of(s)) page.text(sentence);
  page.text(reading);
  page.section("Designs").figure(to_svg(map_of(s)), "Under the pointer: every block.");
  page.section("Each design under each set").figure(to_svg(crossing_of(s)), "Measured, in turns.");
  page.section("The price of a MAC").figure(to_svg(prices_of(s)), "All designs under all sets, by measured times.");
  page.section("Tables");
  for (const report_table& t : tables_of(s)) page.table(t);
  report_origin origin{.command = command, .machine = device};
  if (!s.sets.empty()) origin.seed = s.sets.front().how.seed;
  page.origin(origin);
  write_file(folder / "instruction_sets.html", page.str());

  nlohmann::json all{{"sets", s.sets}, {"times", s.times}, {"findings", findings_of(s)}};
  write_file(folder / "instruction_sets.json", all.dump(1) + "\n");

  std::string csv =
      "designed_under,factor,run_under,median_ms,spread,ratio_to_b0,predicted_ms,top1,macs,params,fused_early,"
      "blocks_early,fused_late,blocks_late,space_to_depth,swish,gated,blocks,dtype,threads,date,nascent,"
      "device\n";
  for (std::size_t under = 0; under < s.sets.size(); ++under)
    for (std::size_t by = 0; by < s.sets.size(); ++by)
      for (const design& d : s.sets[by].designs)
        if (const timed* t = time_of(s, under, by, d.factor)) {
          const network_profile p = profile_of(d.decisions, type_of(s.sets[by]));
          const block_counts early = p.count(early_from, early_to);
          const block_counts late = p.count(late_from);
          const block_counts blocks = p.count();
          csv += s.sets[by].isa + "," + exact_text(d.factor) + "," + s.sets[under].isa;
          for (const double v : {t->ms, t->spread, t->ratio, t->predicted_ms, d.top1}) csv += "," + exact_text(v);
          for (const std::int64_t n :
               {p.cost.macs, p.cost.params, std::int64_t{early.fused}, std::int64_t{early.blocks},
                std::int64_t{late.fused}, std::int64_t{late.blocks}, std::int64_t{p.space_to_depth},
                std::int64_t{blocks.swish}, std::int64_t{blocks.gated}, std::int64_t{blocks.blocks}})
            csv += "," + std::to_string(n);
          csv += std::string(",") + to_string(type_of(s.sets[under])) + "," +
                 std::to_string(s.sets[under].how.threads) + "," + s.times[under].date + "," + std::string(version) +
                 ",\"" + s.sets[under].device + "\"\n";
        }
  write_file(folder / "instruction_sets.csv", csv);
}

}  // namespace examples::sets
