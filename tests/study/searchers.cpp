// SPDX-License-Identifier: Apache-2.0
// Every searcher is a function of its options, its seed and the log of a study.
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/exact_acquisition.hpp"
#include "nascent/search/gaussian_process_search.hpp"
#include "nascent/search/la_mcts.hpp"
#include "nascent/search/nsga2.hpp"
#include "nascent/search/reinforce.hpp"
#include "nascent/study/run_study.hpp"

using namespace nascent;

namespace {

/// What it proposes in one go, and opened anew every few networks, with an answer that is pending each time.
template <class Searcher>
void check_replays(const Searcher& fresh, const objective& judge) {
  INFO(fresh.description().name);
  const test::temporary_folder folder;
  const auto measure = [](const small_candidate& c) {
    return metric_map{{"accuracy", small_value(c)}, {"layers", static_cast<double>(c.digits.back())}};
  };
  study whole(folder / "whole.db", fresh, judge);
  run_study(whole, measure, {.networks = 24});
  for (std::size_t networks = 1; networks <= 24; networks += 5) {
    study part(folder / "parts.db", fresh, judge);
    run_study(part, measure, {.networks = networks});
    if (networks < 24) static_cast<void>(part.ask());
  }
  study parts(folder / "parts.db", fresh, judge);
  run_study(parts, measure, {.networks = 24});
  CHECK(sequence(parts) == sequence(whole));
}

}  // namespace

TEST_CASE("searchers go on from their logs") {
  check_replays(reinforce(small_space, {.delay = 0, .replicas = 4}), maximise("accuracy"));
  check_replays(gaussian_process_search(small_space, {.model = {.start = 5}}), maximise("accuracy"));
  const kernel_trellis trellis(small_space);
  check_replays(exact_acquisition(trellis, {{"macs", macs_sum(trellis), 1e12}}), maximise("accuracy"));
  check_replays(la_mcts(small_space, {.model = {.start = 5}, .leaf = 6}), maximise("accuracy"));
  check_replays(nsga2(small_space, {.population = 8}), maximise("accuracy").also(minimise("layers")));
}
