// SPDX-License-Identifier: Apache-2.0
/// \file
/// The tables of examples/instruction_sets.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "design.hpp"
#include "records.hpp"

#include <nascent/cost/network_profile.hpp>
#include <nascent/report/table.hpp>

namespace examples::sets {

/// Everything that was found, set by set, the narrowest first.
struct study {
  std::vector<set_record> sets{};
  std::vector<times_record> times{};  ///< in the same order
};

inline constexpr int early_from = 2;  ///< maps of 1/2 to 1/8 of the input: EfficientNet's stages 1 to 3
inline constexpr int early_to = 8;
inline constexpr int late_from = 12;

inline std::string title_of(const set_record& s) { return examples::title_of(onednn::parse_isa(s.isa)); }
inline data_type type_of(const set_record& s) { return examples::type_of(onednn::parse_isa(s.isa)); }

inline network_profile profile_of(const std::vector<int>& decisions, data_type type) {
  return nascent::profile_of(network_of(decisions), {.type = type});
}

/// The design for about EfficientNet-B0's own time.
inline const design& main_design(const set_record& s) {
  return *std::ranges::min_element(s.designs, {}, [](const design& d) { return std::abs(std::log(d.factor)); });
}

/// The time of set `by`'s design of a factor when run under set `under`.
inline const timed* time_of(const study& s, std::size_t under, std::size_t by, double factor) {
  for (const timed& t : s.times[under].networks)
    if (t.from == s.sets[by].isa && t.factor == factor) return &t;
  return nullptr;
}

/// Of what the draws and the main design have: least, mean, most.
struct spread_of {
  double least = std::numeric_limits<double>::infinity();
  double mean = 0;
  double most = -std::numeric_limits<double>::infinity();

  template <class Value>
  spread_of(const set_record& s, Value&& value) {
    std::vector<double> all{value(profile_of(main_design(s).decisions, type_of(s)))};
    for (const drawn& d : s.draws) all.push_back(value(profile_of(d.decisions, type_of(s))));
    for (const double v : all) {
      least = std::min(least, v);
      most = std::max(most, v);
      mean += v / static_cast<double>(all.size());
    }
  }
  std::string text(int decimals) const {
    const std::string low = fixed_text(least, decimals);
    const std::string high = fixed_text(most, decimals);
    return low == high ? low : fixed_text(mean, decimals) + " (" + low + ".." + high + ")";
  }
};

inline double early_share(const network_profile& p) { return p.count(early_from, early_to).fused_share(); }
inline double late_share(const network_profile& p) { return p.count(late_from).fused_share(); }
inline double swish_share(const network_profile& p) {
  const block_counts n = p.count();
  return n.blocks == 0 ? 0 : static_cast<double>(n.swish) / n.blocks;
}
inline double megamacs(const network_profile& p) { return 1e-6 * static_cast<double>(p.cost.macs); }

inline std::string of(int part, int whole) { return std::to_string(part) + " of " + std::to_string(whole); }

// --- tables

inline report_table sets_table(const study& s) {
  report_table t{.columns = {"instruction set", "kernels measured", "share of an average network's time",
                             "EfficientNet-B0, ms", "load while designing", "load while running", "seconds", "date"},
                 .caption =
                     "What was measured under each set; load: processes that wanted to run, of all on the "
                     "machine, averages of a minute at begin and end"};
  for (std::size_t i = 0; i < s.sets.size(); ++i) {
    const set_record& r = s.sets[i];
    const times_record& run = s.times[i];
    t.rows.push_back({title_of(r), of(static_cast<int>(r.measured), static_cast<int>(r.kernels)),
                      fixed_text(100 * r.measured_time, 0) + " %", fixed_text(r.b0_ms, 2),
                      fixed_text(r.load_before, 1) + " to " + fixed_text(r.load_after, 1),
                      fixed_text(run.load_before, 1) + " to " + fixed_text(run.load_after, 1), fixed_text(r.seconds, 0),
                      r.date});
  }
  return t;
}

inline report_table designs_table(const study& s) {
  report_table t{.columns = {"set", "time / EfficientNet-B0", "predicted ms", "measured ms", "est. top-1 %", "bound %",
                             "MACs M", "params M", "ops/byte", "ms per GMAC", "fused early", "fused late",
                             "space-to-depth", "swish", "squeeze-and-excite"},
                 .caption =
                     "The best network of the space for each time under each set. Bound: no network of the space "
                     "is above it, by the table and the accuracy model. Early: maps of 1/8 of the input or "
                     "larger. ms per GMAC by measured time"};
  for (std::size_t i = 0; i < s.sets.size(); ++i)
    for (const design& d : s.sets[i].designs) {
      const network_profile p = profile_of(d.decisions, type_of(s.sets[i]));
      const block_counts early = p.count(early_from, early_to);
      const block_counts late = p.count(late_from);
      const block_counts all = p.count();
      const timed* own = time_of(s, i, i, d.factor);
      const double ms = own == nullptr ? d.ms : own->ms;
      t.rows.push_back(
          {title_of(s.sets[i]), rounded_text(d.factor), fixed_text(own == nullptr ? d.ms : own->predicted_ms, 2),
           own == nullptr ? "-" : fixed_text(ms, 2) + " (" + fixed_text(100 * own->spread, 0) + " %)",
           fixed_text(d.top1, 2) + (d.estimated > 0 ? " !" : ""), fixed_text(d.bound, 2), fixed_text(megamacs(p), 0),
           fixed_text(1e-6 * static_cast<double>(p.cost.params), 1), fixed_text(p.cost.operational_intensity(), 1),
           fixed_text(mac_price(static_cast<double>(p.cost.macs), ms), 1), of(early.fused, early.blocks),
           of(late.fused, late.blocks), p.space_to_depth ? "yes" : "no", of(all.swish, all.blocks),
           of(all.gated, all.blocks)});
    }
  return t;
}

inline report_table draws_table(const study& s) {
  report_table t{.columns = {"set", "designs", "fused early, share", "fused late, share", "with space-to-depth",
                             "swish, share", "MACs M"},
                 .caption =
                     "The design for EfficientNet-B0's time and those by times drawn within the errors of the "
                     "measured ones: mean and range"};
  for (const set_record& r : s.sets) {
    const spread_of folded(r, [](const network_profile& p) { return p.space_to_depth ? 1. : 0.; });
    const auto count = static_cast<double>(r.draws.size() + 1);
    t.rows.push_back({title_of(r), std::to_string(r.draws.size() + 1), spread_of(r, early_share).text(2),
                      spread_of(r, late_share).text(2),
                      of(static_cast<int>(std::lround(folded.mean * count)), static_cast<int>(count)),
                      spread_of(r, swish_share).text(2), spread_of(r, megamacs).text(0)});
  }
  return t;
}

inline bool does_without(const design& d, const std::string& what) {
  for (const freedom& f : freedoms)
    if (f.name == what) return !uses(f, family_space.decode(d.decisions));
  return false;
}

inline report_table worth_table(const study& s) {
  report_table t{
      .columns = {"without"},
      .caption =
          "Points of estimated top-1 that the best network within EfficientNet-B0's time loses where "
          "the space lacks something: at most, for that network was found by a search. 0: the design does without; -: "
          "none was found; !: kernels of it are still estimates"};
  if (s.sets.empty()) return t;
  for (const set_record& r : s.sets) t.columns.push_back(title_of(r));
  for (std::size_t f = 0; f < s.sets.front().withouts.size(); ++f) {
    t.rows.push_back({s.sets.front().withouts[f].what});
    for (const set_record& r : s.sets) {
      const without& w = r.withouts[f];
      const design& best = main_design(r);
      t.rows.back().push_back(does_without(best, w.what) ? "0"
                              : w.ms <= 0                ? "-"
                                          : fixed_text(best.top1 - w.top1, 2) + (w.estimated > 0 ? " !" : ""));
    }
  }
  return t;
}

/// How much longer set `by`'s main design takes under `under` than that set's own; NaN where one was not run.
inline double foreign_ratio(const study& s, std::size_t under, std::size_t by) {
  const timed* mine = time_of(s, under, under, main_design(s.sets[under]).factor);
  const timed* other = time_of(s, under, by, main_design(s.sets[by]).factor);
  return mine == nullptr || other == nullptr ? std::numeric_limits<double>::quiet_NaN() : other->ratio / mine->ratio;
}

inline report_table crossed_table(const study& s) {
  report_table t{.columns = {"run under"},
                 .caption =
                     "The designs for EfficientNet-B0's time, each under all sets: measured time over that of the "
                     "set's own design; behind it, points of top-1 below the best that the set has in that time"};
  for (const set_record& r : s.sets)
    t.columns.push_back("design of " + title_of(r) + " (" + fixed_text(main_design(r).top1, 1) + " %)");
  for (std::size_t under = 0; under < s.sets.size(); ++under) {
    t.rows.push_back({title_of(s.sets[under])});
    for (std::size_t by = 0; by < s.sets.size(); ++by) {
      const design& d = main_design(s.sets[by]);
      const timed* run = time_of(s, under, by, d.factor);
      t.rows.back().push_back(run == nullptr ? "-"
                                             : fixed_text(foreign_ratio(s, under, by), 2) + "; " +
                                                   fixed_text(run->best_top1 - d.top1, 2));
    }
  }
  return t;
}

inline const timed& literature(const times_record& r, std::size_t which) { return r.networks.at(which); }

inline std::string with_interval(const timed& t) {
  return fixed_text(t.ratio, 2) + (t.high > 0 ? " (" + fixed_text(t.low, 2) + ".." + fixed_text(t.high, 2) + ")" : "");
}

inline report_table literature_table(const study& s) {
  report_table t{.columns = {"run under", "EfficientNet-B0, ms", "with relu / with swish",
                             "EfficientNet-X-B0 with relu / EfficientNet-B0", "both with relu"},
                 .caption = "The paper's networks, run in turns with all designs"};
  for (std::size_t i = 0; i < s.times.size(); ++i) {
    const times_record& r = s.times[i];
    t.rows.push_back({title_of(s.sets[i]),
                      fixed_text(literature(r, 0).ms, 2) + " (" + fixed_text(100 * literature(r, 0).spread, 0) + " %)",
                      with_interval(literature(r, 1)), with_interval(literature(r, 2)),
                      fixed_text(literature(r, 2).ratio / literature(r, 1).ratio, 2)});
  }
  return t;
}

inline std::string triplet(const scaled_by& s) {
  return fixed_text(s.alpha, 2) + " " + fixed_text(s.beta, 2) + " " + fixed_text(s.gamma, 2);
}

inline report_table scaling_table(const study& s) {
  report_table t{.columns = {"set", "scaled by", "depth, width, resolution"},
                 .caption =
                     "The design for EfficientNet-B0's time, scaled to 1.68, 2.8 and 4.7 times that: estimated "
                     "top-1 in exactly these times, by the table; -: outside of the accuracy model's domain"};
  if (s.sets.empty()) return t;
  for (std::size_t l = 0; l < s.sets.front().levels_ms.size(); ++l)
    t.columns.push_back("level " + std::to_string(l + 1));
  for (const set_record& r : s.sets)
    for (const scaled_by& by : r.scalings) {
      t.rows.push_back({title_of(r), by.name, triplet(by)});
      for (std::size_t l = 0; l < s.sets.front().levels_ms.size(); ++l)
        t.rows.back().push_back(l < by.top1.size() && by.top1[l] > 0 ? fixed_text(by.top1[l], 2) : "-");
    }
  return t;
}

inline std::vector<report_table> tables_of(const study& s) {
  std::vector<report_table> all{designs_table(s),    worth_table(s),   draws_table(s), crossed_table(s),
                                literature_table(s), scaling_table(s), sets_table(s)};
  std::erase_if(all, [](const report_table& t) { return t.rows.empty(); });
  return all;
}

}  // namespace examples::sets
