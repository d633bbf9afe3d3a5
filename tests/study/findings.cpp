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

TEST_CASE("what workers did, by hand") {
  const test::temporary_folder folder;
  const auto path = folder / "s.db";
  study s(path, random_search{small_space}, maximise("accuracy"));
  CHECK(read_study(path).work.attempts.empty());
  // Two workers from 100 to 110 s, one to 115 s, the end of all.
  for (const auto& [workers, at] : {std::pair{2, 100.0}, {1, 110.0}, {7, 115.0}}) s.note_workers(workers, at);
  const auto first = s.ask();
  s.tell(first->id, {.metrics = {{"accuracy", 1.0}},
                     .log = {{"", 101, 0, "lost"}, {"a 1", 101, 2, "crashed"}, {"a 3", 103, 4, "done"}}});
  const auto second = s.ask();
  s.tell(second->id, {.failure = "no", .log = {{"b b 7", 105, 10, "failed"}}});
  const work_record work = read_study(path).work;
  REQUIRE(work.attempts.size() == 4);
  CHECK(work.attempts[1].worker == "a 1");
  CHECK(work.begin() == 100);
  CHECK(work.end() == 115);
  CHECK(work.busy_s() == 16);
  CHECK(work.available_s() == 25);
  CHECK(work.most_workers() == 2);
  CHECK(work.count("lost") == 1);
  const work_history h = work.history(3);
  CHECK(h.step_s == 5);
  const auto near = [](const std::vector<double>& found, const std::vector<double>& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-9);
  };
  near(h.busy, {(2 + 2) / 5.0, (2 + 5) / 5.0, 5 / 5.0});
  near(h.available, {2, 2, 1});
  CHECK(h.ended == std::vector<std::size_t>{0, 1, 0});
  const std::vector<machine_work> machines = work.machines();
  REQUIRE(machines.size() == 2);
  CHECK(machines[0].name == "b b");
  CHECK(machines[1].processes == 2);
  CHECK(machines[1].failed == 1);
  CHECK(machines[1].busy_s == 6);
  // Another driver, whose word is old: it counts for two heartbeats only.
  work_record others = work;
  others.capacity.push_back({.driver = 9, .at = 200, .workers = 4});
  others.capacity.push_back({.driver = 9, .at = 900, .workers = 4});
  CHECK(others.available_s() == 25 + 7 * work_record::heartbeat_s + 4 * 2 * work_record::heartbeat_s);
  others.capacity[3].at = 118;  // it took the place of the one that was killed
  CHECK(others.available_s() == 25 + 7 * 3 + 4 * 2 * work_record::heartbeat_s);
  CHECK(others.most_workers() == 7);
  // Times as they are today, two drivers at the same time.
  const double now = 1796077921.1234567;
  const work_record two{
      .capacity = {{1, now, 300}, {1, now + 7.7, 299}, {1, now + 9, 0}, {2, now + 7.7, 30}, {2, now + 8, 0}}};
  CHECK(two.most_workers() == 329);
  CHECK(work_record{}.history().busy.empty());
  CHECK(work_record{}.most_workers() == 0);
}
