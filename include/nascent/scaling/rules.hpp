// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rules by which base networks are scaled, side by side: those that were published, those that hold something else
/// than latency, and what each comes to under one latency target.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/cost/network_profile.hpp"
#include "nascent/scaling/lacs.hpp"
#include "nascent/scaling/published.hpp"

namespace nascent {

/// A triplet with a name, and who says it.
struct scaling_rule {
  std::string name{};
  compound_coefficients by{};
  std::string source{};
};

/// The rule of Dollar, Singh and Girshick, "Fast and Accurate Model Scaling" (2021): of a growth of MACs by s, width
/// squared takes s^a, depth s^((1-a)/2) and resolution squared s^((1-a)/2). 1/3 is uniform compound scaling, 0.8 their
/// dWr, 1 width alone. \throws scaling_error unless `a` is 0 to 1
inline compound_coefficients activation_aware_coefficients(double a) {
  detail::check_scaling(a >= 0 && a <= 1, "activation_aware_coefficients, a", a, "0 to 1");
  return {.alpha = std::exp2((1 - a) / 2), .beta = std::exp2(a / 2), .gamma = std::exp2((1 - a) / 4)};
}

/// The published rules that are triplets.
inline std::vector<scaling_rule> published_rules() {
  return {{"EfficientNet", published::efficientnet_coefficients, "Tan and Le, 2019"},
          {"LACS, GPU", published::efficientnet_x_gpu_coefficients, "Li et al., 2021, Table 2"},
          {"LACS, TPU", published::efficientnet_x_tpu_coefficients, "Li et al., 2021, Table 2"},
          {"dWr", activation_aware_coefficients(0.8), "Dollar et al., 2021, a = 0.8"},
          {"dwr", activation_aware_coefficients(1.0 / 3), "Dollar et al., 2021, a = 1/3"},
          {"width alone", activation_aware_coefficients(1), "Dollar et al., 2021, a = 1"}};
}

/// What a rule may hold instead of latency while it looks for the triplet of highest accuracy.
enum class growth_bound : std::uint8_t { macs, params, activations };
constexpr const char* to_string(growth_bound bound) {
  return bound == growth_bound::macs ? "MACs" : bound == growth_bound::params ? "parameters" : "activations";
}

/// A network's MACs, parameters or activations, where scaling asks for a latency.
struct bounded_growth {
  growth_bound bound = growth_bound::macs;

  double operator()(const network& graph) const {
    const costs c = cost(graph);
    const std::int64_t value = bound == growth_bound::macs     ? c.macs
                               : bound == growth_bound::params ? c.params
                                                               : c.activations;
    return static_cast<double>(value);
  }
};

/// The triplet of highest accuracy where MACs, parameters or activations grow by `factor`: EfficientNet's search is
/// that with MACs and 2. What does not grow with a dimension puts no bound on it: with parameters, resolution goes as
/// far as the accuracy or `options.phi` let it. `options` but its targets hold. \throws as lacs does
template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy>
scaling_rule bounded_rule(const Space& s, const candidate<Space>& base, Accuracy&& accuracy, growth_bound bound,
                          double factor = 2, lacs_options options = {}) {
  detail::check_scaling(factor > 1 && factor < 1e6, "bounded_rule, factor", factor, "above 1, below 1e6");
  options.levels = options.search_level = 1;
  options.factor = factor;
  options.targets_ms.clear();
  const lacs_result<Space> found = lacs(s, base, accuracy, bounded_growth{bound}, options);
  return {to_string(bound) + std::string(" bounded"), found.coefficients,
          "highest accuracy at " + rounded_text(factor, 3) + " times the base's " + to_string(bound)};
}

/// What a rule comes to at a latency.
template <class Space>
struct scaling_rule_result {
  scaling_rule rule{};
  std::optional<phi_solution<Space>> solution{};  ///< none where the limits of phi_options come before the target
  std::optional<double> accuracy{};  ///< at exactly the target, interpolated as lacs does; none where not to be judged
};

/// All rules over one base under one latency target, in their order. Rules that are powers of each other come to the
/// same networks. \throws as lacs does, also where no rule can be used
template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency>
std::vector<scaling_rule_result<Space>> compare_rules(const Space& s, const candidate<Space>& base, Accuracy&& accuracy,
                                                      Latency&& latency, const std::vector<scaling_rule>& rules,
                                                      double target_ms, lacs_options options = {}) {
  options.divisions = options.refinements = options.search_level = 0;
  options.interpolate = true;
  options.targets_ms = {target_ms};
  options.also.clear();
  for (const scaling_rule& rule : rules) options.also.push_back(rule.by);
  const lacs_result<Space> tried = lacs(s, base, accuracy, latency, options);
  std::vector<scaling_rule_result<Space>> results;
  for (const scaling_rule& rule : rules) {
    const auto shares = detail::growth_shares::of(rule.by);
    const auto trial = std::ranges::find_if(tried.trials, [&](const lacs_trial<Space>& t) {
      return detail::growth_shares::of(t.coefficients).distance(shares) < 1e-6;
    });
    scaling_rule_result<Space> result{.rule = rule};
    if (trial != tried.trials.end()) {  // a watch may have ended the comparison
      result.solution = trial->solution;
      if (trial->judged) result.accuracy = trial->judged->accuracy;
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace nascent
