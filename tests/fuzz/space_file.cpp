// SPDX-License-Identifier: Apache-2.0
// Files of spaces: what is read survives the way through JSON, and its C++ has no quote left open.
#include "nascent/io/space_file.hpp"

#include <string>

#include "target.hpp"

#include "nascent/io/space_cpp.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  static const block_catalogue blocks = library_blocks();
  const space_description read = read_space(parse_json(fuzz::text_of(data, size)), blocks);
  const json written = write_space(read);
  fuzz::demand(write_space(read_space(parse_json(json_text(written)), blocks)) == written);
  bool quoted = false;
  const std::string text = to_cpp(read, blocks);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"') quoted = !quoted;
    fuzz::demand(!quoted || text[i] != '\n');
  }
  fuzz::demand(!quoted);
  return 0;
} catch (const json_error&) {
  return 0;
}
