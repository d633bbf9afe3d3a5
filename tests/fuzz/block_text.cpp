// SPDX-License-Identifier: Apache-2.0
// Blocks and shapes as text: "SHAPE BLOCK", such as "14x14x32 mbconv filters=32".
#include "nascent/io/block_text.hpp"

#include "target.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return 0;
  try {
    const network graph = parse_block(text.substr(space + 1), parse_shape(text.substr(0, space)));
    fuzz::demand(!graph.layers().empty());
  } catch (const block_text_error&) {
  } catch (const network_error&) {
  }
  return 0;
}
