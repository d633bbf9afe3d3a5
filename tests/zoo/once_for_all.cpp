// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/once_for_all.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;

TEST_CASE("Once-for-All has (9^2 + 9^3 + 9^4)^5 networks in 45 decisions") {
  uint128 size = 1;
  for (int stage = 0; stage < 5; ++stage) size *= 81 + 729 + 6561;
  CHECK(zoo::once_for_all.size() == size);
  CHECK(zoo::once_for_all.slot_count == 45);
  CHECK(to_decimal(zoo::once_for_all.size()).c_str() == std::string_view("21758655492572485851"));
}

// mit-han-lab/once-for-all, SEModule: ReLU, then a hard sigmoid.
TEST_CASE("Once-for-All's squeeze-and-excite has ReLU inside and a hard sigmoid as its gate") {
  const network graph = to_network(zoo::once_for_all.unrank(0));
  int gates = 0;
  for (std::size_t i = 2; i < graph.layers().size(); ++i) {
    if (graph.layers()[i].kind != layer_kind::multiply) continue;
    CHECK(graph.layers()[i - 2].act == relu);
    CHECK(graph.layers()[i - 1].act == hsigmoid);
    ++gates;
  }
  CHECK(gates == 3 * 2);  // three stages of two layers
}

// mit-han-lab/once-for-all: the head of MobileNetV3 networks of width 1.2 has 960 and 1280 channels times 1.2.
TEST_CASE("Once-for-All at width 1.2 has a head of 1152 and 1536") {
  const network graph = to_network(scaled(zoo::once_for_all.unrank(0), {.width = 1.2}));
  std::vector<int> head;
  for (std::size_t i = 0; i < graph.layers().size(); ++i)
    if (graph.stage_of(i).starts_with("head.") && params(graph.layers()[i]) > 0)
      head.push_back(graph.layers()[i].output.channels);
  CHECK(head == std::vector{1152, 1536, 1000});
}
