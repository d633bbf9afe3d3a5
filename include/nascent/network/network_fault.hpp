// SPDX-License-Identifier: Apache-2.0
/// \file
/// What can go wrong while a network is built.
#pragma once

#include <cstdint>
#include <string_view>

#include "nascent/base/text.hpp"

namespace nascent {

/// What can go wrong while a network is built; the first one is kept.
enum class network_fault : std::uint8_t {
  none,
  filters,             ///< fewer than 1, or more than `network_limits` has
  kernel,              ///< the same
  stride,              ///< fewer than 1, or more than `network_limits` has
  dilation,            ///< fewer than 1, or more than a map has rows
  input,               ///< a map without pixels or channels, or one beyond `network_limits`
  groups,              ///< do not divide the channels on both sides
  map_vanishes,        ///< a window without padding larger than the map: it would shrink below 1x1
  stride_ignored,      ///< a block that gives out a larger map than its stride leaves
  shape_mismatch,      ///< element-wise layers need equal shapes
  gate,                ///< a product's second operand: it cannot be repeated to be the map
  padding_count,       ///< a pool that counts padding, and rounds its windows up or takes the largest
  not_pooled,          ///< a dense layer, a softmax over channels: the map is larger than 1x1
  not_divisible,       ///< space_to_depth, space_to_batch: n must divide height and width
  channels,            ///< slice: past the last channel; softmax: parts of unequal size
  operands,            ///< nothing to concatenate
  work,                ///< more multiply-adds in a layer, or elements in a map, than `network_limits` has
  layers,              ///< more than `network_limits` has
  epsilon,             ///< of a normalisation: not 1 to 12 digits
  reshape,             ///< to another number of elements
  size,                ///< of a resized or padded map: none, or beyond `network_limits`
  scale,               ///< of a resize: not above 0, no whole rows and columns, or beside a size
  margin,              ///< a padding below 0, or beyond `network_limits`
  output_padding,      ///< below 0, or not below stride and dilation
  part,                ///< slice: rows or columns past the last
  activation_numbers,  ///< more or fewer than the activation has
  decimal,             ///< a number of an activation that four digits do not say
  bounds,              ///< of a clamp: the lower one above the upper
};

/// What would be right.
constexpr const char* to_string(network_fault fault) {
  switch (fault) {
    case network_fault::none: return "no fault";
    case network_fault::filters: return "filters, channels, and maps of an image, of 1 to 1048576";
    case network_fault::kernel: return "a kernel of 1 to 1024";
    case network_fault::stride: return "strides of 1 to 32768";
    case network_fault::dilation: return "a dilation of 1 to 65536";
    case network_fault::input: return "an input of 1 to 65536 rows and columns, and of 1 to 1048576 channels";
    case network_fault::groups: return "groups that divide the channels of input and output";
    case network_fault::map_vanishes: return "a feature map of 1x1 or more; use a larger input, or padding";
    case network_fault::stride_ignored:
      return "a map divided by the stage's stride; give `stride` to a layer of the block";
    case network_fault::shape_mismatch: return "operands of matching shapes; project one of them";
    case network_fault::gate:
      return "a gate of 1x1, with as many channels as the map (use global_pool), or a map of its height and width";
    case network_fault::padding_count: return "count_padding in means without ceil";
    case network_fault::not_pooled: return "a map of 1x1; use global_pool before it";
    case network_fault::not_divisible: return "a block size that divides height and width";
    case network_fault::channels: return "a slice inside the channels, and parts that divide them";
    case network_fault::operands: return "1 map or more to concatenate";
    case network_fault::work:
      return "multiply-adds of a layer, and elements of a map, that 42 bits hold; use a smaller map or fewer channels";
    case network_fault::layers: return "at most 65536 layers";
    case network_fault::reshape: return "a shape of as many elements";
    case network_fault::epsilon: return "an epsilon of 1 to 12 digits: 6 for 1e-6";
    case network_fault::size: return "a resized or padded map of 1 to 65536 rows and columns";
    case network_fault::scale:
      return "a resize to a height and a width, or by a scale that gives whole rows and columns";
    case network_fault::margin: return "a padding of 0 to 65535 rows and columns";
    case network_fault::output_padding: return "an output padding of 0 or more, below the stride or the dilation";
    case network_fault::part: return "a slice inside the map";
    case network_fault::activation_numbers:
      return "one number for leaky_relu and elu, two for clamp, none for other activations";
    case network_fault::decimal: return "numbers of an activation of up to four digits, at most 4095 without the point";
    case network_fault::bounds: return "a lower bound up to the upper one";
  }
  return "unknown fault";
}

/// The first fault of a net: what, in which stage (number, -1 before the first; name, where stages are named), with
/// which numbers, and in which block where that is known.
struct fault_record {
  network_fault what = network_fault::none;
  int stage = -1;
  std::int64_t found = 0;
  std::int64_t allowed = 0;
  std::string_view stage_name{};
  std::string_view block{};
  constexpr explicit operator bool() const { return what != network_fault::none; }

  /// "16 against 24", for a sentence.
  constexpr basic_text<128> numbers() const {
    basic_text<128> text;
    text.add(found).add(" against ").add(allowed);
    return block.empty() ? text : text.add(" after the block ").add(block);
  }
};

}  // namespace nascent
