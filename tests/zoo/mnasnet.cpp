// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/mnasnet.hpp"

#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/mobile.hpp"

using namespace nascent;

// Section 4.1: "about 10^13". A block has ConvOp x KernelSize x SERatio x SkipOp x filters x layers.
static_assert((1 + 1 + 2) * 2 * 2 * 3 * 3 * 3 == 432);
static_assert(zoo::mnasnet.size() > 1e13 && zoo::mnasnet.size() < 2e13);

namespace {

/// The option of a slot that prints as `value`.
int option_named(std::size_t slot, std::string_view value) {
  for (int option = 0; option < zoo::mnasnet.slot(slot).options; ++option)
    if (zoo::mnasnet.value(slot, option).text() == value) return option;
  FAIL("no option " << value << " in " << zoo::mnasnet.slot(slot).path.view());
  return -1;
}

/// What a block decides, as the slots print it; inverted bottlenecks with identity skips.
struct block_choice {
  std::string stage;
  const char* filters;
  const char* kernel;
  const char* expand;
  const char* se;
  const char* layers;
};

}  // namespace

TEST_CASE("MnasNet-A1 is in the space, but for 112 filters in block 5, where 120 is the nearest") {
  std::array<int, zoo::mnasnet.slot_count> vector{};
  vector.fill(inactive);
  const auto decide = [&](const std::string& path, std::string_view value) {
    const std::size_t slot = zoo::mnasnet.find(path);
    REQUIRE(slot < zoo::mnasnet.slot_count);
    vector[slot] = option_named(slot, value);
  };
  for (const block_choice& b :
       {block_choice{"2", "24", "3", "6", "0", "2"}, block_choice{"3", "40", "5", "3", "0.25", "3"},
        block_choice{"4", "80", "3", "6", "0", "4"}, block_choice{"5", "120", "3", "6", "0.25", "2"},
        block_choice{"6", "160", "5", "6", "0.25", "3"}}) {
    decide(b.stage + ".block", "mbconv");
    decide(b.stage + ".mbconv.filters", b.filters);
    decide(b.stage + ".mbconv.kernel", b.kernel);
    decide(b.stage + ".mbconv.expand", b.expand);
    decide(b.stage + ".mbconv.se", b.se);
    decide(b.stage + ".mbconv.residual", "identity");
    decide(b.stage + ".layers", b.layers);
  }
  auto a1 = zoo::mnasnet_a1;
  a1.body.rows[4].filters = 120;
  CHECK(count(zoo::mnasnet.decode(vector)) == count(a1));
}

TEST_CASE("widths round 0.75, 1 and 1.25 times MobileNetV2's to multiples of 8") {
  const auto values = [](const char* path) {
    const std::size_t slot = zoo::mnasnet.find(path);
    std::string all;
    REQUIRE(slot < zoo::mnasnet.slot_count);
    for (int o = 0; o < zoo::mnasnet.slot(slot).options; ++o)
      all += std::string(zoo::mnasnet.value(slot, o).text().view()) + " ";
    return all;
  };
  CHECK(values("2.excited_conv.filters") == "16 24 32 ");
  CHECK(values("3.excited_conv.filters") == "24 32 40 ");
  CHECK(values("5.excited_conv.filters") == "72 96 120 ");
  CHECK(values("6.excited_conv.filters") == "120 160 200 ");
}

TEST_CASE("every candidate sampled can be built") {
  random_engine rng(13);
  for (int i = 0; i < 300; ++i) {
    const auto c = zoo::mnasnet.sample(rng);
    CHECK(to_network(c).output().channels == 1000);
  }
}
