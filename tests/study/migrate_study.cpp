// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/migrate_study.hpp"

#include <set>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/space/describe.hpp"
#include "nascent/study/run_study.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEST_CASE("a study goes on in a space that was extended, where every network still exists") {
  const test::temporary_folder folder;
  std::size_t with_24 = 0;
  {
    study s(folder / "old.db", random_search{small_space}, maximise("accuracy"));
    run_study(s, small_value, {.networks = 40});
    const std::size_t filters = small_space.find("1.filters");
    for (const trial_record& t : s.trials()) with_24 += t.decisions[filters] == 2;
  }
  REQUIRE(with_24 > 0);
  study extended(folder / "new.db", local_search{extended_space}, maximise("accuracy"));
  CHECK_THROWS_MATCHES(migrate_study(folder / "old.db", extended), study_error,
                       MessageMatches(ContainsSubstring("of 40 networks that space 'small' does not have: trial ") &&
                                      ContainsSubstring("1.filters: 24; allowed: 8, 16, 32")));
  CHECK(extended.trials().empty());
  const migration_result r = migrate_study(folder / "old.db", extended, {.drop_lost = true});
  CHECK(r.lost.size() == with_24);
  CHECK(r.taken == 40 - with_24);

  study old(folder / "old.db", random_search{small_space}, maximise("accuracy"));
  std::set<std::string> before;
  for (const trial_record& t : old.trials())
    if (t.decisions[small_space.find("1.filters")] != 2)
      before.insert(identity_of(small_space, small_space.decode(t.decisions)));
  std::set<std::string> after;
  for (const trial_record& t : extended.trials()) {
    after.insert(identity_of(extended_space, extended_space.decode(t.decisions)));
    CHECK_FALSE(t.asked);
  }
  CHECK(after == before);  // the same networks, built from the other declaration

  // And on from there, twice alike.
  run_study(extended, [](const network& n) { return static_cast<double>(n.layers().size()); }, {.networks = 10});
  study again(folder / "new.db", local_search{extended_space}, maximise("accuracy"));
  CHECK(sequence(again) == sequence(extended));
  for (const trial_record& t : extended.trials())
    if (t.asked && !t.same_as) CHECK_FALSE(before.contains(t.network));
}

TEST_CASE("results of one searcher warm another") {
  const test::temporary_folder folder;
  study s(folder / "old.db", random_search{small_space}, maximise("accuracy"));
  run_study(s, small_value, {.networks = 30});
  study climbing(folder / "new.db", local_search{small_space}, maximise("accuracy"));
  CHECK(migrate_study(folder / "old.db", climbing).taken == 30);
  CHECK(migrate_study(folder / "old.db", climbing).duplicates == 30);
  double best = 0;
  for (const trial_record& t : s.trials()) best = std::max(best, t.value());
  const auto next = climbing.ask();
  REQUIRE(next);
  CHECK(climbing.networks() == 1);
}
