// SPDX-License-Identifier: Apache-2.0
#include "nascent/accuracy/estimated_top1.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/reward/evaluate.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"

using namespace nascent;

TEST_CASE("a candidate, its network and the model agree") {
  const estimated_top1 ask;
  const auto b0 = zoo::efficientnet_b0.only();
  const double of_network = accuracy_model{}(to_network(b0)).top1;
  CHECK(ask(b0) == of_network);
  CHECK(ask(to_network(b0)) == of_network);
  const auto larger = scaled(b0, dimensions{.width = 1.2, .depth = 1.4, .resolution = 300});
  CHECK(ask(larger) == accuracy_model{}(to_network(larger)).top1);
}

TEST_CASE("outside the model's domain there is no accuracy") {
  random_engine rng(1);
  CHECK_FALSE(estimated_top1{}(zoo::nas_bench_macro.sample(rng)));  // an input of 32 pixels
}

TEST_CASE("it is a metric of candidates, so that no graph is made for it") {
  using candidate_type = decltype(zoo::efficientnet_x)::candidate_type;
  STATIC_CHECK(network_metric<estimated_top1, candidate_type>);
  STATIC_CHECK(detail::answers<estimated_top1, candidate_type>);
}
