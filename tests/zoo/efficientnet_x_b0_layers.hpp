// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet-X-B0 at 224 px, layer by layer. Source: the public definition, tensorflow/tpu
/// models/official/efficientnet 7dc921f (Apache-2.0), written down independently of this library. Parameters and MACs
/// of the same rows are in tests/cost/published.hpp.
#pragma once

#include <array>

#include "nascent/network/activation.hpp"

namespace published {

/// One convolution, one squeeze-and-excite (`hidden` > 0: both of its convolutions; `act` is the inner one) or the
/// classifier.
struct layer_row {
  int kernel;
  int stride;
  int input;   ///< channels
  int output;  ///< channels
  int groups;
  int from;  ///< px
  int to;    ///< px
  int hidden;
  nascent::activation act;
  bool sum;  ///< the block's input is added

  friend constexpr bool operator==(const layer_row&, const layer_row&) = default;
};

inline constexpr std::array<layer_row, 63> efficientnet_x_b0_layers{{
    {3, 2, 3, 32, 1, 224, 112, 0, nascent::relu, false},      {2, 2, 32, 128, 1, 112, 56, 0, nascent::relu, false},
    {2, 1, 128, 128, 128, 56, 56, 0, nascent::relu, false},   {1, 1, 128, 128, 1, 56, 56, 32, nascent::relu, false},
    {1, 1, 128, 64, 1, 56, 56, 0, nascent::identity, false},  {3, 1, 64, 96, 1, 56, 56, 0, nascent::swish, false},
    {1, 1, 96, 96, 1, 56, 56, 16, nascent::swish, false},     {1, 1, 96, 24, 1, 56, 56, 0, nascent::identity, false},
    {3, 1, 24, 144, 1, 56, 56, 0, nascent::swish, false},     {1, 1, 144, 144, 1, 56, 56, 24, nascent::swish, false},
    {1, 1, 144, 24, 1, 56, 56, 0, nascent::identity, true},   {5, 2, 24, 144, 1, 56, 28, 0, nascent::swish, false},
    {1, 1, 144, 144, 1, 28, 28, 24, nascent::swish, false},   {1, 1, 144, 40, 1, 28, 28, 0, nascent::identity, false},
    {5, 1, 40, 240, 1, 28, 28, 0, nascent::swish, false},     {1, 1, 240, 240, 1, 28, 28, 40, nascent::swish, false},
    {1, 1, 240, 40, 1, 28, 28, 0, nascent::identity, true},   {1, 1, 40, 240, 1, 28, 28, 0, nascent::relu, false},
    {3, 2, 240, 240, 240, 28, 14, 0, nascent::relu, false},   {1, 1, 240, 240, 1, 14, 14, 40, nascent::relu, false},
    {1, 1, 240, 80, 1, 14, 14, 0, nascent::identity, false},  {1, 1, 80, 480, 1, 14, 14, 0, nascent::relu, false},
    {3, 1, 480, 480, 480, 14, 14, 0, nascent::relu, false},   {1, 1, 480, 480, 1, 14, 14, 80, nascent::relu, false},
    {1, 1, 480, 80, 1, 14, 14, 0, nascent::identity, true},   {1, 1, 80, 480, 1, 14, 14, 0, nascent::relu, false},
    {3, 1, 480, 480, 480, 14, 14, 0, nascent::relu, false},   {1, 1, 480, 480, 1, 14, 14, 80, nascent::relu, false},
    {1, 1, 480, 80, 1, 14, 14, 0, nascent::identity, true},   {1, 1, 80, 480, 1, 14, 14, 0, nascent::relu, false},
    {5, 1, 480, 480, 480, 14, 14, 0, nascent::relu, false},   {1, 1, 480, 480, 1, 14, 14, 80, nascent::relu, false},
    {1, 1, 480, 112, 1, 14, 14, 0, nascent::identity, false}, {1, 1, 112, 672, 1, 14, 14, 0, nascent::relu, false},
    {5, 1, 672, 672, 672, 14, 14, 0, nascent::relu, false},   {1, 1, 672, 672, 1, 14, 14, 112, nascent::relu, false},
    {1, 1, 672, 112, 1, 14, 14, 0, nascent::identity, true},  {1, 1, 112, 672, 1, 14, 14, 0, nascent::relu, false},
    {5, 1, 672, 672, 672, 14, 14, 0, nascent::relu, false},   {1, 1, 672, 672, 1, 14, 14, 112, nascent::relu, false},
    {1, 1, 672, 112, 1, 14, 14, 0, nascent::identity, true},  {1, 1, 112, 672, 1, 14, 14, 0, nascent::relu, false},
    {5, 2, 672, 672, 672, 14, 7, 0, nascent::relu, false},    {1, 1, 672, 672, 1, 7, 7, 112, nascent::relu, false},
    {1, 1, 672, 192, 1, 7, 7, 0, nascent::identity, false},   {1, 1, 192, 1152, 1, 7, 7, 0, nascent::relu, false},
    {5, 1, 1152, 1152, 1152, 7, 7, 0, nascent::relu, false},  {1, 1, 1152, 1152, 1, 7, 7, 192, nascent::relu, false},
    {1, 1, 1152, 192, 1, 7, 7, 0, nascent::identity, true},   {1, 1, 192, 1152, 1, 7, 7, 0, nascent::relu, false},
    {5, 1, 1152, 1152, 1152, 7, 7, 0, nascent::relu, false},  {1, 1, 1152, 1152, 1, 7, 7, 192, nascent::relu, false},
    {1, 1, 1152, 192, 1, 7, 7, 0, nascent::identity, true},   {1, 1, 192, 1152, 1, 7, 7, 0, nascent::relu, false},
    {5, 1, 1152, 1152, 1152, 7, 7, 0, nascent::relu, false},  {1, 1, 1152, 1152, 1, 7, 7, 192, nascent::relu, false},
    {1, 1, 1152, 192, 1, 7, 7, 0, nascent::identity, true},   {1, 1, 192, 1152, 1, 7, 7, 0, nascent::relu, false},
    {3, 1, 1152, 1152, 1152, 7, 7, 0, nascent::relu, false},  {1, 1, 1152, 1152, 1, 7, 7, 192, nascent::relu, false},
    {1, 1, 1152, 320, 1, 7, 7, 0, nascent::identity, false},  {1, 1, 320, 1280, 1, 7, 7, 0, nascent::relu, false},
    {1, 1, 1280, 1000, 1, 1, 1, 0, nascent::identity, false},
}};

}  // namespace published
