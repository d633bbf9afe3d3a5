// SPDX-License-Identifier: Apache-2.0
// Candidates as JSON: what is read is a candidate of the space, and reads back as itself.
#include "../io/spaces.hpp"
#include "target.hpp"

#include "nascent/io/json.hpp"

using namespace nascent;

namespace {

template <class Space>
void read(const Space& space, const json& j) try {
  const auto candidate = candidate_from_json(space, j);
  fuzz::demand(candidate_from_json(space, json(candidate)) == candidate);
} catch (const json_error&) {
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const fuzz::scratch_file file(data, size);
  const json j = read_json(file.path());
  read(test::small, j);
  read(test::mixed, j);
  read(test::odd, j);
  return 0;
} catch (const json_error&) {
  return 0;
}
