// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/study_report.hpp"

#include <limits>
#include <string>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/block/block.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/study/run_study.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr auto tiny = define([] {
  return search_space("tiny <1>")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
      .head(global_pool{}, dense{10});
});

}  // namespace

TEST_CASE("the page and the status of a study") {
  const test::temporary_folder folder;
  study s(folder / "s.db", random_search{tiny}, maximise("accuracy"));
  {
    const study_content none = read_study(folder / "s.db");
    CHECK_THAT(status_text(none), ContainsSubstring("0 networks evaluated"));
    CHECK_THAT(study_report(none).str(), ContainsSubstring("Search in tiny &lt;1&gt;"));
  }
  run_study(s,
            [](const decltype(tiny)::candidate_type& c) -> evaluation {
              if (c.digits[0] == 1 && c.digits[1] == 1) return evaluation::failed("too <large>");
              return {.metrics = {{"accuracy", 70.0 + c.digits[0] + 2 * c.digits[1]}, {"ms", 1.0 + c.digits[0]}}};
            },
            {.networks = 4});
  const study_content found = read_study(folder / "s.db");
  const study_figures figures{.cost = "ms"};
  const std::string status = status_text(found, figures);
  CHECK_THAT(status, ContainsSubstring("3 networks evaluated, 0 stopped early, 1 failed, 0 pending"));
  CHECK_THAT(status, ContainsSubstring("value 72.0000") && ContainsSubstring("1.filters = 8, 1.kernel = 5"));
  CHECK_THAT(status, ContainsSubstring("too <large>"));
  const std::string page = study_report(found, figures).str();
  for (const char* words :
       {"Front", "History", "Hypervolume", "What was learnt of each decision", "1.kernel", "too &lt;large&gt;", "<svg"})
    CHECK_THAT(page, ContainsSubstring(words));
  CHECK(page.find("Throughput") == std::string::npos);  // nobody said who worked

  study other(folder / "o.db", random_search{tiny}, maximise("accuracy"));
  for (const auto& [workers, at] : {std::pair{2, 100.0}, {0, 110.0}}) other.note_workers(workers, at);
  other.tell(other.ask()->id, {.metrics = {{"accuracy", 1.0}}, .log = {{"<box> 1", 100, 5, "done"}}});
  const std::string of_workers = study_report(read_study(folder / "o.db")).str();
  for (const char* words : {"25.0 %", "Throughput", "results per minute", "&lt;box&gt;", "Machines, the busiest first"})
    CHECK_THAT(of_workers, ContainsSubstring(words));
}

TEST_CASE("networks beyond a study's limits are said to be, and teach nothing of decisions") {
  const test::temporary_folder folder;
  study s(folder / "s.db", random_search{tiny}, maximise("accuracy").under("ms", 2));
  const auto ask = [&] { return s.ask().value(); };
  s.tell(ask().id, {.metrics = {{"accuracy", 99.0}, {"ms", 3.0}}});
  const std::string first = status_text(read_study(folder / "s.db"));
  CHECK_THAT(first, ContainsSubstring("best: trial 1, value beyond limits by 50.0 %, accuracy 99"));
  CHECK(effects_of(read_study(folder / "s.db")).front().options.front().trials == 0);
  s.tell(ask().id, {.metrics = {{"accuracy", 10.0}, {"ms", 2.0}}});
  const study_content both = read_study(folder / "s.db");
  CHECK_THAT(status_text(both), ContainsSubstring("best: trial 2, value 10"));
  CHECK(history_of(both).best.front() == -std::numeric_limits<double>::infinity());
  CHECK(history_of(both).best.back() == 10);
  const std::string page = study_report(both).str();
  CHECK_THAT(page, ContainsSubstring("beyond limits by 50.0 %"));
  CHECK(page.find("e+100") == std::string::npos);
}
