// SPDX-License-Identifier: Apache-2.0
// The executor: what it refuses where nothing can run, and, where there is a device, its numbers against the reference.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>

#include "../executor/networks.hpp"
#include "../temporary_folder.hpp"
#include "driver.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/cudnn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

static_assert(executor<cudnn::executor>);
static_assert(self_timed_network<cudnn::compiled>);
static_assert(std::movable<cudnn::compiled>);

namespace {

/// Relative to the largest number. f32 runs as TF32 where an engine likes to.
double tolerance(data_type type) { return type == data_type::f32 ? 1e-3 : type == data_type::f16 ? 1e-2 : 2e-2; }

network small() {
  return make_network("small", {1, 8, 8, 8}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 16, .kernel = 3, .act = swish});
    x = net.add(net.conv(x, {.filters = 16, .act = identity}), x, relu);
    net.dense(net.global_pool(x), {.units = 10});
  });
}

/// The networks of these seeds compute what the reference does, whole and kernel by kernel.
void agree_with_reference(data_type type, std::uint64_t first, std::uint64_t end) {
  const cudnn::executor gpu{{.type = type, .candidates = 1}};
  int failures = 0;
  double largest = 0;
  for (std::uint64_t seed = first; seed < end; ++seed) {
    test::dice roll(seed);
    const int batch = roll.between(1, 3);
    const network graph = test::random_network(seed, roll.between(1, 3), false);
    INFO("seed " << seed << ", batch " << batch << ", " << to_string(type));
    if (std::ranges::any_of(graph.layers(), cudnn::detail::lowering::refuses)) continue;
    const weights values = random_weights(graph, seed);
    const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), seed);
    const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in, batch);
    try {
      auto program = gpu.compile(graph, values, batch);
      std::vector<float> out(expected.size());
      program.run(in, out);
      const double difference = test::distance(out, expected);
      CHECK(difference <= tolerance(type));
      largest = std::max(largest, difference);
      // Kernel by kernel, the same numbers.
      std::vector<float> again(out.size());
      for (std::size_t i = 0; i < program.kernels().size(); ++i) program.run_kernel(i);
      program.run(in, again);
      CHECK(test::distance(again, out) <= tolerance(type));
      failures += static_cast<int>(program.failures().size());
    } catch (const executor_error& e) {
      FAIL_CHECK(e.what());  // the others are worth knowing too
    }
  }
  std::cout << to_string(type) << ", seeds " << first << " to " << end - 1 << ": largest difference " << largest
            << ", engines passed over " << failures << "\n";
}

}  // namespace

TEST_CASE("executor: no driver is a typed error that says what to do") {
  test::need_no_driver_library();
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error,
                       MessageMatches(ContainsSubstring("install NVIDIA's driver, or plan without one")));
}

TEST_CASE("executor: a stand-in for the driver runs nothing") {
  test::need_driver_library();
  if (cudnn::find_driver() == cudnn::driver_kind::real) SKIP("there is a driver");
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error,
                       MessageMatches(ContainsSubstring("behind which there is no device")));
}

TEST_CASE("executor: a driver without a device is a typed error") {
  if (cudnn::find_driver() != cudnn::driver_kind::real) SKIP("no NVIDIA driver on this machine");
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) {
    CHECK_THROWS_MATCHES(cudnn::executor({.device = count}), cudnn::device_error,
                         MessageMatches(ContainsSubstring("allowed: 0 to")));
  } else {
    CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error, MessageMatches(ContainsSubstring("no device")));
  }
}

// 200 networks in each type, in portions: most of the time goes into compiling engines, and the portions can be run
// side by side.
TEMPLATE_TEST_CASE_SIG("executor: random networks agree with the reference", "[gpu]",
                       ((data_type Type, int Portion), Type, Portion), (data_type::f16, 0), (data_type::f16, 1),
                       (data_type::f16, 2), (data_type::f16, 3), (data_type::f16, 4), (data_type::f16, 5),
                       (data_type::f16, 6), (data_type::f16, 7), (data_type::bf16, 0), (data_type::bf16, 1),
                       (data_type::bf16, 2), (data_type::bf16, 3), (data_type::bf16, 4), (data_type::bf16, 5),
                       (data_type::bf16, 6), (data_type::bf16, 7), (data_type::f32, 0), (data_type::f32, 1),
                       (data_type::f32, 2), (data_type::f32, 3), (data_type::f32, 4), (data_type::f32, 5),
                       (data_type::f32, 6), (data_type::f32, 7)) {
  test::need_device();
  agree_with_reference(Type, 25 * Portion, 25 * (Portion + 1));
}

TEST_CASE("executor: kernels, times and implementations are those of the plan", "[gpu]") {
  test::need_device();
  const cudnn::executor gpu;
  const network graph = small();
  auto program = gpu.compile(graph, random_weights(graph, 1), 2);
  CHECK(program.batch() == 2);
  for (const cache_context context :
       {cache_context::in_network, cache_context::hot, cache_context::evicted, cache_context::cold}) {
    const device_times t = program.time_kernels(context);
    REQUIRE(t.ms.size() == program.kernels().size());
    for (const double one : t.ms) CHECK(one >= 0);
  }
  for (std::size_t i = 0; i < program.kernels().size(); ++i) CHECK(!program.kernel_implementation(i).empty());
  CHECK(program.time_network().ms > 0);
  CHECK(program.time_launches(10) > 0);
  const cudnn::launch_times launch = program.time_launch();
  CHECK(launch.device_ms > 0);
  CHECK(launch.wall_ms > launch.device_ms);
  CHECK(launch.empty_wall_ms > 0);
  std::cout << "clocks: " << gpu.clocks().read().text() << " " << gpu.clocks().why_unknown()
            << ", an event between kernels costs " << 1e3 * program.event_ms() << " us\n";
  program.clear_cache();
  program.run();
  CHECK_THROWS_AS(program.run_kernel(program.kernels().size()), executor_error);
  std::vector<float> in(test::input_size(graph, 2));
  std::vector<float> out(3);
  CHECK_THROWS_AS(program.run(in, out), executor_error);
  const device_description d = gpu.description();
  CHECK(d.library.starts_with("cuDNN 9"));
  CHECK(d.isa.starts_with("sm_"));
}

TEST_CASE("executor: a program runs again, after it was moved, and with plans from the disk", "[gpu]") {
  test::need_device();
  const test::temporary_folder folder;
  const cudnn::executor gpu{{.candidates = 2, .plan_cache = folder / "plans"}};
  const network graph = small();
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 1);
  std::vector<float> first(10);
  std::vector<float> second(10);
  auto program = gpu.compile(graph, values);
  program.run(in, first);
  auto moved = std::move(program);
  moved.run(in, second);
  CHECK(first == second);
  CHECK(std::filesystem::exists(folder / "plans"));
  auto restored = gpu.compile(graph, values);
  CHECK(restored.failures().empty());
  restored.run(in, second);
  CHECK(test::distance(second, first) <= tolerance(data_type::f16));
}

TEST_CASE("executor: engines that were compiled side by side, for the device's description, compute the same",
          "[gpu]") {
  test::need_device();
  const network graph = small();
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 1);
  std::vector<float> one(10);
  std::vector<float> many(10);
  cudnn::executor({.candidates = 1}).compile(graph, values).run(in, one);
  auto program = cudnn::executor({.candidates = 1, .compile_threads = 4}).compile(graph, values);
  program.run(in, many);
  CHECK(program.failures().empty());
  CHECK(test::distance(many, one) <= tolerance(data_type::f16));
}

TEST_CASE("executor: too little memory is a typed error, and the device is of use afterwards", "[gpu]") {
  test::need_device();
  const cudnn::executor gpu;
  CHECK_THROWS_MATCHES(cudnn::detail::allocate(std::size_t{1} << 46, "everything"), cudnn::memory_error,
                       MessageMatches(ContainsSubstring("70368744177664 bytes (everything)") &&
                                      ContainsSubstring("use a smaller batch")));
  const network graph = small();
  CHECK_NOTHROW(gpu.compile(graph, random_weights(graph, 1)).run());
}
