// SPDX-License-Identifier: Apache-2.0
// Numbers that stand for accuracies before anything is trained. What is expected was printed by
// tests/training/proxies.py (torch 2.15): the papers' formulas in PyTorch, for the network, the parameters and the
// images of this file.
#include "nascent/training/proxies.hpp"

#undef CHECK  // PyTorch has one, too
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "made_images.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/block/block.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/scaling/lacs.hpp"
#include "nascent/search/search.hpp"
#include "nascent/space/space.hpp"
#include "nascent/training/size_proxies.hpp"

using namespace nascent;
using Catch::Matchers::WithinRel;
using test::refusal;
using test::says;

namespace {

network wavy() {
  return make_network("wavy", {1, 6, 6, 2}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = 3, .stride = 2, .act = relu});
    x = net.add(net.depthwise_conv(x, {.kernel = 3, .act = hswish}), x);
    x = net.conv(x, {.filters = 6, .act = relu6, .bias = true});
    net.dense(net.global_pool(x), {.units = 3});
  });
}

/// Kernels are sines, biases 0.1.
network_parameters sines(const network& graph, std::uint64_t seed) {
  network_parameters all = initial_parameters(graph, seed);
  constexpr double scales[]{0.5, 0.6, 0, 0.7, 0, 0.8};
  for (std::size_t l = 0; l < all.size(); ++l) {
    for (std::size_t i = 0; i < all[l].kernel.size(); ++i) {
      const auto x = static_cast<double>(i);
      all[l].kernel[i] = static_cast<float>(scales[l] * std::sin(1 + 0.7 * x * (x + 3) + 2.3 * static_cast<double>(l)));
    }
    for (float& b : all[l].bias) b = 0.1F;
  }
  return all;
}

constexpr std::size_t count = 24;

/// In the order in which proxies draw them with this seed.
image_set wavy_images(std::uint64_t seed) {
  image_set all{"wavy", 6, 6, 2, 3, std::vector<std::uint8_t>(count * 72), std::vector<int>(count)};
  random_engine rng(seed);
  const std::vector<std::size_t> order = shuffled_numbers(count, rng);
  for (std::size_t image = 0; image < count; ++image) {
    for (std::size_t k = 0; k < 72; ++k) {
      const std::size_t i = image * 72 + k;
      const auto x = static_cast<double>(i);
      all.pixels[order[image] * 72 + k] = static_cast<std::uint8_t>(
          std::floor(127.5 + 127.4 * std::sin(0.9 * x * static_cast<double>(i % 13) + 0.01 * x)));
    }
    all.labels[order[image]] = static_cast<int>(image % 3);
  }
  return all;
}

const proxy_options options{.images = 12, .seed = 5, .initialize = sines};

}  // namespace

TEST_CASE("proxies: what their papers' formulas give in PyTorch") {
  const network graph = wavy();
  const image_set images = wavy_images(5);
  CHECK_THAT(gradient_norm(images, options)(graph).value(), WithinRel(2.2022498092543805, 1e-5));
  CHECK_THAT(zico(images, options)(graph).value(), WithinRel(25.975737948619035, 1e-4));
  CHECK_THAT(naswot(images, options)(graph).value(), WithinRel(55.424187609356444, 1e-9));
  CHECK_THAT(synflow{options}(graph).value(), WithinRel(3.6760563571436, 1e-9));
  // 8 x 2 x 9 + 16, 8 x 9 + 16, 6 x 8 + 6, 3 x 6 + 3 parameters; 9 positions of the first three.
  CHECK(parameter_count{}(graph) == 160 + 88 + 54 + 21);
  CHECK(mac_count{}(graph) == 9 * (144 + 72 + 48) + 18);
}

TEST_CASE("proxies: synflow of a chain of convolutions is its number of kernels times what flows") {
  // By hand: every path's product is in the sum once for each of its kernels. Flow: 2 channels of ones, weights of 1/2.
  const network graph = make_network("chain", {1, 4, 4, 2}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 3, .act = relu});
    net.conv(net.conv(x, {.filters = 5, .act = relu}), {.filters = 1, .batch_norm = false});
  });
  const auto halves = [](const network& g, std::uint64_t seed) {
    network_parameters all = initial_parameters(g, seed);
    for (layer_parameters& p : all)
      for (std::size_t i = 0; i < p.kernel.size(); ++i) p.kernel[i] = i % 2 == 0 ? 0.5F : -0.5F;
    return all;
  };
  // 16 positions of 2 x 1/2 = 1, x 3 / 2, x 5 / 2.
  CHECK_THAT(synflow{{.initialize = halves}}(graph).value(), WithinRel(std::log(3 * 16 * 1.5 * 2.5), 1e-12));
}

TEST_CASE("proxies: what has no value is none, and what is wrong is refused") {
  const network graph = wavy();
  image_set same = wavy_images(5);
  for (std::size_t i = 0; i < same.pixels.size(); ++i) same.pixels[i] = same.pixels[i % 72];
  CHECK_FALSE(naswot(same, options)(graph).has_value());  // equal rows
  const network linear = make_network("linear", {1, 6, 6, 2}, [](auto& net, tensor x) {
    net.dense(net.global_pool(net.conv(x, {.filters = 4})), {.units = 3});
  });
  const image_set images = wavy_images(5);
  CHECK_FALSE(naswot(images, {.images = 12})(linear).has_value());  // no unit rectifies
  const auto nothing = [](const network& g, std::uint64_t seed) {
    network_parameters all = initial_parameters(g, seed);
    for (layer_parameters& p : all) p.kernel.assign(p.kernel.size(), 0);
    return all;
  };
  CHECK_FALSE(synflow{{.initialize = nothing}}(linear).has_value());

  CHECK(says(refusal([&] { gradient_norm(images, {.images = 1}); }), "proxy_options.images: found 1"));
  CHECK(says(refusal([&] { naswot(images, {.images = 25}); }), "allowed: 24 at most"));
  CHECK(says(refusal([&] { zico(images, {.images = 13}); }), "allowed: 12 at most"));
  CHECK(says(refusal([&] { zico(images, {.images = 12, .batches = 1}); }), "proxy_options.batches: found 1"));
  const image_set other = test::made_images(24, 1);  // 8 x 8, four classes
  CHECK(says(refusal([&] { naswot(other, {.images = 12})(graph); }), "training.images"));
}

namespace {
constexpr auto growing = define([] {
  return search_space("growing")
      .input(2, 8)
      .round_widths({.divisor = 4})
      .stage("stem", conv{.filters = one_of(4, 8), .act = relu})
      .stage("1", mbconv{.filters = one_of(4, 8), .kernel = one_of(3, 5), .expand = 2, .act = relu})
      .head(global_pool{}, dense{4});
});
}  // namespace

TEST_CASE("proxies: searches and scaling ask them as they ask an accuracy") {
  const image_set images = test::made_images(40, 1);
  const naswot proxy(images, {.images = 16, .resize = true});
  const auto found = search(growing, proxy, mac_count{}, [](const metrics& m) { return m.accuracy; }, {.trials = 5});
  double best = -1e9;
  for (const auto& t : found.history) best = std::max(best, evaluate(proxy, t.candidate).value());
  CHECK(found.best().reward == best);
  const auto scaled = lacs(found.best().candidate, proxy, mac_count{},
                           {.levels = 1, .factor = 2, .divisions = 1, .refinements = 0, .interpolate = false});
  CHECK(scaled.trials.size() == 3);
  CHECK(scaled.levels[1].accuracy.has_value());
}
