// SPDX-License-Identifier: Apache-2.0
// The trellis reads a description and calls the space behind it: one that is made at run time has one too.
#include "../space/run_time_space.hpp"

#include <map>
#include <string>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/kernels/network_cover.hpp"
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;
using namespace test;

TEST_CASE("kernels of a space made at run time are those of its networks, as often") {
  const listed_space s = make_listed_space();
  const kernel_trellis trellis(s);
  CHECK(trellis.networks() == s.size());
  std::map<std::string, double> expected;
  for (uint128 r = 0; r < s.size(); ++r) {
    std::map<std::string, int> of_network;
    for (const kernel& k : fuse(to_network(s, s.unrank(r)))) ++of_network[k.signature()];
    std::map<std::string, int> walked;
    REQUIRE(trellis.walk(s.unrank(r), [&](std::int32_t group, int times) {
      for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)])
        walked[trellis.kernels()[static_cast<std::size_t>(k)].signature] += times;
    }));
    CHECK(walked == of_network);
    for (const auto& [signature, times] : of_network) expected[signature] += times / 120.0;
  }
  REQUIRE(trellis.kernels().size() == expected.size());
  for (const space_kernel& k : trellis.kernels()) CHECK(k.per_network == Catch::Approx(expected.at(k.signature)));
}

TEST_CASE("the network of a space made at run time that brings most") {
  const listed_space s = make_listed_space();
  const kernel_trellis trellis(s);
  network_cover cover(trellis);
  std::vector<double> sizes;
  for (const space_kernel& k : trellis.kernels()) sizes.push_back(k.what.core.kernel_height);
  cover.weigh(sizes, std::vector<double>(sizes.size(), 1));
  CHECK(s.rank(cover.best().what) == 119);  // the largest kernel everywhere
}
