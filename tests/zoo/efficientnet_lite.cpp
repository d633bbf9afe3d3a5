// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet_lite.hpp"

#include <array>
#include <cmath>
#include <cstdint>

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// Parameters: timm's efficientnet_lite0 to 4. MACs in units of 1e9: d-li14/efficientnet-lite.pytorch, README.
TEST_CASE("EfficientNet-Lite0 to Lite4: parameters and MACs of public implementations") {
  constexpr std::array<std::int64_t, 5> params{4'652'008, 5'416'680, 6'092'072, 8'197'096, 13'006'568};
  constexpr std::array<double, 5> macs{.385, .600, .860, 1.383, 2.553};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& m = zoo::efficientnet_lite_family[i];
    CAPTURE(m.name);
    CHECK(count(m).params == params[i]);
    CHECK(std::abs(static_cast<double>(count(m).macs) / 1e9 - macs[i]) < .0005);
    check_remark(m);
  }
}

TEST_CASE("EfficientNet-Lite: stem, head, first and last stage do not scale") {
  const network graph = to_network(zoo::efficientnet_lite_family[4]);
  const auto layers_in = [&](std::string_view stage) {
    int n = 0;
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      n += graph.stage_of(i) == stage && params(graph.layers()[i]) > 0;
    return n;
  };
  CHECK(graph.layers()[0].output.channels == 32);
  CHECK(layers_in("1") == 2);      // one layer without expansion
  CHECK(layers_in("7") == 3);      // one with
  CHECK(layers_in("2") == 3 * 4);  // ceil(1.8 * 2)
  CHECK(graph.layers()[graph.layers().size() - 3].output.channels == 1280);
  for (const layer& l : graph.layers()) CHECK(l.act != swish);
}
