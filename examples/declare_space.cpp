// SPDX-License-Identifier: Apache-2.0
// Which networks are possible, how many there are, and what they cost.
#include <cstdio>

#include "program.hpp"

#include <nascent/nascent.hpp>

using namespace nascent;

constexpr auto acts = one_of(relu, swish);

inline constexpr auto mobile = define([] {
  return search_space("mobile")
      .input(3, range(160, 224, 32))
      .stage("stem", conv{.filters = one_of(16, 24, 32), .act = acts})
      .stride(2)
      .stage("1", mbconv{.filters = tied_to("stem.filters"), .expand = 1})
      .stage("2", fused_mbconv{.filters = range(24, 48, 8), .kernel = one_of(3, 5), .expand = range(2, 6), .act = acts})
      .stride(2)
      .layers(range(1, 3))
      .stage("3", either(mbconv{.filters = range(40, 80, 8), .expand = range(2, 6), .se = one_of(0, .25), .act = acts},
                         bottleneck{.filters = 64, .groups = one_of(1, 2, 4)}))
      .stride(2)
      .layers(range(1, 4))
      .stage("4", mbconv{.filters = 96 * one_of(.75, 1., 1.25), .kernel = one_of(3, 5, 7), .act = acts})
      .stride(one_of(1, 2))
      .layers(range(0, 4))
      .skip(one_of("none", "2"))
      .head(conv{.filters = 960, .kernel = 1, .act = acts}, global_pool{}, dense{1000})
      .require("2.filters", "2.expand", [](int filters, int expand) { return filters * expand <= 192; });
});

static_assert(mobile.size() == 982'803'456);
static_assert(count(mobile.unrank(0)).macs < 1'000'000'000);

static void program() {
  std::printf("%s: %s networks, %zu decisions\n", mobile.name(), to_decimal(mobile.size()).c_str(), mobile.slot_count);
  std::printf("MACs %.0f M to %.0f M\n", static_cast<double>(min_macs(mobile)) * 1e-6,
              static_cast<double>(max_macs(mobile)) * 1e-6);

  random_engine rng(1);
  const auto net = mobile.sample(rng);  // every network is equally likely
  const costs c = cost(net, {.type = data_type::f32, .batch = 1});
  std::printf("\nnetwork %s\n", to_decimal(mobile.rank(net)).c_str());
  for (std::size_t k = 0; k < mobile.slot_count; ++k)
    if (net.digits[k] != inactive)
      std::printf("  %-20s %s\n", mobile.slot(k).path.c_str(), mobile.value(k, net.digits[k]).text().c_str());
  std::printf("%lld parameters, %lld MACs, %lld bytes of traffic, %.1f operations per byte\n",
              static_cast<long long>(c.params), static_cast<long long>(c.macs), static_cast<long long>(c.traffic),
              c.operational_intensity());
}

int main(int argc, char** argv) {
  return examples::run_program(
      "declare_space", argc, argv,
      "Declares a space of networks, counts it, draws one network and says what it costs.\n\nExample: declare_space",
      program);
}
