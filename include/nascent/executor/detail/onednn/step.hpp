// SPDX-License-Identifier: Apache-2.0
/// \file
/// One step of a compiled network: what runs, and on which tensors.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::onednn::detail {

/// An argument of a primitive that is a tensor of the network; its memory is known once all buffers are planned.
struct tensor_argument {
  int index;  ///< DNNL_ARG_...
  int tensor;
  api::desc layout;
};

/// A kernel of a library that could run in place of a step's primitive.
struct alternative {
  std::string name;
  kernel_function function;
};

/// The operands of a library's kernel among the arguments of a step: its source or first source, its second source, its
/// destination.
struct own_operands {
  int in;
  int other;
  int out;
};

/// One primitive of a compiled network, or a kernel of a library in its place.
struct step {
  kernel what;
  std::string implementation;
  dnnl::primitive primitive;
  api::desc scratchpad;
  std::vector<tensor_argument> tensors;
  std::vector<std::pair<int, dnnl::memory>> constants;  ///< packed weights and biases
  buffer_use use;
  compiled_kernel own{};                    ///< runs instead of the primitive where it is not empty
  std::string key{};                        ///< of the kernel in races
  std::vector<alternative> alternatives{};  ///< where a race has to decide
  bool begins_next = false;                 ///< converts what the next step reads: no kernel, but part of the next one
};

inline own_operands operands_of(const step& s) {
  const bool product = s.what.core.kind == layer_kind::multiply || s.what.core.is_product();
  return {product ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC, product ? DNNL_ARG_SRC_1 : -1, DNNL_ARG_DST};
}

/// The kernel that had each kernel's largest input last, as writer or reader.
inline std::vector<int> kernels_before(const network& graph, const std::vector<step>& steps) {
  std::vector<int> last(graph.layers().size() + 1, -1);
  std::vector<int> before;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    int largest = -1;
    for (const int tensor : steps[i].use.reads)
      if (largest < 0 || graph.tensor_shape(tensor).elements() > graph.tensor_shape(largest).elements())
        largest = tensor;
    before.push_back(largest < 0 ? -1 : last[static_cast<std::size_t>(largest)]);
    for (const int tensor : steps[i].use.reads) last[static_cast<std::size_t>(tensor)] = static_cast<int>(i);
    last[static_cast<std::size_t>(steps[i].use.writes)] = static_cast<int>(i);
  }
  return before;
}

}  // namespace nascent::onednn::detail
