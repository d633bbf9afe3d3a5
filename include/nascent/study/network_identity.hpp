// SPDX-License-Identifier: Apache-2.0
/// \file
/// A number for the network that a candidate is: candidates that build the same network have the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nascent/base/uint128.hpp"
#include "nascent/network/fingerprint.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent {

namespace detail {

/// 32 digits.
inline std::string hexadecimal(uint128 number) {
  std::string text(32, '0');
  for (std::size_t i = 32; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[static_cast<unsigned>(number & 15)];
  return text;
}

/// What a tensor is: a hash of its layer and of what the layer reads. The order of what is summed, of layers that do
/// not wait for each other, and layers that nothing reads leave no trace.
class tensor_identities {
 public:
  explicit tensor_identities(const network& graph) {
    layer input;
    input.output = graph.input();
    identities_.push_back(of(input, {}));
    for (const layer& l : graph.layers()) identities_.push_back(next(l));
    readers_.resize(identities_.size());
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      for (int k = 0; k < graph.layers()[i].operand_count; ++k)
        readers_[operand(graph.layers()[i], k)].push_back(i + 1);
  }

  /// Of the whole: its last tensor, and which tensors that stands on, each as often as it is computed: two layers that
  /// look alike have weights of their own, one that is read twice does not.
  uint128 whole() const {
    if (identities_.back() == zero) return zero;
    std::vector<bool> used(identities_.size(), false);
    used.back() = true;
    for (std::size_t i = identities_.size(); i-- > 0;)
      for (const std::size_t reader : readers_[i]) used[i] = used[i] || (used[reader] && identities_[reader] != zero);
    std::vector<uint128> computed;
    for (std::size_t i = 0; i < identities_.size(); ++i)
      if (used[i] && identities_[i] != zero && std::ranges::find(renamed_, i) == renamed_.end())
        computed.push_back(identities_[i]);
    std::ranges::sort(computed);
    computed.push_back(identities_.back());
    return of(layer{}, computed);
  }

 private:
  static constexpr uint128 zero = 0;  ///< a map of zeros

  static std::size_t operand(const layer& l, int k) {
    return static_cast<std::size_t>(l.operands[static_cast<std::size_t>(k)]);
  }

  /// A sum with a map of zeros is the sum without it; of one map, it is that map.
  uint128 next(const layer& l) {
    if (l.kind == layer_kind::activate && l.act == activation::zero) return zero;
    std::vector<uint128> read;
    for (int k = 0; k < l.operand_count; ++k) read.push_back(identities_[operand(l, k)]);
    if (l.kind == layer_kind::add) {
      std::erase(read, zero);
      std::ranges::sort(read);
      if (l.act == activation::identity && read.size() < 2) {
        renamed_.push_back(identities_.size());
        return read.empty() ? zero : read.front();
      }
    }
    return of(l, read);
  }

  static uint128 of(layer l, const std::vector<uint128>& read) {
    network_fingerprint hash;
    l.operands = {};
    if (l.kind == layer_kind::add) l.operand_count = static_cast<decltype(l.operand_count)>(read.size());
    hash(l);
    for (const uint128 one : read) {  // as the sizes of a layer that there is none of
      layer word;
      word.kernel_height = static_cast<int>(static_cast<std::uint32_t>(one));
      word.kernel_width = static_cast<int>(static_cast<std::uint32_t>(one >> 32));
      word.dilation = static_cast<int>(static_cast<std::uint32_t>(one >> 64));
      word.groups = static_cast<int>(static_cast<std::uint32_t>(one >> 96));
      hash(word);
    }
    const uint128 value = hash.value();
    return value == zero ? 1 : value;
  }

  std::vector<uint128> identities_;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::size_t> renamed_;  ///< tensors that are another one under a new number
};

}  // namespace detail

/// 128 bits for what a network computes: equal for networks that differ in the order of layers or summands, in layers
/// that nothing reads, in sums with maps of zeros. Two others have the same by chance only.
inline uint128 network_identity(const network& graph) { return detail::tensor_identities(graph).whole(); }

/// As text. Of a candidate whose space builds no networks, or none of these sizes, the candidate's rank: it is like no
/// other.
template <space Space>
std::string identity_of(const Space& s, const candidate<Space>& c) {
  if constexpr (network_space<Space>) {
    try {
      return detail::hexadecimal(network_identity(to_network(s, c)));
    } catch (const network_error&) {
    }
  }
  return "rank " + std::string(to_decimal(s.rank(c)).c_str());
}

}  // namespace nascent
