// SPDX-License-Identifier: Apache-2.0
/// \file
/// TuNAS's linear cost model of the ProxylessNAS space (Bender et al., 2020): what a network takes on a Pixel 1, as a
/// sum over its layers.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>

#include "nascent/zoo/tunas_networks.hpp"

namespace nascent::zoo {

/// One layer's part of the cost in ms. The expansion is the faster index: kernel 3 with expansions 3 and 6, kernel 5,
/// kernel 7, and skip where a layer may be skipped. The separable layer has its kernels only.
struct tunas_layer_cost {
  std::array<double, 7> ms;
  std::size_t options;  ///< that the layer has; the rest is not used
};

/// Cost of a network: `bias_ms` and one entry of each layer.
struct tunas_cost_model {
  double bias_ms;
  std::array<tunas_layer_cost, 22> layers;
};

// clang-format off
/// Decoded from google-research/google-research, tunas/cost_model_data.py, 0c1bbe5 (Apache-2.0), to six decimals.
inline constexpr tunas_cost_model proxylessnas_cost_model{92.135994, {{
    {{-1.752522, 2.351697, 8.227332}, 3},
    {{-4.025259, 0.270025, -2.304772, 5.152308, 1.889297, 7.844908}, 6},
    {{-4.247996, 1.26007, -1.147405, 6.56239, 2.291473, 13.845974, -9.737999}, 7},
    {{-4.243709, 1.258164, -1.138753, 6.564438, 2.287497, 13.840748, -9.741877}, 7},
    {{-4.245379, 1.267363, -1.139084, 6.552899, 2.286735, 13.849598, -9.745625}, 7},
    {{-1.444107, 1.745853, -0.750154, 3.31621, 0.302877, 5.655828}, 6},
    {{-0.423078, 1.782276, 0.274246, 3.007032, 1.29593, 5.149762, -2.259662}, 7},
    {{-0.418092, 1.778669, 0.271474, 3.004974, 1.291404, 5.147523, -2.249445}, 7},
    {{-0.42421, 1.78291, 0.277215, 3.007536, 1.288734, 5.146962, -2.25264}, 7},
    {{0.398656, 1.817939, 0.62154, 2.25564, 0.901902, 2.83083}, 6},
    {{0.315172, 1.992804, 0.63135, 2.563263, 1.072315, 3.342293, -1.090691}, 7},
    {{0.318926, 1.988587, 0.630449, 2.557142, 1.075401, 3.341345, -1.085342}, 7},
    {{0.320253, 1.990366, 0.628832, 2.556006, 1.07227, 3.341412, -1.082632}, 7},
    {{0.07737, 1.87454, 0.374861, 2.443991, 0.830736, 3.225008}, 6},
    {{-0.035418, 2.47541, 0.299548, 3.222704, 0.799533, 4.100833, -2.036103}, 7},
    {{-0.034044, 2.468827, 0.300781, 3.217587, 0.803171, 4.101152, -2.030967}, 7},
    {{-0.046599, 2.474686, 0.299837, 3.226403, 0.800542, 4.109627, -2.037987}, 7},
    {{0.329675, 2.2676, 0.442177, 2.46835, 0.576988, 2.741717}, 6},
    {{-0.212744, 3.587823, -0.050456, 3.859921, 0.120633, 4.268836, -2.747505}, 7},
    {{-0.210756, 3.593694, -0.051904, 3.863742, 0.123028, 4.257569, -2.748865}, 7},
    {{-0.206015, 3.59532, -0.061777, 3.864056, 0.122091, 4.262896, -2.750063}, 7},
    {{-1.186296, 3.650809, -1.035439, 3.928973, -0.8548, 4.32326}, 6}
}}};
// clang-format on

/// Milliseconds on a simulated Pixel 1 for a candidate of `proxylessnas`.
template <std::same_as<proxylessnas_space> Space>
constexpr double proxylessnas_cost_ms(const candidate<Space>& c) {
  const proxylessnas_operations operations = operations_of(c);
  double ms = proxylessnas_cost_model.bias_ms;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const int operation = operations[i];
    const bool as_it_is = i == 0 || operation == proxylessnas_skip;
    ms += proxylessnas_cost_model.layers[i]
              .ms[static_cast<std::size_t>(as_it_is ? operation : 2 * (operation % 3) + operation / 3)];
  }
  return ms;
}

}  // namespace nascent::zoo
