// SPDX-License-Identifier: Apache-2.0
// A thousand random networks of the declared spaces, with this library's kernels wherever there is one, against the
// reference executor.
//
// They are the spaces' own samples at a quarter or half of their width and 32 to 64 pixels (compound scaling, all their
// layers): a few million multiplications each, 10 ms for the reference. With few widths and sizes oneDNN finds most
// primitives in its cache. All of them take about 65 s on one core.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "networks.hpp"
#include "own_library.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

/// Random weights that keep a network's numbers where it is well-conditioned: layers with weights make numbers whose
/// root mean square is 0.3, those at the end of a residual branch 0.1, as training starts from small branches (Goyal et
/// al., 2017). With the same weights unscaled a hundred residual sums grow until the gates of squeeze-and-excite are
/// steps; at 1 the curvature of swish amplifies differences layer by layer. Either way rounding the maps to bf16 in
/// exact arithmetic moves outputs by more than half of the largest.
weights quiet_weights(const network& graph, std::uint64_t seed, const std::vector<float>& in) {
  constexpr double usual = 0.3;
  constexpr double in_branch = 0.1;
  weights values = random_weights(graph, seed);
  std::vector<bool> ends_branch(graph.layers().size() + 1);
  for (const layer& l : graph.layers())
    if (l.kind == layer_kind::add) ends_branch[static_cast<std::size_t>(l.operands[0])] = true;
  std::vector<std::vector<float>> tensors{in};
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    layer l = graph.layers()[i];
    const activation act = std::exchange(l.act, activation::identity);
    std::vector<std::span<const float>> inputs;
    std::vector<int> channels;
    for (std::size_t o = 0; o < static_cast<std::size_t>(l.operand_count); ++o) {
      inputs.emplace_back(tensors[static_cast<std::size_t>(l.operands[o])]);
      channels.push_back(graph.tensor_shape(l.operands[o]).channels);
    }
    std::vector<float> out(static_cast<std::size_t>(l.output.elements()));
    reference::compute(l, values[i], 1, inputs, channels, out);
    double squares = 0;
    for (const float x : out) squares += static_cast<double>(x) * static_cast<double>(x);
    if (l.has_weights() && squares > 0) {
      const double wanted = ends_branch[i + 1] ? in_branch : usual;
      const auto scale = static_cast<float>(wanted / std::sqrt(squares / static_cast<double>(out.size())));
      for (std::vector<float>* all : {&out, &values[i].kernel, &values[i].bias})
        for (float& x : *all) x *= scale;
    }
    for (float& x : out) x = static_cast<float>(reference::apply(act, static_cast<double>(x)));
    tensors.push_back(std::move(out));
  }
  return values;
}

/// The largest distance, and the seed that gave it.
struct worst {
  double distance = 0;
  std::uint64_t seed = 0;
  void add(double d, std::uint64_t s) {
    if (d >= distance) *this = {d, s};
  }
};

std::ostream& operator<<(std::ostream& out, const worst& w) { return out << w.distance << " (seed " << w.seed << ")"; }

/// Networks of a space, one for each seed.
template <class Space>
void agree(const Space& space, std::uint64_t first_seed, std::uint64_t last_seed) {
  dnnl::set_primitive_cache_capacity(8192);
  std::vector<data_type> types{data_type::f32};
  if (onednn::computes_bf16()) types.push_back(data_type::bf16);
  worst found[2];
  for (std::uint64_t seed = first_seed; seed <= last_seed; ++seed) {
    random_engine engine(seed);
    test::dice roll(seed);
    const network graph =
        to_network(scaled(space.sample(engine),
                          {.width = roll.coin() ? .25 : .5, .depth = 1, .resolution = 32 + 16 * roll.between(0, 2)}));
    const std::vector<float> in = test::random_numbers(test::input_size(graph), seed);
    const weights values = quiet_weights(graph, seed, in);
    const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in);
    for (const data_type type : types) {
      INFO(space.name() << ", seed " << seed << ", " << to_string(type));
      const std::vector<kernel_library> own = test::own_libraries(type);
      onednn::options options{.type = type};
      if (!own.empty()) options.kernels = own[seed % own.size()];
      const onednn::executor executor{options};
      const double distance = test::distance(test::run_once(executor, graph, values, in), expected);
      CHECK(distance <= (type == data_type::f32 ? 1e-4 : 2e-2));
      found[type == data_type::f32 ? 0 : 1].add(distance, seed);
    }
  }
  std::cout << space.name() << ", seeds " << first_seed << " to " << last_seed << ": largest distance in f32 "
            << found[0];
  if (types.size() > 1) std::cout << ", in bf16 " << found[1];
  std::cout << "\n";
}

}  // namespace

TEST_CASE("executor: random networks of GPUNet's space agree with the reference", "[long]") {
  agree(zoo::gpunet, 1, 100);
}
TEST_CASE("executor: more random networks of GPUNet's space agree with the reference", "[long]") {
  agree(zoo::gpunet, 101, 200);
}
TEST_CASE("executor: random networks of EfficientNet-X's space agree with the reference", "[long]") {
  agree(zoo::efficientnet_x, 201, 400);
}
TEST_CASE("executor: random networks of ProxylessNAS's space agree with the reference", "[long]") {
  agree(zoo::proxylessnas, 401, 600);
}
TEST_CASE("executor: random networks of Once-for-All's space agree with the reference", "[long]") {
  agree(zoo::once_for_all, 601, 800);
}
TEST_CASE("executor: random networks of the MobileNetV3-like space agree with the reference", "[long]") {
  agree(zoo::mobilenet_v3_like, 801, 1000);
}
