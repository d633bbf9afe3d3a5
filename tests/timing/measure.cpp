// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/measure.hpp"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

namespace {

using Catch::Approx;
using nascent::compare;
using nascent::compare_options;
using nascent::measure;
using nascent::measure_kernels;
using nascent::measure_options;
using nascent::network;
using nascent::paired_ratio;
using nascent::verdict;

measure_options fake_options() { return {.budget_ms = 1e6, .clocks = fake::clocks}; }

constexpr std::int64_t us = 1000;

TEST_CASE("a measurement reports what passed, and stops once its interval is narrow") {
  int calls = 0;
  const auto s = measure([&] { fake::work(250 * us + ++calls % 3 * us / 10); }, fake_options());
  CHECK(s.median_ms == Approx(0.2501).margin(1e-4));
  CHECK(s.cpu_median_ms == Approx(s.median_ms));
  CHECK(s.count == 15);
  CHECK(calls == 15 + 3);
  CHECK(s.spoilt == 0);
  CHECK(s.source == nascent::time_source::wall);
}

TEST_CASE("a noisy measurement takes samples until its interval is narrow, its samples or its time used up") {
  std::mt19937_64 rng(1);
  const auto noisy = [&] { fake::work(static_cast<std::int64_t>(95 * us + rng() % (10 * us))); };
  const auto narrow = measure(noisy, fake_options());
  CHECK(narrow.count > 100);
  CHECK(narrow.count < 2000);
  CHECK((narrow.high_ms - narrow.low_ms) / 2 <= 0.005 * narrow.median_ms);
  auto few = fake_options();
  few.max_samples = 40;
  CHECK(measure(noisy, few).count == 40);
  auto hurried = fake_options();
  hurried.budget_ms = 3;
  const auto cut = measure(noisy, hurried);
  CHECK(cut.count >= 28);  // 3 ms in portions of 0.095 to 0.105 ms
  CHECK(cut.count <= 32);
  hurried.budget_ms = 1e-9;
  CHECK(measure(noisy, hurried).count == 15);  // the smallest number of samples is taken in any case
}

TEST_CASE("preempted samples are dropped while they are few") {
  int calls = 0;
  const auto s = measure(
      [&] {
        fake::work(100 * us);
        if (++calls % 4 == 0) fake::preempted(4000 * us);
      },
      fake_options());
  CHECK(s.median_ms == Approx(0.1));
  CHECK(s.trimmed_mean_ms == Approx(0.1));
  CHECK(s.spoilt > 0);
  CHECK(s.source == nascent::time_source::wall);
}

TEST_CASE("where almost every sample is preempted, one thread's processor time is used and marked") {
  int calls = 0;
  const auto s = measure(
      [&] {
        fake::work(100 * us);
        if (++calls % 4 != 0) fake::preempted(4000 * us);
      },
      fake_options());
  CHECK(s.median_ms == Approx(0.1));
  CHECK(s.source == nascent::time_source::thread_cpu);
  CHECK(s.spoilt * 2 > s.count);
}

TEST_CASE("work of several threads is never given in processor time") {
  const auto s = measure(
      [&] {
        fake::work(100 * us);
        fake::other_threads += 90 * us;
        fake::preempted(40 * us);
      },
      fake_options());
  CHECK(s.median_ms == Approx(0.14));
  CHECK(s.source == nascent::time_source::wall);
}

TEST_CASE("what reading the clocks costs is not part of the work") {
  // Clocks whose reading takes time, as the real ones do.
  nascent::clock_set costly = fake::clocks;
  costly.thread_cpu = []() noexcept {
    fake::work(1300);
    return fake::cpu;
  };
  costly.thread_switches = []() noexcept {
    fake::work(500);
    return fake::switches;
  };
  auto options = fake_options();
  options.clocks = costly;
  const auto s = measure([] { fake::work(10 * us); }, options);
  CHECK(s.median_ms == Approx(0.01));
  CHECK(s.cpu_median_ms == Approx(0.01));
}

/// A network whose every run binds threads first, in 5 us, unless somebody has bound them for longer.
class bound_network {
 public:
  explicit bound_network(fake::compiled inner) : inner_(std::move(inner)) {}
  std::span<const nascent::kernel> kernels() const { return inner_.kernels(); }
  int batch() const { return inner_.batch(); }
  void run(std::span<const float>, std::span<float>) { run(); }
  void run() { bind(), inner_.run(); }
  void run_kernel(std::size_t i) { bind(), inner_.run_kernel(i); }

  struct hold {
    explicit hold(int& of) : held(of) { ++held; }
    ~hold() { --held; }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    int& held;
  };
  hold stay_on_cores() const { return hold(holds_); }
  int holds() const { return holds_; }

 private:
  void bind() {
    if (holds_ == 0) fake::work(5 * us);
  }

  fake::compiled inner_;
  mutable int holds_ = 0;
};

static_assert(nascent::core_bound_network<bound_network>);
static_assert(nascent::core_bound_network<nascent::onednn::compiled>);
static_assert(!nascent::core_bound_network<fake::compiled>);

TEST_CASE("kernels are timed with the threads bound for all of them, and given back afterwards") {
  const network graph = nascent::make_network("two", {1, 8, 8, 4}, [](auto& net, nascent::tensor x) {
    net.conv(net.conv(x, {.filters = 8, .kernel = 3}), {.filters = 4, .kernel = 1});
  });
  bound_network compiled(fake::executor{}.compile(graph, {}, 1));
  const auto m = measure_kernels(compiled, fake_options());
  REQUIRE(m.kernels.size() == 2);
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(m.kernels[i].median_ms ==
          Approx(1e-6 * static_cast<double>(fake::kernel_ns(compiled.kernels()[i].signature()))));
  CHECK(compiled.holds() == 0);
}

TEST_CASE("kernels are timed in the running network, in order, and add up to the whole") {
  const network graph = fake::residual_network(8, 5);
  std::vector<std::size_t> order;
  fake::executor device;
  // The time depends on the place: as if each found the caches differently.
  device.act = [&](const nascent::kernel&, std::size_t place) {
    order.push_back(place);
    fake::work(static_cast<std::int64_t>(10 * (place + 1)) * us);
  };
  auto compiled = device.compile(graph, {}, 1);
  const auto m = measure_kernels(compiled, fake_options());
  const std::size_t count = compiled.kernels().size();
  REQUIRE(m.kernels.size() == count);
  for (std::size_t i = 0; i < count; ++i) CHECK(m.kernels[i].median_ms == Approx(0.01 * static_cast<double>(i + 1)));
  for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == i % count);
  CHECK(m.whole.median_ms == Approx(0.01 * static_cast<double>(count * (count + 1)) / 2));
  CHECK(m.sum_over_whole.median == Approx(1));
  CHECK(m.sum_over_whole.rounds == m.whole.count);
}

TEST_CASE("overhead between the kernels shows in the ratio of sum and whole") {
  struct with_overhead : fake::compiled {
    using fake::compiled::run;
    void run() {
      fake::compiled::run();
      fake::work(100 * us);
    }
  };
  with_overhead compiled{{fake::executor{}.compile(fake::residual_network(8, 5), {}, 1)}};
  const auto m = measure_kernels(compiled, fake_options());
  CHECK(m.sum_over_whole.median == Approx((m.whole.median_ms - 0.1) / m.whole.median_ms));
}

TEST_CASE("what the clocks' reading does to the kernels is taken off in equal shares") {
  // A kernel that is called alone takes 2 us more than in a whole pass: as after system calls.
  struct slow_alone : fake::compiled {
    using fake::compiled::run;
    void run_kernel(std::size_t i) {
      fake::work(2 * us);
      fake::compiled::run_kernel(i);
    }
  };
  fake::executor device;
  device.act = [](const nascent::kernel&, std::size_t place) {
    fake::work(static_cast<std::int64_t>(10 * (place + 1)) * us);
  };
  slow_alone compiled{{device.compile(fake::residual_network(8, 5), {}, 1)}};
  const std::size_t count = compiled.kernels().size();
  std::vector<std::size_t> groups(count, 1);  // the first one alone, all others together
  groups[0] = 0;
  const auto kernels =
      nascent::detail::measure_shares(compiled, groups, 2, fake_options(), nascent::cache_context::in_network);
  CHECK(kernels[0].median_ms == Approx(0.01));
  CHECK(kernels[1].median_ms == Approx(0.01 * (static_cast<double>(count * (count + 1)) / 2 - 1)));
  const auto alone = nascent::detail::measure_shares(compiled, groups, 2, fake_options(), nascent::cache_context::hot);
  CHECK(alone[0].median_ms == Approx(0.012));  // nothing to compare with: as measured
}

TEST_CASE("what the clocks' reading costs is learnt from many networks") {
  nascent::detail::reading_cost reading;
  CHECK(reading.ms() == 0);
  for (const double ms : {0.0004, 0.009, 0.0005, -0.003, 0.0006}) reading.add(ms);
  CHECK(reading.ms() == 0.0005);
  nascent::detail::reading_cost gain;
  gain.add(-0.001);
  CHECK(gain.ms() == 0);
  nascent::detail::reading_cost absurd;
  absurd.add(1);
  CHECK(absurd.ms() < 0.01);
}

TEST_CASE("a small noisy kernel does not hold up the measurement of a network") {
  std::mt19937_64 rng(5);
  fake::executor device;
  device.act = [&](const nascent::kernel&, std::size_t place) {
    fake::work(place == 0 ? static_cast<std::int64_t>(rng() % 2000) : 500 * us);
  };
  auto compiled = device.compile(fake::residual_network(8, 5), {}, 1);
  CHECK(measure_kernels(compiled, fake_options()).whole.count == 15);
}

TEST_CASE("comparisons tell faster, slower and the same") {
  const auto a = [] { fake::work(100 * us); };
  const auto b = [] { fake::work(110 * us); };
  const compare_options options{.measure = fake_options()};
  const auto slower = compare(a, b, options);
  CHECK(slower.outcome == verdict::slower);
  CHECK(slower.ratio.median == Approx(1.1));
  CHECK(slower.first.median_ms == Approx(0.1));
  CHECK(slower.second.median_ms == Approx(0.11));
  CHECK(compare(b, a, options).outcome == verdict::faster);
  CHECK(compare(a, a, options).outcome == verdict::same);
}

TEST_CASE("comparisons are immune to a machine that slows down") {
  double pace = 1;
  const auto work = [&](double t) {
    fake::work(static_cast<std::int64_t>(t * static_cast<double>(us) * (pace *= 1.003)));
  };
  const auto c = compare([&] { work(100); }, [&] { work(103); }, {.measure = fake_options(), .untimed = 1});
  CHECK(c.outcome == verdict::slower);
  CHECK(c.ratio.median == Approx(1.03).margin(0.004));
}

TEST_CASE("candidates take turns") {
  std::string order;
  const std::vector<std::function<void()>> candidates{[&] { order += 'a', fake::work(us); },
                                                      [&] { order += 'b', fake::work(us); },
                                                      [&] { order += 'c', fake::work(us); }};
  const auto against_a = compare(candidates, {.measure = fake_options(), .untimed = 0});
  CHECK(against_a.size() == 2);
  CHECK(
      order.starts_with("aaabbbccc"
                        "abcbcacab"
                        "abcbcacab"));
  order.clear();
  (void)compare(candidates, {.measure = fake_options(), .untimed = 1});
  CHECK(
      order.starts_with("aaabbbccc"
                        "aabbcc"
                        "bbccaa"));
}

TEST_CASE("a sample is the mean of several executions where that is asked for") {
  int runs = 0;
  const auto growing = [&] {
    fake::work((runs++ % 6 < 2 ? 1000 : 10 * (runs % 6)) * us);
  };  // two untimed, then 30 to 50 and 0
  const auto c = compare([] { fake::work(10 * us); }, growing,
                         {.measure =
                              [] {
                                auto o = fake_options();
                                o.warm_up = 6;
                                return o;
                              }(),
                          .untimed = 2,
                          .timed = 4});
  CHECK(c.second.median_ms == Approx((30 + 40 + 50 + 0) / 4. / 1000));
  CHECK(c.first.median_ms == Approx(0.01));
  CHECK_THROWS_AS(compare([] {}, [] {}, {.timed = 0}), nascent::error);
}

TEST_CASE("too few or too noisy rounds leave a comparison undecided") {
  auto few = fake_options();
  few.min_samples = few.max_samples = 5;
  CHECK(compare([] { fake::work(us); }, [] { fake::work(2 * us); }, {.measure = few}).outcome == verdict::undecided);
  std::mt19937_64 rng(2);
  const auto noisy = [&] { fake::work(static_cast<std::int64_t>(50 + rng() % 100) * us); };
  auto short_one = fake_options();
  short_one.max_samples = 20;
  CHECK(compare(noisy, noisy, {.measure = short_one}).outcome == verdict::undecided);
}

TEST_CASE("equal candidates are rarely told apart") {
  std::mt19937_64 rng(11);
  const auto noisy = [&] { fake::work(static_cast<std::int64_t>(90 + rng() % 20) * us); };
  int apart = 0;
  for (int trial = 0; trial < 100; ++trial) {
    const auto outcome = compare(noisy, noisy, {.measure = fake_options(), .same_within = 0}).outcome;
    apart += outcome == verdict::faster || outcome == verdict::slower;
  }
  CHECK(apart <= 11);  // 5 % of 100, and three standard errors
}

TEST_CASE("verdicts follow from the interval alone") {
  const auto judged = [](double low, double high) {
    return nascent::judge(paired_ratio{.median = std::sqrt(low * high), .low = low, .high = high}, 0.01);
  };
  CHECK(judged(0.9, 0.95) == verdict::faster);
  CHECK(judged(1.02, 1.2) == verdict::slower);
  CHECK(judged(0.995, 1.005) == verdict::same);
  CHECK(judged(1.002, 1.004) == verdict::same);  // real, but below the margin
  CHECK(judged(0.95, 1.005) == verdict::undecided);
  CHECK(judged(1.002, 1.02) == verdict::slower);
  CHECK(nascent::judge(paired_ratio{}, 0.01) == verdict::undecided);
}

TEST_CASE("options that make no sense are refused by name") {
  const auto message = [](const measure_options& o) {
    return fake::message_of<nascent::error>([&] { (void)measure([] {}, o); });
  };
  CHECK(message({.warm_up = 0}).find("measure_options.warm_up: found 0; allowed: at least 1") != std::string::npos);
  CHECK(message({.min_samples = 0}).find("min_samples") != std::string::npos);
  CHECK(message({.min_samples = 9, .max_samples = 8}).find("at least min_samples") != std::string::npos);
  CHECK(message({.half_width = 0}).find("half_width") != std::string::npos);
  CHECK(message({.half_width = std::nan("")}).find("half_width") != std::string::npos);
  CHECK(message({.confidence = 1}).find("confidence") != std::string::npos);
  CHECK(message({.budget_ms = 0}).find("budget_ms") != std::string::npos);
  const std::vector<std::function<void()>> one{[] {}};
  CHECK_THROWS_AS(compare(one), nascent::error);
  CHECK_THROWS_AS(compare([] {}, [] {}, {.untimed = -1}), nascent::error);
}

/// Convolutions, depthwise ones, a residual sum, squeeze and excite: small, but enough work to time.
network small_network(int width) {
  return nascent::make_network("small", {.height = 32, .width = 32, .channels = 3}, [&](auto& net, auto x) {
    x = net.conv(x, {.filters = width, .kernel = 3, .stride = 2, .act = nascent::relu});
    const auto before = x;
    x = net.conv(x, {.filters = 4 * width, .act = nascent::relu});
    x = net.depthwise_conv(x, {.kernel = 3, .act = nascent::relu});
    const auto gate = net.conv(net.global_pool(x), {.filters = 4 * width, .act = nascent::sigmoid, .bias = true});
    x = net.conv(net.multiply(x, gate), {.filters = width});
    x = net.add(x, before);
    net.dense(net.global_pool(x), {.units = 10});
  });
}

TEST_CASE("on a real device the kernels add up to the network", "[measures]") {
  const auto check = [](auto&& device) {
    auto compiled = nascent::prepare(device, small_network(16));
    const auto m = measure_kernels(compiled, {.budget_ms = 1000});
    CHECK(m.kernels.size() == compiled.kernels().size());
    CHECK(m.whole.median_ms > 0);
    CHECK(m.whole.minimum_ms <= m.whole.median_ms);
    // A busy machine may slow either: only gross errors (a kernel counted twice or not at all) are excluded.
    CHECK(m.sum_over_whole.median > 0.5);
    CHECK(m.sum_over_whole.median < 2);
  };
  SECTION("reference") { check(nascent::reference::executor{}); }
  SECTION("oneDNN") { check(nascent::onednn::executor{{.threads = 1}}); }
}

TEST_CASE("on a real device a much larger network is slower", "[measures]") {
  nascent::onednn::executor device{{.threads = 1}};
  auto small = nascent::prepare(device, small_network(16));
  auto large = nascent::prepare(device, small_network(128));
  const auto c = compare(small, large, {.measure = {.budget_ms = 1000}});
  CHECK(c.outcome == verdict::slower);
  CHECK(c.ratio.low > 2);
  CHECK(compare(large, small, {.measure = {.budget_ms = 1000}}).outcome == verdict::faster);
}

TEST_CASE("a comparison ends with its watch: after three rounds at least, and at once where it is asked to stop") {
  int runs = 0;
  const auto slow = [&] { fake::work(1'000'000), ++runs; };
  const std::vector<std::function<void()>> both{slow, slow};
  const auto rounds_within = [&](double seconds) {
    runs = 0;
    nascent::watch budget({.seconds = seconds, .style = nascent::progress_style::quiet, .clock = fake::clocks.wall});
    measure_options how = fake_options();
    how.warm_up = 1;
    how.budget_ms = 1e6;
    how.half_width = 1e-12;
    (void)compare(both, {.measure = how, .untimed = 0, .watch = &budget});
    return (runs - 2) / 2;
  };
  CHECK(rounds_within(1e-9) == 3);
  CHECK(rounds_within(10.5e-3) == 5);  // a round takes 2 ms, the warm-up before it 2
  CHECK(rounds_within(1e3) >= fake_options().min_samples);

  std::atomic<int> stop = 1;
  nascent::watch stopped({.style = nascent::progress_style::quiet, .stop = &stop});
  CHECK_THROWS_AS((compare(both, {.measure = fake_options(), .watch = &stopped})), nascent::stopped_error);
}

}  // namespace
