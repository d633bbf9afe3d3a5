// SPDX-License-Identifier: Apache-2.0
// Plans on the disk, and the choice among plans.
#include "nascent/executor/cudnn/plan_cache.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <locale>
#include <new>

#include "../temporary_folder.hpp"
#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/resource.h>

#include "nascent/executor/cudnn/device_text.hpp"
#include "nascent/executor/detail/cudnn/choose.hpp"
#include "nascent/executor/detail/cudnn/lower.hpp"

using namespace nascent;
using namespace nascent::cudnn;
namespace cd = nascent::cudnn::detail;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

const plan_place here{.device = "NVIDIA H200", .compute_capability = 900, .cudnn = "9.19.0"};

}  // namespace

TEST_CASE("plan_cache: plans come back from the disk") {
  const test::temporary_folder folder;
  plan_cache cache(folder / "plans", here);
  CHECK(cache.size() == 0);
  const cached_plan first{.engine = {.index = 41, .tensor_cores = true}, .ms = 0.25, .json = "{\"a\": \"\n}\"}"};
  const cached_plan second{.engine = {.index = 7, .runtime_compiled = true, .rounds_inputs = true},
                           .json = std::string(100000, 'x')};
  cache.keep("convolution 14x14x96>14x14x192 relu, f16, batch 1", first);
  cache.keep("b", second);
  cache.save();
  const plan_cache again(folder / "plans", here);
  REQUIRE(again.size() == 2);
  const cached_plan* found = again.find("convolution 14x14x96>14x14x192 relu, f16, batch 1");
  REQUIRE(found != nullptr);
  CHECK(found->engine == first.engine);
  CHECK(found->ms == 0.25);
  CHECK(found->json == first.json);
  REQUIRE(again.find("b") != nullptr);
  CHECK(again.find("b")->json == second.json);
  CHECK(again.find("c") == nullptr);
  cache.forget("b");
  cache.save();
  CHECK(plan_cache(folder / "plans", here).size() == 1);
}

TEST_CASE("plan_cache: plans of another device or another cuDNN are refused") {
  const test::temporary_folder folder;
  plan_cache cache(folder / "plans", here);
  cache.keep("k", {.json = "{}"});
  cache.save();
  plan_place other = here;
  other.device = "NVIDIA L4";
  other.compute_capability = 890;
  CHECK_THROWS_MATCHES(
      plan_cache(folder / "plans", other), plan_cache_error,
      MessageMatches(ContainsSubstring(
          "found plans for NVIDIA H200 (900), cuDNN 9.19.0; allowed: plans for NVIDIA L4 (890), cuDNN 9.19.0")));
  other = here;
  other.cudnn = "9.20.0";
  CHECK_THROWS_AS(plan_cache(folder / "plans", other), plan_cache_error);
}

TEST_CASE("plan_cache: a broken file is refused, and a file that cannot be written leaves the old one") {
  const test::temporary_folder folder;
  const std::filesystem::path path = folder / "plans";
  plan_cache cache(path, here);
  cache.keep("k", {.json = "{\"plan\": 1}"});
  cache.save();
  std::string text;
  {
    std::ifstream in(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto write = [&](const std::string& content) { std::ofstream(path, std::ios::binary) << content; };
  const std::size_t head = text.find("plan 1");
  for (std::size_t length = 1; length < text.size(); ++length) {
    if (length + 1 >= head && length <= head) continue;  // a cache without plans
    write(text.substr(0, length));
    INFO(length);
    CHECK_THROWS_AS(plan_cache(path, here), plan_cache_error);
  }
  write("SQLite format 3");
  CHECK_THROWS_MATCHES(plan_cache(path, here), plan_cache_error,
                       MessageMatches(ContainsSubstring("found 'SQLite format 3' in the first line")));
  plan_cache nowhere(folder / "no folder" / "plans", here);
  nowhere.keep("k", {.json = "{}"});
  CHECK_THROWS_MATCHES(nowhere.save(), file_error, MessageMatches(ContainsSubstring("make the folder")));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // and no file beside the cache
}

TEST_CASE("plan_cache: a full disk leaves the old file and nothing beside it") {
  const test::temporary_folder folder;
  const std::filesystem::path path = folder / "plans";
  plan_cache cache(path, here);
  cache.keep("k", {.json = "{}"});
  cache.save();
  struct ::rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  struct ::rlimit limit = before;
  limit.rlim_cur = 4096;  // a write beyond it fails as one on a full disk does
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  cache.keep("large", {.json = std::string(100'000, 'x')});
  CHECK_THROWS_AS(cache.save(), file_error);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(plan_cache(path, here).size() == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  cache.save();
  CHECK(plan_cache(path, here).size() == 2);
}

TEST_CASE("plan_cache: a locale that groups digits changes nothing") {
  struct grouping : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const test::temporary_folder folder;
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new grouping));
  plan_cache cache(folder / "plans", here);
  cache.keep("k", {.engine = {.index = 1234567}, .ms = 1234.5, .json = std::string(2000, 'x')});
  cache.save();
  std::locale::global(before);
  const plan_cache again(folder / "plans", here);
  REQUIRE(again.find("k") != nullptr);
  CHECK(again.find("k")->engine.index == 1234567);
  CHECK(again.find("k")->ms == 1234.5);
  CHECK(again.find("k")->json.size() == 2000);
}

TEST_CASE("plan_cache: names with line ends and backslashes come back") {
  const test::temporary_folder folder;
  plan_place odd = here;
  odd.device = "a\\b\nc\rd";
  plan_cache cache(folder / "plans", odd);
  const std::string keys[] = {"two\nlines", "plan 2 0 0 0 x\n{}", "a\\", "\\n", "\r\n"};
  for (const std::string& key : keys) cache.keep(key, {.json = "{\"" + key + "\"}"});
  cache.save();
  const plan_cache again(folder / "plans", odd);
  CHECK(again.size() == std::size(keys));
  for (const std::string& key : keys) {
    REQUIRE(again.find(key) != nullptr);
    CHECK(again.find(key)->json == "{\"" + key + "\"}");
  }
}

TEST_CASE("plan_cache: cuDNN makes a plan again from its text, without the device and without compiling") {
  test::need_driver_library();
  const cd::descriptor device = cd::describe(devices::h200());
  const cd::planning_target target{.description = &device};
  const network graph = make_network("two", {1, 14, 14, 32}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 32, .kernel = 3, .act = relu});
    net.conv(x, {.filters = 32, .act = swish});
  });
  for (const kernel& k : fuse(graph)) {
    const auto said = std::get<cd::operation_graph>(cd::lowering(data_type::f16, 1)(k, {}));
    const auto proposals = cd::find_configurations(said, target);
    REQUIRE(!proposals.empty());
    const cd::execution_plan made = cd::make_plan(proposals.front(), target);
    const std::string json = made.json();
    CHECK(json.size() > 100);
    const cd::execution_plan again = cd::restore_plan(json, made.engine, target);
    CHECK(again.workspace == made.workspace);
    CHECK(again.engine == made.engine);
    CHECK_THROWS_AS(cd::restore_plan(json.substr(0, json.size() / 2), made.engine, target), library_error);
  }
}

TEST_CASE("choose: the fastest of the first that work") {
  std::vector<std::string> failures;
  std::vector<std::size_t> made;
  const std::vector<double> ms{5, -1, 3, 4, 1};  // negative: fails when it runs
  const auto make = [&](std::size_t i) {
    if (i == 0) throw library_error("making", "no plan", CUDNN_STATUS_NOT_SUPPORTED);
    made.push_back(i);
    return i;
  };
  const auto time = [&](std::size_t i) {
    if (ms[i] < 0) throw library_error("running", "a crash", CUDNN_STATUS_EXECUTION_FAILED);
    return ms[i];
  };
  const auto best = cd::choose_fastest(ms.size(), 2, make, time, failures);
  REQUIRE(best.has_value());
  CHECK(best->plan == 2);
  CHECK(best->ms == 3);
  CHECK(made == std::vector<std::size_t>{1, 2, 3});
  CHECK(failures == std::vector<std::string>{"nascent: making: found no plan; allowed: success",
                                             "nascent: running: found a crash; allowed: success"});
}

TEST_CASE("choose: nothing where nothing works, and other errors are not swallowed") {
  std::vector<std::string> failures;
  const auto make = [](std::size_t i) { return i; };
  CHECK(!cd::choose_fastest(
      3, 5, make, [](std::size_t) -> double { throw executor_error("executor.library", "a test", "no", "yes"); },
      failures));
  CHECK(failures.size() == 3);
  CHECK(!cd::choose_fastest(
      0, 5, make, [](std::size_t) { return 1.0; }, failures));
  CHECK_THROWS_AS(cd::choose_fastest(
                      3, 5, make, [](std::size_t) -> double { throw std::bad_alloc(); }, failures),
                  std::bad_alloc);
}
