// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is said of a network beside its layers: outputs, parts, errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nascent/base/error.hpp"

namespace nascent {

/// A network that cannot exist: the text says in which stage, what was found and what is allowed.
struct network_error : error {
  using error::error;
};

/// A map that a network gives out, under a name.
struct network_output {
  std::string name{};
  int tensor = 0;
};

/// What becomes of layers that no output needs.
enum class unused_layers : std::uint8_t {
  refuse,  ///< an error that names the first
  prune,   ///< they are left out
  keep,    ///< they run, and nobody reads what they make
};

/// An outermost block of a network, or a layer that is in no block.
struct network_part {
  std::size_t first_layer = 0;
  std::size_t layer_count = 1;
  int block = -1;  ///< its number in `network::blocks()`, -1 for a layer by itself
  int repeat = 0;  ///< how many equal parts come directly before it in its stage

  constexpr std::size_t end_layer() const { return first_layer + layer_count; }
};

}  // namespace nascent
