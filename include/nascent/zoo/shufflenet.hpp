// SPDX-License-Identifier: Apache-2.0
/// \file
/// ShuffleNetV2 (Ma et al., 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design"), as
/// torchvision has it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/block/shuffle_unit.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// Table 5 of its paper: a 3x3 stem of 24 filters and a max pool, three stages of 4, 8 and 4 units, a 1x1 convolution.
struct shufflenet_v2_body {
  std::array<int, 3> filters;
  int head = 1024;

  /// Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr static auto unit(int filters) { return shuffle_unit{.filters = filters, .pad = padding::symmetric}; }

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = net.conv(x, {.filters = 24, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    x = net.max_pool(x, {.kernel = 3, .stride = 2, .pad = padding::symmetric});
    constexpr std::array<std::string_view, 3> names{"2", "3", "4"};
    constexpr std::array<int, 3> layers{4, 8, 4};
    for (std::size_t i = 0; i < names.size(); ++i) x = add_stage(net, x, names[i], unit(filters[i]), layers[i], 2);
    net.stage("head");
    x = net.conv(x, {.filters = head, .act = relu});
    return classify(net, x);
  }
};

namespace detail {
constexpr printed_figures shufflenet_figures(double params_m, double macs_g) {
  return {
      params_m, macs_g, "ShuffleNetV2 paper, Table 5",
      "params printed with two digits; MACs about 1 % above torchvision's, which agree with the count: unexplained"};
}
}  // namespace detail

inline constexpr model shufflenet_v2_x0_5{"ShuffleNetV2-x0.5", 224, shufflenet_v2_body{{48, 96, 192}},
                                          detail::shufflenet_figures(1.4, .041)};
inline constexpr model shufflenet_v2_x1_0{"ShuffleNetV2-x1.0", 224, shufflenet_v2_body{{116, 232, 464}},
                                          detail::shufflenet_figures(2.3, .146)};
inline constexpr model shufflenet_v2_x1_5{"ShuffleNetV2-x1.5", 224, shufflenet_v2_body{{176, 352, 704}},
                                          detail::shufflenet_figures(3.5, .299)};
inline constexpr model shufflenet_v2_x2_0{"ShuffleNetV2-x2.0", 224, shufflenet_v2_body{{244, 488, 976}, 2048},
                                          detail::shufflenet_figures(7.4, .591)};

}  // namespace nascent::zoo
