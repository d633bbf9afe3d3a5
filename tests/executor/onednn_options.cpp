// SPDX-License-Identifier: Apache-2.0
// Threads, types and instruction sets: what is allowed, what is refused and with which words.
#include <cstdlib>
#include <filesystem>

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;

namespace {

/// Runs one of the hidden test cases below in a process of its own: the instruction set is fixed once per process.
bool passes_in_own_process(const std::string& test_case, const std::string& environment = {}) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  return std::system((environment + " '" + self + "' '" + test_case + "' > /dev/null").c_str()) == 0;
}

void check_numbers(const onednn::executor& executor) {
  const network graph = test::efficientnet_b0(32);
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 1);
  CHECK(test::distance(test::run_once(executor, graph, values, in),
                       test::run_once(reference::executor{}, graph, values, in)) < 1e-4);
}

}  // namespace

TEST_CASE("onednn: the description says all that a time depends on") {
  const device_description d = onednn::executor{{.threads = 1}}.description();
  CHECK(d.device == nascent::detail::processor_model());
  CHECK(d.library.starts_with("oneDNN " + std::to_string(DNNL_VERSION_MAJOR) + "."));
  CHECK_FALSE(d.isa.empty());
  CHECK_FALSE(d.isa.starts_with("isa "));  // it has a name
  CHECK(d.threads == 1);
  CHECK(d.type == data_type::f32);
  CHECK(onednn::executor{}.description() == d);
  CHECK(onednn::executor{}.options().threads == 1);
}

TEST_CASE("onednn: bf16 where the processor computes it, an error where it would be emulated") {
  if (onednn::detail::computes_bf16())
    CHECK(onednn::executor{{.type = data_type::bf16}}.description().type == data_type::bf16);
  else
    CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::bf16}}, executor_error,
                         MessageMatches(ContainsSubstring("onednn: type bf16 needs isa avx512_core_bf16; ")));
}

TEST_CASE("onednn: threads below 1 or above the cores are refused") {
  const int cores = nascent::detail::available_cores();
  const std::string allowed = ", must be from 1 to " + std::to_string(cores) + ", the cores that this process may use";
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = 0}}, executor_error, Message("onednn: threads 0" + allowed));
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = -1}}, executor_error, Message("onednn: threads -1" + allowed));
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = cores + 1}}, executor_error,
                       Message("onednn: threads " + std::to_string(cores + 1) + allowed));
  CHECK_NOTHROW(onednn::executor{{.threads = cores}});
}

TEST_CASE("onednn: the number of threads holds while a program runs and is given back") {
  const auto& runtime = onednn::detail::openmp_runtime::get();
  REQUIRE(runtime.present());
  const int before = runtime.get_max_threads();
  {
    const onednn::detail::thread_scope one(1);
    CHECK(runtime.get_max_threads() == 1);
    {
      const onednn::detail::thread_scope two(2);
      CHECK(runtime.get_max_threads() == 2);
    }
    CHECK(runtime.get_max_threads() == 1);
  }
  CHECK(runtime.get_max_threads() == before);
}

TEST_CASE("onednn: programs with different numbers of threads live side by side") {
  const network graph = test::efficientnet_b0(32);
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 1);
  auto one = onednn::executor{{.threads = 1}}.compile(graph, values);
  auto all = onednn::executor{{.threads = nascent::detail::available_cores()}}.compile(graph, values);
  std::vector<float> a(test::output_size(graph));
  std::vector<float> b(a.size());
  for (int i = 0; i < 2; ++i) {
    one.run(in, a);
    all.run(in, b);
    CHECK(test::distance(a, b) < 1e-5);
  }
}

TEST_CASE("onednn: f16 is refused") {
  CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::f16}}, executor_error,
                       Message("onednn: type f16 is not supported; f32 and bf16 are"));
}

TEST_CASE("onednn: an instruction set that the processor lacks is refused") {
  for (const onednn::detail::isa_entry& entry : onednn::detail::isa_table) {
    if (nascent::detail::processor_has(entry.features)) continue;
    CHECK_THROWS_MATCHES(
        onednn::executor{{.isa = entry.which}}, executor_error,
        MessageMatches(ContainsSubstring(std::string("onednn: isa ") + entry.name + " was asked for, but ") &&
                       ContainsSubstring("lacks it; it needs ")));
  }
}

TEST_CASE("onednn: an instruction set is refused once the process uses another") {
  const std::string now = onednn::executor{}.description().isa;
  const onednn::isa other = now == "sse41" ? onednn::isa::avx2 : onednn::isa::sse41;
  CHECK_THROWS_MATCHES(
      onednn::executor{{.isa = other}}, executor_error,
      Message(std::string("onednn: isa ") + to_string(other) + " was asked for, but this process already uses " + now +
              "; the instruction set must be chosen before the first primitive is made"));
  for (const onednn::detail::isa_entry& entry : onednn::detail::isa_table)
    if (entry.name == now) CHECK(onednn::executor{{.isa = entry.which}}.description().isa == now);
}

TEST_CASE("onednn: an instruction set can be chosen") {
  if (!nascent::detail::processor_has("avx2 fma")) SKIP("the processor has no AVX2");
  CHECK(passes_in_own_process("child: limited to avx2"));
  CHECK(passes_in_own_process("child: limited by the environment", "ONEDNN_MAX_CPU_ISA=AVX2"));
}

TEST_CASE("child: limited to avx2", "[.child]") {
  const onednn::executor executor{{.isa = onednn::isa::avx2}};
  CHECK(executor.description().isa == "avx2");
  CHECK(onednn::executor{}.description().isa == "avx2");
  check_numbers(executor);
  CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::bf16}}, executor_error,
                       Message("onednn: type bf16 needs isa avx512_core_bf16; " + nascent::detail::processor_model() +
                               " runs with isa avx2"));
}

TEST_CASE("child: limited by the environment", "[.child]") {
  const onednn::executor executor;
  CHECK(executor.description().isa == "avx2");
  check_numbers(executor);
}
