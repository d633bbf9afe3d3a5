// SPDX-License-Identifier: Apache-2.0
// A user's kernels beside oneDNN's: when they run, when they do not, and that an executor says so.
#include "nascent/executor/kernel_library.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"

using namespace nascent;

namespace {

network gate() {
  return make_network("gate", {1, 8, 8, 16}, [](auto& net, tensor x) {
    net.multiply(x, net.conv(net.global_pool(x), {.filters = 16, .kernel = 1, .act = sigmoid}));
  });
}

/// A product in f32 that takes at least `delay`, and counts its calls.
kernel_library products(std::chrono::microseconds delay, int& calls) {
  return {.name = "a user's products",
          .features = "",
          .implementations = {{.name = "user_product",
                               .supports =
                                   [](const kernel_request& r) {
                                     return r.what.core.kind == layer_kind::multiply && r.type == data_type::f32;
                                   },
                               .compile = [delay, &calls](const kernel_request& r) -> kernel_function {
                                 const auto channels = static_cast<std::size_t>(r.what.core.output.channels);
                                 const auto numbers = static_cast<std::size_t>(r.what.core.output.elements());
                                 return [=, &calls](const void* in, const void* other, void* out, int part, int) {
                                   if (part != 0) return;
                                   ++calls;
                                   std::this_thread::sleep_for(delay);
                                   const auto* x = static_cast<const float*>(in);
                                   const auto* g = static_cast<const float*>(other);
                                   for (std::size_t i = 0; i < numbers; ++i)
                                     static_cast<float*>(out)[i] = x[i] * g[i % channels];
                                 };
                               }}},
          .preference = kernel_preference::always};
}

std::string last_implementation(const onednn::compiled& program) {
  return program.kernel_implementation(program.kernels().size() - 1);
}

}  // namespace

TEST_CASE("kernel_library: a user's kernel runs where it is preferred, and gives its own numbers") {
  const network graph = gate();
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 5);
  int calls = 0;
  const onednn::executor theirs{{.kernels = products(std::chrono::microseconds(0), calls)}};
  auto program = theirs.compile(graph, values);
  CHECK(last_implementation(program) == "user_product");
  std::vector<float> out(test::output_size(graph));
  program.run(in, out);
  CHECK(calls == 1);
  CHECK(test::distance(out, test::run_once(onednn::executor{}, graph, values, in)) <= 1e-6);
  CHECK(theirs.description().library.ends_with(" + a user's products"));
}

TEST_CASE("kernel_library: a slower kernel loses its race, once for all networks of an executor") {
  const network graph = gate();
  const weights values = random_weights(graph, 1);
  int calls = 0;
  kernel_library slow = products(std::chrono::milliseconds(2), calls);
  slow.preference = kernel_preference::fastest;
  const onednn::executor executor{{.kernels = slow}};
  CHECK(last_implementation(executor.compile(graph, values)) != "user_product");
  const int raced = calls;
  CHECK(raced > 0);
  CHECK(last_implementation(executor.compile(graph, values)) != "user_product");
  CHECK(calls == raced);
  executor.compile(graph, values, 2);  // another batch is another race
  CHECK(calls > raced);
}

// The fastest kernel of all computes nothing.
TEST_CASE("kernel_library: a kernel that is far from double precision does not race, however fast") {
  const network graph = make_network("two windows", {1, 16, 16, 24}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 24, .kernel = 3, .act = relu});
    net.add(net.conv(x, {.filters = 24, .kernel = 3}), x, relu);
  });
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 5);
  const std::vector<float> expected = test::run_once(onednn::executor{}, graph, values, in);
  int calls = 0;
  const kernel_library nothing{
      .name = "a user's mistake",
      .implementations = {
          {.name = "user_nothing",
           .supports = [](const kernel_request& r) { return r.what.core.kind == layer_kind::convolution; },
           .compile = [&calls](const kernel_request&) -> kernel_function {
             return [&calls](const void*, const void*, void*, int, int) { ++calls; };
           }}}};
  const onednn::executor executor{{.threads = 1, .kernels = nothing}};
  auto program = executor.compile(graph, values);
  for (std::size_t i = 0; i < program.kernels().size(); ++i) CHECK(program.kernel_implementation(i) != "user_nothing");
  std::vector<float> out(test::output_size(graph));
  program.run(in, out);
  CHECK(out == expected);
  CHECK(calls > 0);
  const int tried = calls;
  CHECK(tried < 12);  // no pass of a race
  executor.compile(graph, values);
  CHECK(calls == tried);  // nor is it tried again
}

TEST_CASE("kernel_library: convolutions bring the weights of a gate that would wait for them") {
  constexpr int channels = 512;
  const network graph = make_network("a gate with many weights", {1, 7, 7, 64}, [](auto& net, tensor x) {
    const auto wide = net.conv(x, {.filters = channels, .kernel = 1, .act = relu});
    net.multiply(wide, net.conv(net.global_pool(wide), {.filters = channels, .kernel = 1, .act = sigmoid}));
  });
  const weights values = random_weights(graph, 1);
  // The user's convolutions know their weights as they were given, and note what they are to bring.
  std::map<int, std::span<const std::byte>> own;
  std::map<int, std::vector<std::span<const std::byte>>> brought;
  const kernel_library library{
      .name = "a user's convolutions",
      .implementations = {{.name = "user_convolution",
                           .supports =
                               [](const kernel_request& r) { return r.what.core.kind == layer_kind::convolution; },
                           .compile =
                               [&](const kernel_request& r) {
                                 compiled_kernel made([](const void*, const void*, void*, int, int) {});
                                 const int input = r.what.core.input.channels;
                                 made.weights = own[input] = std::as_bytes(std::span(r.values.kernel));
                                 made.bring = [&brought, input](std::vector<std::span<const std::byte>> later) {
                                   brought[input] = std::move(later);
                                 };
                                 return made;
                               }}},
      .preference = kernel_preference::always};
  const auto compile = [&](int batch) {
    brought.clear();
    onednn::executor{{.kernels = library}}.compile(graph, values, batch);
  };
  compile(1);
  if (onednn::detail::second_cache_bytes() == 0) SKIP("the system does not say how large its caches are");
  REQUIRE(brought.size() == 1);
  REQUIRE(brought.at(64).size() == 1);
  const std::span<const std::byte> bytes = brought.at(64).front();
  CHECK(bytes.data() == own.at(channels).data());
  CHECK(bytes.size() > 100'000);
  CHECK(bytes.size() <= std::min(own.at(channels).size(), onednn::detail::second_cache_bytes()));
  compile(32);  // the gate computes more now, and its weights come on the side
  CHECK(brought.empty());
}

TEST_CASE("kernel_library: left out where the processor lacks a feature") {
  int calls = 0;
  kernel_library other = products(std::chrono::microseconds(0), calls);
  other.features = "no_such_feature";
  const onednn::executor executor{{.kernels = other}};
  CHECK(executor.description() == onednn::executor{}.description());
  const network graph = gate();
  CHECK(last_implementation(executor.compile(graph, random_weights(graph, 1))) != "user_product");
}
