// SPDX-License-Identifier: Apache-2.0
// The executor: what it refuses where nothing can run, and, where there is a device, its numbers against the reference.
#include "nascent/executor/cudnn.hpp"

#include <cmath>
#include <iostream>

#include "../temporary_folder.hpp"
#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "../executor/networks.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

static_assert(executor<cudnn::executor>);
static_assert(compiled_network<cudnn::compiled>);
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

}  // namespace

TEST_CASE("executor: no driver is a typed error that says what to do") {
  test::need_no_driver_library();
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error, MessageMatches(ContainsSubstring("install NVIDIA's driver, or plan without one")));
}

TEST_CASE("executor: a stand-in for the driver runs nothing") {
  test::need_driver_library();
  if (cudnn::find_driver() == cudnn::driver_kind::real) SKIP("there is a driver");
  CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error, MessageMatches(ContainsSubstring("behind which there is no device")));
}

TEST_CASE("executor: a driver without a device is a typed error") {
  if (cudnn::find_driver() != cudnn::driver_kind::real) SKIP("no NVIDIA driver on this machine");
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) {
    CHECK_THROWS_MATCHES(cudnn::executor({.device = count}), cudnn::device_error, MessageMatches(ContainsSubstring("must be from 0 to")));
  } else {
    CHECK_THROWS_MATCHES(cudnn::executor(), cudnn::device_error, MessageMatches(ContainsSubstring("no device")));
  }
}

TEST_CASE("executor: random networks agree with the reference", "[gpu]") {
  test::need_device();
  const auto type = GENERATE(data_type::f16, data_type::bf16, data_type::f32);
  const cudnn::executor gpu{{.type = type, .candidates = 1}};
  int failures = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    test::dice roll(seed);
    const int batch = roll.between(1, 3);
    const network graph = test::random_network(seed, roll.between(1, 3), false);
    INFO("seed " << seed << ", batch " << batch << ", " << to_string(type));
    const weights values = random_weights(graph, seed);
    const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), seed);
    const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in, batch);
    auto program = gpu.compile(graph, values, batch);
    std::vector<float> out(expected.size());
    program.run(in, out);
    CHECK(test::distance(out, expected) <= tolerance(type));
    // Kernel by kernel, the same numbers.
    std::vector<float> again(out.size());
    for (std::size_t i = 0; i < program.kernels().size(); ++i) program.run_kernel(i);
    program.run(in, again);
    CHECK(test::distance(again, out) <= tolerance(type));
    failures += static_cast<int>(program.failures().size());
  }
  if (failures > 0) WARN(failures << " engines failed, and others took their places");
}

TEST_CASE("executor: kernels, times and implementations are those of the plan", "[gpu]") {
  test::need_device();
  const cudnn::executor gpu;
  const network graph = small();
  auto program = gpu.compile(graph, random_weights(graph, 1), 2);
  CHECK(program.batch() == 2);
  const std::vector<double> ms = program.time_kernels();
  REQUIRE(ms.size() == program.kernels().size());
  for (std::size_t i = 0; i < ms.size(); ++i) {
    CHECK(ms[i] >= 0);
    CHECK(!program.kernel_implementation(i).empty());
  }
  CHECK(program.time_network(10) > 0);
  program.clear_cache();
  program.run();
  CHECK_THROWS_AS(program.run_kernel(ms.size()), executor_error);
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

TEST_CASE("executor: too little memory is a typed error, and the device is of use afterwards", "[gpu]") {
  test::need_device();
  const cudnn::executor gpu;
  CHECK_THROWS_MATCHES(cudnn::detail::allocate(std::size_t{1} << 46, "everything"), cudnn::memory_error,
                       MessageMatches(ContainsSubstring("70368744177664 bytes (everything)") && ContainsSubstring("use a smaller batch")));
  const network graph = small();
  CHECK_NOTHROW(gpu.compile(graph, random_weights(graph, 1)).run());
}
