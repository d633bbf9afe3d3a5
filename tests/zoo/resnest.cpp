// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/resnest.hpp"

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/space.hpp"

using namespace nascent;

namespace {

constexpr auto attentive = define([] {
  return search_space("attention")
      .input(3, 64)
      .stage("stem", conv{.filters = 32})
      .stride(2)
      .stage("1", split_attention{.filters = one_of(64, 128), .radix = one_of(1, 2, 4)})
      .stride(2)
      .layers(range(1, 3))
      .head(global_pool{}, dense{10});
});

}  // namespace

// Public counts: zhanghang1989/ResNeSt, osmr/imgclsmob.
static_assert(count(zoo::resnest_50).params == 27'483'240);
static_assert(count(zoo::resnest_101).params == 48'275'016);
static_assert(count(zoo::resnest_200).params == 70'201'544);
static_assert(count(zoo::resnest_269).params == 110'929'480);

// osmr/imgclsmob counts additions and activations too, less than 1 % of all.
TEST_CASE("ResNeSt's MACs are just below the public counts of all operations, at their input sizes") {
  const auto ratio = [](const auto& m, int px, double operations) {
    return static_cast<double>(count(m.at(px)).macs) / operations;
  };
  for (const double found : {ratio(zoo::resnest_50, 224, 5'403.11e6), ratio(zoo::resnest_101, 224, 10'247.88e6),
                             ratio(zoo::resnest_200, 256, 22'857.88e6), ratio(zoo::resnest_269, 320, 46'012.95e6)}) {
    CHECK(found > 0.99);
    CHECK(found < 1);
  }
}

TEST_CASE("ResNeSt: a difference of more than 1 % from the printed figures has its reason beside it") {
  check_remark(zoo::resnest_50);
  check_remark(zoo::resnest_101);
  check_remark(zoo::resnest_200);
  check_remark(zoo::resnest_269);
}

TEST_CASE("ResNeSt's strided average pools pad symmetrically and count it, as PyTorch's do by default") {
  int strided = 0;
  const network graph = to_network(zoo::resnest_50);
  for (const layer& l : graph.layers()) {
    if (l.kind != layer_kind::average_pool || l.kernel_height != 3) continue;
    CHECK(l.pad == padding::symmetric);
    CHECK(l.count_padding);
    ++strided;
  }
  CHECK(strided == 3);
}

TEST_CASE("split attention is a block of a space like any other") {
  STATIC_CHECK(attentive.size() == 2 * 3 * 3);
  for (uint128 rank = 0; rank < attentive.size(); rank += 1) CHECK(count(attentive.unrank(rank)).params > 0);
}
