// SPDX-License-Identifier: Apache-2.0
/// \file
/// Search spaces of published benchmarks, as users of the library would declare them.
#pragma once

#include <cstdint>

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace test {

using namespace nascent;

namespace detail {

constexpr auto macro_blocks(int filters) {
  return either(mbconv{.filters = filters, .expand = 3}, mbconv{.filters = filters, .kernel = 5, .expand = 6});
}
/// The first layer of a stage halves the map: an identity is a 1x1 convolution there.
constexpr auto macro_first(int filters) {
  return either(conv{.filters = filters, .kernel = 1, .act = nascent::identity}, mbconv{.filters = filters, .expand = 3},
                mbconv{.filters = filters, .kernel = 5, .expand = 6});
}

}  // namespace detail

/// NAS-Bench-Macro (Su et al., 2021): every layer is the identity, an MBConv 3x3 of expansion 3 or an MBConv 5x5 of expansion 6. Identities
/// after the first layer of a stage are no layers at all, so that networks are counted once: 9 x 21 x 21 = 3969.
inline constexpr auto nas_bench_macro = define([] {
  return search_space("NAS-Bench-Macro")
      .input(3, 32)
      .stage("stem", conv{.filters = 32})
      .stage("1", detail::macro_first(64)).stride(2)
      .stage("1 later", detail::macro_blocks(64)).layers(independent(range(0, 1)))
      .stage("2", detail::macro_first(128)).stride(2)
      .stage("2 later", detail::macro_blocks(128)).layers(independent(range(0, 2)))
      .stage("3", detail::macro_first(256)).stride(2)
      .stage("3 later", detail::macro_blocks(256)).layers(independent(range(0, 2)))
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{10});
});

/// The same with a choice for each of the eight layers, as its codes have it: 3^8 = 6561.
inline constexpr auto nas_bench_macro_codes = define([] {
  constexpr auto maybe = range(0, 1);
  return search_space("NAS-Bench-Macro codes")
      .input(3, 32)
      .stage("stem", conv{.filters = 32})
      .stage("1a", detail::macro_first(64)).stride(2)
      .stage("1b", detail::macro_blocks(64)).layers(maybe)
      .stage("2a", detail::macro_first(128)).stride(2)
      .stage("2b", detail::macro_blocks(128)).layers(maybe)
      .stage("2c", detail::macro_blocks(128)).layers(maybe)
      .stage("3a", detail::macro_first(256)).stride(2)
      .stage("3b", detail::macro_blocks(256)).layers(maybe)
      .stage("3c", detail::macro_blocks(256)).layers(maybe)
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{10});
});

/// An edge of NAS-Bench-201's cell.
enum class operation : std::uint8_t { none, pass, conv1, conv3, pool };

constexpr const char* to_string(operation o) {
  constexpr const char* names[] = {"none", "pass", "conv1", "conv3", "pool"};
  return names[static_cast<std::size_t>(o)];
}

/// NAS-Bench-201's cell (Dong and Yang, 2020): four nodes, every earlier node leads to every later one by one of five operations.
template <class A = operation, class B = operation, class C = operation, class D = operation, class E = operation, class G = operation>
struct cell_201 {
  A edge_01;
  B edge_02;
  C edge_12;
  D edge_03;
  E edge_13;
  G edge_23;

  constexpr auto operator()(auto& net, auto input, int /*stride*/) const {
    const auto one = node(net, {input}, {edge_01});
    const auto two = node(net, {input, one}, {edge_02, edge_12});
    return node(net, {input, one, two}, {edge_03, edge_13, edge_23});
  }

 private:
  /// The sum of what its edges bring. No edge at all is a node of zeros; here the first one stands for it.
  template <std::size_t N>
  static constexpr auto node(auto& net, const tensor (&from)[N], const operation (&edges)[N]) {
    tensor sum = from[0];
    bool any = false;
    for (std::size_t i = 0; i < N; ++i) {
      if (edges[i] == operation::none) continue;
      tensor x = from[i];
      if (edges[i] == operation::conv1 || edges[i] == operation::conv3)
        x = net.conv(x, {.filters = x.channels, .kernel = edges[i] == operation::conv1 ? 1 : 3, .act = relu});
      else if (edges[i] == operation::pool)
        x = net.average_pool(x, {.kernel = 3, .stride = 1});
      sum = any ? net.add(x, sum) : x;
      any = true;
    }
    return sum;
  }
};

inline constexpr auto nas_bench_201 = define([] {
  constexpr auto any = one_of(operation::none, operation::pass, operation::conv1, operation::conv3, operation::pool);
  const auto cell = cell_201{any, any, any, any, any, any};
  return search_space("NAS-Bench-201").input(3, 32).stage("stem", conv{.filters = 16}).stage("cell", cell).layers(5);
});

/// Accel-NASBench (Ahmad et al., 2024): seven MBConv stages that choose expansion, kernel, squeeze-and-excite and layers.
inline constexpr auto accel_nasbench = define([] {
  constexpr auto block = [](int filters) {
    return mbconv{.filters = filters, .kernel = one_of(3, 5), .expand = one_of(1, 4, 6), .se = one_of(0, .25), .act = swish};
  };
  return search_space("Accel-NASBench")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish}).stride(2)
      .stage("0", block(16)).layers(range(1, 3))
      .stage("1", block(24)).stride(2).layers(range(1, 3))
      .stage("2", block(40)).stride(2).layers(range(1, 3))
      .stage("3", block(80)).stride(2).layers(range(1, 3))
      .stage("4", block(112)).layers(range(1, 3))
      .stage("5", block(192)).stride(2).layers(range(1, 4))
      .stage("6", block(320)).layers(range(1, 3))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

}  // namespace test
