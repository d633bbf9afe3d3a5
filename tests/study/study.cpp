// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/study.hpp"

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"
#include "nascent/study/run_study.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

using climber = local_search<std::remove_const_t<decltype(small_space)>>;
using evolver = regularized_evolution<std::remove_const_t<decltype(small_space)>>;

const objective accuracy = maximise("accuracy");

/// Runs `body` in a process of its own, which is killed after a while, if it has not ended by then. Its exit status, or
/// -1 where it was killed.
template <class Body>
int in_a_process(Body&& body, useconds_t kill_after_us = 0) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      status = body();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    ::_exit(status);
  }
  if (kill_after_us > 0) {
    ::usleep(kill_after_us);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class Searcher>
int search_on(const std::filesystem::path& path, const Searcher& fresh, std::size_t networks) {
  study s(path, fresh, accuracy);
  run_study(s, small_value, {.networks = networks});
  return 0;
}

std::string code_of(auto&& action) {
  try {
    action();
  } catch (const error& e) {
    return std::string(e.code());
  }
  return "none";
}

}  // namespace

TEMPLATE_TEST_CASE("a study that was killed goes on as if it had not been", "", climber, evolver) {
  const test::temporary_folder folder;
  TestType fresh = [] {
    if constexpr (std::same_as<TestType, evolver>)
      return evolver{small_space, {.population = 10, .sample = 3, .seed = 5}};
    else return climber{small_space, {.seed = 5}};
  }();
  constexpr std::size_t networks = 30;
  search_on(folder / "whole.db", fresh, networks);
  study whole(folder / "whole.db", fresh, accuracy);

  random_engine rng(7);
  int kills = 0;
  useconds_t most = 4000;
  std::size_t before = 0;
  while (in_a_process([&] { return search_on(folder / "killed.db", fresh, networks); },
                      1 + static_cast<useconds_t>(random_below(rng, std::uint64_t{most}))) < 0) {
    ++kills;
    std::size_t now = 0;
    if (std::filesystem::exists(folder / "killed.db") && kills % 4 == 0)
      now = study(folder / "killed.db", fresh, accuracy).networks();
    if (kills % 4 == 0) most = now > before ? most : most + most / 4;  // a machine that is too busy to get anywhere
    before = std::max(before, now);
    REQUIRE(kills < 5000);
  }
  INFO(kills << " kills");
  CHECK(kills >= 5);
  study killed(folder / "killed.db", fresh, accuracy);
  CHECK(killed.networks() == networks);
  CHECK(sequence(killed) == sequence(whole));
}

TEST_CASE("processes share a study: nothing is evaluated twice") {
  const test::temporary_folder folder;
  const climber fresh{small_space, {.seed = 3}};
  std::vector<pid_t> children;
  for (int worker = 0; worker < 3; ++worker) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 1;
      try {
        study s(folder / "shared.db", fresh, accuracy);
        std::ofstream log(folder / "evaluated", std::ios::app);
        run_study(s,
                  [&](const small_candidate& c) {
                    log << to_decimal(small_space.rank(c)).c_str() << std::endl;
                    ::usleep(500);
                    return small_value(c);
                  },
                  {.networks = 90});
        status = 0;
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  std::ifstream log(folder / "evaluated");
  std::multiset<std::string> ranks;
  for (std::string line; std::getline(log, line);) ranks.insert(line);
  CHECK(ranks.size() == 90);
  CHECK(std::set(ranks.begin(), ranks.end()).size() == 90);
  study s(folder / "shared.db", fresh, accuracy);  // replays what three processes did
  CHECK(s.networks() == 90);
  for (const trial_record& t : s.trials()) CHECK(t.state == trial_state::done);
}

TEST_CASE("networks that are the same are evaluated once") {
  // xiusu/NAS-Bench-Macro: 6561 codes, 3969 networks
  const test::temporary_folder folder;
  constexpr auto space = zoo::nas_bench_macro;
  std::map<std::string, int> networks;
  for (uint128 rank = 0; rank < space.size(); ++rank) ++networks[identity_of(space, space.unrank(rank))];
  CHECK(networks.size() == 3969);

  study s(folder / "macro.db", random_search{space}, accuracy);
  std::set<std::string> evaluated;
  const auto count = [&](const decltype(space)::candidate_type& c) {
    CHECK(evaluated.insert(identity_of(space, c)).second);
    return 1.0;
  };
  run_study(s, count, {.networks = 150});
  CHECK(evaluated.size() == 150);
  std::size_t duplicates = 0;
  for (const trial_record& t : s.trials()) {
    duplicates += t.same_as.has_value();
    CHECK(t.value() == 1);
  }
  CHECK(duplicates > 0);
}

TEST_CASE("an answer that is pending answers its duplicates too") {
  const test::temporary_folder folder;
  constexpr auto space = zoo::nas_bench_macro;
  study s(folder / "macro.db", random_search{space}, accuracy);
  std::vector<std::int64_t> asked;
  for (int i = 0; i < 150; ++i) asked.push_back(s.ask()->id);
  std::size_t waiting = 0;
  for (const trial_record& t : s.trials()) waiting += t.same_as.has_value();
  CHECK(waiting > 0);
  for (const std::int64_t id : asked) CHECK(s.tell(id, {.metrics = {{"accuracy", static_cast<double>(id)}}}));
  for (const trial_record& t : s.trials()) {
    CHECK(t.state == trial_state::done);
    CHECK(t.value() == static_cast<double>(t.same_as.value_or(t.id)));
  }
}

TEST_CASE("a limit counts what others asked for, and only the dead leave their networks") {
  const test::temporary_folder folder;
  constexpr auto space = zoo::nas_bench_macro;
  using drawer = random_search<std::remove_const_t<decltype(space)>>;
  const auto path = folder / "macro.db";
  constexpr int limit = 120;
  study first(path, drawer{space}, accuracy);
  std::optional<study<drawer>> second;
  second.emplace(path, drawer{space}, accuracy);
  std::vector<std::int64_t> of_second;
  for (int i = 0; i < limit; ++i) {
    if (i % 3 == 0) {
      of_second.push_back(second->ask(limit)->id);
    } else {
      const auto asked = first.ask(limit);
      first.tell(asked->id, {.metrics = {{"accuracy", 1.0}}});
    }
  }
  CHECK_FALSE(first.ask(limit));  // duplicates among them do not count, networks of the other do
  CHECK_FALSE(second->ask(limit));
  CHECK(database(path).number("SELECT count(*) FROM trial WHERE same_as IS NULL") == limit);
  CHECK(database(path).number("SELECT count(*) FROM trial") > limit);
  study third(path, drawer{space}, accuracy);  // counts by its replay
  CHECK_FALSE(third.ask(limit));
  second.reset();  // only now are its networks anybody's
  for (const std::int64_t id : of_second) {
    const auto left = (id % 2 ? first : third).ask(limit);
    REQUIRE(left);
    CHECK(left->id == id);
    CHECK(left->starts == 2);
    CHECK(third.trial(id)->worker != 2);
  }
  CHECK_FALSE(third.ask(limit));
  CHECK(first.ask(limit + 1));
  CHECK_FALSE(third.trial(100000));
}

TEST_CASE("a policy sees what this process and others have reported") {
  const test::temporary_folder folder;
  using drawer = random_search<std::remove_const_t<decltype(small_space)>>;
  study first(folder / "s.db", drawer{small_space}, accuracy);
  study second(folder / "s.db", drawer{small_space}, accuracy);
  const auto seed = Catch::getSeed();
  INFO("seed " << seed);
  random_engine rng(seed);
  std::vector<std::pair<study<drawer>*, std::int64_t>> open;
  int stopped = 0;
  int asked = 0;
  for (int i = 0; i < 300; ++i) {
    auto& one = i < 100 || random_below(rng, std::uint64_t{2}) ? first : second;  // alone first: by its memory only
    if (open.size() < 6) {
      if (const auto next = one.ask()) open.emplace_back(&one, next->id);
      continue;
    }
    const std::size_t at = random_below(rng, std::uint64_t{open.size()});
    const auto [of, id] = open[at];
    const auto step = static_cast<std::int64_t>(1 + random_below(rng, std::uint64_t{9}));
    of->report(id, step, {{"accuracy", random_unit(rng)}});
    const early_stopping policy = i % 2 ? early_stopping(median_rule{.least_trials = 2}) : successive_halving{};
    // the oracle: what the file says now
    const auto all = study_store(folder / "s.db", open_mode::read_only).curves();
    const auto mine = std::ranges::find(all, id, &learning_curve::trial);
    REQUIRE(mine != all.end());
    const bool expected = should_stop(policy, *mine, all);
    CHECK(of->should_stop(id, policy) == expected);
    ++asked;
    stopped += expected;
    if (expected || step > 6) {
      of->tell(id, {.metrics = {{"accuracy", 1.0}}, .stopped = expected});
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  CHECK(stopped > 20);
  CHECK(asked > stopped + 20);
  CHECK_FALSE(first.should_stop(open.front().second, {}));
  CHECK_FALSE(first.should_stop(99999, median_rule{}));
}

TEST_CASE("results that are none are results") {
  const test::temporary_folder folder;
  study s(folder / "bad.db", climber{small_space}, accuracy);
  const auto fate = [&](const evaluation& e) {
    const auto asked = s.ask();
    CHECK(s.tell(asked->id, e));
    const trial_record t = s.trials().back();
    CHECK(t.state == trial_state::failed);
    CHECK(t.told == std::vector{-std::numeric_limits<double>::infinity()});
    return t.result.failure;
  };
  CHECK(fate(evaluation::failed("no memory")) == "no memory");
  CHECK_THAT(fate({.metrics = {{"loss", 1.0}}}), ContainsSubstring("metric 'accuracy': found only loss"));
  CHECK_THAT(fate({.metrics = {{"accuracy", std::numeric_limits<double>::quiet_NaN()}}}),
             ContainsSubstring("found nan"));
  CHECK_THAT(fate({}), ContainsSubstring("no metrics"));
  const auto asked = s.ask();
  CHECK(s.give_up(asked->id));
  CHECK_FALSE(s.tell(asked->id, {.metrics = {{"accuracy", 1.0}}}));  // too late
  CHECK(code_of([&] { s.tell(999, {}); }) == "study.trial");
  CHECK(s.ask().has_value());
}

TEST_CASE("a study is gone on with as it was begun, or refused by name") {
  const test::temporary_folder folder;
  const auto path = folder / "s.db";
  const evolver fresh{small_space, {.population = 10, .sample = 3}};
  search_on(path, fresh, 15);
  const auto refused = [&](auto&& action, const char* code, const std::string& words) {
    INFO(words);
    CHECK_THROWS_MATCHES(action(), study_error, MessageMatches(ContainsSubstring(words)));
    CHECK(code_of(action) == code);
  };
  refused([&] { study s(path, evolver(small_space, {.population = 10, .sample = 3, .seed = 2}), accuracy); },
          "study.searcher", "regularised evolution, seed = 1; allowed: 2");
  refused([&] { study s(path, evolver(small_space, {.population = 11, .sample = 3}), accuracy); }, "study.searcher",
          "population = 10; allowed: 11");
  refused([&] { study s(path, climber(small_space), accuracy); }, "study.searcher", "searcher 'regularised evolution'");
  refused([&] { study s(path, fresh, maximise("loss")); }, "study.objective", "'maximise accuracy'");
  refused([&] { study s(path, regularized_evolution(extended_space, {.population = 10, .sample = 3}), accuracy); },
          "study.space", "space 'small' of 222 networks, declared otherwise than here");
  refused([&] { study s(path, random_search(zoo::nas_bench_macro), accuracy); }, "study.space",
          "allowed: space 'NAS-Bench-Macro' of 6561 networks");
  database(path).execute("UPDATE trial SET decisions = (SELECT decisions FROM trial WHERE id = 2) WHERE id = 1");
  refused([&] { study s(path, fresh, accuracy); }, "study.replay", "trial 1, which this searcher does not propose");
  database(path).execute("PRAGMA user_version = 99");
  refused([&] { study s(path, fresh, accuracy); }, "study.schema",
          "schema version 99; allowed: 1; use a newer nascent");
  database(path).execute("PRAGMA application_id = 5");
  refused([&] { study s(path, fresh, accuracy); }, "study.file", "another program");
  std::ofstream(folder / "text") << "this is a text, and it is long enough to be taken for a header of SQLite, or not";
  refused([&] { study s(folder / "text", fresh, accuracy); }, "study.file", "no SQLite file");
  refused([&] { study s(folder / "no" / "s.db", fresh, accuracy); }, "study.file", "no folder");
  CHECK(code_of([&] { study_store(folder / "none.db", open_mode::read_only); }) == "study.file");
}

TEST_CASE("a full disk loses nothing that was told") {
  const test::temporary_folder folder;
  const climber fresh{small_space, {.seed = 9}};
  search_on(folder / "whole.db", fresh, 60);
  search_on(folder / "full.db", fresh, 10);
  const int status = in_a_process([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit most{.rlim_cur = 90'000, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &most);
    const std::string code = code_of([&] { search_on(folder / "full.db", fresh, 60); });
    return code == "study.disk" ? 7 : 8;
  });
  CHECK(status == 7);
  search_on(folder / "full.db", fresh, 60);
  study whole(folder / "whole.db", fresh, accuracy);
  study full(folder / "full.db", fresh, accuracy);
  CHECK(sequence(full) == sequence(whole));
}

TEST_CASE("a space with one network, and one that is used up") {
  const test::temporary_folder folder;
  constexpr auto one = define(
      [] { return search_space("one").input(3, 32).stage("1", conv{.filters = 8}).head(global_pool{}, dense{10}); });
  study s(folder / "one.db", random_search{one}, accuracy);
  const run_result r = run_study(s, [](const auto&) { return 1.0; }, {.networks = 10});
  CHECK(r.evaluated == 1);
  CHECK(r.exhausted);
  study all(folder / "all.db", climber{small_space}, accuracy);
  CHECK(run_study(all, small_value, {.networks = 1000}).exhausted);
  CHECK(all.trials().size() == 222);
  CHECK_FALSE(all.ask());
}
