// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/build_table.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../kernels/spaces.hpp"
#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/latency/exchange.hpp"
#include "nascent/latency/predictor.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/tunas.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

latency_table_options fake_options(int placements = 1) {
  return {.placements = {.least = placements, .most = placements},
          .measure = {.warm_up = 1, .min_samples = 8, .budget_ms = 1e6, .clocks = fake::clocks}};
}

/// A device that keeps to the roofline model.
fake::executor roofline_device() {
  return {.act = [](const kernel& k, std::size_t) {
    fake::work(2000 + static_cast<std::int64_t>(static_cast<double>(macs(k.core)) / 50 +
                                                static_cast<double>(traffic(k, data_type::f32, 1)) / 10));
  }};
}

// --- the cover

/// The best network found by building all.
template <class Space>
void check_best(const Space& space) {
  CAPTURE(space.name());
  const kernel_trellis trellis(space);
  network_cover cover(trellis);
  std::mt19937_64 rng(20260131);
  std::uniform_real_distribution<double> any(0, 1);
  for (int trial = 0; trial < 10; ++trial) {
    std::vector<double> values(trellis.kernels().size());
    const std::vector<double> costs(values.size(), 1);
    for (double& v : values) v = rng() % 3 == 0 ? any(rng) : 0;
    const auto worth = [&](const candidate<Space>& c) {
      double sum = 0;
      trellis.walk(c, [&](std::int32_t group, int) {
        std::vector<std::int32_t> kernels = trellis.groups()[static_cast<std::size_t>(group)];
        std::ranges::sort(kernels);
        kernels.erase(std::unique(kernels.begin(), kernels.end()), kernels.end());
        for (const std::int32_t k : kernels) sum += values[static_cast<std::size_t>(k)];
      });
      return sum;
    };
    double best = -std::numeric_limits<double>::infinity();
    for (uint128 r = 0; r < space.size(); ++r) best = std::max(best, worth(space.unrank(r)));
    cover.weigh(values, costs);
    const auto found = cover.best();
    space.validate(found.what);
    CHECK(worth(found.what) == Approx(best).epsilon(1e-9).margin(1e-9));
  }
}

TEST_CASE("the network that brings most is the best of all") {
  check_best(test::plain);
  check_best(test::tied);
  check_best(test::independent_layers);
  check_best(test::connected);
  check_best(test::constrained);
}

template <class Space>
void check_draw(const Space& space) {
  CAPTURE(space.name());
  constexpr std::uint64_t seed = 20260131;
  CAPTURE(seed);
  random_engine rng(seed);
  const kernel_trellis trellis(space);
  network_cover cover(trellis);
  const std::size_t count = trellis.kernels().size();
  cover.weigh(std::vector<double>(count, 1), std::vector<double>(count, 1));
  const auto has = [&](const auto& c) {
    std::vector<bool> kernels(count, false);
    trellis.walk(c, [&](std::int32_t group, int) {
      for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)])
        kernels[static_cast<std::size_t>(k)] = true;
    });
    return kernels;
  };
  const auto kernels_of = [&](std::uint64_t r) { return has(space.unrank(r)); };
  const auto size = static_cast<std::uint64_t>(space.size());
  // The rarest kernel, and how often the others are in networks that have it.
  std::vector<double> often(count, 0);
  for (std::uint64_t r = 0; r < size; ++r) {
    const auto mine = kernels_of(r);
    for (std::size_t k = 0; k < count; ++k) often[k] += mine[k];
  }
  const auto rare = static_cast<std::size_t>(std::ranges::min_element(often) - often.begin());
  std::vector<double> beside(count, 0);
  for (std::uint64_t r = 0; r < size; ++r)
    if (const auto mine = kernels_of(r); mine[rare])
      for (std::size_t k = 0; k < count; ++k) beside[k] += mine[k];
  constexpr int draws = 2000;
  const auto compare_with = [&](const std::vector<double>& tilts, const std::vector<double>& expected, double total) {
    std::vector<double> drawn(count, 0);
    for (int i = 0; i < draws; ++i) {
      const auto found = cover.draw(tilts, rng);
      space.validate(found.what);
      const auto mine = has(found.what);
      for (std::size_t k = 0; k < count; ++k) drawn[k] += mine[k];
    }
    for (std::size_t k = 0; k < count; ++k) {
      const double p = expected[k] / total;
      CAPTURE(trellis.kernels()[k].signature);
      CHECK(std::abs(drawn[k] / draws - p) < 5 * std::sqrt(p * (1 - p) / draws) + 2e-3);
    }
  };
  std::vector<double> tilts(count, 0);
  compare_with(tilts, often, static_cast<double>(size));
  tilts[rare] = 30;
  compare_with(tilts, beside, often[rare]);
}

TEST_CASE("networks drawn are uniform, and those with a kernel of large tilt uniform among all that have it") {
  check_draw(test::plain);
  check_draw(test::constrained);
}

TEST_CASE("shares of time are about those of all networks, and add up to one") {
  const auto check = [](const auto& space) {
    CAPTURE(space.name());
    const kernel_trellis trellis(space);
    network_cover cover(trellis);
    std::mt19937_64 rng(20260131);
    std::vector<double> ms(trellis.kernels().size());
    for (double& t : ms) t = 1 + static_cast<double>(rng() % 100) / 1000;
    const std::vector<double> shares = cover.shares(ms);
    std::vector<double> expected(ms.size(), 0);
    double total = 0;
    for (uint128 r = 0; r < space.size(); ++r) {
      std::vector<double> own(ms.size(), 0);
      double time = 0;
      trellis.walk(space.unrank(r), [&](std::int32_t group, int times) {
        for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)]) {
          own[static_cast<std::size_t>(k)] += times * ms[static_cast<std::size_t>(k)];
          time += times * ms[static_cast<std::size_t>(k)];
        }
      });
      for (std::size_t k = 0; k < own.size(); ++k) expected[k] += own[k] / time / static_cast<double>(space.size());
    }
    double worst = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) {
      total += shares[k];
      worst = std::max(worst, std::abs(shares[k] / expected[k] - 1));
    }
    CHECK(total == Approx(1));
    CHECK(worst < .3);  // a network's own time is replaced by a mean
  };
  check(test::plain);
  check(test::tied);
  check(test::independent_layers);
}

// --- building

TEST_CASE("a table is built for a space: all kernels, in fewer networks than there are kernels") {
  const kernel_trellis trellis(zoo::proxylessnas);
  fake::executor device;
  latency_table table(":memory:", device, fake_options(3));
  const build_plan plan = plan_table(trellis, table, 1000, {.seed = 1});
  CHECK(plan.complete);
  CHECK(plan.kernels == trellis.kernels().size());
  const build_result r = build_table(trellis, table, {.seed = 1});
  CHECK(r.fill.measured == trellis.kernels().size());
  CHECK(r.fill.missing == 0);
  CHECK(r.fill.networks <= 3 * 12);
  CHECK(r.coverage.measured == trellis.kernels().size());
  CHECK(r.coverage.missing() == 0);
  CHECK(r.coverage.wanted == 0);
  CHECK(r.coverage.measured_share == Approx(1));
  CHECK(r.coverage.measured_time == Approx(1));
  for (const latency_entry& e : table.entries()) CHECK(e.placements >= 3);
  random_engine rng(1);
  for (int i = 0; i < 20; ++i) {
    const network graph = to_network(zoo::proxylessnas.sample(rng));
    double truth = 0;
    for (const kernel& k : fuse(graph)) truth += 1e-6 * static_cast<double>(fake::kernel_ns(k.signature()));
    CHECK(table.predict(graph).complete());
    CHECK(table.predict(graph).ms == Approx(truth));
  }
  CHECK(build_table(trellis, table, {.seed = 1}).fill.networks == 0);
}

TEST_CASE("spaces with everything that a declaration can have are built completely") {
  const auto check = [](const auto& space) {
    CAPTURE(space.name());
    const kernel_trellis trellis(space);
    fake::executor device;
    latency_table table(":memory:", device, fake_options(2));
    const build_result r = build_table(trellis, table, {.seed = 1});
    CHECK(r.coverage.measured == trellis.kernels().size());
    CHECK(latency_predictor(trellis, table).missing() == 0);
  };
  check(test::plain);
  check(test::tied);
  check(test::independent_layers);
  check(test::connected);
  check(test::constrained);
}

TEST_CASE("a plan ends at as many networks as it may have, and says so") {
  const kernel_trellis trellis(test::plain);
  fake::executor device;
  latency_table table(":memory:", device, fake_options(2));
  const build_plan whole = plan_table(trellis, table, 1000, {.seed = 1});
  REQUIRE(whole.networks > 2);
  CHECK(whole.complete);
  const build_plan part = plan_table(trellis, table, 2, {.seed = 1});
  CHECK(part.networks == 2);
  CHECK_FALSE(part.complete);
  CHECK(part.kernels < whole.kernels);
  CHECK(part.seconds < whole.seconds);
  CHECK(plan_table(trellis, table, whole.networks, {.seed = 1}).complete);
  build_table(trellis, table, {.seed = 1});
  const build_plan nothing = plan_table(trellis, table, 1000, {.seed = 1});
  CHECK(nothing.networks == 0);
  CHECK(nothing.kernels == 0);
  CHECK(nothing.seconds == 0);
  CHECK(nothing.complete);
}

TEST_CASE("coverage says how much of a network was measured, kernel by kernel and by time") {
  const kernel_trellis trellis(test::plain);
  latency_table table(":memory:", device_description{}, fake_options(2));
  std::vector<latency_entry> rows;
  double all = 0;
  double measured = 0;
  std::size_t n = 0;
  std::vector<double> ms;
  std::vector<bool> is_measured;
  for (const space_kernel& k : trellis.kernels()) {
    const bool estimated = n % 3 == 0;
    ms.push_back(1 + static_cast<double>(n % 7));
    is_measured.push_back(!estimated);
    for (int placement = 1; placement <= (n % 3 == 1 ? 1 : 2); ++placement)
      if (!estimated || placement == 1)
        rows.push_back({.signature = k.signature,
                        .time = {.median_ms = ms.back(),
                                 .trimmed_mean_ms = ms.back(),
                                 .low_ms = ms.back(),
                                 .high_ms = ms.back(),
                                 .spread = estimated ? .01 * static_cast<double>(n + 1) : .9,
                                 .count = 3},
                        .estimated = estimated,
                        .placement = placement});
    all += k.per_network;
    measured += estimated ? 0 : k.per_network;
    ++n;
  }
  table.add(rows);
  const space_coverage c = coverage_of(trellis, table);
  const std::size_t estimates = (n + 2) / 3;
  CHECK(c.kernels == n);
  CHECK(c.estimated == estimates);
  CHECK(c.measured == n - estimates);
  CHECK(c.missing() == 0);
  // Two placements are wanted: estimates have none of them, every third kernel has one.
  CHECK(c.wanted == estimates + (n + 1) / 3);
  CHECK(c.measured_share == Approx(measured / all));
  CHECK(c.estimate_error == Approx(.01 * static_cast<double>(3 * (estimates - 1) + 1)));
  const std::vector<double> shares = network_cover(trellis).shares(ms);
  double time = 0;
  for (std::size_t k = 0; k < n; ++k) time += is_measured[k] ? shares[k] : 0;
  CHECK(c.measured_time == Approx(time));
  CHECK(time < .95);
}

TEST_CASE("what occurs often is measured first") {
  const kernel_trellis trellis(zoo::efficientnet_x);
  fake::executor device = roofline_device();
  int compiled = 0;
  device.on_compile = [&](const network&) {
    if (++compiled > 30) throw executor_error("executor.library", "a test", "enough", "less");
  };
  latency_table table(":memory:", device, fake_options());
  CHECK_THROWS_AS(build_table(trellis, table, {.seed = 1}), executor_error);
  const space_coverage c = coverage_of(trellis, table);
  CHECK(c.missing() > 0);
  const double share_of_kernels = static_cast<double>(c.measured) / static_cast<double>(c.kernels);
  CHECK(c.measured_share > 1.3 * share_of_kernels);
}

TEST_CASE("within a budget the rest is estimated, marked, and about as wrong as it says") {
  const kernel_trellis trellis(zoo::efficientnet_x);
  fake::executor device = roofline_device();
  int compiled = 0;
  device.on_compile = [&](const network&) {
    if (++compiled > 60) throw executor_error("executor.library", "a test", "enough", "less");
  };
  latency_table table(":memory:", device, fake_options());
  CHECK_THROWS_AS(build_table(trellis, table, {.seed = 1}), executor_error);
  const double error = estimate_missing(trellis, table);
  const space_coverage c = coverage_of(trellis, table);
  CHECK(c.missing() == 0);
  CHECK(c.estimated > 0);
  CHECK(error > 0);
  CHECK(error < .3);
  random_engine rng(1);
  int estimated = 0;
  double squares = 0;
  for (int i = 0; i < 50; ++i) {
    const network graph = to_network(zoo::efficientnet_x.sample(rng));
    const latency_prediction p = table.predict(graph);
    CHECK(p.complete());
    estimated += static_cast<int>(p.estimated);
    double truth = 0;
    for (const kernel& k : fuse(graph))
      truth += 1e-6 * (2000 + std::floor(static_cast<double>(macs(k.core)) / 50 +
                                         static_cast<double>(traffic(k, data_type::f32, 1)) / 10));
    squares += std::pow(p.ms / truth - 1, 2);
  }
  CHECK(estimated > 0);
  CHECK(std::sqrt(squares / 50) < error);
  // Later measurements take the place of estimates, and estimates are made anew.
  compiled = 0;
  CHECK_THROWS_AS(build_table(trellis, table, {.seed = 2}), executor_error);
  const space_coverage later = coverage_of(trellis, table);
  CHECK(later.measured > c.measured);
  CHECK(later.measured + later.estimated == later.kernels);
  estimate_missing(trellis, table);
  CHECK(coverage_of(trellis, table).missing() == 0);
}

TEST_CASE("estimates for a second space in one file leave those of the first") {
  fake::executor device = roofline_device();
  latency_table table(":memory:", device, fake_options());
  const kernel_trellis first(zoo::efficientnet_x);
  const kernel_trellis second(test::plain);
  random_engine rng(1);
  table.measure_once(to_network(zoo::efficientnet_x.sample(rng)));
  estimate_missing(first, table);
  const space_coverage before = coverage_of(first, table);
  REQUIRE(before.missing() == 0);
  REQUIRE(before.estimated > 0);
  table.measure_once(to_network(test::plain.sample(rng)));
  estimate_missing(second, table);
  CHECK(coverage_of(first, table).missing() == 0);
  CHECK(coverage_of(first, table).measured + coverage_of(first, table).estimated == before.kernels);
  CHECK(coverage_of(second, table).missing() == 0);
}

TEST_CASE("a small budget ends between networks, a stopped build measures nothing") {
  const kernel_trellis trellis(test::plain);
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  watch small({.seconds = 1e-6, .style = progress_style::quiet});
  const build_result r = build_table(trellis, table, {.watch = &small, .seed = 1});
  CHECK(r.fill.networks <= 1);
  CHECK(r.fill.missing > 0);
  watch stopped({.style = progress_style::quiet});
  stopped.stop();
  CHECK(build_table(trellis, table, {.watch = &stopped, .seed = 1}).fill.networks == 0);
  latency_table empty(":memory:", device, fake_options());
  CHECK_THROWS_AS(estimate_missing(trellis, empty), latency_table_error);
}

TEST_CASE("only the kernels asked for are wanted, in networks that may be run") {
  const kernel_trellis trellis(zoo::proxylessnas);
  random_engine rng(3);
  std::set<std::string> mine;
  std::vector<network> kept;
  const auto content = [](const network& graph) {
    std::vector<std::string> all;
    for (const kernel& k : fuse(graph)) all.push_back(k.signature());
    return all;
  };
  for (int i = 0; i < 5; ++i) {
    kept.push_back(to_network(zoo::proxylessnas.sample(rng)));
    for (const std::string& k : content(kept.back())) mine.insert(k);
  }
  fake::executor device;
  int run = 0;
  device.on_compile = [&](const network& graph) {
    ++run;
    for (const network& k : kept) CHECK(content(k) != content(graph));
  };
  latency_table table(":memory:", device, fake_options(2));
  const build_result r = build_table(trellis, table,
                                     {.seed = 1,
                                      .wants = [&](const std::string& k) { return mine.contains(k); },
                                      .may_run =
                                          [&](const network& graph) {
                                            return std::ranges::none_of(
                                                kept, [&](const network& k) { return content(k) == content(graph); });
                                          }});
  CHECK(run == static_cast<int>(r.fill.networks));
  CHECK(r.fill.missing == 0);
  for (const network& k : kept) CHECK(table.predict(k).complete());
  latency_table none(":memory:", device, fake_options());
  run = 0;
  CHECK(build_table(trellis, none, {.may_run = [](const network&) { return false; }}).fill.missing > 0);
  CHECK(run == 0);
}

TEST_CASE("building shows its progress in kernels") {
  std::ostringstream out;
  watch shown({.style = progress_style::lines, .write = [&](std::string_view text) { out << text; }});
  const kernel_trellis trellis(test::plain);
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  build_table(trellis, table, {.watch = &shown, .seed = 1});
  const std::string all = std::to_string(trellis.kernels().size());
  CHECK(out.str().find("plain: placements of kernels: 0/" + all) != std::string::npos);
  CHECK(out.str().find(all + "/" + all + " in ") != std::string::npos);
}

TEST_CASE("several processes build one table, and share the work") {
  const fake::folder folder;
  const kernel_trellis trellis(zoo::proxylessnas_enlarged);
  const auto log = [&](int i) { return folder / ("log" + std::to_string(i)); };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i)
    children.push_back(fake::start_child([&] {
      fake::executor device{.act = [](const kernel&, std::size_t) { ::usleep(20); },
                            .on_compile = [&](const network&) { std::ofstream(log(i), std::ios::app) << "x\n"; }};
      latency_table table(
          folder / "a.db", device,
          {.placements = {.least = 1, .most = 1}, .measure = {.warm_up = 1, .min_samples = 6, .max_samples = 6}});
      return build_table(trellis, table).coverage.wanted == 0 ? 0 : 1;
    }));
  for (const pid_t child : children) CHECK(fake::wait_for(child) == 0);
  latency_table table(folder / "a.db", fake::executor{}.device, fake_options());
  CHECK(coverage_of(trellis, table).measured == trellis.kernels().size());
  CHECK(database(folder / "a.db").text("PRAGMA integrity_check") == "ok");
  fake::executor device;
  latency_table alone(":memory:", device, fake_options());
  const std::size_t needed = build_table(trellis, alone).fill.networks;
  std::size_t runs = 0;
  for (int i = 0; i < 3; ++i) {
    std::ifstream in(log(i));
    for (std::string line; std::getline(in, line);) ++runs;
  }
  CHECK(runs <= 2 * needed + 6);
}

TEST_CASE("machines of one kind fill a table each, which are joined; another kind stays apart") {
  const fake::folder folder;
  const kernel_trellis trellis(test::plain);
  const auto file = [&](int machine) { return folder / ("machine" + std::to_string(machine) + ".db"); };
  std::vector<pid_t> machines;
  for (int i = 0; i < 3; ++i)
    machines.push_back(fake::start_child([&] {
      fake::executor device;
      if (i == 2) device.device.device = "another kind";
      latency_table table(file(i), device, fake_options());
      return build_table(trellis, table).coverage.wanted == 0 ? 0 : 1;
    }));
  for (const pid_t machine : machines) CHECK(fake::wait_for(machine) == 0);
  const auto all = folder / "all.db";
  for (int i = 0; i < 2; ++i) CHECK(merge_tables(all, file(i)).written > 0);
  CHECK(merge_tables(all, file(1)).written == 0);
  CHECK(fake::message_of<latency_table_error>([&] { merge_tables(all, file(2)); }).find("'another kind'") !=
        std::string::npos);
  // Each machine measured every kernel once: together they are a table with two placements, which wants nothing.
  fake::executor device;
  latency_table table(all, device, fake_options(2));
  CHECK(coverage_of(trellis, table).measured == trellis.kernels().size());
  CHECK(build_table(trellis, table).fill.networks == 0);
}

}  // namespace
