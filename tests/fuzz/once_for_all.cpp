// SPDX-License-Identifier: Apache-2.0
// Dictionaries of Once-for-All: what is read gives a time to a network, or names what it lacks.
#include "nascent/io/once_for_all.hpp"

#include "target.hpp"

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

const network& small() {
  static const network graph = make_network("small", {1, 16, 16, 3}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = 3, .stride = 2, .act = activation::hswish});
    x = mbconv{.filters = 8, .expand = 2, .act = relu}(net, x, 1);
    x = net.conv(x, {.filters = 32, .kernel = 1, .act = activation::hswish});
    x = net.global_pool(x);
    x = net.dense(x, {.units = 64, .act = activation::hswish});
    net.dense(x, {.units = 10});
  });
  return graph;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::scratch_file file(data, size);
  try {
    const json j = read_json(file.path());
    const once_for_all_dictionary times(once_for_all_keys::mobilenet_v3, j);
    fuzz::demand(times.to_json() == j && times.size() == j.size());
    fuzz::demand(times(small()) >= 0);
  } catch (const json_error&) {
  } catch (const latency_table_error&) {
  }
  return 0;
}
