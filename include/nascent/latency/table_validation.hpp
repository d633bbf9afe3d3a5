// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether a latency table still says what its device does, and how fast the device is now.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/latency/predictor.hpp"
#include "nascent/latency/table.hpp"
#include "nascent/timing/measure.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

struct validation_options {
  int networks = 16;                ///< random ones of a space
  std::uint64_t seed = 1;           ///< of these and of weights
  nascent::watch* watch = nullptr;  ///< time, stop and progress: what is judged are the networks until its end
  measure_options measure{.warm_up = 4, .min_samples = 12, .half_width = 0.005, .budget_ms = 1000};  ///< per network
};

/// One network, as the table has it and as it runs now.
struct validated_network {
  double predicted_ms = 0;
  double measured_ms = 0;

  double ratio() const { return measured_ms / predicted_ms; }
};

struct table_validation {
  std::vector<validated_network> networks{};
  /// Time now over the table's: the median of all networks, and its 95 % interval (order statistics; for fewer than six
  /// networks the smallest and the largest). Predictions times this ratio are those of the machine as it is now.
  double ratio = 1;
  double low = 1;
  double high = 1;
  double mean_absolute_error = 0;           ///< of predictions, relative
  double mean_absolute_error_at_ratio = 0;  ///< of predictions times `ratio`
};

namespace detail {

inline bool is_measured(const latency_prediction& p) { return p.complete() && p.estimated == 0; }

/// \throws error, latency_table_error where networks that run on this device cannot confirm the table
inline void check_validation(const latency_table& table, const device_description& found) {
  if (found != table.description())
    throw error("latency.device", "validate, device", describe(found),
                "the table's, " + describe(table.description()) + "; open the table for this one");
  if (table.options().context != cache_context::in_network)
    throw latency_table_error("latency.context", "latency table '" + table.path().string() + "', validate",
                              std::string("times '") + to_string(table.options().context) + "'",
                              "'in_network'; networks that run cannot confirm others: open it for these");
}

inline latency_table_error no_known_network(const latency_table& table, const char* what, std::size_t count) {
  return {"latency.lacks_kernels", "latency table '" + table.path().string() + "', " + what,
          "all kernels of none of " + std::to_string(count) + " networks",
          "1 network or more that it knows; measure more of their kernels, or give others"};
}

}  // namespace detail

/// What one network or more say together.
inline table_validation validation_of(std::vector<validated_network> networks) {
  table_validation result{.networks = std::move(networks)};
  std::vector<double> ratios;
  for (const validated_network& one : result.networks) ratios.push_back(one.ratio());
  const ordered_sample ordered(ratios);
  result.ratio = ordered.median();
  std::tie(result.low, result.high) = ordered.median_interval();
  for (const double ratio : ratios) {
    result.mean_absolute_error += std::fabs(1 / ratio - 1) / static_cast<double>(ratios.size());
    result.mean_absolute_error_at_ratio += std::fabs(result.ratio / ratio - 1) / static_cast<double>(ratios.size());
  }
  return result;
}

/// Runs networks whose kernels were all measured for the table, and compares. Others are left out. The table is not
/// changed. \throws latency_table_error where there is no such network, and for a table of another cache context than
/// that of running networks; nascent::error for another device than the table's; executor_error where the device
/// refuses a network
template <executor Executor>
table_validation validate(const latency_table& table, Executor& device, std::span<const network> networks,
                          const validation_options& options = {}) {
  detail::check_validation(table, device.description());
  std::vector<validated_network> found;
  detail::watch_or_none watched(options.watch);
  std::optional<watch_job> job;
  job.emplace(*watched, "validating", networks.size());
  for (const network& graph : networks) {
    if (watched->ended()) break;
    job->advance();
    const latency_prediction predicted = table.predict(graph);
    if (!detail::is_measured(predicted)) continue;
    auto compiled = prepare(device, graph, table.options().batch, options.seed);
    found.push_back({.predicted_ms = predicted.ms, .measured_ms = measure(compiled, options.measure).trimmed_mean_ms});
  }
  job.reset();
  if (found.empty()) watched->throw_if_stopped();
  if (found.empty()) throw detail::no_known_network(table, "validate", networks.size());
  return validation_of(std::move(found));
}

/// The same with random networks of a space that the table knows, drawn uniformly. \throws nascent::error for a
/// number of networks below 1 too
template <space Space, executor Executor>
table_validation validate(const kernel_trellis<Space>& trellis, const latency_table& table, Executor& device,
                          const validation_options& options = {}) {
  if (options.networks < 1)
    throw error("latency.option", "validation_options.networks", std::to_string(options.networks), "1 or more");
  constexpr int most_draws = 200'000;  // a fraction of a second
  const latency_predictor<Space> predictor(trellis, table);
  random_engine rng(options.seed);
  std::vector<network> known;
  for (int draw = 0; draw < most_draws && static_cast<int>(known.size()) < options.networks; ++draw) {
    const auto c = trellis.space().sample(rng);
    if (detail::is_measured(predictor.predict(c))) known.push_back(to_network(trellis.space(), c));
  }
  return validate(table, device, known, options);
}

}  // namespace nascent
