// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/inception.hpp"

#include <map>
#include <string>

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

using namespace nascent;

// Parameters: osmr/imgclsmob; MACs: torchvision lists 5.713 for v3.
static_assert(count(zoo::inception_v3).params == 23'834'568);
static_assert(count(zoo::inception_v3).macs / 1'000'000 == 5'713);
static_assert(count(zoo::inception_v4).params == 42'679'816);

namespace {

std::map<std::string, shape> last_maps(const network& graph) {
  std::map<std::string, shape> last;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) last[graph.stage_of(i)] = graph.layers()[i].output;
  return last;
}

}  // namespace

TEST_CASE("Inception-v4's MACs are those of timm's list, within its two digits and what it adds for normalisations") {
  const double macs = static_cast<double>(count(zoo::inception_v4).macs);
  CHECK(macs > 12.28e9 * 0.99);
  CHECK(macs < 12.28e9);
}

TEST_CASE("Inception has the maps of its papers") {
  auto v3 = last_maps(to_network(zoo::inception_v3));
  CHECK(v3["stem"] == shape{1, 35, 35, 192});
  CHECK(v3["a"] == shape{1, 35, 35, 288});
  CHECK(v3["reduction a"] == shape{1, 17, 17, 768});
  CHECK(v3["b"] == shape{1, 17, 17, 768});
  CHECK(v3["reduction b"] == shape{1, 8, 8, 1280});
  CHECK(v3["c"] == shape{1, 8, 8, 2048});
  auto v4 = last_maps(to_network(zoo::inception_v4));
  CHECK(v4["stem"] == shape{1, 35, 35, 384});
  CHECK(v4["a"] == shape{1, 35, 35, 384});
  CHECK(v4["reduction a"] == shape{1, 17, 17, 1024});
  CHECK(v4["b"] == shape{1, 17, 17, 1024});
  CHECK(v4["reduction b"] == shape{1, 8, 8, 1536});
  CHECK(v4["c"] == shape{1, 8, 8, 1536});
}

TEST_CASE("Inception: a difference of more than 1 % from the printed figures has its reason beside it") {
  check_remark(zoo::inception_v3);
  check_remark(zoo::inception_v4);
}

// torchvision gives 75 px as the least input of Inception-v3.
TEST_CASE("Inception: the stage is named at which an input is too small") {
  using Catch::Matchers::Message;
  CHECK(count(zoo::inception_v3.at(75)).params == 23'834'568);
  CHECK_THROWS_MATCHES(count(zoo::inception_v3.at(74)), space_error,
                       Message("nascent: model 'Inception-v3', stage reduction b: found 2 against 3; "
                               "allowed: a feature map of 1x1 or more; use a larger input, or padding"));
}
