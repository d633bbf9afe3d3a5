// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/early_stopping.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

learning_curve curve(std::int64_t trial, std::vector<double> values, trial_state state = trial_state::done) {
  learning_curve c{.trial = trial, .state = state};
  for (std::size_t i = 0; i < values.size(); ++i) c.points.push_back({static_cast<std::int64_t>(i + 1), values[i]});
  return c;
}

}  // namespace

TEST_CASE("median rule") {
  const std::vector<learning_curve> others{curve(1, {1, 3}), curve(2, {2, 4}), curve(3, {3, 5}),
                                           curve(4, {9, 9}, trial_state::failed)};
  const median_rule rule{.least_trials = 3};
  // means after step 2: 2, 3, 4
  CHECK(rule(curve(5, {0, 2.9}, trial_state::pending), others));
  CHECK_FALSE(rule(curve(5, {0, 3.0}, trial_state::pending), others));
  CHECK_FALSE(rule(curve(5, {3.5, 0}, trial_state::pending), others));  // the best so far counts
  CHECK(rule(curve(5, {1}, trial_state::pending), others));             // after step 1: 1, 2, 3
  CHECK_FALSE(median_rule{.least_trials = 4}(curve(5, {0}), others));
  CHECK_FALSE(median_rule{.least_trials = 3, .first_step = 2}(curve(5, {0}), others));
}

TEST_CASE("successive halving") {
  const successive_halving rule{.first = 1, .factor = 3};
  std::vector<learning_curve> others;
  CHECK_FALSE(rule(curve(9, {0}), others));  // the first one goes on
  for (int i = 1; i <= 5; ++i) others.push_back(curve(i, {static_cast<double>(i)}));
  // of six the best two go on
  CHECK_FALSE(rule(curve(9, {5.5}), others));
  CHECK_FALSE(rule(curve(9, {4.5}), others));
  CHECK(rule(curve(9, {3.5}), others));
  CHECK_FALSE(rule(curve(9, {9, 0}), others));     // step 2 is no rung
  CHECK_FALSE(rule(curve(9, {9, 9, 0}), others));  // nobody else was at step 3
  CHECK_THROWS_AS((successive_halving{.factor = 1}(curve(9, {1}), others)), study_error);
}
