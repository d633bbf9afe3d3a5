// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/naive_size.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

constexpr auto optional_stage = define([] {
  return search_space("optional")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
      .layers(range(0, 2));
});
// Two depths with four configurations each, and none at all: 9 networks, 12 vectors.
static_assert(optional_stage.size() == 9);
static_assert(naive_size(optional_stage) == "12");
static_assert(naive_size(define([] { return search_space("fixed").input(3, 8).stage("1", conv{.filters = 8}); })) ==
              "1");

// Products over all choice nodes of the public code, google-research/google-research, tunas/mobile_search_space_v3.py,
// 0c1bbe5; its README prints them as 1e21, 1e28 and 1e43. The distinct networks are fewer: 6.6e17, 4.3e24 and 2.6e38.
static_assert(naive_size(zoo::proxylessnas) == "2156489995751704756224");
static_assert(naive_size(zoo::proxylessnas_enlarged) == "13917744905701978305736998912");
static_assert(naive_size(zoo::mobilenet_v3_like) == "8480913417270962668399786129693618420580352");

}  // namespace

TEST_CASE("naive sizes exceed the distinct ones where choices may take no part") {
  // Every layer of Once-for-All chooses among 9 configurations, and each stage its depth: 9^20 * 3^5.
  CHECK(naive_size(zoo::once_for_all) == to_decimal(checked_multiply(checked_power({9}, 20), {243}).value).c_str());
  // GPUNet's stages 5 and 7 may be empty, and then have no configuration.
  CHECK(naive_size(zoo::gpunet) ==
        to_decimal(zoo::gpunet.size() / (320 * 15 + 1) / (400 * 15 + 1) * (320 * 16) * (400 * 16)).c_str());
}
