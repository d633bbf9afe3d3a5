// SPDX-License-Identifier: Apache-2.0
// A file that includes the library's own kernels, in a program whose other files link them (nascent::kernels): both are
// there, and compute the same.
#undef NASCENT_COMPILED_KERNELS
#include "networks.hpp"
#include "own_library.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/own_kernels.hpp"

using namespace nascent;

namespace {

void check_same(const kernel_library& a, const kernel_library& b) {
  CHECK(a.name == b.name);
  CHECK(a.features == b.features);
  CHECK(a.preference == b.preference);
  REQUIRE(a.implementations.size() == b.implementations.size());
  for (std::size_t i = 0; i < a.implementations.size(); ++i)
    CHECK(a.implementations[i].name == b.implementations[i].name);
  REQUIRE(a.otherwise.size() == b.otherwise.size());
  for (std::size_t i = 0; i < a.otherwise.size(); ++i) check_same(a.otherwise[i], b.otherwise[i]);
}

}  // namespace

TEST_CASE("included_kernels: the same list as those that are linked") {
  for (const kernel_preference p : {kernel_preference::fastest, kernel_preference::always})
    check_same(own_kernels(p), test::linked_kernels(p));
  CHECK(own_kernels().preference == kernel_preference::fastest);
}

TEST_CASE("included_kernels: the same numbers as those that are linked") {
  const network graph = make_network("gated", {1, 12, 12, 24}, [](auto& net, tensor x) {
    const auto y =
        net.depthwise_conv(net.conv(x, {.filters = 40, .kernel = 3, .act = swish}), {.kernel = 5, .act = hswish});
    const auto gate = net.conv(net.global_pool(y), {.filters = 40, .kernel = 1, .act = activation::sigmoid});
    net.conv(net.multiply(y, gate), {.filters = 24, .kernel = 1});
  });
  const weights values = random_weights(graph, 11);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, 2), 12);
  const auto run = [&](const kernel_library& library) {
    return test::run_once(onednn::executor{{.threads = 2, .kernels = library}}, graph, values, in, 2);
  };
  CHECK(test::distance(run(own_kernels(kernel_preference::always)),
                       run(test::linked_kernels(kernel_preference::always))) <=
        1e-6);  // compilers may fuse a product and a sum in one of them only
}
