// SPDX-License-Identifier: Apache-2.0
// Scaling asks the space of its base: one that is made at run time is scaled like a declared one.
#include "../space/run_time_space.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/scaling/lacs.hpp"

using namespace nascent;
using namespace test;

namespace {

static_assert(scalable_space<listed_space>);

double macs_of(const network& graph) {
  double sum = 0;
  for (const layer& l : graph.layers()) sum += static_cast<double>(macs(l));
  return sum;
}

}  // namespace

TEST_CASE("a base of a space made at run time grows to a target") {
  const listed_space s = make_listed_space();
  const auto base = s.unrank(77);
  const double least = macs_of(to_network(s, base));
  const auto solution = solve_phi(s, base, {.alpha = 1, .beta = 1.1, .gamma = 1.2}, 10 * least, macs_of);
  CHECK(solution.at.latency_ms <= 10 * least);
  CHECK(solution.above.latency_ms > 10 * least);
  CHECK(macs_of(to_network(s, solution.at.candidate)) == solution.at.latency_ms);
  CHECK(solution.at.candidate.base == base);
  CHECK(to_network(s, solution.at.candidate).input().height == solution.at.candidate.scale.resolution);
}

TEST_CASE("a family of a space made at run time") {
  const listed_space s = make_listed_space();
  const auto base = s.unrank(0);
  const auto params_of = [](const network& graph) { return static_cast<double>(cost(graph).params); };
  const double least = macs_of(to_network(s, base));
  const std::vector<compound_coefficients> triplets{{.alpha = 1, .beta = 1.2, .gamma = 1},
                                                    {.alpha = 1, .beta = 1, .gamma = 1.2}};
  const auto family =
      lacs(s, base, params_of, macs_of, {.targets_ms = {20 * least, 100 * least}, .divisions = 0, .also = triplets});
  REQUIRE(family.levels.size() == 3);
  CHECK(family.levels[2].latency_ms > family.levels[1].latency_ms);
  CHECK(family.levels[2].candidate.scale.width > 1);  // parameters are worth all
  CHECK(family.coefficients.gamma == 1);
}
