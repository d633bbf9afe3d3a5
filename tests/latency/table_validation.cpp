// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/table_validation.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels/spaces.hpp"
#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/latency/build_table.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

constexpr measure_options how{.warm_up = 1, .min_samples = 8, .budget_ms = 1e6, .clocks = fake::clocks};
const latency_table_options table_options{.placements = {.least = 1, .most = 1}, .measure = how};

/// Takes `slowdown` times as long as at first.
struct machine {
  double slowdown = 1;
  fake::executor device{.act = [this](const kernel& k, std::size_t) {
    fake::work(static_cast<std::int64_t>(slowdown * static_cast<double>(fake::kernel_ns(k.signature()))));
  }};
};

TEST_CASE("a machine that has become slower since a table was filled is found out") {
  machine cpu;
  const kernel_trellis trellis(test::plain);
  latency_table table(":memory:", cpu.device, table_options);
  build_table(trellis, table);
  const table_validation same = validate(trellis, table, cpu.device, {.networks = 20, .measure = how});
  CHECK(same.networks.size() == 20);
  CHECK(same.ratio == Approx(1).epsilon(1e-3));
  CHECK(same.mean_absolute_error < 1e-3);

  cpu.slowdown = 1.1;
  const std::size_t rows = table.size();
  const table_validation slower = validate(trellis, table, cpu.device, {.networks = 20, .measure = how});
  CHECK(slower.ratio == Approx(1.1).epsilon(1e-3));
  CHECK(slower.low <= slower.ratio);
  CHECK(slower.high >= slower.ratio);
  CHECK(slower.mean_absolute_error == Approx(1 - 1 / 1.1).epsilon(1e-2));
  CHECK(slower.mean_absolute_error_at_ratio < 1e-3);
  CHECK(table.size() == rows);
}

TEST_CASE("networks that the table does not know, or only by estimates, are left out") {
  machine cpu;
  latency_table table(":memory:", cpu.device, table_options);
  const std::vector<network> networks{fake::residual_network(8, 2), fake::residual_network(16, 2)};
  const auto refused = [&] {
    return fake::message_of<latency_table_error>([&] { validate(table, cpu.device, networks, {.measure = how}); });
  };
  CHECK(refused() ==
        "nascent: latency table ':memory:', validate: found all kernels of none of 2 networks; allowed: 1 network or "
        "more that "
        "it knows; measure more of their kernels, or give others");
  table.measure_missing(networks[1]);
  const table_validation one = validate(table, cpu.device, networks, {.measure = how});
  CHECK(one.networks.size() == 1);
  CHECK(one.low == one.high);
  std::vector<latency_entry> estimates;
  for (const kernel& k : fuse(networks[0]))
    estimates.push_back(
        {.signature = k.signature(), .time = {.median_ms = 1, .trimmed_mean_ms = 1}, .estimated = true});
  table.add(estimates);
  CHECK(table.predict(networks[0]).complete());
  CHECK(validate(table, cpu.device, networks, {.measure = how}).networks.size() == 1);
}

TEST_CASE("another device than the table's, another cache context and no networks are refused") {
  machine cpu;
  const kernel_trellis trellis(test::plain);
  latency_table table(":memory:", cpu.device, table_options);
  CHECK(fake::message_of<nascent::error>([&] { validate(trellis, table, cpu.device, {.networks = 0}); }) ==
        "nascent: validation_options.networks: found 0; allowed: 1 or more");
  latency_table_options cold = table_options;
  cold.context = cache_context::cold;
  latency_table of_cold(":memory:", cpu.device, cold);
  CHECK(fake::message_of<latency_table_error>([&] { validate(trellis, of_cold, cpu.device); }) ==
        "nascent: latency table ':memory:', validate: found times 'cold'; allowed: 'in_network'; networks that run "
        "cannot confirm others: open it for these");
  machine other;
  other.device.device.threads = 2;
  CHECK(fake::message_of<nascent::error>([&] { validate(trellis, table, other.device); }) ==
        "nascent: validate, device: found fake, fake 1.0, any, 2 threads, f32; allowed: the table's, fake, fake 1.0, "
        "any, 1 thread, f32; open the table for this one");
}

}  // namespace
