// SPDX-License-Identifier: Apache-2.0
// A block of your own in twenty lines: counted, searched and measured like those of the library.
#include <cstdio>

#include "program.hpp"

#include <nascent/nascent.hpp>

using namespace nascent;

/// Ghost block (Han et al., 2020), as you would write it if `ghost` were not there: half of the features by a
/// convolution, the other half by a cheap depthwise one.
template <class Filters = int, class Kernel = int, class Act = activation>
struct own_ghost {
  Filters filters;
  Kernel kernel{3};
  Act act{relu};

  struct roles {
    role::width filters;
    role::count kernel;
  };

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto primary = net.conv(input, {.filters = filters / 2, .stride = stride, .act = act});
    auto cheap = net.depthwise_conv(primary, {.kernel = kernel, .act = act});
    return net.concatenate(primary, cheap);
  }
};

inline constexpr auto ghosts = define([] {
  return search_space("ghosts")
      .input(3, 96)
      .stage("stem", conv{.filters = 16})
      .stride(2)
      .stage("1",
             either(own_ghost{.filters = range(24, 48, 8), .kernel = one_of(3, 5)}, mbconv{.filters = one_of(24, 32)}))
      .stride(2)
      .layers(range(1, 4))
      .stage("2", own_ghost{.filters = 96, .act = one_of(relu, hswish)})
      .stride(2)
      .layers(independent(range(1, 3)))
      .head(global_pool{}, dense{10});
});
static_assert(ghosts.size() == (4 * 2 + 2) * 4 * (2 + 4 + 8));  // exact, by the compiler

static void program() {
  random_engine rng(7);
  for (int i = 0; i < 5; ++i) {
    const auto net = ghosts.sample(rng);
    const counts c = count(net);
    std::printf("network %3s: %2d layers, %7lld parameters, %9lld MACs\n", to_decimal(ghosts.rank(net)).c_str(),
                c.layers, static_cast<long long>(c.params), static_cast<long long>(c.macs));
  }
  for (const kernel& k : fuse(to_network(ghosts.unrank(0)))) std::printf("  %s\n", k.signature().c_str());
}

int main(int argc, char** argv) {
  return examples::run_program("custom_block", argc, argv,
                               "A block of its own in a space: draws five networks, and lists the kernels of the "
                               "first.\n\nExample: custom_block",
                               program);
}
