// SPDX-License-Identifier: Apache-2.0
/// \file
/// Predictions for any network, measured or not, and how a prediction is verified.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/text_map.hpp"
#include "nascent/latency/kernel_estimator.hpp"
#include "nascent/latency/table.hpp"

namespace nascent {

/// A latency table that never waits for a measurement: kernels that it has measured count as measured, all others are
/// estimated from those (see kernel_estimator), and a prediction says how many they are. `verify` measures what a
/// network's prediction only estimates. So a search or a scaling asks for as many networks as it likes, and only what
/// it recommends is run.
class network_predictor {
 public:
  /// Keeps a reference to the table. A table knows kernels by their signatures only: what its entries are kernels of is
  /// told by `known`, for instance the kernels of a space. \throws nascent::error where the table has measured
  /// none of them
  template <class Kernels>
  network_predictor(latency_table& table, const Kernels& known) : table_(&table) {
    for (const auto& k : known) know(k.what);
    learn();
  }

  /// Milliseconds for one batch.
  double operator()(const network& graph) { return predict(graph).ms; }

  /// The same with its interval, and how much of it is estimated.
  latency_prediction predict(const network& graph) {
    detail::prediction_sum sum;
    for (const kernel& k : fuse(graph)) sum.add(&entry_of(k), static_cast<double>(params(k.core)));
    return sum.result(table_->effects());
  }

  /// Measures the kernels of a network that are only estimated, in that network, and learns from them.
  /// \throws latency_table_error, executor_error
  fill_result verify(const network& graph) {
    const fill_result done = table_->measure_missing(graph, {.replace_estimates = true, .placements = 1});
    for (const kernel& k : fuse(graph)) know(k);
    if (done.measured > 0) learn();
    return done;
  }

  /// Kernels that estimates rest on.
  std::size_t measured() const { return measured_; }

  /// Relative error of an estimate, root mean square over measured kernels left out one by one.
  double estimate_error() const { return estimator_->error(); }

  latency_table& table() { return *table_; }

 private:
  void know(const kernel& k) { kernels_.try_emplace(k.signature(), k); }

  /// Fits the estimator to what is measured now.
  void learn() {
    std::vector<kernel_time> times;
    for (const auto& [signature, k] : kernels_)
      if (const auto id = table_->id(signature); id && !table_->entries()[*id].estimated)
        times.push_back({k, std::max(1e-6, table_->entries()[*id].time.trimmed_mean_ms)});
    measured_ = times.size();
    estimator_.emplace(times, table_->description().type, table_->options().batch);
    estimates_.clear();
  }

  const latency_entry& entry_of(const kernel& k) {
    std::string signature = k.signature();
    if (const auto id = table_->id(signature); id && !table_->entries()[*id].estimated) return table_->entries()[*id];
    const auto [place, is_new] = estimates_.try_emplace(std::move(signature));
    if (is_new) place->second = estimator_->estimate(k);
    return place->second;
  }

  latency_table* table_;
  text_map<kernel> kernels_;
  std::optional<kernel_estimator> estimator_;
  text_map<latency_entry> estimates_;
  std::size_t measured_ = 0;
};

}  // namespace nascent
