// SPDX-License-Identifier: Apache-2.0
/// \file
/// Building a block so that the network remembers it.
#pragma once

#include <array>

#include "nascent/block/make_value.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/network/net.hpp"

namespace nascent {
namespace detail {

struct field_describer {
  template <class... Fields>
  constexpr auto operator()(const Fields&... fields) const {
    return std::array<typed_value, sizeof...(Fields)>{make_value(fields)...};
  }
};

}  // namespace detail

/// Builds `block` on `input`, and tells an interpreter that keeps blocks (`network`) where it begins and ends, its name
/// and its fields: stages do so for their blocks; in a block made of blocks, and in a network by hand, call this
/// instead of `block(net, input, stride)`. Interpreters that only count see no difference. `stride` is a number, or
/// `{2, 1}` where the block takes `strides`.
template <class Interpreter, class Block, class Stride = strides>
[[gnu::always_inline]] constexpr auto place(net<Interpreter>& n, const Block& block, const tensor& input,
                                            Stride stride) {
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
template <class Interpreter, class Block>
[[gnu::always_inline]] constexpr auto place(net<Interpreter>& n, const Block& block, const tensor& input) {
  return place(n, block, input, 1);
}

}  // namespace nascent
