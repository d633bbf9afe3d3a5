// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/recurrent_controller.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "constrained_space.hpp"
#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/search.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

TEST_CASE("the gradient of the LSTM, by differences") {
  random_engine rng(1);
  detail::decision_lstm network({3, 2, 4}, 5, rng);
  const auto objective = [&] {
    network.begin();
    double entropy = 0;
    const std::size_t chosen[] = {1, 0, 3};
    for (std::size_t i = 0; i < 3; ++i) {
      const Eigen::ArrayXd p = network.next(i).array();
      entropy -= (p * p.log()).sum();
      network.choose(chosen[i]);
    }
    return 0.7 * network.log_probability() + 0.3 * entropy;
  };
  objective();
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(network.parameters().size());
  network.add_gradient(0.7, 0.3, gradient);
  for (Eigen::Index i = 0; i < gradient.size(); ++i) {
    const double kept = network.parameters()(i);
    network.parameters()(i) = kept + 1e-5;
    const double above = objective();
    network.parameters()(i) = kept - 1e-5;
    const double below = objective();
    network.parameters()(i) = kept;
    REQUIRE(std::abs((above - below) / 2e-5 - gradient(i)) < 1e-8);
  }
}

TEST_CASE("a recurrent controller finds NAS-Bench-Macro's optimum within 1000 trainings", "[long]") {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    recurrent_controller r(macro_space, {.seed = seed});
    found += search(r, macro_accuracy, {.trials = 1000}).best().reward > 93.12;
  }
  CHECK(found >= 3);
}

TEST_CASE("a recurrent controller keeps constraints and uses a space up") {
  constexpr auto& space = test::constrained_space;
  recurrent_controller r(space, {.hidden = 4});
  test::check_uses_up(r);
  CHECK_THROWS_AS(recurrent_controller(space, {.hidden = 0}), search_error);
  CHECK_THROWS_AS(recurrent_controller(space, {.batch = 1}), search_error);
  CHECK_THROWS_AS(recurrent_controller(space, {.clip = 0}), search_error);
}
