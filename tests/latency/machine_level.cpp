// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/machine_level.hpp"

#include <string>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using namespace nascent;

constexpr measure_options how{.warm_up = 1, .min_samples = 8, .budget_ms = 1e6, .clocks = fake::clocks};

/// Takes `slowdown` times as long as at first.
struct machine {
  double slowdown = 1;
  int compiled = 0;
  fake::executor device{
      .act =
          [this](const kernel& k, std::size_t) {
            fake::work(static_cast<std::int64_t>(slowdown * static_cast<double>(fake::kernel_ns(k.signature()))));
          },
      .on_compile = [this](const network&) { ++compiled; }};
};

TEST_CASE("the level is that of the machine when the references ran last, and they run again when it is time") {
  machine cpu;
  latency_table table(":memory:", cpu.device, {.placements = {.least = 1, .most = 1}, .measure = how});
  std::vector<network> references;
  for (int i = 0; i < 7; ++i) references.push_back(fake::residual_network(8 + 8 * i, 2));
  for (int i = 1; i < 7; ++i) table.measure_missing(references[static_cast<std::size_t>(i)]);  // the first is unknown

  cpu.compiled = 0;
  machine_level level(table, cpu.device, references, {.networks = 3, .every_s = 60, .measure = how});
  CHECK(cpu.compiled == 3);
  CHECK(level.last().networks.size() == 3);
  CHECK(level.ratio() == Approx(1).epsilon(1e-3));

  cpu.slowdown = 1.024;
  fake::now += 59'000'000'000;
  CHECK_FALSE(level.renew());
  CHECK(level.ratio() == Approx(1).epsilon(1e-3));
  fake::now += 1'000'000'000;
  CHECK(level.renew());
  CHECK_FALSE(level.renew());
  CHECK(level.ratio() == Approx(1.024).epsilon(1e-3));
  CHECK(level.text() == "the machine takes 1.024 (1.024 to 1.024) of the table's times");
  CHECK(cpu.compiled == 3);

  // A prediction, taken off what the machine does, is what it takes now.
  CHECK(level.ratio() * table.predict(references[6]).ms ==
        Approx(validate(table, cpu.device, std::vector{references[6]}, {.measure = how}).networks[0].measured_ms)
            .epsilon(1e-3));
}

TEST_CASE("one reference at least is known, and its times are of this device and of running networks") {
  machine cpu;
  latency_table table(":memory:", cpu.device, {.measure = how});
  const std::vector<network> references{fake::residual_network(8, 2)};
  const auto refused = [&](const latency_table& t, auto& device, const machine_level_options& options) {
    return fake::message_of<nascent::error>([&] { machine_level(t, device, references, options); });
  };
  CHECK(refused(table, cpu.device, {.measure = how}) ==
        "nascent: latency table ':memory:', machine level: found all kernels of none of 1 networks; allowed: 1 network "
        "or more that it knows; measure more of their kernels, or give others");
  CHECK(refused(table, cpu.device, {.every_s = -1, .measure = how}) ==
        "nascent: machine_level_options.every_s: found -1; allowed: 0 or more");
  machine other;
  other.device.device.device = "another";
  CHECK(refused(table, other.device, {.measure = how}).find("latency.device") == std::string::npos);
  CHECK(refused(table, other.device, {.measure = how}).find("the table's, fake") != std::string::npos);
  const latency_table cold(":memory:", cpu.device, {.context = cache_context::cold, .measure = how});
  CHECK(refused(cold, cpu.device, {.measure = how}).find("'in_network'") != std::string::npos);
}

}  // namespace
