// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/spaces.hpp"

#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/cost/bounds.hpp"

using namespace nascent;

// The compiler knows the exact bounds of every space. NAS-Bench-201 publishes 7.78 to 220.12 million MACs.
static_assert(max_macs(zoo::efficientnet_x) > 0);
static_assert(max_macs(zoo::gpunet) > 230'000'000'000);
static_assert(max_macs(zoo::mnasnet) > 0);
static_assert(max_macs(zoo::proxylessnas) > 0);
static_assert(max_macs(zoo::proxylessnas_enlarged) > 0);
#if !defined(__clang__)  // clang takes 2^20 steps for a constant, without -fconstexpr-steps
static_assert(max_macs(zoo::mobilenet_v3_like) > 0);
static_assert(max_macs(zoo::mobilenet_v4) > 0);
#endif
static_assert(max_macs(zoo::once_for_all) > 0);
static_assert(max_macs(zoo::convnext) > 0);
static_assert(max_macs(zoo::autoformer_t) > 0);
static_assert(max_macs(zoo::autoformer_s) > 0);
static_assert(max_macs(zoo::mobilevit) > 0);
static_assert(max_macs(zoo::nas_bench_201) / 10'000 == 22'012 && min_macs(zoo::nas_bench_201) / 10'000 == 778);
static_assert(max_macs(zoo::nas_bench_macro) == max_macs(zoo::nas_bench_macro_distinct));
static_assert(min_macs(zoo::nas_bench_macro) == min_macs(zoo::nas_bench_macro_distinct));
using Catch::Matchers::EndsWith;
using Catch::Matchers::MessageMatches;

TEST_CASE("bounds that are no constants hold at run time") {
  constexpr std::uint64_t seed = 8;
  CAPTURE(seed);
  random_engine rng(seed);
  const std::int64_t most = max_macs(zoo::mobilenet_v3_like);
  const std::int64_t least = min_macs(zoo::mobilenet_v3_like);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t macs = count(zoo::mobilenet_v3_like.sample(rng)).macs;
    CHECK(macs <= most);
    CHECK(macs >= least);
  }
}

TEST_CASE("every space of the literature has a key of its own") {
  std::set<std::string> keys;
  zoo::for_each_space([&](std::string_view key, const auto& s) {
    CHECK(keys.insert(std::string(key)).second);
    CHECK(zoo::key_of(s) == key);
    CHECK(s.size() > 1);
  });
  CHECK(keys.size() == 16);
}

TEST_CASE("a space is found by its key among those that a program offers") {
  const auto name = [](const auto& s) { return std::string(s.name()); };
  CHECK(zoo::with_space("gpunet", name, zoo::proxylessnas, zoo::gpunet) == "GPUNet");
  CHECK(zoo::with_space("proxylessnas", name, zoo::proxylessnas, zoo::gpunet) == "TuNAS ProxylessNAS");
  CHECK_THROWS_MATCHES(zoo::with_space("mnasnet", name, zoo::proxylessnas, zoo::gpunet), std::exception,
                       MessageMatches(EndsWith("found 'mnasnet'; allowed: proxylessnas, gpunet")));
}

TEST_CASE("a space of one's own has no key") {
  constexpr auto own =
      define([] { return search_space("own").input(3, 8).stage("1", conv{.filters = one_of(8, 16)}); });
  CHECK(zoo::key_of(own).empty());
}
