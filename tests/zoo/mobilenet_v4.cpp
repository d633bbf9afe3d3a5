// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/mobilenet_v4.hpp"

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// timm 1.0.31, mobilenetv4_conv_small: its parameters, and the multiply-adds that PyTorch's FlopCounterMode sees.
static_assert(count(zoo::mobilenet_v4_conv_s).params == 3'774'024);
static_assert(count(zoo::mobilenet_v4_conv_s).macs == 186'005'568);

TEST_CASE("MobileNetV4-Conv-S: its printed figures") { check_remark(zoo::mobilenet_v4_conv_s); }
