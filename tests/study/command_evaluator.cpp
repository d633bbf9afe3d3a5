// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/command_evaluator.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/search/random_search.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

namespace {

/// A study that is evaluated by a command, once.
struct commanded {
  test::temporary_folder folder;
  study<random_search<std::remove_const_t<decltype(small_space)>>> s{folder / "s.db", random_search{small_space},
                                                                     maximise("accuracy")};

  trial_record run(const std::string& command, command_options options = {}, run_options running = {}) {
    options.folder = folder.path();
    running.networks = s.networks() + 1;
    run_study(s, command_evaluator(command, options), running);
    return s.trials().back();
  }
  std::string failure(const std::string& command, command_options options = {}) {
    const trial_record t = run(command, std::move(options));
    CHECK(t.state == trial_state::failed);
    return t.result.failure;
  }
};

}  // namespace

TEST_CASE("JSON in, JSON out") {
  commanded c;
  const trial_record t = c.run(
      "echo beginning; test \"$(grep -c '\"rank\"' {file})\" = 1 && echo '{\"accuracy\": 76.5, \"latency_ms\": 8, "
      "\"cost\": "
      "2.5}'; echo done {trial}");
  CHECK(t.state == trial_state::done);
  CHECK(t.result.metrics == metric_map{{"accuracy", 76.5}, {"latency_ms", 8}});
  CHECK(t.result.cost == 2.5);
  CHECK(t.result.attempts == 1);
  for (const auto& entry : std::filesystem::directory_iterator(c.folder.path()))
    CHECK(entry.path().filename().string().starts_with("s.db"));  // the files of trials are gone

  const trial_record read = c.run("grep -q '\"layers\"' && echo '{\"accuracy\": 1}'");  // from standard input
  CHECK(read.value() == 1);
}

TEST_CASE("an evaluator that fails") {
  commanded c;
  CHECK_THAT(c.failure("echo Traceback >&2; echo 'ValueError: no data' >&2; exit 2"),
             Equals("the command ended with status 2: ValueError: no data"));
  CHECK_THAT(c.failure("kill -11 $$"), Equals("the command was ended by signal 11"));
  CHECK_THAT(c.failure("sleep 1000", {.time_limit_s = 0.05}), Equals("the command ran longer than 0.05 s"));
  CHECK_THAT(c.failure("echo epoch 1; echo garbage"), ContainsSubstring("the last line of which is 'garbage'"));
  CHECK_THAT(c.failure("true"), ContainsSubstring("no JSON object on its standard output"));
  CHECK_THAT(c.failure("echo '{\"accuracy\": NaN}'"), ContainsSubstring("no JSON"));  // as Python writes it
  CHECK_THAT(c.failure("echo '{\"accuracy\": 1e999}'"), ContainsSubstring("no JSON"));
  CHECK_THAT(c.failure("echo '{\"accuracy\": \"high\"}'"), ContainsSubstring("JSON at '/accuracy': found \"high\""));
  CHECK_THAT(c.failure("echo '{\"accuracy\": null}'"), ContainsSubstring("found null"));
  CHECK_THAT(c.failure("echo '{\"loss\": 1}'"), ContainsSubstring("metric 'accuracy': found only loss"));
  CHECK_THAT(c.failure("echo '{\"error\": \"out of memory\"}'"), Equals("out of memory"));
  CHECK_THAT(c.failure("head -c 300000 /dev/urandom | tr -d '\\n' | head -c 200000; echo '{\"a'"),
             ContainsSubstring("no JSON"));
  CHECK_THROWS_AS(command_evaluator("  "), study_error);
  CHECK_THROWS_AS(command_evaluator("true", {.time_limit_s = 0}), study_error);
  CHECK_THROWS_AS(command_evaluator("true", {.attempts = 0}), study_error);
}

TEST_CASE("a second attempt") {
  commanded c;
  const std::string twice = "test -e '" + (c.folder / "s.db.once").string() +
                            "' && echo '{\"accuracy\": 3}' || { touch '" + (c.folder / "s.db.once").string() +
                            "'; exit 1; }";
  const trial_record t = c.run(twice, {.attempts = 3});
  CHECK(t.value() == 3);
  CHECK(t.result.attempts == 2);
}

TEST_CASE("partial results of a command") {
  commanded c;
  c.run("for i in 1 2 3; do echo \"{\\\"step\\\": $i, \\\"accuracy\\\": 5$i}\"; done; echo '{\"accuracy\": 54}'");
  REQUIRE(c.s.curves().size() == 1);
  CHECK(c.s.curves()[0].points.size() == 3);
  const trial_record stopped =
      c.run("echo '{\"step\": 1, \"accuracy\": 7}'; sleep 1000", {}, {.stopping = median_rule{.least_trials = 1}});
  CHECK(stopped.state == trial_state::stopped);
  CHECK(stopped.value() == 7);
}
