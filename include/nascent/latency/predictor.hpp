// SPDX-License-Identifier: Apache-2.0
/// \file
/// Predictions for the candidates of one space, without building their networks: millions a second.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/kernels/space_kernels.hpp"
#include "nascent/latency/table.hpp"

namespace nascent {

/// A latency table resolved for a space: the times of all its layers are added up beforehand, a candidate's decisions
/// lead through them. Says what `latency_table::predict` says of the candidate's network, up to rounding. Copies what
/// it needs, or shares the trellis where it is given to share: it may outlive both, and threads may share it.
template <space Space>
class latency_predictor {
 public:
  latency_predictor(const kernel_trellis<Space>& trellis, const latency_table& table)
      : latency_predictor(std::make_shared<const kernel_trellis<Space>>(trellis), table) {}
  /// Predictors of several devices have one trellis.
  latency_predictor(std::shared_ptr<const kernel_trellis<Space>> trellis, const latency_table& table)
      : trellis_(std::move(trellis)) {
    refresh(table);
  }

  /// Takes over what the table has learnt since.
  void refresh(const latency_table& table) {
    std::vector<const latency_entry*> entry_of;
    missing_ = 0;
    kernel_ms_.clear();
    effects_ = table.effects();
    for (const space_kernel& k : trellis_->kernels()) {
      const auto found = table.id(k.signature);
      entry_of.push_back(found ? &table.entries()[*found] : nullptr);
      kernel_ms_.push_back(found ? entry_of.back()->time.trimmed_mean_ms : std::numeric_limits<double>::quiet_NaN());
      missing_ += !found;
    }
    sums_.clear();
    parts_.clear();
    for (const auto& group : trellis_->groups()) {
      detail::prediction_sum sum;
      for (const std::int32_t k : group)
        sum.add(entry_of[static_cast<std::size_t>(k)],
                static_cast<double>(params(trellis_->kernels()[static_cast<std::size_t>(k)].what.core)));
      sums_.push_back(sum);
      parts_.push_back({sum.missing == 0 ? sum.ms : std::numeric_limits<double>::quiet_NaN(), sum.weights});
    }
  }

  /// Of the space whose networks it predicts.
  const kernel_trellis<Space>& trellis() const { return *trellis_; }

  /// Kernels of the space that the table lacks.
  std::size_t missing() const { return missing_; }

  /// The most frequent one of these, or "".
  std::string missing_kernel() const {
    for (std::size_t k = 0; k < kernel_ms_.size(); ++k)
      if (std::isnan(kernel_ms_[k])) return trellis_->kernels()[k].signature;
    return {};
  }

  /// Milliseconds of each kernel in a network of median size and time, in the order of the trellis; not a number where
  /// the table lacks it.
  std::span<const double> kernel_ms() const { return kernel_ms_; }

  /// What kernels of one network have in common: `ms` is their sum times `effects().network_factor(weights, sum)`.
  const placement_effects& effects() const { return effects_; }

  /// Milliseconds for one batch; not a number where the table lacks a kernel of the network. Allocates nothing.
  /// \throws space_error where the network cannot be built
  double ms(const candidate<Space>& c) const {
    part sum;
    const part* of_group = parts_.data();
    const bool possible = trellis_->walk(c, [&](std::int32_t group, int times) {
      sum.ms += times * of_group[group].ms;
      sum.weights += times * of_group[group].weights;
    });
    if (!possible) [[unlikely]]
      refuse();
    return sum.ms * effects_.network_factor(sum.weights, sum.ms);
  }
  double operator()(const candidate<Space>& c) const { return ms(c); }

  /// The same with its interval, and what is missing. \throws space_error where the network cannot be built
  latency_prediction predict(const candidate<Space>& c) const {
    detail::prediction_sum sum;
    if (!trellis_->walk(c,
                        [&](std::int32_t group, int times) { sum.add(sums_[static_cast<std::size_t>(group)], times); }))
      refuse();
    return sum.result(effects_);
  }

 private:
  struct part {
    double ms = 0;
    double weights = 0;
  };

  [[noreturn]] void refuse() const {
    throw space_error("space.candidate", detail::place_in(trellis_->space().name(), "candidate"),
                      "decisions that make no network", "candidates that to_network can build");
  }

  std::shared_ptr<const kernel_trellis<Space>> trellis_;
  std::vector<double> kernel_ms_;
  std::vector<part> parts_;  ///< by group of kernels
  std::vector<detail::prediction_sum> sums_;
  placement_effects effects_;
  std::size_t missing_ = 0;
};

template <class Space>
latency_predictor(const kernel_trellis<Space>&, const latency_table&) -> latency_predictor<Space>;
template <class Space>
latency_predictor(std::shared_ptr<const kernel_trellis<Space>>, const latency_table&) -> latency_predictor<Space>;

}  // namespace nascent
