// SPDX-License-Identifier: Apache-2.0
// What the graphs, copies and calls say, computed here, against the reference executor: no device needed.
#include "nascent/executor/detail/cudnn/lower.hpp"

#include <cmath>
#include <cstring>
#include <set>

#include "../executor/networks.hpp"
#include "computing_builder.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/reference.hpp"

using namespace nascent;
namespace cd = nascent::cudnn::detail;

namespace {

using lowering = cd::basic_lowering<test::computing_builder>;
using operands = std::vector<std::span<const float>>;

/// Copies the bytes of f32 maps as cudaMemcpy3D would; what it does not allow fails.
std::vector<float> run(const std::vector<cd::strided_copy>& copies, const operands& in, std::size_t count) {
  std::vector<float> out(count, -1e30F);
  auto* to = reinterpret_cast<std::byte*>(out.data());
  for (const cd::strided_copy& c : copies) {
    const auto source = std::as_bytes(in[static_cast<std::size_t>(c.operand)]);
    for (const auto& [place, size] : {std::pair{c.from, source.size()}, std::pair{c.to, count * sizeof(float)}}) {
      REQUIRE(place.row >= c.width);
      if (c.slices > 1) REQUIRE(place.slice % place.row == 0);
      if (c.slices > 1) REQUIRE(place.slice / place.row >= c.rows);
      REQUIRE(place.offset + (c.slices - 1) * place.slice + (c.rows - 1) * place.row + c.width <= size);
    }
    for (std::size_t s = 0; s < c.slices; ++s)
      for (std::size_t r = 0; r < c.rows; ++r)
        std::memcpy(to + c.to.offset + s * c.to.slice + r * c.to.row,
                    source.data() + c.from.offset + s * c.from.slice + r * c.from.row, c.width);
  }
  return out;
}

std::vector<float> run(const cd::softmax_call& c, std::span<const float> in) {
  std::vector<float> out(in.size());
  const auto parts = static_cast<std::size_t>(c.parts);
  const auto channels = static_cast<std::size_t>(c.channels);
  for (std::size_t m = 0; m < static_cast<std::size_t>(c.maps); ++m)
    for (std::size_t i = 0; i < channels; ++i) {
      const auto at = [&](std::size_t p) { return (m * parts + p) * channels + i; };
      double sum = 0;
      for (std::size_t p = 0; p < parts; ++p) sum += std::exp(static_cast<double>(in[at(p)]));
      for (std::size_t p = 0; p < parts; ++p)
        out[at(p)] = static_cast<float>(std::exp(static_cast<double>(in[at(p)])) / sum);
    }
  return out;
}

void load(test::computed_graph& graph, cd::role what, std::span<const float> numbers) {
  test::computed_tensor* t = graph.find(what);
  if (t == nullptr) return;
  REQUIRE(t->numbers.size() == numbers.size());
  std::ranges::copy(numbers, t->numbers.begin());
}

std::vector<float> run(test::computed_graph graph, const kernel& k, const operands& in, std::span<const float> residual,
                       const layer_weights& w) {
  load(graph, cd::role::input, in.front());
  load(graph, cd::role::second, k.residual ? residual : in.back());
  load(graph, cd::role::weights, w.kernel);
  load(graph, cd::role::bias, w.bias);
  graph.run();
  const test::computed_tensor* out = graph.find(cd::role::output);
  REQUIRE(out != nullptr);
  return {out->numbers.begin(), out->numbers.end()};
}

/// The output of one kernel.
std::vector<float> compute(const kernel& k, int batch, const operands& in, std::span<const int> channels,
                           std::span<const float> residual, const layer_weights& w) {
  const std::size_t count = static_cast<std::size_t>(k.core.output.elements() * batch);
  auto said = lowering(data_type::f32, batch)(k, channels);
  if (const auto* copies = std::get_if<std::vector<cd::strided_copy>>(&said)) return run(*copies, in, count);
  if (const auto* call = std::get_if<cd::softmax_call>(&said)) return run(*call, in.front());
  if (std::holds_alternative<cd::fill_with_zeros>(said)) return std::vector<float>(count, 0.0F);
  return run(std::get<test::computed_graph>(std::move(said)), k, in, residual, w);
}

/// Every kernel of a network as one graph, and as its parts, against what the reference makes of the same maps.
void compare(const network& graph, int batch, std::uint64_t seed) {
  const weights values = random_weights(graph, seed);
  reference::compiled expected(graph, values, batch);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), seed);
  std::vector<float> out(test::output_size(graph, batch));
  expected.run(in, out);
  for (const kernel& k : fuse(graph)) {
    operands maps;
    std::vector<int> channels;
    for (int i = 0; i < k.core.operand_count; ++i) {
      const int tensor = k.core.operands[static_cast<std::size_t>(i)];
      maps.push_back(expected.tensor(tensor));
      channels.push_back(graph.tensor_shape(tensor).channels);
    }
    const std::span<const float> residual = k.residual ? expected.tensor(k.residual_tensor) : std::span<const float>{};
    const std::span<const float> right = expected.tensor(k.output_tensor);
    INFO("seed " << seed << ", batch " << batch << ", kernel " << k.signature());
    if (cd::lowering::refuses(k.core)) {
      CHECK_THROWS_AS(lowering(data_type::f32, batch)(k, channels), cudnn::library_error);
      continue;
    }
    if (!cd::lowering::must_split(k))
      CHECK(test::distance(compute(k, batch, maps, channels, residual, values[k.first_layer]), right) <= 1e-5);
    if (const auto halves = split(k)) {
      const auto& [first, second] = *halves;
      CHECK(first.first_layer == k.first_layer);
      CHECK(second.last_layer == k.last_layer);
      CHECK(second.output_tensor == k.output_tensor);
      const std::vector<float> middle = compute(first, batch, maps, channels, {}, values[k.first_layer]);
      operands after{middle};
      if (k.residual) after.push_back(residual);
      CHECK(test::distance(compute(second, batch, after, {}, {}, {}), right) <= 1e-5);
    }
  }
}

network some_network(std::uint64_t seed) {
  return test::random_network(seed, 1 + static_cast<int>(seed / 2 % 4), seed % 2 == 0);
}

void compare_some(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t seed = from; seed < to; ++seed) compare(some_network(seed), 1 + static_cast<int>(seed % 3), seed);
}

constexpr std::uint64_t few = 120;
constexpr std::uint64_t many = 400;

}  // namespace

TEST_CASE("lower: every kernel of random networks says what the reference computes") { compare_some(0, few); }

TEST_CASE("lower: every kernel of more random networks says what the reference computes", "[long]") {
  compare_some(few, many);
}

TEST_CASE("lower: every kind of layer, activation and padding is among the first of those networks") {
  std::set<layer_kind> kinds;
  std::set<activation> acts;
  std::set<padding> paddings;
  bool uneven = false;
  for (std::uint64_t seed = 0; seed < few; ++seed) {
    const network graph = some_network(seed);
    for (const layer& l : graph.layers()) {
      kinds.insert(l.kind);
      acts.insert(l.act);
      paddings.insert(l.pad);
      uneven = uneven || padding_of(l).above != padding_of(l).below;
    }
  }
  CHECK(kinds.size() == 32);
  CHECK(acts.size() == activation_count - 1);  // all but zero
  CHECK(paddings.size() >= 3);
  CHECK(uneven);
}

TEST_CASE("lower: an activation of its own for each, the gate of many images, and nothing but zeros") {
  for (int number = 0; number < activation_count; ++number) {
    const auto act = static_cast<activation>(number);
    compare(make_network("act", {1, 5, 4, 6},
                         [&](auto& net, tensor x) {
                           x = net.conv(x, {.filters = 8, .kernel = 3, .act = act});
                           x = net.add(net.conv(x, {.filters = 8}), x, act);
                           net.activate(x, act == identity ? relu : act);
                         }),
            3, 7);
  }
}

TEST_CASE("lower: activations with numbers of their own") {
  for (const activation_function& f : test::functions_with_numbers)
    compare(make_network("act", {1, 5, 4, 6},
                         [&](auto& net, tensor x) {
                           x = net.conv(x, {.filters = 8, .kernel = 3, .act = f});
                           x = net.add(net.conv(x, {.filters = 8}), x, f);
                           net.activate(x, f);
                         }),
            3, 7);
  compare(make_network("slopes", {1, 5, 4, 6}, [&](auto& net, tensor x) { net.prelu(net.prelu(x)); }), 3, 7);
}

TEST_CASE("lower: blocks move by image or by row of blocks, whichever is fewer copies") {
  const network several = make_network("many images", {1, 4, 6, 5},
                                       [](auto& net, tensor x) { net.batch_to_space(net.space_to_batch(x, 2), 2); });
  const network single = make_network("few images", {1, 24, 6, 5},
                                      [](auto& net, tensor x) { net.batch_to_space(net.space_to_batch(x, 3), 3); });
  compare(several, 7, 1);
  compare(single, 2, 2);
  const auto copies = [](const network& graph, int batch) {
    return std::get<std::vector<cd::strided_copy>>(lowering(data_type::f32, batch)(fuse(graph).front(), {})).size();
  };
  CHECK(copies(several, 7) == 2 * 4);  // two rows of blocks
  CHECK(copies(several, 1) == 1 * 4);  // one image
  CHECK(copies(single, 2) == 2 * 9);
}
