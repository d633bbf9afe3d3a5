// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/findings.hpp"

#include <cmath>
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/random_search.hpp"
#include "nascent/study/export_study.hpp"
#include "nascent/study/run_study.hpp"
#include "nascent/study/table_evaluator.hpp"

using namespace nascent;

namespace {

/// Worth what the kernel says and nothing else; dearer with more layers.
metric_map by_kernel(const small_candidate& c) {
  const int layers = c.digits[small_space.find("2.layers")];
  const int kernel = c.digits[small_space.find("2.kernel")];
  return {{"accuracy", kernel < 0 ? 1.0 : kernel == 0 ? 2.0 : 5.0}, {"ms", 1.0 + layers}};
}

}  // namespace

TEST_CASE("what a study found, from its file alone") {
  const test::temporary_folder folder;
  {
    study s(folder / "s.db", random_search{small_space}, maximise("accuracy"), {.settings = "mine"});
    run_study(s, by_kernel, {.networks = 1000});
    s.add_known(small_space.unrank(0), {});  // known already
  }
  const study_content found = read_study(folder / "s.db");
  CHECK(found.about.at("settings") == "mine");
  CHECK(found.trials.size() == 222);
  CHECK(found.count(trial_state::done) == 222);
  REQUIRE(found.best() != nullptr);
  CHECK(found.best()->value() == 5);

  // Without stage 2 accuracy 1 at 1 ms; kernel 5 in one layer 5 at 2 ms.
  const auto front = front_of(found, "accuracy", "ms");
  REQUIRE(front.size() == 2);
  CHECK(found.trials[front[0]].result.metrics.at("ms") == 1);
  CHECK(found.trials[front[1]].value() == 5);

  const study_history h = history_of(found, "accuracy", "ms");
  CHECK(h.best.back() == 5);
  CHECK(h.hypervolume.back() == 1);
  CHECK(std::ranges::is_sorted(h.hypervolume));

  const auto effects = effects_of(found);
  CHECK(effects.front().path == "2.kernel");
  CHECK(effects.front().share == Catch::Approx(1));
  CHECK(effects.front().options[0].mean == 2);
  CHECK(effects.front().options[1].mean == 5);
  CHECK(effects.front().options[1].trials == 108);
  for (const decision_effect& e : effects)
    if (e.path == "1.act") CHECK(e.share == Catch::Approx(0).margin(1e-12));
}

TEST_CASE("a study as JSON evaluates another one; as CSV it has a row for each trial") {
  const test::temporary_folder folder;
  study s(folder / "s.db", random_search{small_space}, maximise("accuracy"));
  run_study(s, by_kernel, {.networks = 20});
  s.tell(s.ask()->id, evaluation::failed("no, \"never\""));
  const study_content found = read_study(folder / "s.db");
  const json exported = parse_json(json_text(study_to_json(found)));
  const table_evaluator table(small_space, exported);
  CHECK(table.size() == 20);
  for (const trial_record& t : found.trials) {
    const evaluation e = table(small_space.decode(t.decisions));
    CHECK(e.metrics == t.result.metrics);
    CHECK(e.failure.empty() == (t.state == trial_state::done));
  }
  const std::string csv = study_to_csv(found);
  CHECK(std::ranges::count(csv, '\n') == 22);
  CHECK(
      csv.starts_with("trial,state,same_as,value,seconds,cost,attempts,starts,worker,asked_at,told_at,failure,accuracy,"
                      "ms,1.filters,1.act,"));
  CHECK(csv.find("\"no, \"\"never\"\"\"") != std::string::npos);

  json broken = exported;
  broken["results"][3]["metrics"]["accuracy"] = "high";
  CHECK_THROWS_AS(table_evaluator(small_space, broken), json_error);
  broken["results"][3] = {{"decisions", {{"9.kernel", 3}}}, {"metrics", {{"accuracy", 1}}}};
  CHECK_THROWS_AS(table_evaluator(small_space, broken), json_error);
}
