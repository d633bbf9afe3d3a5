// SPDX-License-Identifier: Apache-2.0
/// \file
/// The most accurate network of a space under a limit of time, with a proof: how accurate no other one is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/accuracy/model.hpp"
#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/search/detail/accuracy_bound.hpp"
#include "nascent/search/detail/accuracy_labels.hpp"
#include "nascent/search/detail/accuracy_trellis.hpp"
#include "nascent/search/detail/network_limit.hpp"
#include "nascent/search/exact_front.hpp"
#include "nascent/search/latency_sum.hpp"

namespace nascent {

struct proof_options {
  double tolerance = 0.001;  ///< points of top-1 that a network may be below the best one and count as proven
  std::size_t labels =
      std::size_t{1} << 17;  ///< beginnings of networks kept at a time: about 200 bytes each, four times over
  /// Time, stop and progress; a step is a tangent, or a pass over the space. Once it ends the answer is what is known
  /// by then, and the bound holds all the same.
  nascent::watch* watch = nullptr;
};

/// A network, and what is proven of all others.
template <space Space>
struct proven_network {
  candidate<Space> what{};
  accuracy_estimate accuracy{};
  double ms = 0;        ///< as the predictor says
  double bound = 0;     ///< no network of the space under the limit has a larger top-1
  bool proven = false;  ///< the bound is at most the tolerance above it

  double gap() const { return bound - accuracy.top1; }
};

/// Answers `best_under` for one space, table and model, for as many limits as one likes.
template <space Space>
class accuracy_proof {
 public:
  /// Keeps a pointer to the trellis. \throws search_error where the predictor's table lacks kernels, or for spaces
  /// whose networks are not of the kind that the accuracy model knows
  accuracy_proof(const kernel_trellis<Space>& trellis, const latency_predictor<Space>& predictor,
                 const accuracy_model& accuracy)
      : trellis_(&trellis),
        predictor_(predictor),
        accuracy_(accuracy),
        ms_(latency_sum(trellis, predictor)),
        weights_(params_sum(trellis)),
        paths_(trellis, ms_, weights_, predictor.effects().size_slopes(1, 1e12)),
        fastest_(fastest(trellis, predictor)) {
    const auto extreme = [&](auto&& of, double sign) {
      std::vector<double> rest(paths_.states(paths_.steps()).size(), 0);
      for (std::size_t p = paths_.steps(); p-- > 0;) {
        std::vector<double> here;
        for (const detail::accuracy_state& s : paths_.states(p)) {
          here.push_back(std::numeric_limits<double>::infinity());
          for (std::size_t e = s.first; e < s.last; ++e) {
            const detail::accuracy_edge& edge = paths_.edges(p)[e];
            here.back() = std::min(here.back(), sign * of(edge.adds) + rest[edge.to]);
          }
        }
        rest = std::move(here);
      }
      return sign * rest[0];
    };
    most_blocks_ = extreme([](const auto& s) { return s.blocks; }, -1);
    least_weights_ = extreme([](const auto& s) { return s.weights; }, 1);
    most_weights_ = extreme([](const auto& s) { return s.weights; }, -1);
    least_log_width_ = extreme([](const auto& s) { return s.log_width; }, 1);
  }

  /// The best network of at most `limit_ms`, by the predictor. \throws search_error for options out of range, and where
  /// no network is that fast: it names the fastest one
  proven_network<Space> best_under(double limit_ms, const proof_options& options = {}) const {
    check(limit_ms, options);
    detail::watch_or_none watched(options.watch);
    const detail::network_limit limit = limit_of(limit_ms);
    double bound = std::numeric_limits<double>::infinity();
    watch_job job = watched->begin("proving", most_tangents + most_passes);
    std::vector<detail::tangent_fronts> fronts = tangents(limit, bound, *watched, job);
    detail::accuracy_labels<detail::accuracy_trellis<Space>> search(paths_, fronts, limit,
                                                                    std::max(options.tolerance, 1e-9), *watched);
    const candidate<Space> quickest = fastest_.what;
    double value = accuracy_of(quickest).top1;
    std::optional<std::vector<std::size_t>> best;
    for (std::size_t width = std::min<std::size_t>(first_width, options.labels);;
         width = std::min(width * 8, options.labels)) {
      const auto pass = search.run(width, value);
      if (pass.value > value) {
        value = pass.value;
        best = pass.edges;
      }
      if (!pass.complete) break;
      bound = std::min(bound, std::max(pass.bound, value));
      job.advance(1, "within " + fixed_text(bound - value, 3) + " points");
      if (bound - value <= std::max(options.tolerance, 1e-9) || width == options.labels || watched->ended()) break;
    }
    proven_network<Space> result{.what = best ? network_of(*best) : quickest};
    result.accuracy = accuracy_of(result.what);
    result.ms = predictor_.ms(result.what);
    result.bound = std::max(bound, result.accuracy.top1);
    result.proven = result.gap() <= std::max(options.tolerance, 1e-9);
    return result;
  }

 private:
  static constexpr std::size_t first_width = 512;
  static constexpr int most_tangents = 8;
  static constexpr int most_passes = 4;  ///< of the usual number of labels

  void check(double limit_ms, const proof_options& options) const {
    const auto refuse = [](error_code code, const char* what, double found, const std::string& allowed) {
      throw search_error(code, what, exact_text(found), allowed);
    };
    if (!(options.tolerance >= 0))
      refuse("search.option", "proof_options.tolerance", options.tolerance, "0 points or more");
    if (options.labels < 1)
      refuse("search.option", "proof_options.labels", static_cast<double>(options.labels), "1 or more");
    if (!std::isfinite(limit_ms)) refuse("search.target", "best_under, ms", limit_ms, "finite numbers");
    if (!(limit_ms >= fastest_.cost))
      refuse("search.target", "best_under, ms", limit_ms,
             exact_text(fastest_.cost) + " or more: so long takes the fastest network of space '" +
                 trellis_->space().name() + "', rank " + to_decimal(trellis_->space().rank(fastest_.what)).c_str());
  }

  /// Of the weights that networks of these times can have: the fewer, the straighter is the limit.
  detail::network_limit limit_of(double limit_ms) const {
    const detail::network_limit any(predictor_.effects(), limit_ms, least_weights_, most_weights_);
    const auto heavy = pareto_front(*trellis_, price{.cost = ms_, .gain = weights_}, {.target = any.most_ms()});
    return {predictor_.effects(), limit_ms, least_weights_, heavy.points.back().gain};
  }

  /// Tangents at averages of their own maximisers, which is where their bounds become low; the later ones.
  std::vector<detail::tangent_fronts> tangents(const detail::network_limit& limit, double& bound, const watch& watched,
                                               watch_job& job) const {
    const detail::width_envelope width(least_log_width_);
    std::vector<detail::tangent_fronts> fronts;
    detail::accuracy_sums at{.weights = (least_weights_ + most_weights_) / 2, .fused_early = 2};
    at.capacity.fill(10);
    for (int turn = 0; turn < most_tangents; ++turn) {
      fronts.emplace_back(paths_, detail::tangent_at(at, width, most_blocks_, limit.line_at(at.weights)));
      if (!fronts.back().feasible()) {  // rounding: no way is within the last digits of the limit
        fronts.pop_back();
        break;
      }
      bound = std::min(bound, fronts.back().bound());
      const detail::accuracy_sums best = sums_of(fronts.back().maximiser());
      fronts.back().forget_ways();
      const double share = 1.0 / (turn + 1);
      const auto mix = [&](double& mean, double next) { mean += share * (next - mean); };
      for (std::size_t i = 0; i < at.capacity.size(); ++i) mix(at.capacity[i], best.capacity[i]);
      mix(at.weights, best.weights);
      mix(at.log_width, best.log_width);
      mix(at.fused_early, best.fused_early);
      job.advance();
      if (watched.ended()) break;
    }
    // Where the limit bends, one line is low at some weights only.
    for (const double part : {0.7, 1.4}) {
      if (limit.slopes().first == limit.slopes().second || watched.ended()) break;
      fronts.emplace_back(paths_, detail::tangent_at(at, width, most_blocks_, limit.line_at(part * at.weights)));
      if (!fronts.back().feasible()) fronts.pop_back();
      else fronts.back().forget_ways();
    }
    std::ranges::sort(fronts, {}, [](const detail::tangent_fronts& f) { return f.bound(); });
    return fronts;
  }

  detail::accuracy_sums sums_of(const std::vector<std::size_t>& edges) const {
    detail::accuracy_sums sums;
    for (std::size_t p = 0; p < edges.size(); ++p) sums += paths_.edges(p)[edges[p]].adds;
    return sums;
  }

  candidate<Space> network_of(const std::vector<std::size_t>& edges) const {
    candidate<Space> c = trellis_->space().undecided();
    for (std::size_t p = 0; p < edges.size(); ++p) {
      const detail::accuracy_edge& e = paths_.edges(p)[edges[p]];
      trellis_->decide(p, {.edge = e.edge, .option = e.option}, c.digits.data());
    }
    return c;
  }

  accuracy_estimate accuracy_of(const candidate<Space>& c) const {
    accuracy_collector collector;
    detail::interpret(c, collector);
    return accuracy_(collector);
  }

  const kernel_trellis<Space>* trellis_;
  latency_predictor<Space> predictor_;
  accuracy_model accuracy_;
  sum_over_kernels ms_;
  sum_over_kernels weights_;
  detail::accuracy_trellis<Space> paths_;
  exact_network<Space> fastest_;
  double most_blocks_ = 0;
  double least_weights_ = 0;
  double most_weights_ = 0;
  double least_log_width_ = 0;
};

template <class Space>
accuracy_proof(const kernel_trellis<Space>&, const latency_predictor<Space>&, const accuracy_model&)
    -> accuracy_proof<Space>;

/// The most accurate network of at most `limit_ms`, and the proof: see accuracy_proof, which answers for many limits.
template <space Space>
proven_network<Space> best_under(const kernel_trellis<Space>& trellis, const latency_predictor<Space>& predictor,
                                 const accuracy_model& accuracy, double limit_ms, const proof_options& options = {}) {
  return accuracy_proof<Space>(trellis, predictor, accuracy).best_under(limit_ms, options);
}

}  // namespace nascent
