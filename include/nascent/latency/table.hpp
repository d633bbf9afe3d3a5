// SPDX-License-Identifier: Apache-2.0
/// \file
/// The latency table: times of kernels on one device, kept in a file, that add up to the latency of networks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <unistd.h>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/latency/placement_effects.hpp"
#include "nascent/latency/plan.hpp"
#include "nascent/latency/prediction.hpp"
#include "nascent/latency/store.hpp"
#include "nascent/timing/measure.hpp"

namespace nascent {

/// How many placements of a kernel a table wants: compilations of networks that have it. Within one, a time repeats to
/// a fraction of a per cent; between two, kernels of a millisecond differ by several.
struct placement_options {
  int least = 3;                 ///< of every kernel, where a table is filled
  int most = 8;                  ///< not more, however far apart they are
  double standard_error = 0.01;  ///< of their average, relative: between `least` and `most`, until it is below
  placement_average average = placement_average::mean;
  bool common_effects = true;  ///< tell kernels from what their placements have in common, see placement_effects
};

struct latency_table_options {
  int batch = 1;  ///< images per run; every time is for the whole batch
  cache_context context = cache_context::in_network;
  bool read_only = false;  ///< predict only
  double patience_s = 30;  ///< how long to wait for other processes that use the file
  std::uint64_t seed = 1;  ///< of the weights of the networks that are measured
  placement_options placements{};
  measure_options measure{.warm_up = 4, .min_samples = 12, .half_width = 0.01, .budget_ms = 500};  ///< per network
};

struct fill_options {
  nascent::watch* watch = nullptr;  ///< time, stop and progress: no network is started after its end
  bool replace_estimates = false;   ///< measure also what the table only estimates
  int placements = 0;               ///< of each kernel, then it is enough; 0: as the table's options say
};

/// What filling a table did.
struct fill_result {
  std::size_t measured = 0;    ///< kernels that are now in the table and were not
  std::size_t placements = 0;  ///< rows written: times of kernels in one compilation of a network
  std::size_t networks = 0;    ///< runs of networks for it, each compiled anew
  std::size_t duplicates = 0;  ///< kernels that another process entered first
  std::size_t missing = 0;     ///< kernels still to do, where the watch ended first
  double seconds = 0;

  fill_result& operator+=(const fill_result& more) {
    measured += more.measured;
    placements += more.placements;
    networks += more.networks;
    duplicates += more.duplicates;
    missing = more.missing;
    seconds += more.seconds;
    return *this;
  }
};

/// Times of kernels for one executor (its device, library, ISA, threads, data type) and one batch. Copies of the rows
/// are kept in memory: to find and to predict does not touch the file. Prediction may run in several threads; what
/// measures may not.
class latency_table {
 public:
  /// Opens or makes the file. An executor given as a variable must outlive the table; a temporary one is kept inside.
  /// \throws latency_table_error where the file cannot be used.
  template <class Executor>
  requires executor<std::remove_reference_t<Executor>> latency_table(const std::filesystem::path& path,
                                                                     Executor&& device,
                                                                     const latency_table_options& options = {})
      : latency_table(path, device_description(device.description()), options) {
    std::shared_ptr<std::remove_reference_t<Executor>> kept;
    if constexpr (std::is_lvalue_reference_v<Executor>) kept = {std::shared_ptr<void>(), &device};  // not owned
    else kept = std::make_shared<std::remove_reference_t<Executor>>(std::forward<Executor>(device));
    measurer_ = [kept, reading = detail::reading_cost()](const network& graph, const kernel_groups& groups,
                                                         const latency_table_options& o) mutable {
      auto compiled = prepare(*kept, graph, o.batch, o.seed);
      const std::vector<std::size_t> group_of = groups.of(compiled.kernels(), graph.name());
      return detail::measure_shares(compiled, group_of, groups.signatures.size(), o.measure, o.context, &reading);
    };
  }

  /// A table without an executor: predicts what it has.
  latency_table(const std::filesystem::path& path, const device_description& device,
                const latency_table_options& options = {})
      : options_(options),
        store_(path, {device, options.batch, options.context}, options.read_only, options.patience_s) {
    detail::check(options.measure);
    check(options.placements);
    refresh();
  }

  const device_description& description() const { return store_.key().device; }
  const latency_table_options& options() const { return options_; }
  const std::filesystem::path& path() const { return store_.path(); }
  std::size_t size() const { return entries_.size(); }
  std::span<const latency_entry> entries() const { return entries_; }
  /// What placements have in common. Entries are free of it where the options say so: as in a network of median size
  /// and time.
  const placement_effects& effects() const { return effects_; }

  /// The number in `entries()` of the entry for a kernel's signature.
  std::optional<std::size_t> id(std::string_view signature) const {
    const auto found = ids_.find(signature);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<latency_entry> find(const kernel& k) const {
    const auto found = id(k.signature());
    return found ? std::optional(entries_[*found]) : std::nullopt;
  }

  /// Adds up the kernels.
  latency_prediction predict(std::span<const kernel> kernels) const {
    detail::prediction_sum sum;
    for (const kernel& k : kernels) {
      const auto found = id(k.signature());
      sum.add(found ? &entries_[*found] : nullptr, static_cast<double>(params(k.core)));
    }
    return sum.result(effects_);
  }

  latency_prediction predict(const network& graph) const { return predict(fuse(graph)); }

  /// Milliseconds for one batch: measures what the table lacks of this network, once, then predicts.
  /// \throws latency_table_error, executor_error
  double latency(const network& graph) {
    latency_prediction known = predict(graph);
    if (!known.complete()) {
      measure_missing(graph, {.placements = 1});
      known = predict(graph);
    }
    return known.ms;
  }
  double operator()(const network& graph) { return latency(graph); }

  /// How often a kernel is still to be measured, by the options of the table and of a fill.
  int wanted(std::string_view signature, const fill_options& fill = {}) const {
    const placement_options& o = options_.placements;
    const auto known = id(signature);
    const int least = fill.placements > 0 ? fill.placements : o.least;
    if (!known) return least;
    const latency_entry& e = entries_[*known];
    if (e.estimated) return fill.replace_estimates ? least : 0;
    const auto have = static_cast<int>(e.placements);
    if (have < least) return least - have;
    if (fill.placements > 0 || have >= o.most || have < 2) return 0;
    return e.standard_error() > o.standard_error ? 1 : 0;
  }

  /// Measures all kernels of these networks that the table wants, inside running networks: again and again the network
  /// that brings most of them. What a network brings is written at once and together, so that a kill
  /// loses no more than the network at work, and the next call goes on from there. Several processes may fill one
  /// table; what was measured before an error is kept.
  ///
  /// \throws latency_table_error; executor_error where the device refuses a network
  fill_result measure_missing(std::span<const network> networks, const fill_options& fill = {}) {
    if (store_.changed()) refresh();
    fill_plan plan(networks, [&](std::string_view signature) { return wanted(signature, fill); });
    const auto mark_known = [&] {
      for (const latency_entry& e : entries_)
        if (!e.estimated || !fill.replace_estimates) plan.mark(e.signature, wanted(e.signature, fill));
    };
    mark_known();
    plan.restart();
    fill_result result;
    const std::int64_t begin = wall_ns();
    const auto seconds = [&] { return static_cast<double>(wall_ns() - begin) * 1e-9; };
    // In networks, which take about equal times: the first ones bring most kernels, so kernels would promise too early
    // an end.
    std::size_t ahead = plan.networks_left();
    detail::watch_or_none watched(fill.watch);
    watch_job job = watched->begin("measuring " + std::to_string(plan.remaining()) + " kernels in networks", ahead);
    while (!watched->ended()) {
      auto chosen = plan.next(result.duplicates > 0 ? &random_ : nullptr);
      if (!chosen) {  // kernels whose placements disagree are wanted once more
        if (plan.remaining() == 0) break;
        plan.restart();
        continue;
      }
      result += measure_once(networks[*chosen], fill);
      mark_known();
      const std::size_t left = std::min(ahead, plan.networks_left());
      job.advance(ahead - left);
      ahead = left;
    }
    // To weigh all placements reads the whole table: not after each network of a search.
    if (new_rows_ * 5 > weighed_rows_) refresh();
    check_in_place();
    result.missing = plan.remaining();
    result.seconds = seconds();
    return result;
  }
  fill_result measure_missing(const network& graph, const fill_options& fill = {}) {
    return measure_missing(std::span(&graph, 1), fill);
  }

  /// Runs one network and keeps the times of its kernels, one placement of each, where the table wants any of them:
  /// those that it has enough of tell how fast the machine was. `refresh` weighs all placements against each other;
  /// `measure_missing` does so when there are a fifth more. \throws latency_table_error; executor_error where the
  /// device refuses the network
  fill_result measure_once(const network& graph, const fill_options& fill = {}) {
    const std::int64_t begin = wall_ns();
    fill_result result{.networks = 1};
    std::size_t lacking = 0;
    const std::vector<latency_entry> fresh = measure_network(graph, fill, lacking);
    if (!fresh.empty()) {
      const insert_result written = store_.insert(fresh);
      result.placements = written.rows;
      new_rows_ += written.rows;
      result.measured = std::min(written.kernels, lacking);
      result.duplicates = lacking - result.measured;
      if (store_.changed()) {
        refresh();
      } else {
        note_effects(fresh);
        for (const latency_entry& row : fresh) {
          if (is_settled(row.signature, fill)) continue;
          std::vector<latency_entry> rows = store_.load_placements(row.signature);
          remember(combined(rows));
        }
      }
    }
    result.seconds = static_cast<double>(wall_ns() - begin) * 1e-9;
    return result;
  }

  /// Adds entries from elsewhere, e.g. estimates; all or none. Measured entries stay as they are.
  void add(std::span<const latency_entry> entries) {
    store_.insert(entries);
    refresh();
  }

  /// Puts estimates in the place of earlier ones of the same kernels; what was measured stays.
  void replace_estimates(std::span<const latency_entry> estimates) {
    store_.replace_estimates(estimates);
    refresh();
  }

  /// Reads what is in the file now, also what other processes have written.
  void refresh() {
    std::vector<latency_entry> rows = store_.load_placements();
    effects_ = options_.placements.common_effects ? placement_effects(rows) : placement_effects();
    weighed_rows_ = rows.size();
    new_rows_ = 0;
    for_each_kernel(std::span(rows), [&](std::span<latency_entry> mine) { remember(combined(mine)); });
  }

  /// For the end of long work: that what was written is in the file of that name. \throws latency_table_error
  void check_in_place() const { store_.check_in_place(); }

  /// Every row of the file, of all devices, as comma-separated values with a header line.
  void export_csv(std::ostream& out) { store_.export_csv(out); }

 private:
  using measurer =
      std::function<std::vector<sample_summary>(const network&, const kernel_groups&, const latency_table_options&)>;

  void remember(latency_entry&& e) {
    const auto [place, is_new] = ids_.try_emplace(e.signature, entries_.size());
    if (is_new) entries_.push_back(std::move(e));
    else entries_[place->second] = std::move(e);
  }

  /// One entry from all rows of a kernel, which are corrected where they lie.
  latency_entry combined(std::span<latency_entry> rows) const {
    for (latency_entry& row : rows) row = effects_.corrected(std::move(row));
    return combine(rows, options_.placements.average);
  }

  /// A kernel of so many placements that one more waits for `refresh`: common ones are in every network.
  bool is_settled(std::string_view signature, const fill_options& fill) const {
    const auto known = id(signature);
    return known && !entries_[*known].estimated &&
           entries_[*known].placements >= static_cast<std::size_t>(options_.placements.most) &&
           wanted(signature, fill) == 0;  // a fill may ask for more placements than `most`
  }

  void note_effects(std::span<const latency_entry> fresh) {
    if (!options_.placements.common_effects) return;
    std::vector<std::pair<double, double>> known_rows;
    for (const latency_entry& row : fresh)
      if (const auto known = id(row.signature); known && !entries_[*known].estimated && row.time.trimmed_mean_ms > 0)
        known_rows.emplace_back(row.time.trimmed_mean_ms, entries_[*known].time.trimmed_mean_ms);
    const latency_entry& any = fresh.front();
    effects_.add(any.placement, static_cast<double>(any.network_weights), any.network_ms, known_rows);
  }

  static void check(const placement_options& o) {
    const auto demand = [](bool ok, const char* field, double found, const char* allowed) {
      if (!ok) throw error("latency.option", std::string("placement_options.") + field, exact_text(found), allowed);
    };
    demand(o.least >= 1, "least", o.least, "at least 1");
    demand(o.most >= o.least, "most", o.most, "at least least");
    demand(o.standard_error > 0, "standard_error", o.standard_error, "above 0");
  }

  void check_can_measure(std::size_t count, std::string_view example) const {
    const std::string lack = std::to_string(count) + " kernels that are not in it, e.g. '" + std::string(example) + "'";
    if (options_.read_only)
      throw store_.error("latency.read_only", lack + ", opened read-only",
                         "kernels that are known; open it without that option to measure them");
    if (!measurer_)
      throw store_.error("latency.lacks_kernels", lack + ", and no executor",
                         "kernels that are known; construct it with an executor to measure them");
  }

  /// Rows for the kernels of a network that the table wants kernels of; `lacking` counts those that it has no time of.
  std::vector<latency_entry> measure_network(const network& graph, const fill_options& fill, std::size_t& lacking) {
    const kernel_groups groups(graph);
    std::vector<latency_entry> fresh;
    const auto is_wanted = [&](const std::string& signature) { return wanted(signature, fill) > 0; };
    const auto first = std::ranges::find_if(groups.signatures, is_wanted);
    if (first == groups.signatures.end()) return fresh;
    check_can_measure(static_cast<std::size_t>(std::ranges::count_if(groups.signatures, is_wanted)), *first);
    // Memory of a random size beside the network's moves the network to other addresses: a placement of its own.
    const std::vector<unsigned char> beside(random_() % (std::size_t{1} << 21), 1);
    const std::vector<sample_summary> times = measurer_(graph, groups, options_);
    const std::string now = utc_now();
    const auto placement = static_cast<std::int64_t>(random_() >> 1 | 1);
    std::int64_t network_weights = 0;
    for (const layer& l : graph.layers()) network_weights += params(l);
    double network_ms = 0;
    for (const sample_summary& t : times) network_ms += t.trimmed_mean_ms;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const auto known = id(groups.signatures[i]);
      const bool estimated = known && entries_[*known].estimated;
      if (estimated && !is_wanted(groups.signatures[i])) continue;
      lacking += !known || estimated;
      // The mean over its places in the network, so that the sum over all places is what was measured.
      fresh.push_back({.signature = groups.signatures[i],
                       .time = scaled(times[i], 1.0 / static_cast<double>(groups.occurrences[i])),
                       .network = graph.name(),
                       .measured_at = now,
                       .placement = placement,
                       .network_weights = network_weights,
                       .network_ms = network_ms});
    }
    return fresh;
  }

  latency_table_options options_;
  latency_store store_;
  measurer measurer_;
  placement_effects effects_;
  std::size_t weighed_rows_ = 0;  ///< that the last `refresh` found
  std::size_t new_rows_ = 0;      ///< since then
  std::vector<latency_entry> entries_;
  text_map<std::size_t> ids_;
  std::mt19937_64 random_{(std::uint64_t{std::random_device{}()} << 32) ^ static_cast<std::uint64_t>(wall_ns()) ^
                          static_cast<std::uint64_t>(::getpid())};
};

}  // namespace nascent
