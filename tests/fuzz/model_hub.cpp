// SPDX-License-Identifier: Apache-2.0
// Model hubs: what is read survives the way through JSON.
#include "nascent/io/model_hub.hpp"

#include "target.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const fuzz::scratch_file file(data, size);
  const json read = read_hub(file.path());
  fuzz::demand(json(hub_from_json(read)) == read);
  return 0;
} catch (const json_error&) {
  return 0;
} catch (const hub_error&) {
  return 0;
}
