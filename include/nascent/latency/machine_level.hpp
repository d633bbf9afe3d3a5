// SPDX-License-Identifier: Apache-2.0
/// \file
/// How fast a device is now against its latency table, for programs that predict for long: a machine that is shared, or
/// warm, takes some per cent more or less than in the hour when the table was filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/latency/table_validation.hpp"

namespace nascent {

struct machine_level_options {
  std::size_t networks = 5;  ///< the first so many of the references whose kernels were all measured
  double every_s = 60;       ///< they are run again where the last time is that long ago
  measure_options measure{.warm_up = 2, .min_samples = 6, .half_width = 0.01, .budget_ms = 300};  ///< per network
};

/// Keeps a few reference networks compiled, and their times as the table has them; runs them again now and then.
/// Predictions times `ratio` are those of the machine as it is now.
///
///     machine_level level(table, cpu, references);
///     if (level.renew()) std::puts(level.text().c_str());  // "the machine takes 1.024 (1.018 to 1.031) of ..."
///     const double ms = level.ratio() * predictor.ms(candidate);
template <executor Executor>
class machine_level {
 public:
  /// Runs them for the first time. \throws as `validate` does
  machine_level(const latency_table& table, Executor& device, std::span<const network> references,
                const machine_level_options& options = {})
      : options_(options) {
    if (!(options.every_s >= 0))
      throw error("latency.option", "machine_level_options.every_s", exact_text(options.every_s), "0 or more");
    detail::check_validation(table, device.description());
    for (const network& graph : references) {
      if (compiled_.size() == options.networks) break;
      const latency_prediction predicted = table.predict(graph);
      if (!detail::is_measured(predicted)) continue;
      compiled_.push_back(prepare(device, graph, table.options().batch));
      predicted_ms_.push_back(predicted.ms);
    }
    if (compiled_.empty()) throw detail::no_known_network(table, "machine level", references.size());
    measure_now();
  }

  /// Runs the references again where it is time to; false where it is not.
  bool renew() {
    if (static_cast<double>(options_.measure.clocks.wall() - last_ns_) * 1e-9 < options_.every_s) return false;
    measure_now();
    return true;
  }

  /// Time now over the table's: the median of the references, when they ran last.
  double ratio() const { return last_.ratio; }
  /// The same with its interval, network by network.
  const table_validation& last() const { return last_; }
  /// "the machine takes 1.024 (1.018 to 1.031) of the table's times"
  std::string text() const {
    return "the machine takes " + fixed_text(last_.ratio, 3) + " (" + fixed_text(last_.low, 3) + " to " +
           fixed_text(last_.high, 3) + ") of the table's times";
  }

 private:
  using compiled = decltype(prepare(std::declval<Executor&>(), std::declval<const network&>(), 1));

  void measure_now() {
    std::vector<validated_network> found;
    for (std::size_t i = 0; i < compiled_.size(); ++i)
      found.push_back(
          {.predicted_ms = predicted_ms_[i], .measured_ms = measure(compiled_[i], options_.measure).trimmed_mean_ms});
    last_ = validation_of(std::move(found));
    last_ns_ = options_.measure.clocks.wall();
  }

  machine_level_options options_;
  std::vector<compiled> compiled_;
  std::vector<double> predicted_ms_;
  table_validation last_;
  std::int64_t last_ns_ = 0;
};

}  // namespace nascent
