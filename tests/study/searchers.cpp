// SPDX-License-Identifier: Apache-2.0
// Every searcher is a function of its options, its seed and the log of a study.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
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

TEST_CASE("NSGA-II under limits ends with the front of all networks within them") {
  const auto measure = [](const small_candidate& c) {
    const counts cost = count(c);
    return metric_map{{"accuracy", small_value(c)},
                      {"macs", static_cast<double>(cost.macs)},
                      {"params", static_cast<double>(cost.params)}};
  };
  std::vector<metric_map> all;
  std::vector<double> params;
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(small_space.size()); ++rank) {
    all.push_back(measure(small_space.unrank(rank)));
    params.push_back(all.back().at("params"));
  }
  std::ranges::sort(params);
  const double most = params[params.size() / 4];
  const auto front_of = [&](const std::vector<metric_map>& points) {
    std::set<std::pair<double, double>> front;
    for (const metric_map& a : points) {
      if (a.at("params") > most) continue;
      const bool beaten = std::ranges::any_of(points, [&](const metric_map& b) {
        return b.at("params") <= most && b.at("accuracy") >= a.at("accuracy") && b.at("macs") <= a.at("macs") &&
               (b.at("accuracy") > a.at("accuracy") || b.at("macs") < a.at("macs"));
      });
      if (!beaten) front.emplace(a.at("accuracy"), a.at("macs"));
    }
    return front;
  };
  objective judge = maximise("accuracy");
  judge.also(minimise("macs")).under("params", most);
  nsga2 searching(small_space, {.population = 12, .seed = 3});
  std::vector<metric_map> seen;
  while (const auto c = searching.ask()) {
    seen.push_back(measure(*c));
    searching.tell(*c, judge(seen.back()));
  }
  CHECK(seen.size() == all.size());
  std::set<std::pair<double, double>> kept;
  for (const small_candidate& c : searching.population()) {
    const metric_map m = measure(c);
    CHECK(m.at("params") <= most);
    kept.emplace(m.at("accuracy"), m.at("macs"));
  }
  const auto front = front_of(all);
  CHECK(front.size() > 2);
  if (front.size() <= 12)
    for (const auto& point : front) CHECK(kept.contains(point));
}
