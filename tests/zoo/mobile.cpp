// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/mobile.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinRel;

// TuNAS's versions have 1001 classes: google-research/google-research, tunas/, 0c1bbe5, counted independently of this
// library.
static_assert(count(zoo::with_classes(zoo::mobilenet_v2, 1001)).params == 3'506'153);
static_assert(count(zoo::mobilenet_v2).macs + 1280 == 300'775'552);
static_assert(count(zoo::with_classes(zoo::mnasnet_b1, 1001)).params == 4'384'593);
static_assert(count(zoo::with_classes(zoo::mnasnet_b1, 1001)).macs == 314'417'152);
static_assert(count(zoo::with_classes(zoo::mobilenet_v3_large, 1001)).params == 5'484'313);
static_assert(count(zoo::with_classes(zoo::mobilenet_v3_large, 1001)).macs == 216'591'040);
// With 1000 classes: torchvision's mobilenet_v2, mobilenet_v3_large and mobilenet_v3_small; timm's semnasnet_100 and
// mnasnet_100.
static_assert(count(zoo::mobilenet_v2).params == 3'504'872);
static_assert(count(zoo::mobilenet_v3_large).params == 5'483'032);
static_assert(count(zoo::mobilenet_v3_small).params == 2'542'856);
static_assert(count(zoo::mnasnet_a1).params == 3'887'038);
static_assert(count(zoo::mnasnet_b1).params == 4'383'312);

TEST_CASE("the printed multiply-adds of the mobile networks") {
  const auto macs = [](const auto& m) { return static_cast<double>(count(m).macs); };
  CHECK_THAT(macs(zoo::mobilenet_v2), WithinRel(300e6, .005));
  CHECK_THAT(macs(zoo::mobilenet_v3_large), WithinRel(217e6, .005));   // TensorFlow's table; the paper prints 219
  CHECK_THAT(macs(zoo::mobilenet_v3_small), WithinRel(56.5e6, .002));  // torchvision's table; the paper prints 56
  CHECK_THAT(macs(zoo::mnasnet_a1), WithinRel(312e6, .01));
}

TEST_CASE("expansions are whole numbers of channels") {
  const auto expansions = [](const auto& m) {
    std::string widths;
    const network graph = to_network(m);
    for (const layer& l : graph.layers())
      if (l.is_depthwise()) widths += std::to_string(l.output.channels) + " ";
    return widths;
  };
  // The columns "exp size" of Tables 1 and 2.
  CHECK(expansions(zoo::mobilenet_v3_large) == "16 64 72 72 120 120 240 200 184 184 480 672 672 960 960 ");
  CHECK(expansions(zoo::mobilenet_v3_small) == "16 72 88 96 240 240 120 144 288 576 576 ");
}

TEST_CASE("an input that is too small is an error that names the stage") {
  CHECK_NOTHROW(count(zoo::mobilenet_v3_small.at(1)));
  std::string message;
  try {
    static_cast<void>(count(zoo::mobilenet_v3_small.at(0)));
  } catch (const space_error& e) {
    message = e.what();
  }
  CHECK(message.find("stage input") != std::string::npos);
}
