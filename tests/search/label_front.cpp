// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/detail/label_front.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace {

using namespace nascent::detail;

bool same(const front_label& a, const front_label& b) {
  return a.cost == b.cost && a.gain == b.gain && a.before == b.before && a.move == b.move;
}
bool same(const std::vector<front_label>& a, const std::vector<front_label>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
}

/// By the definition: what none is better than, by rising cost; of equal ones the first.
std::vector<front_label> front_by_definition(const std::vector<front_label>& all) {
  const auto comes_first = [](const front_label& a, const front_label& b) {
    return a.cost != b.cost ? a.cost < b.cost : a.gain > b.gain;
  };
  std::vector<front_label> sorted;
  for (const front_label& l : all) sorted.insert(std::ranges::upper_bound(sorted, l, comes_first), l);
  std::vector<front_label> front;
  for (const front_label& l : sorted)
    if (front.empty() || l.gain > front.back().gain) front.push_back(l);
  return front;
}

std::vector<front_label> random_front(std::mt19937_64& rng, std::uint32_t mark) {
  std::vector<front_label> all;
  for (std::uint32_t n = static_cast<std::uint32_t>(rng() % 7); n > 0; --n)
    all.push_back({static_cast<double>(rng() % 8), static_cast<double>(rng() % 8), n, mark});
  return front_by_definition(all);
}

TEST_CASE("two fronts merge into what none of either is better than; of equal labels the first front's stay") {
  std::mt19937_64 rng(1);
  for (int round = 0; round < 500; ++round) {
    const auto a = random_front(rng, 1);
    const auto b = random_front(rng, 2);
    std::vector<front_label> merged;
    merge_fronts(a, b, merged);
    std::vector<front_label> all = a;
    all.insert(all.end(), b.begin(), b.end());
    REQUIRE(same(merged, front_by_definition(all)));
  }
}

TEST_CASE("many fronts, each moved and cut off, merge into one") {
  std::mt19937_64 rng(2);
  front_merger merger;
  for (int round = 0; round < 200; ++round) {
    std::vector<front_label> all;
    const double most = static_cast<double>(5 + rng() % 10);
    for (std::uint32_t n = static_cast<std::uint32_t>(rng() % 9); n > 0; --n) {
      const auto front = random_front(rng, 0);
      const front_move move{static_cast<double>(rng() % 5), static_cast<double>(rng() % 5), 0, n};
      merger.add(front, 100 * n, move, most);
      for (std::size_t i = 0; i < front.size(); ++i)
        if (front[i].cost + move.cost <= most)
          all.push_back({front[i].cost + move.cost, front[i].gain + move.gain, 100 * n + static_cast<std::uint32_t>(i),
                         move.number});
    }
    std::vector<front_label> out{{-1, -1, 7, 7}};  // what is there stays
    merger.finish(out);
    REQUIRE(out.front().before == 7);
    out.erase(out.begin());
    const auto expected = front_by_definition(all);
    REQUIRE(out.size() == expected.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      REQUIRE(out[i].cost == expected[i].cost);
      REQUIRE(out[i].gain == expected[i].gain);
      // Of equal ones any: but it is one that was added.
      REQUIRE(std::ranges::any_of(all, [&](const front_label& l) { return same(l, out[i]); }));
    }
  }
}

TEST_CASE("a front is thinned so that what is dropped gains no more than a kept one and the width") {
  const auto thinned = [](std::vector<double> gains, std::size_t first, double width) {
    std::vector<front_label> labels;
    for (std::size_t i = 0; i < gains.size(); ++i)
      labels.push_back({static_cast<double>(i), gains[i], static_cast<std::uint32_t>(i), 0});
    const double most = thin_front(labels, first, width);
    std::vector<std::uint32_t> kept;
    for (const front_label& l : labels) kept.push_back(l.before);
    return std::tuple(kept, most);
  };
  using kept = std::vector<std::uint32_t>;
  CHECK(thinned({0, 1, 2, 3, 7, 7.5, 9}, 0, 2) == std::tuple(kept{0, 3, 4}, 2.));
  CHECK(thinned({0, 1, 2, 3, 7, 7.5, 9}, 0, 1.9) == std::tuple(kept{0, 2, 4, 6}, 1.));
  CHECK(thinned({0, 1, 2}, 0, 0) == std::tuple(kept{0, 1, 2}, 0.));
  // Labels before `first` are another state's.
  CHECK(thinned({5, 0, 1, 4}, 1, 1) == std::tuple(kept{0, 1, 3}, 1.));
  CHECK(thinned({}, 0, 1) == std::tuple(kept{}, 0.));
}

TEST_CASE("of moves to one state those stay that no other is better than, by state and cost") {
  std::vector<front_move> moves{{2, 5, 1, 0}, {1, 5, 1, 1}, {1, 5, 1, 2}, {3, 6, 1, 3}, {3, 7, 1, 4},
                                {0, 1, 2, 5}, {0, 2, 0, 6}, {4, 6, 1, 7}, {5, 0, 0, 8}};
  reduce_moves(moves);
  std::vector<std::tuple<std::uint32_t, std::uint32_t>> kept;
  for (const front_move& m : moves) kept.emplace_back(m.to, m.number);
  CHECK(kept == std::vector<std::tuple<std::uint32_t, std::uint32_t>>{{0, 6}, {1, 1}, {1, 4}, {2, 5}});
}

}  // namespace
