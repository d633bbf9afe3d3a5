// SPDX-License-Identifier: Apache-2.0
/// \file
/// Weights that several networks of a space use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nascent/network/layer.hpp"

namespace nascent {

/// What uses the same weights. Always: candidates whose layers differ in channels only.
enum class weight_sharing : std::uint8_t {
  within_alternatives,   ///< each alternative has its own: a block with its values, those of widths left out
  between_alternatives,  ///< layers in the same place of different alternatives do, too; TuNAS: "aggressive sharing"
};

/// The weights of one place: a layer as large as the largest that stands there. Others use a part of it: the first
/// channels, the centre of the kernel.
struct shared_weights {
  int stage = 0;                            ///< of the space: 0 is its input
  int layer = 0;                            ///< of the stage, skipped ones counted; -1: a connection between stages
  int place = 0;                            ///< in its block, among all layers that any alternative has there
  std::string alternative{};                ///< where each has its own
  nascent::layer whole{};                   ///< without groups: its input is that of one group
  std::vector<std::string> alternatives{};  ///< that use it
};

}  // namespace nascent
