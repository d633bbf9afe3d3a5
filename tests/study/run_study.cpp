// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/run_study.hpp"

#include <stdexcept>
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"

using namespace nascent;

namespace {

using walk = random_search<std::remove_const_t<decltype(small_space)>>;

}  // namespace

TEST_CASE("a study takes what callables give") {
  const test::temporary_folder folder;
  study s(folder / "s.db", walk{small_space}, maximise("accuracy").under("params", 5000));
  run_study(s,
            [](const network& n) {
              return metric_map{{"accuracy", 50.0}, {"params", static_cast<double>(n.layers().size())}};
            },
            {.networks = 3});
  run_study(s,
            [](const small_candidate&) {
              return metric_map{{"accuracy", 60.0}, {"params", 10000}};
            },
            {.networks = 4});
  run_study(s, [](const small_candidate&) -> evaluation { throw std::runtime_error("broken"); }, {.networks = 5});
  run_study(s, [](const small_candidate&) { return std::optional<double>(); }, {.networks = 6});
  const auto all = s.trials();
  REQUIRE(all.size() == 6);
  CHECK(all[0].value() == 50);
  CHECK(all[3].value() == -2e100);  // beyond the limit, by as much again
  CHECK(all[3].state == trial_state::done);
  CHECK(all[4].result.failure == "broken");
  CHECK(all[5].state == trial_state::failed);
  CHECK(run_study(s, small_value, {.networks = 6}).evaluated == 0);
}

TEST_CASE("what is asked to stop stays open and is given out again") {
  const test::temporary_folder folder;
  std::int64_t first = 0;
  {
    study s(folder / "s.db", walk{small_space}, maximise("accuracy"));
    watch all;
    const auto stopping = [&](auto& running) -> evaluation {
      first = running.id();
      all.stop();
      running.watch().throw_if_stopped();
      return {};
    };
    CHECK_THROWS_AS(run_study(s, stopping, {.watch = &all}), stopped_error);
  }
  study s(folder / "s.db", walk{small_space}, maximise("accuracy"));
  const auto again = s.ask();
  REQUIRE(again);
  CHECK(again->id == first);
  CHECK(again->starts == 2);
}

TEST_CASE("partial results stop what is not worth its end") {
  const test::temporary_folder folder;
  study s(folder / "s.db", walk{small_space, {.seed = 4}}, maximise("accuracy"));
  std::int64_t epochs = 0;
  const auto train = [&](auto& running) -> evaluation {
    const double end = small_value(running.candidate());
    for (int epoch = 1; epoch <= 9; ++epoch, ++epochs)
      if (!running.report(epoch, {{"accuracy", end * epoch / 9}}))
        return {.metrics = running.last_report(), .stopped = true};
    return {.metrics = {{"accuracy", end}}};
  };
  run_study(s, train, {.networks = 40, .stopping = median_rule{.least_trials = 5}});
  std::size_t stopped = 0;
  double best_stopped = 0;
  double best = 0;
  for (const trial_record& t : s.trials()) {
    stopped += t.state == trial_state::stopped;
    (t.state == trial_state::stopped ? best_stopped : best) =
        std::max(t.state == trial_state::stopped ? best_stopped : best, small_value(small_space.decode(t.decisions)));
  }
  CHECK(stopped > 5);
  CHECK(epochs < 40 * 9);
  CHECK(best > best_stopped);
}

TEST_CASE("threads share a study") {
  const test::temporary_folder folder;
  const regularized_evolution fresh{small_space, {.population = 10, .sample = 3}};
  study s(folder / "threads.db", fresh, maximise("accuracy"));
  const run_result r = run_study(s, small_value, {.networks = 60, .workers = 4});
  CHECK(r.evaluated == 60);
  study again(folder / "threads.db", fresh, maximise("accuracy"));
  CHECK(sequence(again) == sequence(s));
}
