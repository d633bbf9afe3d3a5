// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the programs that compare instruction sets have in common: what a set computes with, what it is called, and
/// networks with relu.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>

#include <nascent/block/make_value.hpp>
#include <nascent/executor/onednn/isa.hpp>
#include <nascent/network/network.hpp>

namespace examples {

/// bf16 where the instruction set computes with it.
inline nascent::data_type type_of(nascent::onednn::isa set) {
  return set >= nascent::onednn::isa::avx512_core_bf16 ? nascent::data_type::bf16 : nascent::data_type::f32;
}

/// "AVX-512, f32".
inline std::string title_of(nascent::onednn::isa set) {
  using nascent::onednn::isa;
  static const std::map<isa, std::string> names{{isa::sse41, "SSE4.1"},
                                                {isa::avx, "AVX"},
                                                {isa::avx2, "AVX2"},
                                                {isa::avx512_core, "AVX-512"},
                                                {isa::avx512_core_bf16, "AVX-512 BF16"},
                                                {isa::avx512_core_amx, "AMX"}};
  const auto found = names.find(set);
  return (found == names.end() ? to_string(set) : found->second) + ", " + to_string(type_of(set));
}

/// Writes a network with relu in place of swish.
struct relu_writer {
  nascent::network* graph;

  void begin_block(nascent::block_description block) {
    std::array<nascent::typed_value, nascent::max_block_fields> fields{};
    for (std::size_t i = 0; i < block.fields.size(); ++i)
      fields[i] =
          block.fields[i] == nascent::make_value(nascent::swish) ? nascent::make_value(nascent::relu) : block.fields[i];
    block.fields = std::span(fields).first(block.fields.size());
    graph->begin_block(block);
  }
  void end_block() { graph->end_block(); }
  void operator()(nascent::layer l) {
    if (l.act == nascent::swish) l.act = nascent::relu;
    (*graph)(l);
  }
};

/// The network with relu in place of swish, as the search on the EfficientNet-X paper's processor chose. Its layers
/// belong to no stages.
inline nascent::network with_relu(const nascent::network& graph) {
  nascent::network changed(graph.name(), graph.input());
  relu_writer writer{&changed};
  graph.replay(writer);
  return changed;
}

}  // namespace examples
