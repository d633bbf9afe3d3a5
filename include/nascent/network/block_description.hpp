// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is said of a block where it is built: its name and its fields as values. Apart from block_span.hpp, which every
/// declaration of a space would pay for.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "nascent/base/typed_value.hpp"

namespace nascent {

/// Most fields that a block may have.
inline constexpr std::size_t max_block_fields = 12;

/// What an interpreter is told where a block begins. `name` and `field_names` have to outlive the network: literals, or
/// what is known to the compiler; `fields` are copied.
struct block_description {
  std::string_view name{};
  std::span<const std::string_view> field_names{};
  std::span<const typed_value> fields{};
};

}  // namespace nascent
