// SPDX-License-Identifier: Apache-2.0
/// \file
/// Checks that every executor makes before it works, so that all refuse the same input with the same words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nascent/base/memory.hpp"
#include "nascent/executor/executor.hpp"

namespace nascent::detail {

/// "'EfficientNet-B0', layer 17 (convolution)": where in a network something is.
inline std::string layer_place(const network& graph, std::size_t index) {
  return "'" + graph.name() + "', " + layer_text(graph, index);
}

inline void check_count(const std::string& where, const char* what, std::size_t found, std::size_t expected) {
  if (found != expected)
    throw executor_error("executor.count", where + ", " + what, std::to_string(found), std::to_string(expected));
}

/// "8x8x16".
inline std::string map_text(const shape& s) {
  return (s.batch == 1 ? "" : std::to_string(s.batch) + "x") + std::to_string(s.height) + "x" +
         std::to_string(s.width) + "x" + std::to_string(s.channels);
}

/// Whether a layer's shapes are those of the tensors that it reads: a block can hand a net tensors of its own making.
/// \throws executor_error
inline void check_operands(const network& graph, std::size_t index) {
  const layer& l = graph.layers()[index];
  std::int64_t channels = 0;
  for (std::size_t o = 0; o < static_cast<std::size_t>(l.operand_count); ++o) {
    if (l.operands[o] < 0 || static_cast<std::size_t>(l.operands[o]) > index)
      throw executor_error("executor.network", layer_place(graph, index),
                           "tensor " + std::to_string(l.operands[o]) + " as operand",
                           "tensors that are made before it");
    const shape& made = graph.tensor_shape(l.operands[o]);
    shape taken = made;
    channels += made.channels;
    if (l.kind == layer_kind::concatenate) taken = {l.input.batch, l.input.height, l.input.width, made.channels};
    else if (o == 0) taken = l.input;
    else if (l.kind == layer_kind::add || l.kind == layer_kind::multiply) taken = second_operand(l);
    if (!(taken == made) || (l.is_product() && o == 1 && made.elements() != second_elements(l)))
      throw executor_error("executor.network", layer_place(graph, index),
                           "a map of " + map_text(taken) + " that is " + map_text(made),
                           "tensors as the net gave them out");
  }
  if (l.kind == layer_kind::concatenate && channels != l.input.channels)
    throw executor_error(
        "executor.network", layer_place(graph, index),
        std::to_string(l.input.channels) + " channels of operands that have " + std::to_string(channels),
        "tensors as the net gave them out");
}

/// Everything that compile() takes; `at_once` images of the batch have their maps in memory together.
/// \throws executor_error
inline void check_compile(const network& graph, const weights& values, int batch, int at_once) {
  const std::string name = "'" + graph.name() + "'";
  if (batch < 1 || batch > network_limits::batch)
    throw executor_error("executor.option", name + ", batch", std::to_string(batch),
                         "1 to " + std::to_string(network_limits::batch));
  if (graph.layers().empty())
    throw executor_error("executor.network", name, "no layers, so nothing to run", "1 layer or more");
  if (const auto fault = find_fault(graph, values))
    throw executor_error("executor.count", name + ", " + fault->where, std::to_string(fault->found),
                         std::to_string(fault->allowed));
  const double limit = memory_limit();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const layer& l = graph.layers()[i];
    // What runs at once is at least this much: refused before the system is asked for it, and ends the process later.
    const double maps = static_cast<double>(size_of(data_type::bf16)) * at_once *
                        (static_cast<double>(l.input.elements()) + static_cast<double>(l.output.elements()));
    if (maps > limit)
      throw executor_error("executor.memory", layer_place(graph, i), "maps of " + bytes_text(maps),
                           "up to " + bytes_text(limit) + ", the memory of this machine or process; a smaller batch");
    check_operands(graph, i);
  }
}

/// The spans that run(in, out) takes. \throws executor_error
inline void check_run(const network& graph, int batch, std::size_t in, std::size_t out) {
  const std::string where = "'" + graph.name() + "', batch " + std::to_string(batch);
  const auto images = static_cast<std::size_t>(batch);
  check_count(where, "numbers of input", in, images * static_cast<std::size_t>(graph.input().elements()));
  check_count(where,
              graph.outputs().size() > 1 ? "numbers of space for the outputs" : "numbers of space for the output", out,
              images * static_cast<std::size_t>(graph.output_elements()));
}

inline void check_kernel(const network& graph, std::size_t index, std::size_t count) {
  if (index >= count)
    throw executor_error("executor.kernel", "'" + graph.name() + "', kernel", std::to_string(index),
                         "below " + std::to_string(count));
}

}  // namespace nascent::detail
