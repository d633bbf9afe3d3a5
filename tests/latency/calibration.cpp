// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/calibration.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"

using namespace nascent;

TEST_CASE("roofs are ordered as memories are: a small working set is read at least as fast as a large one") {
  onednn::executor cpu{{.threads = 1}};
  const device_roofs roofs = measure_roofs(cpu, {std::size_t{256} << 10, std::size_t{256} << 20});
  REQUIRE(roofs.bandwidths.size() == 2);
  CHECK(roofs.bandwidths[0].gb_per_s > roofs.bandwidths[1].gb_per_s);
  CHECK(roofs.bandwidths[1].gb_per_s > 0.1);
  // A processor core since 2010 multiplies and adds at least once per cycle and per f32 lane of SSE at 1 GHz, and none makes 10 Tops of f32.
  CHECK(roofs.peak_gops > 1);
  CHECK(roofs.peak_gops < 10'000);
  CHECK_FALSE(roofs.peak_layer.empty());
}
