// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/network_predictor.hpp"

#include <cmath>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/network/network.hpp"

using namespace nascent;
using Catch::Approx;

namespace {

/// A device whose kernels take what their multiply-adds and maps cost: a law that can be learnt.
std::int64_t lawful_ns(const kernel& k) {
  return static_cast<std::int64_t>(2000 + static_cast<double>(macs(k.core)) / 4 +
                                   static_cast<double>(traffic(k, data_type::f32, 1)) / 8);
}

fake::executor lawful(int& runs) {
  return {.act = [](const kernel& k, std::size_t) { fake::work(lawful_ns(k)); },
          .on_compile = [&](const network&) { ++runs; }};
}

network pyramid(int width, int size) {
  return make_network("pyramid " + std::to_string(width), {.height = size, .width = size, .channels = 3},
                      [&](auto& net, auto x) {
                        x = net.conv(x, {.filters = width, .kernel = 3, .stride = 2, .act = relu});
                        x = net.depthwise_conv(x, {.kernel = 5, .act = relu});
                        x = net.conv(x, {.filters = 2 * width, .kernel = 3, .stride = 2, .act = relu});
                        x = net.conv(x, {.filters = 3 * width, .act = relu});
                        x = net.global_pool(x);
                        net.dense(x, {.units = 10});
                      });
}

double truth_ms(const network& graph) {
  double sum = 0;
  for (const kernel& k : fuse(graph)) sum += 1e-6 * static_cast<double>(lawful_ns(k));
  return sum;
}

struct measured_kernel {
  kernel what;
};

std::vector<measured_kernel> kernels_of(std::span<const network> networks) {
  std::vector<measured_kernel> all;
  for (const network& graph : networks)
    for (const kernel& k : fuse(graph)) all.push_back({k});
  return all;
}

constexpr latency_table_options how{.placements = {.least = 1, .common_effects = false},
                                    .measure = {.min_samples = 5, .budget_ms = 50, .clocks = fake::clocks}};

}  // namespace

TEST_CASE("networks that were never run are predicted from kernels that were, and the prediction says so") {
  int runs = 0;
  fake::folder folder;
  fake::executor device = lawful(runs);
  latency_table table(folder.path() / "t.db", device, how);
  std::vector<network> seen;
  for (const int width : {8, 12, 16, 24, 32, 48, 64})
    for (const int size : {32, 48, 64}) seen.push_back(pyramid(width, size));
  table.measure_missing(seen);
  const int filled = runs;
  network_predictor predict(table, kernels_of(seen));

  const latency_prediction known = predict.predict(seen[3]);
  CHECK(known.estimated == 0);
  CHECK(known.ms == Approx(truth_ms(seen[3])).epsilon(0.001));

  for (const int width : {20, 40}) {
    const network fresh = pyramid(width, 56);
    const latency_prediction p = predict.predict(fresh);
    CHECK(p.estimated > 0);
    CHECK(p.missing == 0);
    CHECK(p.ms == Approx(truth_ms(fresh)).epsilon(0.15));
    CHECK(p.low_ms < truth_ms(fresh));
    CHECK(p.high_ms > truth_ms(fresh));
  }
  CHECK(runs == filled);  // nothing was measured for it
}

TEST_CASE("verifying a network measures what was estimated, once") {
  int runs = 0;
  fake::folder folder;
  fake::executor device = lawful(runs);
  latency_table table(folder.path() / "t.db", device, how);
  std::vector<network> seen;
  for (const int width : {8, 16, 32, 64}) seen.push_back(pyramid(width, 32));
  table.measure_missing(seen);
  network_predictor predict(table, kernels_of(seen));
  const std::size_t before = predict.measured();

  const network fresh = pyramid(20, 56);
  const std::size_t estimated = predict.predict(fresh).estimated;
  CHECK(predict.verify(fresh).measured == estimated);
  CHECK(predict.predict(fresh).estimated == 0);
  CHECK(predict(fresh) == Approx(truth_ms(fresh)).epsilon(0.001));
  CHECK(predict.measured() == before + estimated);
  const int after = runs;
  predict.verify(fresh);
  CHECK(runs == after);
}

TEST_CASE("a table that has measured none of the kernels estimates nothing") {
  int runs = 0;
  fake::folder folder;
  fake::executor device = lawful(runs);
  latency_table table(folder.path() / "t.db", device, how);
  const std::vector<network> seen{pyramid(8, 32)};
  CHECK_THROWS_AS(network_predictor(table, kernels_of(seen)), std::exception);
}
