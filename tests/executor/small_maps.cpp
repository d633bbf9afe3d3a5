// SPDX-License-Identifier: Apache-2.0
// Strides larger than the map: ceil(size / stride) is one pixel, and windows reach over all edges.
#include <string>
#include <vector>

#include "networks.hpp"
#include "own_library.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;

namespace {

void compare(const network& graph) {
  const weights values = random_weights(graph, 3);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, 2), 5);
  const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in, 2);
  CHECK(test::distance(test::run_once(onednn::executor{}, graph, values, in, 2), expected) <= 1e-4);
  for (const kernel_library& own : test::own_libraries(data_type::f32))
    CHECK(test::distance(test::run_once(onednn::executor{{.kernels = own}}, graph, values, in, 2), expected) <= 1e-4);
}

}  // namespace

TEST_CASE("executor: strides larger than the map") {
  for (const shape& map : {shape{1, 1, 1, 20}, shape{1, 1, 5, 20}, shape{1, 5, 1, 20}, shape{1, 2, 3, 20}})
    for (const strides& stride : {strides{2}, strides{3}, strides{4}, strides{2, 1}, strides{1, 3}})
      for (const int kernel : {1, 3, 5})
        for (const padding pad : {padding::same, padding::symmetric}) {
          INFO(map.height << "x" << map.width << ", stride " << stride.height << "x" << stride.width << ", kernel "
                          << kernel << ", " << to_string(pad));
          compare(make_network("convolution", map, [&](auto& net, tensor x) {
            net.conv(x, {.filters = 24, .kernel = kernel, .stride = stride, .act = relu, .pad = pad});
          }));
          compare(make_network("depthwise", map, [&](auto& net, tensor x) {
            net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = swish, .pad = pad});
          }));
          compare(make_network("pools", map, [&](auto& net, tensor x) {
            net.concatenate(net.max_pool(x, {.kernel = kernel, .stride = stride, .pad = pad}),
                            net.average_pool(x, {.kernel = kernel, .stride = stride, .pad = pad}));
          }));
        }
}
