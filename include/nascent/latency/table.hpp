// SPDX-License-Identifier: Apache-2.0
/// \file
/// The latency table: times of kernels on one device, kept in a file, that add up to the latency of networks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
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

#include "nascent/executor/executor.hpp"
#include "nascent/latency/measure.hpp"
#include "nascent/latency/plan.hpp"
#include "nascent/latency/progress.hpp"
#include "nascent/latency/store.hpp"

namespace nascent {

struct latency_table_options {
  int batch = 1;  ///< images per run; every time is for the whole batch
  cache_context context = cache_context::in_network;
  bool read_only = false;  ///< predict only
  double patience_s = 30;  ///< how long to wait for other processes that use the file
  std::uint64_t seed = 1;  ///< of the weights of the networks that are measured
  measure_options measure{.warm_up = 2, .min_samples = 12, .half_width = 0.01, .budget_ms = 500};  ///< per network
};

/// Latency of a network as the sum of its kernels. Incomplete where kernels are missing.
/// The interval adds up those of the entries as if all erred alike, because a noisy minute does that to all that is
/// measured in it. It holds the noise of measuring only: not that the kernel has other neighbours here than where it
/// was measured.
struct latency_prediction {
  double ms = 0;  ///< sum of trimmed means
  double low_ms = 0;
  double high_ms = 0;
  std::size_t kernels = 0;
  std::size_t missing = 0;    ///< kernels that the table has no entry for, counted as 0 ms
  std::size_t estimated = 0;  ///< kernels whose entry was not measured

  bool complete() const { return missing == 0; }
};

struct fill_options {
  progress* bar = nullptr;                                    ///< shows progress where one is given
  double budget_s = std::numeric_limits<double>::infinity();  ///< no network is started after this time
  bool replace_estimates = false;                             ///< measure also what the table only estimates
};

/// What filling a table did.
struct fill_result {
  std::size_t measured = 0;    ///< kernels that are now in the table and were not
  std::size_t networks = 0;    ///< networks that were run for it
  std::size_t duplicates = 0;  ///< kernels that another process entered first
  std::size_t missing = 0;     ///< kernels still to do, where the budget ended first
  double seconds = 0;
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
    if constexpr (std::is_lvalue_reference_v<Executor>)
      kept = {std::shared_ptr<void>(), &device};  // not owned
    else
      kept = std::make_shared<std::remove_reference_t<Executor>>(std::forward<Executor>(device));
    measurer_ = [kept](const network& graph, const kernel_groups& groups, const latency_table_options& o) {
      auto compiled = prepare(*kept, graph, o.batch, o.seed);
      const std::vector<std::size_t> group_of = groups.of(compiled.kernels(), graph.name());
      return detail::measure_groups(compiled, group_of, groups.signatures.size(), o.measure, false).kernels;
    };
  }

  /// A table without an executor: predicts what it has.
  latency_table(const std::filesystem::path& path, const device_description& device,
                const latency_table_options& options = {})
      : options_(options),
        store_(path, {device, options.batch, options.context}, options.read_only, options.patience_s) {
    detail::check(options.measure);
    refresh();
  }

  const device_description& description() const { return store_.key().device; }
  const latency_table_options& options() const { return options_; }
  const std::filesystem::path& path() const { return store_.path(); }
  std::size_t size() const { return entries_.size(); }
  std::span<const latency_entry> entries() const { return entries_; }

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
    latency_prediction sum{.kernels = kernels.size()};
    for (const kernel& k : kernels) {
      const auto found = id(k.signature());
      if (!found) {
        ++sum.missing;
        continue;
      }
      const latency_entry& e = entries_[*found];
      sum.ms += e.time.trimmed_mean_ms;
      sum.low_ms += e.time.trimmed_mean_ms - (e.time.median_ms - e.time.low_ms);
      sum.high_ms += e.time.trimmed_mean_ms + (e.time.high_ms - e.time.median_ms);
      sum.estimated += e.estimated;
    }
    return sum;
  }

  latency_prediction predict(const network& graph) const { return predict(fuse(graph)); }

  /// Milliseconds for one batch: measures what the table lacks of this network, then predicts.
  /// \throws latency_table_error, executor_error
  double latency(const network& graph) {
    latency_prediction known = predict(graph);
    if (!known.complete()) {
      measure_missing(graph);
      known = predict(graph);
    }
    return known.ms;
  }
  double operator()(const network& graph) { return latency(graph); }

  /// Measures all kernels of these networks that the table lacks, inside running networks: again and again the network
  /// that brings most of what is still missing. What a network brings is written at once and together, so that a kill
  /// loses no more than the network at work, and the next call goes on from there. Several processes may fill one
  /// table; what was measured before an error is kept.
  ///
  /// \throws latency_table_error; executor_error where the device refuses a network
  fill_result measure_missing(std::span<const network> networks, const fill_options& fill = {}) {
    if (store_.changed()) refresh();
    fill_plan plan(networks, [&](std::string_view signature) { return lacks(signature, fill); });
    fill_result result;
    const std::int64_t begin = wall_ns();
    const auto seconds = [&] { return static_cast<double>(wall_ns() - begin) * 1e-9; };
    if (plan.remaining() > 0) check_can_measure(plan);
    // In networks, which take about equal times: the first ones bring most kernels, so kernels would promise too early
    // an end.
    std::size_t ahead = fill.bar == nullptr ? 0 : plan.networks_left();
    if (fill.bar != nullptr)
      fill.bar->begin("measuring " + std::to_string(plan.remaining()) + " kernels in networks", ahead);
    std::mt19937_64 own_way(static_cast<std::uint64_t>(::getpid()));
    while (seconds() < fill.budget_s) {
      const auto chosen = plan.next(result.duplicates > 0 ? &own_way : nullptr);
      if (!chosen) break;
      const std::vector<latency_entry> fresh = measure_network(networks[*chosen], plan);
      const std::size_t written = store_.insert(fresh);
      ++result.networks;
      result.measured += written;
      result.duplicates += fresh.size() - written;
      // Where another process was first, its row is the one that counts.
      if (written < fresh.size() || store_.changed())
        refresh();
      else
        for (const latency_entry& e : fresh) remember(latency_entry(e));
      for (const latency_entry& e : entries_)
        if (!lacks(e.signature, fill)) plan.mark(e.signature);
      if (fill.bar != nullptr) {
        const std::size_t left = std::min(ahead, plan.networks_left());
        fill.bar->advance(ahead - left);
        ahead = left;
      }
    }
    if (fill.bar != nullptr) fill.bar->finish();
    result.missing = plan.remaining();
    result.seconds = seconds();
    return result;
  }
  fill_result measure_missing(const network& graph, const fill_options& fill = {}) {
    return measure_missing(std::span(&graph, 1), fill);
  }

  /// Adds entries from elsewhere, e.g. estimates; all or none. Measured entries stay as they are.
  void add(std::span<const latency_entry> entries) {
    store_.insert(entries);
    refresh();
  }

  /// Reads what other processes have written since.
  void refresh() {
    for (latency_entry& e : store_.load()) remember(std::move(e));
  }

  /// Every row of the file, of all devices, as comma-separated values with a header line.
  void export_csv(std::ostream& out) { store_.export_csv(out); }

 private:
  using measurer =
      std::function<std::vector<sample_summary>(const network&, const kernel_groups&, const latency_table_options&)>;

  bool lacks(std::string_view signature, const fill_options& fill) const {
    const auto known = id(signature);
    return !known || (fill.replace_estimates && entries_[*known].estimated);
  }

  void check_can_measure(const fill_plan& plan) const {
    const std::string lack =
        "lacks " + std::to_string(plan.remaining()) + " kernels, e.g. '" + std::string(plan.example()) + "', ";
    if (options_.read_only)
      throw store_.error(lack + "and was opened read-only; open it without that option to measure them");
    if (!measurer_) throw store_.error(lack + "and has no executor to measure them with; construct it with one");
    if (options_.context != cache_context::in_network)
      throw store_.error(lack + "and kernels are measured in context 'in_network' only, not in '" +
                         to_string(options_.context) + "'; use add() for entries from elsewhere");
  }

  /// Entries for those kernels of a network that are missing.
  std::vector<latency_entry> measure_network(const network& graph, const fill_plan& plan) const {
    const kernel_groups groups(graph);
    const std::vector<sample_summary> times = measurer_(graph, groups, options_);
    const std::string now = utc_now();
    std::vector<latency_entry> fresh;
    for (std::size_t i = 0; i < times.size(); ++i)
      if (plan.is_missing(groups.signatures[i]))
        // The mean over its places in the network, so that the sum over all places is what was measured.
        fresh.push_back({.signature = groups.signatures[i],
                         .time = scaled(times[i], 1.0 / static_cast<double>(groups.occurrences[i])),
                         .network = graph.name(),
                         .measured_at = now});
    return fresh;
  }

  void remember(latency_entry&& e) {
    const auto [place, is_new] = ids_.try_emplace(e.signature, entries_.size());
    if (is_new)
      entries_.push_back(std::move(e));
    else
      entries_[place->second] = std::move(e);
  }

  latency_table_options options_;
  latency_store store_;
  measurer measurer_;
  std::vector<latency_entry> entries_;
  text_map<std::size_t> ids_;
};

}  // namespace nascent
