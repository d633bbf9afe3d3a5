// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/compare_networks.hpp"

#include <vector>

#include "fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using Catch::Approx;
using nascent::compare_networks;

namespace {

/// What a network takes on the pretended device: the sum of its kernels.
double ms_of(const nascent::network& graph) {
  double sum = 0;
  for (const nascent::kernel& k : nascent::fuse(graph))
    sum += 1e-6 * static_cast<double>(fake::kernel_ns(k.signature()));
  return sum;
}

constexpr nascent::compare_options how{.measure = {.clocks = fake::clocks}};

}  // namespace

TEST_CASE("networks are timed in turns, and stand against the first one") {
  const std::vector<nascent::network> networks{fake::residual_network(8, 2), fake::residual_network(16, 3),
                                               fake::residual_network(24, 1)};
  fake::executor device;
  const auto found = compare_networks(device, networks, how);
  REQUIRE(found.size() == 3);
  CHECK_FALSE(found[0].against_first);
  for (std::size_t i = 0; i < 3; ++i) CHECK(found[i].time.median_ms == Approx(ms_of(networks[i])));
  for (std::size_t i = 1; i < 3; ++i)
    CHECK(found[i].against_first->median == Approx(ms_of(networks[i]) / ms_of(networks[0])));
}

TEST_CASE("what slows the machine for a while does not change ratios") {
  int run = 0;
  fake::executor device{.act = [&](const nascent::kernel& k, std::size_t place) {
    run += place == 0;
    fake::work((run / 40 % 2 + 1) * fake::kernel_ns(k.signature()));  // every 40 runs twice as slow
  }};
  const std::vector<nascent::network> networks{fake::residual_network(8, 2), fake::residual_network(16, 3)};
  const auto found = compare_networks(device, networks, how);
  CHECK(found[1].against_first->median == Approx(ms_of(networks[1]) / ms_of(networks[0])).epsilon(0.01));
}

TEST_CASE("one network is measured, no network is none") {
  fake::executor device;
  const nascent::network graph = fake::residual_network(8, 2);
  const auto found = compare_networks(device, std::span(&graph, 1), how);
  REQUIRE(found.size() == 1);
  CHECK(found[0].time.median_ms == Approx(ms_of(graph)));
  CHECK(compare_networks(device, {}, how).empty());
}

TEST_CASE("networks on a device with its own clock are compared by it") {
  fake::self_timed_executor device;
  const std::vector<nascent::network> networks{fake::residual_network(8, 2), fake::residual_network(16, 3)};
  const auto found = compare_networks(device, networks, how);
  CHECK(found[0].time.median_ms == Approx(ms_of(networks[0])));  // not what a launch takes on the host
  CHECK(found[1].against_first->median == Approx(ms_of(networks[1]) / ms_of(networks[0])));
}
