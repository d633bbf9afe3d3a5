// SPDX-License-Identifier: Apache-2.0
// Records of families: what is read survives the way through JSON.
#include "nascent/io/family.hpp"

#include "../io/spaces.hpp"
#include "target.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const fuzz::scratch_file file(data, size);
  const auto family = read_family(test::small, file.path());
  fuzz::demand(family_from_json(test::small, json(family)) == family);
  return 0;
} catch (const json_error&) {
  return 0;
}
