// SPDX-License-Identifier: Apache-2.0
/// \file
/// LACS over predictions, whose family is verified: triplets are compared by predicted latency, and the networks that
/// they lead to are measured, kernel by kernel, until nothing in the family is an estimate.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include "nascent/scaling/lacs.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent {

/// A latency that may be estimated, and can be verified: `network_predictor`.
template <class T>
concept verifiable_latency = requires(T& t, const network& graph) {
  { t(graph) } -> std::convertible_to<double>;
  { t.predict(graph).estimated } -> std::convertible_to<std::size_t>;
  t.verify(graph);
};

struct verified_lacs_options {
  lacs_options scaling{};  ///< whose watch holds for verifying too: no network is measured after its end
  int most_rounds = 6;
};

template <class Space>
struct verified_lacs_result {
  lacs_result<Space> family{};
  int rounds = 0;             ///< of verifying
  std::size_t estimated = 0;  ///< kernels of the family that are estimates still: 0 but where the watch ended first
};

/// Compares the triplets by predictions, then measures the levels' networks and solves the levels again with what was
/// learnt, until their networks stay. \throws as lacs does; what the latency throws when it measures
template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy, verifiable_latency Latency>
verified_lacs_result<Space> verified_lacs(const Space& s, const candidate<Space>& base, Accuracy&& accuracy,
                                          Latency&& latency, const verified_lacs_options& options = {}) {
  verified_lacs_result<Space> result{.family = lacs(s, base, accuracy, latency, options.scaling)};
  lacs_options solve_again = options.scaling;
  solve_again.divisions = 0;
  solve_again.refinements = 0;
  solve_again.also = {result.family.coefficients};
  detail::watch_or_none watched(options.scaling.watch);
  while (result.rounds < options.most_rounds) {
    std::size_t open = 0;
    {
      watch_job job =
          watched->begin("verifying, round " + std::to_string(result.rounds + 1), result.family.levels.size());
      for (const lacs_level<Space>& level : result.family.levels) {
        if (watched->ended()) break;
        const network graph = to_network(s, level.candidate);
        if (latency.predict(graph).estimated > 0) {
          ++open;
          latency.verify(graph);
        }
        job.advance();
      }
    }
    if (open == 0 || watched->ended()) break;
    ++result.rounds;
    // What was compared stays what it was; only the levels are solved with the latencies as they are now.
    lacs_result<Space> again = lacs(s, base, accuracy, latency, solve_again);
    result.family.levels = std::move(again.levels);
    result.family.latency_calls += again.latency_calls;
    result.family.accuracy_calls += again.accuracy_calls;
  }
  for (const lacs_level<Space>& level : result.family.levels)
    result.estimated += latency.predict(to_network(s, level.candidate)).estimated;
  return result;
}

/// The same where the base's type says which space it is of.
template <stateless_space Space, network_metric<scaled_candidate<Space>> Accuracy, verifiable_latency Latency>
verified_lacs_result<Space> verified_lacs(const candidate<Space>& base, Accuracy&& accuracy, Latency&& latency,
                                          const verified_lacs_options& options = {}) {
  return verified_lacs(Space{}, base, accuracy, latency, options);
}

}  // namespace nascent
