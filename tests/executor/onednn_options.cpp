// SPDX-License-Identifier: Apache-2.0
// Threads, cores, types and instruction sets: what is allowed, what is refused and with which words.
#include <algorithm>
#include <vector>

#include "networks.hpp"
#include "own_process.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sched.h>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;

namespace {

void check_numbers(const onednn::executor& executor) {
  const network graph = test::efficientnet_b0(32);
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), 1);
  CHECK(test::distance(test::run_once(executor, graph, values, in),
                       test::run_once(reference::executor{}, graph, values, in)) < 1e-4);
}

std::vector<int> usable() { return nascent::usable_cores(); }

/// A gate whose product, computed by a kernel of the test's own, notes for each part the cores that its thread may use
/// and the one it is on.
struct core_spy {
  explicit core_spy(int threads)
      : may_use(static_cast<std::size_t>(threads)), is_on(static_cast<std::size_t>(threads), -1) {}

  onednn::options options(const std::vector<int>& cores) {
    kernel_library library{.name = "a spy", .preference = kernel_preference::always};
    library.implementations = {
        {.name = "spy",
         .supports = [](const kernel_request& r) { return r.what.core.kind == layer_kind::multiply; },
         .compile = [this](const kernel_request&) -> kernel_function {
           return [this](const void*, const void*, void*, int part, int) {
             may_use[static_cast<std::size_t>(part)] = usable();
             is_on[static_cast<std::size_t>(part)] = sched_getcpu();
           };
         }}};
    return {.threads = static_cast<int>(may_use.size()), .kernels = library, .cores = cores};
  }

  std::vector<std::vector<int>> may_use;
  std::vector<int> is_on;
};

onednn::compiled compile_gate(const onednn::options& options) {
  const network graph = make_network("gate", {1, 8, 8, 16}, [](auto& net, tensor x) {
    net.multiply(x, net.conv(net.global_pool(x), {.filters = 16, .kernel = 1, .act = sigmoid}));
  });
  return onednn::executor{options}.compile(graph, random_weights(graph, 1));
}

}  // namespace

TEST_CASE("onednn: the description says all that a time depends on") {
  const device_description d = onednn::executor{{.threads = 1}}.description();
  CHECK(d.device == nascent::processor_model());
  CHECK(d.library.starts_with("oneDNN " + std::to_string(DNNL_VERSION_MAJOR) + "."));
  CHECK_FALSE(d.isa.empty());
  CHECK_FALSE(d.isa.starts_with("isa "));  // it has a name
  CHECK(d.threads == 1);
  CHECK(d.type == data_type::f32);
  CHECK(onednn::executor{}.description() == d);
  CHECK(onednn::executor{}.options().threads == 1);
}

TEST_CASE("onednn: bf16 where the processor computes it, an error where it would be emulated") {
  if (onednn::computes_bf16()) CHECK(onednn::executor{{.type = data_type::bf16}}.description().type == data_type::bf16);
  else
    CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::bf16}}, executor_error,
                         MessageMatches(ContainsSubstring("nascent: onednn, type: found bf16 with isa ")));
}

TEST_CASE("onednn: threads below 1 or above the cores are refused") {
  const int cores = nascent::available_cores();
  const std::string allowed = "; allowed: 1 to " + std::to_string(cores) + ", the cores that this process may use";
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = 0}}, executor_error,
                       Message("nascent: onednn, threads: found 0" + allowed));
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = -1}}, executor_error,
                       Message("nascent: onednn, threads: found -1" + allowed));
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = cores + 1}}, executor_error,
                       Message("nascent: onednn, threads: found " + std::to_string(cores + 1) + allowed));
  CHECK_NOTHROW(onednn::executor{{.threads = cores}});
}

TEST_CASE("onednn: the number of threads holds while a program runs and is given back") {
  const auto& runtime = onednn::detail::openmp_runtime::get();
  REQUIRE(runtime.present());
  const int before = runtime.get_max_threads();
  {
    const onednn::thread_binding one(1);
    CHECK(runtime.get_max_threads() == 1);
    {
      const onednn::thread_binding two(2);
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
  auto all = onednn::executor{{.threads = nascent::available_cores()}}.compile(graph, values);
  std::vector<float> a(test::output_size(graph));
  std::vector<float> b(a.size());
  for (int i = 0; i < 2; ++i) {
    one.run(in, a);
    all.run(in, b);
    CHECK(test::distance(a, b) < 1e-5);
  }
}

TEST_CASE("onednn: a thread computes on the core it was given, and gets its own cores back") {
  const std::vector<int> before = usable();
  for (const int core : before) {
    core_spy spy(1);
    auto program = compile_gate(spy.options({core}));
    CHECK(usable() == before);
    program.run();
    CHECK(spy.may_use[0] == std::vector{core});
    CHECK(spy.is_on[0] == core);
    CHECK(usable() == before);
    program.run_kernel(program.kernels().size() - 1);
    CHECK(usable() == before);
  }
  core_spy free(1);
  compile_gate(free.options({})).run();
  CHECK(free.may_use[0] == before);
}

TEST_CASE("onednn: several threads compute on a core each, and may move where there are more") {
  const std::vector<int> before = usable();
  if (before.size() < 2) SKIP("one core");
  const std::vector<int> descending{before[1], before[0]};
  core_spy spy(2);
  auto program = compile_gate(spy.options(descending));
  core_spy other(2);
  auto unbound = compile_gate(other.options({}));
  for (int i = 0; i < 3; ++i) {
    program.run();
    CHECK(spy.may_use == std::vector<std::vector<int>>{{before[1]}, {before[0]}});
    CHECK(spy.is_on == descending);
    CHECK(usable() == before);
    unbound.run();  // on the same threads of the runtime
    CHECK(other.may_use == std::vector<std::vector<int>>{before, before});
  }
  core_spy mover(1);
  compile_gate(mover.options(descending)).run();
  CHECK(mover.may_use[0] == std::vector{before[0], before[1]});
}

TEST_CASE("onednn: cores stay bound while somebody asks for it") {
  const std::vector<int> before = usable();
  core_spy spy(1);
  auto program = compile_gate(spy.options({before.back()}));
  core_spy inner(1);
  auto elsewhere = compile_gate(inner.options({before.front()}));
  core_spy free(1);
  auto anywhere = compile_gate(free.options({}));
  {
    const auto bound = program.stay_on_cores();
    CHECK(usable() == std::vector{before.back()});
    for (int i = 0; i < 3; ++i) program.run();
    CHECK(usable() == std::vector{before.back()});
    elsewhere.run();
    CHECK(inner.may_use[0] == std::vector{before.front()});
    CHECK(usable() == std::vector{before.back()});
    anywhere.run();
    program.run();
    CHECK(spy.may_use[0] == std::vector{before.back()});
  }
  CHECK(usable() == before);
}

TEST_CASE("onednn: cores that cannot be used are refused") {
  const std::vector<int> cores = usable();
  int foreign = 0;
  while (std::ranges::binary_search(cores, foreign)) ++foreign;
  const std::string number = std::to_string(foreign);
  CHECK_THROWS_MATCHES(
      (onednn::executor{{.cores = {foreign}}}), executor_error,
      MessageMatches(ContainsSubstring("onednn, cores {" + number + "}: found core " + number +
                                       "; allowed: cores that this process may use, {" + std::to_string(cores[0]))));
  CHECK_THROWS_MATCHES((onednn::executor{{.cores = {-1}}}), executor_error,
                       MessageMatches(ContainsSubstring("found core -1; allowed: cores that this process may use")));
  const std::string twice = std::to_string(cores[0]);
  CHECK_THROWS_MATCHES((onednn::executor{{.cores = {cores[0], cores[0]}}}), executor_error,
                       Message("nascent: onednn, cores {" + twice + ", " + twice + "}: found core " + twice +
                               " twice; allowed: each core once"));
  if (cores.size() > 1)
    CHECK_THROWS_MATCHES(
        (onednn::executor{{.threads = 2, .cores = {cores[0]}}}), executor_error,
        Message("nascent: onednn, cores {" + twice +
                "}: found 1 for 2 threads; allowed: as many at least, or none to leave the choice to the system"));
  CHECK(usable() == cores);
}

TEST_CASE("onednn: a core that goes away is an error, and nothing stays bound") {
  const std::vector<int> before = usable();
  CHECK_THROWS_AS(onednn::detail::core_scope({CPU_SETSIZE - 1}, 1),
                  executor_error);  // as after a check that it was there
  CHECK(usable() == before);
}

TEST_CASE("onednn: f16 is refused") {
  CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::f16}}, executor_error,
                       Message("nascent: onednn, type: found f16; allowed: f32, bf16, int8"));
}

TEST_CASE("onednn: an instruction set that the processor lacks is refused") {
  for (const onednn::detail::isa_entry& entry : onednn::detail::isa_table) {
    if (nascent::processor_has(entry.features)) continue;
    CHECK_THROWS_MATCHES(
        onednn::executor{{.isa = entry.which}}, executor_error,
        MessageMatches(ContainsSubstring(std::string("onednn, isa: found ") + entry.name + ", which ") &&
                       ContainsSubstring(" lacks; allowed: " + onednn::available_isas() + "; the other needs ")));
  }
}

TEST_CASE("onednn: the instruction sets that are available are those that the processor has") {
  const std::string names = ", " + onednn::available_isas() + ",";
  for (const onednn::detail::isa_entry& entry : onednn::detail::isa_table) {
    const bool named = names.find(std::string(", ") + entry.name + ",") != std::string::npos;
    CHECK(named == onednn::is_available(entry.which));
    if (named) CHECK(nascent::processor_has(entry.features));
  }
  CHECK(onednn::is_available(onednn::isa::sse41));       // all x86-64 processors of the last fifteen years
  CHECK_FALSE(onednn::is_available(onednn::isa::best));  // no set by itself
}

TEST_CASE("onednn: an instruction set is refused once the process uses another") {
  const std::string now = onednn::executor{}.description().isa;
  const onednn::isa other = now == "sse41" ? onednn::isa::avx2 : onednn::isa::sse41;
  CHECK_THROWS_MATCHES(
      onednn::executor{{.isa = other}}, executor_error,
      Message(std::string("nascent: onednn, isa: found ") + to_string(other) + " in a process that already uses " +
              now + "; allowed: a choice before the first primitive is made"));
  for (const onednn::detail::isa_entry& entry : onednn::detail::isa_table)
    if (entry.name == now) CHECK(onednn::executor{{.isa = entry.which}}.description().isa == now);
}

TEST_CASE("onednn: an instruction set can be chosen") {
  if (!nascent::processor_has("avx2 fma")) SKIP("the processor has no AVX2");
  CHECK(test::passes_in_own_process("child: limited to avx2"));
  CHECK(test::passes_in_own_process("child: limited by the environment", "ONEDNN_MAX_CPU_ISA=AVX2"));
}

TEST_CASE("child: limited to avx2", "[.child]") {
  const onednn::executor executor{{.isa = onednn::isa::avx2}};
  CHECK(executor.description().isa == "avx2");
  CHECK(onednn::executor{}.description().isa == "avx2");
  check_numbers(executor);
  CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::bf16}}, executor_error,
                       Message("nascent: onednn, type: found bf16 with isa avx2 on " + nascent::processor_model() +
                               "; allowed: isa avx512_core_bf16 for it, or f32"));
}

TEST_CASE("child: limited by the environment", "[.child]") {
  const onednn::executor executor;
  CHECK(executor.description().isa == "avx2");
  check_numbers(executor);
}

TEST_CASE("onednn options: numbers that fade are zeros inside, and numbers as they were outside") {
  // Products of 1e-20 and 1e-20 are denormal in f32.
  const network graph =
      make_network("fading", {1, 8, 8, 16}, [](auto& net, tensor x) { net.conv(x, {.filters = 16, .kernel = 1}); });
  weights values = random_weights(graph, 1);
  std::ranges::fill(values[0].kernel, 1e-20F);
  std::ranges::fill(values[0].bias, 0.0F);
  const std::vector<float> in(test::input_size(graph), 1e-20F);
  volatile float small = 1e-20F;
  for (int threads = 1; threads <= nascent::available_cores(); ++threads) {
    INFO(threads << " threads");
    std::vector<float> out(test::output_size(graph), 1);
    onednn::executor{{.threads = threads}}.compile(graph, values).run(in, out);
    CHECK(std::ranges::all_of(out, [](float x) { return x == 0; }));
    CHECK(small * small > 0);
  }
}

TEST_CASE("onednn: threads that the environment holds back are refused, and those that a busy machine would are run") {
  if (usable().size() < 2) SKIP("one core");
  CHECK(test::passes_in_own_process("child: two threads of which one runs", "OMP_THREAD_LIMIT=1"));
  CHECK(test::passes_in_own_process("child: two threads that both run", "OMP_DYNAMIC=true"));
  CHECK(test::passes_in_own_process("child: two threads that both run", "OMP_THREAD_LIMIT=2"));
}

TEST_CASE("child: two threads of which one runs", "[.child]") {
  CHECK_THROWS_MATCHES(onednn::executor{{.threads = 2}}, executor_error,
                       MessageMatches(ContainsSubstring("onednn, threads: found 2, of which OpenMP runs 1") &&
                                      ContainsSubstring("OMP_THREAD_LIMIT")));
  CHECK(onednn::executor{}.description().threads == 1);
}

TEST_CASE("child: two threads that both run", "[.child]") {
  CHECK(onednn::executor{{.threads = 2}}.description().threads == 2);
  CHECK(onednn::detail::threads_that_run(2) == 2);
}
