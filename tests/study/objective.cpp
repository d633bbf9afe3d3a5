// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/objective.hpp"

#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("objectives over named metrics") {
  const metric_map m{{"accuracy", 0.75}, {"gpu_ms", 3}, {"phone_ms", 40}};
  CHECK(maximise("accuracy")(m) == std::vector{0.75});
  CHECK(minimise("gpu_ms")(m) == std::vector{-3.0});
  CHECK(maximise("accuracy").also(minimise("gpu_ms"))(m) == std::vector{0.75, -3.0});
  const auto judged = reward_objective(mnas_soft{.target_ms = 3}, "mnas_soft 3 ms", "accuracy", "gpu_ms");
  CHECK(judged(m) == std::vector{0.75});
  CHECK(judged.text() == "mnas_soft 3 ms");
}

TEST_CASE("limits come first") {
  const auto both = maximise("accuracy").under("gpu_ms", 4).under("phone_ms", 30);
  const double slow = both({{"accuracy", 99}, {"gpu_ms", 3}, {"phone_ms", 40}})[0];
  const double slower = both({{"accuracy", 99}, {"gpu_ms", 8}, {"phone_ms", 40}})[0];
  const double poor = both({{"accuracy", 0}, {"gpu_ms", 4}, {"phone_ms", 30}})[0];
  CHECK(slower < slow);
  CHECK(slow < poor);
  CHECK(both.keeps_limits({{"gpu_ms", 4}, {"phone_ms", 30}}));
  CHECK_FALSE(both.keeps_limits({{"gpu_ms", 4}}));
  CHECK_THROWS_AS(both({{"accuracy", 1}, {"gpu_ms", 1}}), study_error);
  CHECK_THROWS_AS(both({{"accuracy", 1}, {"gpu_ms", 1}, {"phone_ms", std::numeric_limits<double>::infinity()}}),
                  study_error);
  CHECK_THROWS_AS(maximise("accuracy").under("gpu_ms", 0), study_error);
  CHECK_THROWS_AS(maximise("accuracy").at_least("gpu_ms", std::numeric_limits<double>::infinity()), study_error);
}

TEST_CASE("what keeps limits is better than what does not, whatever the objective's numbers are") {
  const auto few = minimise("macs").under("gpu_ms", 4).at_least("accuracy", 0.7);
  const auto of = [&](double macs, double ms, double accuracy) {
    return few({{"macs", macs}, {"gpu_ms", ms}, {"accuracy", accuracy}})[0];
  };
  CHECK(of(3e11, 4, 0.7) > of(1, 4.1, 0.9));
  CHECK(of(1, 4.1, 0.7) > of(1, 5, 0.7));
  CHECK(of(1, 4, 0.6) > of(1, 4, 0.5));
  CHECK(of(1, 4, 0.7) > of(2, 1, 0.9));
  CHECK(few.text() == "minimise macs, gpu_ms <= 4, accuracy >= 0.7");
  CHECK(few.keeps_limits({{"gpu_ms", 4}, {"accuracy", 0.7}}));
  CHECK_FALSE(few.keeps_limits({{"gpu_ms", 4}, {"accuracy", 0.69}}));
  CHECK_THROWS_AS(of(1e101, 4, 0.7), study_error);
}

TEST_CASE("an objective of several devices") {
  const weighted_product both{.targets = {{"gpu_ms", 3}, {"phone_ms", 40, -1, true}}};
  const objective judged = reward_objective(both);
  CHECK(judged({{"accuracy", 75}, {"gpu_ms", 3}, {"phone_ms", 80}})[0] == 37.5);
  CHECK(judged.text() == "accuracy x (gpu_ms / 3)^-0.09 x min(1, (phone_ms / 40)^-1)");
}
