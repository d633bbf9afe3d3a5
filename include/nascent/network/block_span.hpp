// SPDX-License-Identifier: Apache-2.0
/// \file
/// The blocks of a network: which layers each of them made, and with which fields.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "nascent/network/block_description.hpp"

namespace nascent {

/// A block of a network: consecutive layers that were built together.
struct block_span {
  std::string_view name{};      ///< of its type: "mbconv"
  int stage = -1;               ///< number of its stage (network::stage_name), -1 before the first
  int layer = 0;                ///< its place among the outermost blocks of the stage, from 0
  int parent = -1;              ///< number of the block that it is a part of, -1 for an outermost one
  int repeat = 0;               ///< how many equal blocks, of the same layers, come directly before it in its stage
  std::size_t first_layer = 0;  ///< of the network
  std::size_t layer_count = 0;  ///< at least 1; layers of its parts are its own
  std::span<const std::string_view> field_names{};
  std::array<typed_value, max_block_fields> values{};  ///< in the order of the names

  /// Number of the layer after its last.
  constexpr std::size_t end_layer() const { return first_layer + layer_count; }
  constexpr std::span<const typed_value> fields() const { return {values.data(), field_names.size()}; }
  /// The field of that name, or null.
  constexpr const typed_value* find(std::string_view field) const {
    for (std::size_t i = 0; i < field_names.size(); ++i)
      if (field_names[i] == field) return &values[i];
    return nullptr;
  }
  constexpr block_description description() const { return {name, field_names, fields()}; }
};

}  // namespace nascent
