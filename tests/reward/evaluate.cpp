// SPDX-License-Identifier: Apache-2.0
#include "nascent/reward/evaluate.hpp"

#include <cstddef>
#include <optional>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

/// How many graphs have been built: the block below counts where it is built into one.
std::size_t graphs = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

template <class Filters = int>
struct counted_conv {
  Filters filters;

  constexpr auto operator()(auto& n, auto input, int stride) const {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(n)>, net<network>>) ++graphs;
    return n.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
  }
};

constexpr auto counted_space = define([] {
  return search_space("counted").input(3, 32).stage("1", counted_conv{.filters = one_of(8, 16, 24)}).stride(2);
});
using candidate_type = decltype(counted_space)::candidate_type;

double layers_of(const network& graph) { return static_cast<double>(graph.layers().size()); }
double rank_of(const candidate_type& c) { return static_cast<double>(counted_space.rank(c)); }

}  // namespace

TEST_CASE("several callables share one network, built when the first of them asks") {
  const candidate_type c = counted_space.unrank(2);
  const evaluated_candidate seen(counted_space, c);
  graphs = 0;
  CHECK(evaluate(rank_of, seen) == 2);
  CHECK(graphs == 0);  // nobody needed it
  CHECK(evaluate(layers_of, seen) == 1);
  CHECK(evaluate(layers_of, seen) == 1);
  const auto filters = [](const network& graph) -> std::optional<double> { return graph.output().channels; };
  CHECK(evaluate(filters, seen) == 24);
  CHECK(graphs == 1);
  CHECK(&seen.candidate() == &c);
}

TEST_CASE("one callable may be asked about a candidate itself") {
  graphs = 0;
  CHECK(evaluate(layers_of, counted_space.unrank(0)) == 1);
  CHECK(graphs == 1);
  CHECK(evaluate(rank_of, counted_space.unrank(1)) == 1);
  CHECK(graphs == 1);
  const auto none = [](const network&) -> std::optional<double> { return std::nullopt; };
  CHECK(!evaluate(none, counted_space.unrank(0)));
  CHECK(evaluate(layers_of, scaled(counted_space.unrank(0), {.resolution = 64})) == 1);
}
