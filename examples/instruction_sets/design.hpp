// SPDX-License-Identifier: Apache-2.0
/// \file
/// What one process of examples/instruction_sets does under its instruction set: fill a table, design, scale; and run
/// what all sets have designed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "../family_space.hpp"
#include "../instruction_set.hpp"
#include "records.hpp"

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/latency/network_predictor.hpp>
#include <nascent/nascent.hpp>
#include <nascent/scaling/published.hpp>
#include <nascent/scaling/verified_lacs.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/search/verified_search.hpp>
#include <nascent/timing/compare_networks.hpp>
#include <nascent/zoo/efficientnet.hpp>
#include <nascent/zoo/efficientnet_x_family.hpp>

namespace examples::sets {

using namespace nascent;
using space_type = std::remove_cvref_t<decltype(family_space)>;
using candidate_type = candidate<space_type>;

inline std::vector<int> decisions_of(const candidate_type& c) {
  const auto digits = family_space.encode(c);
  return {digits.begin(), digits.end()};
}

inline network network_of(const std::vector<int>& decisions, const std::string& name = {}) {
  return to_network(family_space.decode(decisions), name);
}

/// An interpreter that reads what the accuracy model does, and counts gates.
struct block_reader {
  accuracy_collector features{};
  int gates = 0;

  void begin_block(const block_description& block) { features.begin_block(block); }
  void end_block() { features.end_block(); }
  void operator()(const layer& l) {
    gates += l.kind == layer_kind::multiply;
    features(l);
  }
};

/// Something that a network may do without.
struct freedom {
  const char* name;
  bool (*used)(const accuracy_features& f, int gates);
};

inline int blocks_in(const accuracy_features& f) {
  int sum = 0;
  for (const int n : f.blocks) sum += n;
  return sum;
}

inline constexpr freedom freedoms[] = {
    {"fused blocks", [](const accuracy_features& f, int) { return f.fused_early + f.fused_late > 0; }},
    {"space-to-depth", [](const accuracy_features& f, int) { return f.space_to_depth; }},
    {"swish", [](const accuracy_features& f, int) { return f.rectified < blocks_in(f); }},
    {"relu", [](const accuracy_features& f, int) { return f.rectified > 0; }},
    {"squeeze-and-excite", [](const accuracy_features&, int gates) { return gates > 0; }},
};

inline bool uses(const freedom& what, const candidate_type& c) {
  block_reader reader;
  net builder(reader);
  build(c, builder);
  return what.used(reader.features.finish(), reader.gates);
}

/// Estimated top-1 of networks that do without; none for others.
struct top1_without {
  estimated_top1 all{};
  const freedom* what = nullptr;

  std::optional<double> operator()(const candidate_type& c) const { return uses(*what, c) ? std::nullopt : all(c); }
};

/// The work under one instruction set.
class designer {
 public:
  designer(const settings& how, onednn::isa isa, const std::filesystem::path& table, watch& all)
      : how_(how),
        all_(&all),
        cpu_({.threads = how.threads,
              .type = type_of(isa),
              .isa = isa,
              .kernels = how.kernels == "onednn" ? kernel_library{} : own_kernels()}),
        table_(table, cpu_, {.measure = {.warm_up = 1, .min_samples = 6, .half_width = 0.02, .budget_ms = 150}}),
        trellis_(family_space) {
    record_.how = how;
    record_.isa = to_string(isa);
    const device_description d = cpu_.description();
    record_.device =
        d.device + ", " + d.library + ", " + std::to_string(d.threads) + (d.threads == 1 ? " thread" : " threads");
  }

  set_record design_all() {
    record_.date = utc_now();
    record_.load_before = load_average();
    fill();
    for (const freedom& f : freedoms) do_without(f);
    for (const double factor : how_.targets) design_for(factor);
    settle();
    draw();
    try {
      scale();
    } catch (const stopped_error&) {
      throw;
    } catch (const error& e) {  // the designs are worth keeping all the same
      std::fprintf(stderr, "scaling: %s\n", e.what());
    }
    record_.seconds = all_->seconds();
    record_.load_after = load_average();
    return record_;
  }

  /// Runs EfficientNet-B0 and -X-B0 with relu and all these designs in turns with EfficientNet-B0.
  times_record run_all(const std::vector<set_record>& sets) {
    times_record r{.how = how_, .isa = record_.isa, .date = utc_now(), .load_before = load_average()};
    std::vector<network> graphs{b0_, with_relu(b0_), with_relu(x_b0_)};
    graphs[1].rename("EfficientNet-B0, relu");
    graphs[2].rename("EfficientNet-X-B0, relu");
    r.networks = {{.name = b0_.name()}, {.name = graphs[1].name()}, {.name = graphs[2].name()}};
    for (const set_record& s : sets) {
      r.designed.push_back(s.date);
      for (const design& d : s.designs) {
        graphs.push_back(network_of(d.decisions, "design of " + s.isa + ", " + rounded_text(d.factor)));
        r.networks.push_back({.name = graphs.back().name(), .from = s.isa, .factor = d.factor});
      }
    }
    watch pricing = all_->share(.4, "kernels of all designs");
    table_.measure_missing(graphs, {.watch = &pricing, .replace_estimates = true, .placements = 1});
    all_->throw_if_stopped();
    estimate_missing(trellis_, table_);
    const latency_predictor predictor(trellis_, table_);
    const accuracy_proof proof(trellis_, predictor, accuracy_.model);
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      r.networks[i].predicted_ms = table_.predict(graphs[i]).ms;
      if (r.networks[i].from.empty()) continue;
      r.networks[i].best_top1 = prove(proof, r.networks[i].predicted_ms * (1 + 1e-9), .02, 5).bound;
      all_->throw_if_stopped();
    }
    std::printf("   running %zu networks in turns\n", graphs.size());
    std::fflush(stdout);
    const auto times = compare_networks(
        cpu_, graphs, {.measure = {.min_samples = 12, .half_width = .01, .budget_ms = 400 * how_.budget_s}});
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      timed& t = r.networks[i];
      t.ms = times[i].time.median_ms;
      t.spread = times[i].time.spread;
      if (!times[i].against_first) continue;
      t.ratio = times[i].against_first->median;
      t.low = times[i].against_first->low;
      t.high = std::isfinite(times[i].against_first->high) ? times[i].against_first->high : 0;
    }
    r.load_after = load_average();
    return r;
  }

 private:
  void fill() {
    watch rivals = all_->share(.06, "kernels of EfficientNet-B0 and -X-B0");
    table_.measure_missing(std::vector{b0_, x_b0_}, {.watch = &rivals});
    all_->throw_if_stopped();
    watch filling = all_->share(.35);
    const build_result filled =
        build_table(trellis_, table_, {.watch = &filling, .estimate_rest = true, .seed = how_.seed});
    all_->throw_if_stopped();
    record_.b0_ms = table_.latency(b0_);
    std::printf("   %zu of %zu kernels measured, EfficientNet-B0 takes %.2f ms by them\n", filled.coverage.measured,
                filled.coverage.kernels, record_.b0_ms);
    std::fflush(stdout);
  }

  /// The best network within a time, proven as far as it goes in some seconds.
  static proven_network<space_type> prove(const accuracy_proof<space_type>& proof, double ms, double tolerance,
                                          double seconds) {
    watch limit({.seconds = seconds, .style = progress_style::quiet});
    return proof.best_under(ms, {.tolerance = tolerance, .watch = &limit});
  }

  verified_search_options searching(double target_ms, watch& limit) const {
    return {.target_ms = target_ms,
            .front = {.networks = how_.networks, .seed = how_.seed, .most_ms = 4 * target_ms},
            .finalists = 2,
            .watch = &limit};
  }

  void design_for(double factor) {
    design d{.factor = factor, .target_ms = factor * record_.b0_ms};
    watch limit = all_->share(.24 / static_cast<double>(how_.targets.size()),
                              "designing for " + fixed_text(d.target_ms, 2) + " ms");
    const auto found = verified_search(family_space, trellis_, table_, accuracy_, searching(d.target_ms, limit),
                                       [&](const latency_predictor<space_type>& predictor) {
                                         const accuracy_proof proof(trellis_, predictor, accuracy_.model);
                                         return std::vector{prove(proof, d.target_ms, .01, .03 * how_.budget_s).what};
                                       });
    all_->throw_if_stopped();
    const auto& best = found.best();
    d.decisions = decisions_of(best.what);
    d.ms = best.ms;
    d.top1 = best.accuracy;
    d.estimated = found.estimated;
    record_.designs.push_back(d);
  }

  void do_without(const freedom& f) {
    without w{.what = f.name};
    const double target = record_.b0_ms;
    watch limit = all_->share(.025, std::string("without ") + f.name);
    try {
      const auto found =
          verified_search(family_space, trellis_, table_, top1_without{accuracy_, &f}, searching(target, limit));
      w.ms = found.best().ms;
      w.top1 = found.best().accuracy;
      w.estimated = found.estimated;
    } catch (const search_error&) {  // no such network is that fast, or in the model's domain: w says so
    }
    all_->throw_if_stopped();
    record_.withouts.push_back(w);
  }

  /// Designs again by tables that the measurements might have given as well.
  void draw() {
    watch limit = all_->share(.08);
    watch_job job = limit.begin("times within their errors", static_cast<std::size_t>(how_.draws));
    std::mt19937_64 rng(how_.seed);
    for (int i = 0; i < how_.draws && !limit.ended(); ++i) {
      latency_table other(":memory:", table_.description(), {.batch = table_.options().batch});
      other.add(with_errors(rng));
      const latency_predictor predictor(trellis_, other);
      const double target = other.predict(b0_).ms;
      const auto best = prove(accuracy_proof(trellis_, predictor, accuracy_.model), target, .02, 5);
      record_.draws.push_back({decisions_of(best.what), best.accuracy.top1});
      job.advance();
    }
    all_->throw_if_stopped();
  }

  /// The table's entries, each measured one multiplied by a factor of its error: of the average over its placements,
  /// and 3 % where it has one only, which is what kernels differ by between placements.
  std::vector<latency_entry> with_errors(std::mt19937_64& rng) const {
    constexpr double of_one_placement = .03;
    std::normal_distribution<double> normal;
    std::vector<latency_entry> entries(table_.entries().begin(), table_.entries().end());
    for (latency_entry& e : entries) {
      if (e.estimated) continue;
      const double error = e.placements < 2 ? of_one_placement : std::max(.005, e.standard_error());
      const double factor = std::exp(error * normal(rng));
      for (double* ms : {&e.time.median_ms, &e.time.trimmed_mean_ms, &e.time.low_ms, &e.time.high_ms}) *ms *= factor;
    }
    return entries;
  }

  /// Each design's search has added to the table: the best networks by the table as it is now take over where all of
  /// their kernels are measured, and the bounds are those of now.
  void settle() {
    const latency_predictor predictor(trellis_, table_);
    const accuracy_proof proof(trellis_, predictor, accuracy_.model);
    const double seconds = .05 * how_.budget_s;
    for (design& d : record_.designs) {
      const auto best = prove(proof, d.target_ms, .01, seconds);
      d.bound = best.bound;
      if (predictor.predict(best.what).estimated == 0) {
        d.decisions = decisions_of(best.what);
        d.top1 = best.accuracy.top1;
      }
      d.ms = predictor.ms(family_space.decode(d.decisions));
      d.estimated = predictor.predict(family_space.decode(d.decisions)).estimated;
      if (d.ms > d.target_ms)
        d.bound = prove(proof, d.ms * (1 + 1e-9), .01, seconds).bound;  // by what it was found to take
      all_->throw_if_stopped();
    }
    const space_coverage c = coverage_of(trellis_, table_);
    record_.kernels = c.kernels;
    record_.measured = c.measured;
    record_.measured_time = c.measured_time;
  }

  /// From the design for EfficientNet-B0's time: latency-aware scaling, scaling for accuracy and MACs alone, and
  /// EfficientNet's own triplet, judged at the same times.
  void scale() {
    const auto base_design =
        std::ranges::min_element(record_.designs, {}, [](const design& d) { return std::abs(std::log(d.factor)); });
    if (base_design == record_.designs.end()) return;
    const candidate_type base = family_space.decode(base_design->decisions);
    network_predictor latency(table_, trellis_.kernels());
    watch limit = all_->share(.15, "scaling");
    const auto megamacs = [](const auto& c) { return 1e-6 * static_cast<double>(count(c).macs); };
    // Comparing triplets takes a second or two of predictions: always all of them, only measuring is limited.
    lacs_options how{.levels = levels, .search_level = 2, .phi = {.fall_allowed = .5}};
    const compound_coefficients single = lacs(base, accuracy_, megamacs, how).coefficients;
    how.also = {single, published::efficientnet_coefficients};
    const compound_coefficients aware = lacs(base, accuracy_, latency, how).coefficients;
    how.divisions = 0;
    how.refinements = 0;
    how.watch = &limit;
    for (const compound_coefficients& measured : {aware, single, published::efficientnet_coefficients}) {
      how.also = {measured};
      try {
        verified_lacs(base, accuracy_, latency, {.scaling = how});  // for the kernels of its levels
      } catch (const scaling_error& e) {                            // its levels have no figures then
        std::fprintf(stderr, "scaling: %s\n", e.what());
      }
    }
    all_->throw_if_stopped();
    for (int level = 1; level <= levels; ++level)
      record_.levels_ms.push_back(latency(to_network(base)) * std::pow(how.factor, level));
    const auto add = [&](const char* name, const compound_coefficients& by) {
      scaled_by s{.name = name, .alpha = by.alpha, .beta = by.beta, .gamma = by.gamma};
      how.also = {by};
      how.watch = nullptr;
      for (int level = 1; level <= levels; ++level) {
        how.search_level = level;
        try {
          s.top1.push_back(lacs(base, accuracy_, latency, how).trials.front().judged->accuracy);
        } catch (const scaling_error& e) {
          std::fprintf(stderr, "scaling, level %d, %s: %s\n", level, name, e.what());
          s.top1.push_back(0);
        }
      }
      record_.scalings.push_back(s);
    };
    add("LACS", aware);
    add("accuracy and MACs alone", single);
    add("EfficientNet's triplet", published::efficientnet_coefficients);
  }

  static constexpr int levels = 3;  ///< each 1.68 times the one before

  settings how_;
  watch* all_;
  onednn::executor cpu_;
  latency_table table_;
  kernel_trellis<space_type> trellis_;
  estimated_top1 accuracy_{};
  network b0_ = to_network(zoo::efficientnet_b0.only());
  network x_b0_ = to_network(zoo::efficientnet_x_family[0]);
  set_record record_{};
};

}  // namespace examples::sets
