// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/tunas_networks.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;

// Layers, params and MACs of the public networks: google-research/google-research, tunas/, 0c1bbe5, counted
// independently of this library.
static_assert(count(zoo::proxylessnas_mobile).params == 4'081'793);
static_assert(count(zoo::proxylessnas_mobile).macs == 320'428'864);
static_assert(count(zoo::mobilenet_multi_avg).params == 4'948'873);
static_assert(count(zoo::mobilenet_multi_avg).macs == 432'452'544);
static_assert(count(zoo::mobilenet_multi_max).params == 4'422'921);
static_assert(count(zoo::mobilenet_multi_max).macs == 349'177'632);

TEST_CASE("ProxylessNAS-Mobile is a candidate of TuNAS's space, and a network") {
  STATIC_CHECK(zoo::proxylessnas
                   .slot(static_cast<std::size_t>(zoo::detail::proxylessnas_slots<zoo::proxylessnas_space>[20].expand))
                   .path == "5[3].expand");
  constexpr auto candidate = zoo::proxylessnas_candidate(zoo::proxylessnas_mobile_operations);
  CHECK(to_network(candidate).layers() == to_network(zoo::proxylessnas_mobile).layers());
  CHECK(to_network(zoo::proxylessnas_mobile).output().channels == 1001);
  CHECK(count(zoo::proxylessnas_mobile.at(192)).params == 4'081'793);
}

TEST_CASE("operations name candidates, and candidates operations") {
  random_engine rng(5);
  for (int i = 0; i < 1000; ++i) {
    const auto c = zoo::proxylessnas.sample(rng);
    const auto operations = zoo::operations_of(c);
    CHECK(zoo::proxylessnas_candidate(operations) == c);
    CHECK(count(c) == count(model{"a candidate", 224, zoo::proxylessnas_body{operations}}));
  }
}

TEST_CASE("an operation that does not exist is an error that names the slot") {
  const auto message = [](std::size_t layer, int operation) {
    zoo::proxylessnas_operations operations{};
    operations[layer] = operation;
    try {
      static_cast<void>(zoo::proxylessnas_candidate(operations));
    } catch (const space_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(message(2, 6).empty());
  CHECK(message(0, 3).find("separable.kernel") != std::string::npos);
  CHECK(message(0, -2).find("separable.kernel") != std::string::npos);
  CHECK(message(1, 6).find("1[0].block") != std::string::npos);  // the first layer of a stage is not skipped
  CHECK(message(2, 7).find("1[1].block") != std::string::npos);
  CHECK(message(2, -1).find("1[1].kernel") != std::string::npos);
  CHECK(message(2, -3).find("1[1].expand") != std::string::npos);
  CHECK(message(21, 6).find("6.expand") != std::string::npos);
}
