// SPDX-License-Identifier: Apache-2.0
/// \file
/// Building a block so that the network remembers it.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/block/reflection.hpp"
#include "nascent/network/net.hpp"

namespace nascent {
namespace detail {

template <class Value>
constexpr field_value describe_field(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) return field_value::of_truth(value);
  else if constexpr (std::is_integral_v<Value>) return field_value::of_integer(static_cast<std::int64_t>(value));
  else if constexpr (std::is_floating_point_v<Value>) return field_value::of_real(static_cast<double>(value));
  else if constexpr (requires {
                       { to_string(value) } -> std::same_as<const char*>;
                     })
    return field_value::of_name(block_name<Value>, to_string(value));
  else return field_value::of_other(block_name<Value>);
}

struct field_describer {
  template <class... Fields>
  constexpr auto operator()(const Fields&... fields) const {
    return std::array<field_value, sizeof...(Fields)>{describe_field(fields)...};
  }
};

}  // namespace detail

/// Builds `block` on `input`, and tells an interpreter that keeps blocks (`network`) where it begins and ends, its name
/// and its fields: stages do so for their blocks; in a block made of blocks, and in a network by hand, call this
/// instead of `block(net, input, stride)`. Interpreters that only count see no difference.
template <class Interpreter, class Block>
[[gnu::always_inline]] constexpr auto place(net<Interpreter>& n, const Block& block, const tensor& input,
                                            int stride = 1) {
  if constexpr (net<Interpreter>::keeps_blocks) {
    const auto fields = with_fields(block, detail::field_describer{});
    static_assert(fields.size() <= max_block_fields);
    n.begin_block({block_name<Block>, field_names<Block>, fields});
    const auto output = block(n, input, stride);
    n.end_block();
    return output;
  } else {
    return block(n, input, stride);
  }
}

}  // namespace nascent
