// SPDX-License-Identifier: Apache-2.0
/// \file
/// Measure little, predict everything, verify what matters: a search over predictions whose proposals are verified,
/// kernel by kernel, until nothing that it recommends rests on an estimate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/latency/build_table.hpp"
#include "nascent/latency/predictor.hpp"
#include "nascent/search/front_search.hpp"

namespace nascent {

struct verified_search_options {
  double target_ms = 0;  ///< predicted latency that recommended networks keep
  front_search_options front{};
  std::size_t finalists = 6;     ///< networks to recommend: the best within the target, and within less and less
  double finalist_step = 0.015;  ///< by so much less each, relative: predictions err by 1 to 3 %
  /// The front between these shares of the target is verified, as far as `watch` allows.
  double verified_from = 0.7;
  double verified_to = 1.1;
  int most_rounds = 12;
  nascent::watch* watch = nullptr;  ///< time, stop and progress: no network is looked at or measured after its end
};

/// What a verified search found.
template <space Space>
struct verified_search_result {
  predicted_front<Space> front{};                     ///< by the table as it is at the end
  std::vector<predicted_network<Space>> finalists{};  ///< by falling latency; all within the target
  std::size_t networks = 0;                           ///< looked at in all rounds
  int rounds = 0;
  fill_result verified{};     ///< what was measured on the way
  std::size_t estimated = 0;  ///< kernels of finalists that are only estimated still: 0 but where the watch ended first

  const predicted_network<Space>& best() const { return finalists.front(); }
};

namespace detail {

/// The best within the target, within a little less, and so on; each network once.
template <space Space>
std::vector<predicted_network<Space>> finalists_of(const predicted_front<Space>& front,
                                                   const verified_search_options& options) {
  std::vector<predicted_network<Space>> chosen;
  double limit = options.target_ms;
  while (chosen.size() < options.finalists) {
    const predicted_network<Space>* next = front.best_under(limit);
    if (next == nullptr) break;
    chosen.push_back(*next);
    limit = std::min(limit * (1 - options.finalist_step), next->ms * (1 - options.finalist_step / 2));
  }
  return chosen;
}

}  // namespace detail

/// Proposes nothing beside what a search finds.
struct no_proposals {
  template <space Space>
  std::vector<candidate<Space>> operator()(const latency_predictor<Space>& /*unused*/) const {
    return {};
  }
};

/// Searches the predictions of a table whose gaps are estimated (see build_table), then measures the kernels of the
/// recommended networks and of the front around the target that are only estimated, and searches again, until they are
/// all measured. `accuracy` is asked about candidates or networks; `propose` is asked in each round for candidates to
/// look at beside those that the search finds, given the predictor as it is then: for instance the proven optimum.
/// \throws search_error where no network keeps the target (the fastest found is named), latency_table_error where the
/// table lacks kernels, executor_error
template <space Space, network_metric<candidate<Space>> Accuracy, class Propose = no_proposals>
verified_search_result<Space> verified_search(const Space& searched, const kernel_trellis<Space>& trellis,
                                              latency_table& table, Accuracy&& accuracy,
                                              const verified_search_options& options, Propose&& propose = {}) {
  latency_predictor predictor(trellis, table);
  if (predictor.missing() > 0)
    throw latency_table_error(
        "latency.lacks_kernels", "latency table '" + table.path().string() + "'",
        std::to_string(predictor.missing()) + " kernels of space '" + searched.name() + "' without a time",
        "none; estimate them with estimate_missing, or build_table and .estimate_rest");
  verified_search_result<Space> result;
  std::vector<candidate<Space>> also;
  detail::watch_or_none watched(options.watch);
  const auto estimated_in = [&](const candidate<Space>& c) { return predictor.predict(c).estimated; };
  for (result.rounds = 1;; ++result.rounds) {
    front_search_options how = options.front;
    how.target_ms = options.target_ms;
    how.watch = options.watch;
    how.seed += static_cast<std::uint64_t>(result.rounds) - 1;
    if (result.rounds > 1) how.networks = std::max<std::size_t>(1, how.networks / 4);  // it starts from the last front
    for (const candidate<Space>& c : propose(std::as_const(predictor))) also.push_back(c);
    result.front = search_front(searched, predictor, accuracy, how, also);
    result.networks += result.front.networks;
    result.finalists = detail::finalists_of(result.front, options);
    if (result.finalists.empty())
      throw search_error("search.target", "verified search, target", rounded_text(options.target_ms, 6) + " ms",
                         rounded_text(result.front.points.front().ms, 6) + " ms, the fastest network found, or more");
    also.clear();
    for (const auto& p : result.front.points) also.push_back(p.what);

    // Finalists first, then the front around the target from there outwards.
    std::vector<const predicted_network<Space>*> open;
    const auto want = [&](const predicted_network<Space>& p) {
      if (estimated_in(p.what) > 0) open.push_back(&p);
    };
    for (const auto& p : result.finalists) want(p);
    for (const auto& p : result.front.points)
      if (p.ms >= options.verified_from * options.target_ms && p.ms <= options.verified_to * options.target_ms) want(p);
    if (open.empty() || result.rounds >= options.most_rounds) break;
    {
      watch_job job = watched->begin("verifying, round " + std::to_string(result.rounds), open.size());
      for (const auto* p : open) {
        if (watched->ended()) break;
        if (estimated_in(p->what) > 0) {  // else the networks before have brought it all
          result.verified += table.measure_once(to_network(searched, p->what), {.replace_estimates = true});
          predictor.refresh(table);
        }
        job.advance();
      }
    }
    estimate_missing(trellis, table);  // the others, from more kernels than before
    predictor.refresh(table);
    if (watched->ended()) break;
  }
  // By the table as it is now: what was verified last may have grown beyond the target.
  for (auto* list : {&result.front.points, &result.finalists})
    for (auto& p : *list) p.ms = predictor.ms(p.what);
  const auto keeps = [&](const auto& p) { return p.ms <= options.target_ms; };
  if (std::ranges::any_of(result.finalists, keeps)) std::erase_if(result.finalists, std::not_fn(keeps));
  result.estimated = 0;
  for (const auto& p : result.finalists) result.estimated += estimated_in(p.what);
  return result;
}

}  // namespace nascent
