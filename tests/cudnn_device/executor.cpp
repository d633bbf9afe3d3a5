// SPDX-License-Identifier: Apache-2.0
// The executor's way from a network to times, on a device that is not there: its order of calls, its fallbacks, its
// accounts. No number is computed here but by copies, and no time is anybody's.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include "stand_in/device.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/cudnn.hpp"
#include "nascent/latency/table.hpp"

using namespace nascent;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

/// A fresh device; afterwards no rule was broken and everything was given back.
struct fresh_device {
  fresh_device() {
    pretended::reset();
    pretended_nvml::clocks() = {};
  }
  ~fresh_device() {
    for (const std::string& rule : pretended::device().broken_rules) FAIL_CHECK(rule);
    CHECK(pretended::device().all_given_back());
  }
  pretended::device_state& state() const { return pretended::device(); }
};

network chain(int layers) {
  return make_network("chain", {1, 8, 8, 16}, [&](auto& net, tensor x) {
    for (int i = 0; i < layers; ++i) x = net.conv(x, {.filters = 16 + 8 * i, .kernel = 3, .act = relu});
  });
}

/// Engines, copies, a library call.
network mixed() {
  return make_network("mixed", {1, 8, 8, 16}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 16, .kernel = 3, .act = relu});
    x = net.space_to_depth(x, 2);
    x = net.add(net.conv(x, {.filters = 64, .act = identity}), x, relu);
    net.dense(net.global_pool(x), {.units = 10});
  });
}

cudnn::compiled compile(const network& graph, const cudnn::options& how = {}, int batch = 1) {
  return cudnn::executor(how).compile(graph, random_weights(graph, 1), batch);
}

bool mentions(std::span<const std::string> all, const std::string& text) {
  return std::ranges::any_of(all, [&](const std::string& one) { return one.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("device: a network is compiled, run and timed by the rules of CUDA, and gives everything back") {
  const fresh_device device;
  auto program = compile(mixed(), {.candidates = 2}, 2);
  CHECK(program.failures().empty());
  CHECK(program.kernels().size() >= 5);
  std::vector<float> in(2 * 8 * 8 * 16, 0.5F);
  std::vector<float> out(20);
  program.run(in, out);
  program.run();
  for (std::size_t i = 0; i < program.kernels().size(); ++i) program.run_kernel(i);
  program.clear_cache();
  CHECK(program.time_launches(5) > 0);
  auto moved = std::move(program);
  moved.run(in, out);
  moved = compile(chain(2));  // the old network ends before its device
  CHECK(moved.kernels().size() == 2);
  moved.run();
}

TEST_CASE("device: copies move the numbers that they should, f16 and f32") {
  const fresh_device device;
  const network graph = make_network("copies", {1, 4, 4, 3}, [](auto& net, tensor x) {
    x = net.space_to_depth(x, 2);
    net.batch_to_space(net.space_to_batch(x, 2), 2);
  });
  for (const data_type type : {data_type::f16, data_type::f32}) {
    auto program = compile(graph, {.type = type}, 2);
    std::vector<float> in(2 * 4 * 4 * 3);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
    std::vector<float> out(in.size());
    program.run(in, out);
    // Pixel (0, 0) of image 0 holds its block of 2 x 2 pixels, row by row.
    const std::vector<float> first(out.begin(), out.begin() + 12);
    CHECK(first == std::vector<float>{0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17});
    std::ranges::sort(out);
    CHECK(out == in);
  }
}

TEST_CASE("device: the fastest of the candidates stays, measured without the host's work") {
  const fresh_device device;
  device.state().plan_us = {30, 20, 50};
  auto program = compile(chain(1), {.candidates = 3});
  CHECK(device.state().plans_run == 3 + 1);  // each once, and the network once before it is recorded
  CHECK(program.time_network().ms == Approx(1e-3 * (20 + 1.5)));
}

TEST_CASE("device: engines that are compiled at run time are tried but twice, unless these fail") {
  const fresh_device device;
  const network graph = make_network(
      "swish", {1, 8, 8, 16}, [](auto& net, tensor x) { net.conv(x, {.filters = 16, .kernel = 3, .act = swish}); });
  compile(graph, {.candidates = 4});
  CHECK(device.state().plans_run == 2 + 1);
  device.state().failing_runs = 2;
  CHECK(compile(graph, {.candidates = 4}).failures().size() == 2);
}

TEST_CASE("device: engines are compiled side by side, and what fails is made again one by one") {
  const fresh_device device;
  const network graph = make_network("swish", {1, 8, 8, 16}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 16, .kernel = 3, .act = swish});
    x = net.conv(x, {.filters = 24, .kernel = 3, .act = swish});
    net.conv(x, {.filters = 24, .kernel = 3, .act = relu});
  });
  const cudnn::options how{.candidates = 3, .compile_threads = 3};
  auto program = compile(graph, how);
  CHECK(program.failures().empty());
  CHECK(device.state().plans_run == 2 + 3 + 3);  // the relu is tuned, the others run once, and then the whole
  CHECK(program.kernel_implementation(0).find("compiled at run time") != std::string::npos);
  CHECK(program.kernel_implementation(2).find("compiled at run time") == std::string::npos);
  program.run();
  device.state().failing_runs = 1;
  CHECK(compile(graph, how).failures().size() == 1);
  CHECK_THROWS_AS(cudnn::executor({.compile_threads = 0}), executor_error);
}

TEST_CASE("device: a kernel has one plan in all networks of an executor") {
  const fresh_device device;
  const cudnn::executor gpu{{.candidates = 3}};
  gpu.compile(chain(2), random_weights(chain(2), 1));
  const std::size_t before = device.state().plans_run;
  gpu.compile(chain(3), random_weights(chain(3), 1));
  CHECK(device.state().plans_run - before == 2 + 3 + 3);  // two are tried once, one is new, and the whole once
}

TEST_CASE("device: an engine that fails when it runs is passed over, and recorded") {
  const fresh_device device;
  device.state().failing_runs = 2;
  auto program = compile(chain(1), {.candidates = 1});
  REQUIRE(program.failures().size() == 2);
  CHECK(mentions(program.failures(), "running kernel 'convolution"));
  CHECK(mentions(program.failures(), "with engine"));
  program.run();
}

TEST_CASE("device: an engine that cannot be recorded is passed over, and the stream is of use afterwards") {
  const fresh_device device;
  device.state().failing_captures = 1;
  auto program = compile(chain(2), {.candidates = 1});
  CHECK(program.failures().size() == 1);
  program.run();
}

TEST_CASE("device: where every engine fails, the error names layer and kernel") {
  const fresh_device device;
  device.state().failing_runs = 1000;
  CHECK_THROWS_MATCHES(compile(chain(1)), executor_error,
                       MessageMatches(ContainsSubstring("'chain', layer 0") &&
                                      ContainsSubstring("every engine failed, the last one: ")));
}

TEST_CASE("device: too little memory is said with numbers, and less work fits") {
  const fresh_device device;
  device.state().memory = std::size_t{1} << 20;
  const network graph = chain(3);
  CHECK_THROWS_MATCHES(
      compile(graph, {.workspace_limit = 0}, 512), cudnn::memory_error,
      MessageMatches(ContainsSubstring("maps of 'chain', batch 512") &&
                     ContainsSubstring("of the device's 1048576 bytes are free; use a smaller batch")));
  CHECK(device.state().used == 0);
  CHECK_NOTHROW(compile(graph, {.workspace_limit = 0}, 4).run());
  device.state().memory = 1 << 10;
  CHECK_THROWS_MATCHES(compile(graph), cudnn::memory_error, MessageMatches(ContainsSubstring("weights of 'chain'")));
}

TEST_CASE("device: sweeping the cache without memory for it is a typed error, and times go on") {
  const fresh_device device;
  auto program = compile(chain(2), {.candidates = 1});
  device.state().memory = device.state().used + 1000;
  CHECK_THROWS_AS(program.time_kernels(cache_context::cold), cudnn::memory_error);
  CHECK_THROWS_AS(program.clear_cache(), cudnn::memory_error);
  CHECK(program.time_kernels().ms.size() == 2);
}

TEST_CASE("device: kernels are timed inside the network, add up to it, and are charged no event") {
  const fresh_device device;
  auto program = compile(chain(4), {.candidates = 1});
  device.state().plan_us = {};
  const double whole = program.time_network().ms;
  const device_times kernels = program.time_kernels();
  REQUIRE(kernels.ms.size() == 4);
  double sum = 0;
  for (const double ms : kernels.ms) sum += ms;
  CHECK(whole == Approx(1e-3 * (4 * 10 + 1.5)));
  CHECK(sum == Approx(whole));
  CHECK(program.event_ms() == Approx(1e-3 * 1.5 * 3 / 4));
  CHECK(!kernels.disturbed);
}

TEST_CASE("device: the cache is swept before each kernel in the contexts that say so, and in no other") {
  const fresh_device device;
  auto program = compile(chain(4), {.candidates = 1});
  program.time_kernels();
  for (const auto& [context, sweeps] : {std::pair{cache_context::in_network, 0U},
                                        {cache_context::hot, 0U},
                                        {cache_context::evicted, 4U},
                                        {cache_context::cold, 4U}}) {
    INFO(to_string(context));
    const std::size_t before = device.state().sweeps;
    const device_times t = program.time_kernels(context);
    CHECK(device.state().sweeps - before == sweeps);
    for (const double ms : t.ms)
      CHECK(ms == Approx(1e-3 * (10 + 1.5) - program.event_ms()));  // the sweep lies before the first event
  }
}

TEST_CASE("device: launching costs are apart from the device's time") {
  const fresh_device device;
  auto program = compile(chain(2), {.candidates = 1});
  const cudnn::launch_times t = program.time_launch();
  CHECK(t.device_ms == Approx(program.time_network().ms));
  CHECK(t.submit_ms > 0);
  CHECK(t.wall_ms >= t.submit_ms);
  CHECK(t.empty_wall_ms > 0);
  CHECK(t.overhead_ms() == t.wall_ms - t.device_ms);
  CHECK_THROWS_AS(program.time_launches(0), executor_error);
}

TEST_CASE("device: passes with slow clocks are marked, and others are not") {
  const fresh_device device;
  auto program = compile(chain(2), {.candidates = 1});
  pretended_nvml::clocks().mhz = 1500;  // 76 %
  CHECK(!program.time_network().disturbed);
  CHECK(!program.time_kernels().disturbed);
  pretended_nvml::clocks().mhz = 1400;  // 71 %
  CHECK(program.time_network().disturbed);
  CHECK(program.time_kernels().disturbed);
  pretended_nvml::clocks() = {.reasons = 0x40};  // full speed, says the clock, but the hardware brakes
  CHECK(program.time_network().disturbed);
  pretended_nvml::clocks() = {};
  CHECK(program.time_network().disturbed);  // it was slow before
  CHECK(!program.time_network().disturbed);
  auto tolerant = compile(chain(2), {.candidates = 1, .lowest_clock = 0.1});
  pretended_nvml::clocks().mhz = 400;
  CHECK(!tolerant.time_network().disturbed);
}

TEST_CASE("device: what describes it names driver and clock") {
  const fresh_device device;
  {
    const cudnn::executor gpu;
    CHECK(gpu.description().device == "a GPU that is not there");
    CHECK(gpu.description().library == "cuDNN " + cudnn::library_version() + ", driver 000.00.00");
    CHECK(gpu.description().isa == "sm_90, 1980 MHz");
    CHECK(gpu.clocks().read().sm_mhz == 1980);
  }
  pretended_nvml::clocks().works = false;
  const cudnn::executor gpu;
  CHECK(!gpu.clocks().known());
  CHECK(gpu.description().library == "cuDNN " + cudnn::library_version() + ", driver for CUDA 13.0");
  CHECK(!gpu.compile(chain(1), random_weights(chain(1), 1), 1).time_network().disturbed);  // unknown is not slow
}

TEST_CASE("device: plans from the disk are neither made nor measured again, and one that fails is") {
  const fresh_device device;
  const test::temporary_folder folder;
  const cudnn::options how{.candidates = 3, .plan_cache = folder / "plans"};
  const network graph = chain(2);
  compile(graph, how);
  const std::size_t first = device.state().plans_run;
  CHECK(first == 2 * 3 + 2);
  auto again = compile(graph, how);
  CHECK(device.state().plans_run - first == 2 + 2);
  CHECK(again.failures().empty());
  device.state().failing_runs = 1;
  auto repaired = compile(graph, how);
  CHECK(repaired.failures().size() == 1);
  repaired.run();
  device.state().name = "another GPU";
  CHECK_THROWS_MATCHES(compile(graph, how), cudnn::plan_cache_error,
                       MessageMatches(ContainsSubstring("found plans for a GPU that is not there (900)") &&
                                      ContainsSubstring("allowed: plans for another GPU (900)")));
}

TEST_CASE("device: none, another number, too old, too old for a type") {
  const fresh_device device;
  CHECK_THROWS_MATCHES(cudnn::executor({.device = 1}), cudnn::device_error,
                       MessageMatches(ContainsSubstring("device: found 1; allowed: 0 to 0")));
  CHECK_THROWS_AS(cudnn::executor({.device = -1}), cudnn::device_error);
  CHECK_THROWS_MATCHES(cudnn::executor({.candidates = 0}), executor_error,
                       MessageMatches(ContainsSubstring("candidates: found 0; allowed: 1 or more")));
  device.state().major = 7;
  device.state().minor = 5;
  CHECK_THROWS_MATCHES(cudnn::executor({.type = data_type::bf16}), cudnn::device_error,
                       MessageMatches(ContainsSubstring("7.5 with type bf16")));
  CHECK_NOTHROW(cudnn::executor({.type = data_type::f16}));
  device.state().major = 3;
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error,
                       MessageMatches(ContainsSubstring("compute capability 3.5")));
  device.state().count = 0;
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error,
                       MessageMatches(ContainsSubstring("devices: found none")));
}

TEST_CASE("device: a latency table is built on it and predicts the sum") {
  const fresh_device device;
  const cudnn::executor gpu{{.candidates = 1}};
  latency_table table(
      ":memory:", gpu,
      {.placements = {.least = 2, .most = 2}, .measure = {.warm_up = 1, .min_samples = 8, .max_samples = 8}});
  const network graph = chain(3);
  const fill_result r = table.measure_missing(graph);
  CHECK(r.networks == 2);
  for (const latency_entry& e : table.entries()) CHECK(e.time.source == time_source::device);
  auto program = prepare(gpu, graph);
  CHECK(table.predict(graph).ms == Approx(program.time_network().ms).epsilon(1e-3));
  const network_measurement m = measure_kernels(program, {.min_samples = 8, .max_samples = 8});
  CHECK(m.sum_over_whole.median == Approx(1).epsilon(1e-3));
}

TEST_CASE("device: what it says of itself is read") {
  const fresh_device device;
  CHECK(cudnn::read_device().name == "a GPU that is not there");
  CHECK(cudnn::read_device_text().find("multiProcessorCount") != std::string::npos);
  CHECK_THROWS_AS(cudnn::read_device(1), cudnn::device_error);
}
