// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet B0 to B7 (Tan and Le, 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
/// Networks"): B0 at eight widths, depths and resolutions, as models.
#pragma once

#include <array>

#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// EfficientNet-B0 with its filters multiplied by `width` (to multiples of 8, by the 10 % rule) and its layers by
/// `depth` (rounded up).
struct efficientnet_body {
  double width = 1;
  double depth = 1;

  constexpr tensor operator()(auto& net, const tensor& input) const {
    return build(scaled(efficientnet_b0.only(), {.width = width, .depth = depth}), net, input);
  }
};

/// B0 to B7: tensorflow/tpu, models/official/efficientnet, 7dc921f (Apache-2.0). Printed figures: EfficientNet-X paper,
/// Table 3.
inline constexpr std::array<model<efficientnet_body>, 8> efficientnet_family = [] {
  constexpr std::string_view table = "EfficientNet-X paper, Table 3";
  constexpr std::string_view digits = "printed with two digits";
  return std::array<model<efficientnet_body>, 8>{{
      {"EfficientNet-B0", 224, {1.0, 1.0}, {5.3, 0.39, table, digits}},
      {"EfficientNet-B1",
       240,
       {1.0, 1.1},
       {7.8, 0.70, table, "MACs printed 1.9 % above a straight count: unexplained"}},
      {"EfficientNet-B2", 260, {1.1, 1.2}, {9.2, 1.0, table}},
      {"EfficientNet-B3", 300, {1.2, 1.4}, {12, 1.8, table, digits}},
      {"EfficientNet-B4",
       380,
       {1.4, 1.8},
       {19, 4.2, table,
        "params printed with two digits; MACs 4.4 % below a straight count: unexplained, timm has 4.49"}},
      {"EfficientNet-B5",
       456,
       {1.6, 2.2},
       {30, 9.9, table,
        "params printed with two digits; MACs 3.6 % below a straight count: unexplained, timm has 10.46"}},
      {"EfficientNet-B6", 528, {1.8, 2.6}, {43, 19, table}},
      {"EfficientNet-B7",
       600,
       {2.0, 3.1},
       {66, 37, table, "MACs printed with two digits, as if cut instead of rounded"}},
  }};
}();

}  // namespace nascent::zoo
