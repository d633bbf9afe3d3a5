// SPDX-License-Identifier: Apache-2.0
/// \file
/// Names of a network's layers for other programs to show: by stage, layer, block and kind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "nascent/network/network.hpp"

namespace nascent {

/// One name per layer, each once: "2/0/mbconv/convolution_2" is the second convolution of the block mbconv that is the
/// first layer of stage "2". Slashes in names of stages become dots.
inline std::vector<std::string> layer_names(const network& graph) {
  std::vector<std::string> names(graph.layers().size());
  for (const network_part& part : graph.parts()) {
    for (std::size_t i = part.first_layer; i < part.end_layer(); ++i) {
      std::string stage = graph.stage_of(i);
      std::ranges::replace(stage, '/', '.');
      std::string& name = names[i];
      if (!stage.empty()) name = stage + "/";
      if (part.block >= 0) {
        const block_span& block = graph.blocks()[static_cast<std::size_t>(part.block)];
        name += std::to_string(block.layer) + "/" + std::string(block.name) + "/";
      }
      name += to_string(graph.layers()[i].kind);
    }
  }
  std::map<std::string, int> seen;
  for (std::string& name : names)
    if (const int count = ++seen[name]; count > 1) name += "_" + std::to_string(count);
  return names;
}

}  // namespace nascent
