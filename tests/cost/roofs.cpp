// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/roofs.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinRel;

TEST_CASE("below the ridge point the memory is the limit, from it on the peak") {
  const roofs r{.bytes_per_s = 100, .ops_per_s = 1000};
  CHECK(r.ridge_point() == 10);
  CHECK(r.ideal_rate(4) == 400);
  CHECK(r.bound(4) == bound_by::memory);
  CHECK(r.ideal_rate(10) == 1000);
  CHECK(r.bound(10) == bound_by::compute);
  CHECK(r.ideal_rate(1e9) == 1000);
}

TEST_CASE("what a printed row implies") {
  // EfficientNet-B0 in Table 3: 0.39 GMACs, 128 images, 13.4 ms, E 52.4 %, I 19.7 (shared arithmetic: 14.22 Tops, 721.8
  // GB/s).
  const double operations = 2e9 * 0.39 * 128;
  CHECK_THAT(implied_ideal_rate(operations, 13.4, .524), WithinRel(14.22e12, 1e-3));
  CHECK_THAT(implied_bandwidth(operations, 13.4, .524, 19.7), WithinRel(721.8e9, 1e-3));
}
