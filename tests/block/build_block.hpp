// SPDX-License-Identifier: Apache-2.0
/// \file
/// The layers that one block makes.
#pragma once

#include <cstdint>
#include <vector>

#include "nascent/network/network.hpp"

namespace test {

template <class Block>
nascent::network build_block(const Block& block, const nascent::shape& input, int stride = 1) {
  return nascent::make_network("block", input, [&](auto& net, auto x) { block(net, x, stride); });
}

inline std::int64_t params(const nascent::network& graph) {
  std::int64_t sum = 0;
  for (const nascent::layer& l : graph.layers()) sum += nascent::params(l);
  return sum;
}

inline std::int64_t macs(const nascent::network& graph) {
  std::int64_t sum = 0;
  for (const nascent::layer& l : graph.layers()) sum += nascent::macs(l);
  return sum;
}

inline std::vector<nascent::layer_kind> kinds(const nascent::network& graph) {
  std::vector<nascent::layer_kind> all;
  for (const nascent::layer& l : graph.layers()) all.push_back(l.kind);
  return all;
}

}  // namespace test
