// SPDX-License-Identifier: Apache-2.0
/// \file
/// A number that tells networks apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "nascent/base/uint128.hpp"
#include "nascent/network/layer_fields.hpp"
#include "nascent/network/net.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// An interpreter that makes 128 bits of all that the layers of a network say. Equal networks have equal ones, whatever
/// they are called and whichever blocks they were built of; two that differ by chance with a probability of 2^-128.
class network_fingerprint {
 public:
  constexpr void operator()(const layer& l) {
    for_each_field(l, [this](const layer_field& field, const auto& value, const auto& usual) {
      if (!field.later || !(value == usual)) add(value);
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(l.operand_count); ++i) add(l.operands[i]);
  }
  /// In any order, and whatever they are called. The last tensor alone says nothing, where it is not declared.
  constexpr void output(std::string_view /*unused*/, const tensor& x) {
    outputs_ += mix(static_cast<std::uint64_t>(x.id) + 0x9e3779b97f4a7c15U, 0xbf58476d1ce4e5b9U);
  }
  constexpr uint128 value() const {
    return static_cast<uint128>(high_ ^ outputs_) << 64 | (low_ + mix(outputs_, 0xd6e8feb86659fd93U));
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t z, std::uint64_t by) {
    z = (z ^ (z >> 32)) * by;
    return z ^ (z >> 29);
  }
  template <class Value>
  requires std::is_integral_v<Value> || std::is_enum_v<Value>
  constexpr void add(Value value) { add_number(static_cast<std::uint64_t>(value)); }
  constexpr void add(const std::array<int, 2>& pair) { add_pair(pair[0], pair[1]); }
  /// One number where both are equal: files keep fingerprints of networks from before there were two.
  constexpr void add(const strides& s) {
    if (s.height == s.width) add(s.height);
    else add_pair(s.height, s.width);
  }
  constexpr void add(const activation_numbers& n) { add_pair(n.first.bits(), n.second.bits()); }
  constexpr void add(const shape& s) {
    add_pair(s.batch, s.height);
    add_pair(s.width, s.channels);
  }
  constexpr void add_pair(int a, int b) {
    add_number(static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) << 32 | static_cast<std::uint32_t>(b));
  }
  constexpr void add_number(std::uint64_t n) {
    low_ = mix(low_ ^ n, 0xbf58476d1ce4e5b9U) + 0x9e3779b97f4a7c15U;
    high_ = mix(high_ + n, 0xd6e8feb86659fd93U) ^ low_ >> 7;
  }

  std::uint64_t low_ = 1;
  std::uint64_t high_ = 2;
  std::uint64_t outputs_ = 0;
};

/// Of a network that is built.
inline uint128 fingerprint_of(const network& graph) {
  network_fingerprint f;
  graph.replay(f);
  return f.value();
}

}  // namespace nascent
