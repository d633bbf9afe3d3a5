// SPDX-License-Identifier: Apache-2.0
#include "nascent/executor/detail/onednn/sampled_outputs.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "networks.hpp"
#include "own_library.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using onednn::detail::sampled_outputs;

namespace {

/// The error of what `out` holds for the one kernel of a network, and that of rounding.
std::pair<double, double> errors_of(const network& graph, const weights& values, const std::vector<float>& in,
                                    const std::vector<float>& out, int batch) {
  const sampled_outputs<float> expected(fuse(graph).front(), values.front(), batch, in.data(), in.data());
  return {expected.error(out.data()), expected.rounding()};
}

}  // namespace

// The reference executor adds up in double precision where a convolution has groups, and in f32 elsewhere.
TEST_CASE("sampled outputs are the reference executor's, for every window, grouping and activation") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    test::dice roll(seed);
    const int groups = roll.between(1, 3);
    const shape input{1, roll.between(5, 12), roll.between(5, 12), groups * roll.between(1, 8)};
    const conv_options o{.filters = groups * roll.between(1, 8),
                         .kernel = {roll.between(1, 5), roll.between(1, 5)},
                         .stride = {roll.between(1, 3), roll.between(1, 3)},
                         .groups = groups,
                         .dilation = roll.between(1, 2),
                         .act = roll.act(),
                         .pad = roll.coin() ? padding::same : padding::symmetric};
    const network graph = make_network("window", input, [&](auto& net, tensor x) { net.conv(x, o); });
    const weights values = random_weights(graph, seed);
    const std::vector<float> in = test::random_numbers(test::input_size(graph, 2), seed);
    const std::vector<float> out = test::run_once(reference::executor{}, graph, values, in, 2);
    const auto [error, rounding] = errors_of(graph, values, in, out, 2);
    CHECK(error <= 40 * rounding + 1e-12);
  }
}

// docs/kernels.md states these bounds.
TEST_CASE("own kernels are as near to double precision as oneDNN's, Winograd's within seven times that") {
  std::set<std::string> seen;
  for (const kernel_library& library : test::own_libraries(data_type::f32))
    for (const kernel_implementation& i : library.implementations) {
      if (!seen.insert(i.name).second) continue;
      kernel_library one = library;
      one.implementations = {i};
      for (const int channels : {16, 64, 256})
        for (const int side : {7, 14, 28}) {
          const network graph = make_network("window", {1, side, side, channels}, [&](auto& net, tensor x) {
            net.conv(x, {.filters = channels, .kernel = 3});
          });
          const weights values = random_weights(graph, 3);
          const std::vector<float> in = test::random_numbers(test::input_size(graph), 5);
          const auto error_with = [&](const kernel_library& kernels) {
            const std::vector<float> out =
                test::run_once(onednn::executor{{.threads = 1, .kernels = kernels}}, graph, values, in);
            return errors_of(graph, values, in, out, 1).first;
          };
          CAPTURE(i.name, channels, side);
          CHECK(error_with(one) <= (i.name.starts_with("nascent_winograd") ? 7 : 2) * error_with({}));
        }
    }
}
