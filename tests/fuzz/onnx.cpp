// SPDX-License-Identifier: Apache-2.0
// ONNX models: what is read is a network with all its weights.
#include <string>

#include "target.hpp"

#include "nascent/io/read_onnx.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const std::string bytes = fuzz::text_of(data, size);
  const onnx_network read = read_onnx_bytes(bytes, {.height = 8, .width = 8});
  fuzz::demand(read.nodes.size() == read.graph.layers().size());
  fuzz::demand(!detail::find_fault(read.graph, read.folded()));
  return 0;
} catch (const onnx_error&) {
  return 0;
} catch (const network_error&) {
  return 0;
}
