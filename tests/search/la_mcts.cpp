// SPDX-License-Identifier: Apache-2.0
// LA-MCTS, and what its public code does wrong: regions that do not hold their answers, clusters that differ from one
// look to the next, equal values and duplicates that stop it, no seeds, no pending answers, no way to go on.
#include "nascent/search/la_mcts.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "constrained_space.hpp"
#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// Points of a square by a fixed pattern, and what a ring and a half of it are worth.
Eigen::MatrixXd square(int side) {
  Eigen::MatrixXd rows(side * side, 2);
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) rows.row(side * i + j) << (i + 0.5) / side, (j + 0.5) / side;
  return rows;
}

}  // namespace

TEST_CASE("two clusters are the same each time, and none of rows that are equal") {
  Eigen::MatrixXd rows(6, 2);
  rows << 0, 0, 0.1, 0.2, 0.05, 0.1, 0.9, 5, 1, 5.1, 0.95, 4.9;
  const auto good = detail::two_clusters(rows);
  REQUIRE(good);
  CHECK(*good == std::vector<bool>{false, false, false, true, true, true});
  CHECK(detail::two_clusters(rows) == good);
  CHECK(!detail::two_clusters(Eigen::MatrixXd::Constant(5, 3, 0.25)));
}

TEST_CASE("boundaries: a line, and a ring that no line bounds") {
  const Eigen::MatrixXd rows = square(12);
  const auto wrong = [&](auto is_good, bool linear) {
    std::vector<bool> good;
    for (Eigen::Index i = 0; i < rows.rows(); ++i) good.push_back(is_good(rows(i, 0), rows(i, 1)));
    const detail::side_classifier side(rows, good, linear);
    const Eigen::MatrixXd others = square(18);  // not those that it was taught
    int count = 0;
    for (Eigen::Index i = 0; i < others.rows(); ++i)
      count += side(others.row(i)) != is_good(others(i, 0), others(i, 1)) ? 1 : 0;
    return static_cast<double>(count) / static_cast<double>(others.rows());
  };
  const auto half = [](double x, double /*y*/) { return x > 0.5; };
  const auto ring = [](double x, double y) { return (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5) < 0.09; };
  CHECK(wrong(half, true) < 0.05);
  CHECK(wrong(half, false) < 0.05);
  CHECK(wrong(ring, false) < 0.1);
  CHECK(wrong(ring, true) > 0.15);
}

TEST_CASE("answers lie in the regions of their nodes; bounds choose the leaf") {
  const Eigen::MatrixXd rows = square(10);
  Eigen::VectorXd scores(rows.rows());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) scores(i) = rows(i, 0) + 0.3 * rows(i, 1);
  const Eigen::MatrixXd none(0, 2);
  const detail::latent_tree greedy(rows, scores, none, {.leaf = 10, .exploration = 0});
  const auto way = greedy.select();
  REQUIRE(way.size() >= 3);
  for (std::size_t i = 0; i + 1 < way.size(); ++i) {
    const auto& at = greedy.nodes()[way[i]];
    const auto& good = greedy.nodes()[at.good];
    const auto& bad = greedy.nodes()[at.bad];
    CHECK(good.bag.size() + bad.bag.size() == at.bag.size());
    CHECK(way[i + 1] == (good.mean >= bad.mean ? at.good : at.bad));  // without exploration it is greedy, not random
  }
  const auto& leaf = greedy.nodes()[way.back()].bag;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows.rows()); ++i)
    CHECK(greedy.contains(way, rows.row(static_cast<Eigen::Index>(i))) == (std::ranges::find(leaf, i) != leaf.end()));

  // Many pending candidates in the chosen leaf: with exploration another is taken.
  const detail::latent_tree_options curious{.leaf = 10, .exploration = 0.5};
  const auto before = detail::latent_tree(rows, scores, none, curious).select();
  const detail::latent_tree alone(rows, scores, none, curious);
  Eigen::MatrixXd many(400, 2);
  for (Eigen::Index i = 0; i < many.rows(); ++i)
    many.row(i) = rows.row(static_cast<Eigen::Index>(alone.nodes()[before.back()].bag[0]));
  const detail::latent_tree crowded(rows, scores, many, curious);
  CHECK(crowded.select() != before);

  // Equal values, and equal answers: one leaf, no error.
  CHECK(detail::latent_tree(rows, Eigen::VectorXd::Zero(rows.rows()), none, {.leaf = 10}).nodes().size() == 1);
  CHECK(detail::latent_tree(Eigen::MatrixXd::Zero(rows.rows(), 2), scores, none, {.leaf = 10}).nodes().size() == 1);
}

TEST_CASE("a constrained space with conditional decisions is used up, whatever is pending or fails") {
  for (const region_boundary boundary : {region_boundary::linear, region_boundary::radial}) {
    la_mcts all(test::constrained_space, {.model = {.start = 3}, .leaf = 4, .boundary = boundary});
    test::check_uses_up(all);
    la_mcts s(test::constrained_space, {.model = {.start = 3}, .leaf = 4, .boundary = boundary, .seed = 3});
    la_mcts again = s;
    std::vector<decltype(s)::candidate_type> asked;
    while (const auto c = s.ask()) {
      CHECK(again.ask() == c);
      CHECK(std::ranges::find(asked, *c) == asked.end());
      asked.push_back(*c);
      const double value =
          asked.size() % 2 == 0 ? -std::numeric_limits<double>::infinity() : static_cast<double>(asked.size() % 3);
      if (asked.size() % 3 == 0) continue;  // its answer never comes
      s.tell(*c, value);
      again.tell(*c, value);
    }
    CHECK(asked.size() == test::constrained_space.size());
  }
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.model = {.start = 1}}), search_error);
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.leaf = 1}), search_error);
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.exploration = -1}), search_error);
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.model = {.climbs = 0}}), search_error);
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.neighbours = 0}), search_error);
  CHECK_THROWS_AS(la_mcts(test::constrained_space, {.model = {.most_points = 5}}), search_error);
}

TEST_CASE("NAS-Bench-Macro after 50 trainings: better than chance, by far") {
  // Chance, exactly: 92.774; local search over 100 seeds: 93.068, measured with another program, too.
  double found = 0;
  constexpr int seeds = 8;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    la_mcts s(macro_space, {.seed = seed});
    found += best_of_macro(s, 50) / seeds;
  }
  INFO(found);
  CHECK(found > 93.0);
}
