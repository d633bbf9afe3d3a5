// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/spaces.hpp"

#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::EndsWith;
using Catch::Matchers::MessageMatches;

TEST_CASE("every space of the literature has a key of its own") {
  std::set<std::string> keys;
  zoo::for_each_space([&](std::string_view key, const auto& s) {
    CHECK(keys.insert(std::string(key)).second);
    CHECK(zoo::key_of(s) == key);
    CHECK(s.size() > 1);
  });
  CHECK(keys.size() == 11);
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
