// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/best_under.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../kernels/spaces.hpp"
#include "made_up_table.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"

namespace {

using Catch::Approx;
using test::made_up;
using namespace nascent;

/// Several resolutions, stages that may be missing, two stages at one resolution.
inline constexpr auto plain_space = define([] {
  constexpr auto acts = one_of(relu, swish);
  return search_space("two resolutions")
      .input(3, one_of(192, 224))
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("1", mbconv{.filters = 16, .kernel = 3, .expand = 1, .se = .25, .act = acts})
      .stage("2", fused_mbconv{.filters = one_of(24, 32), .kernel = 3, .expand = one_of(3, 6), .act = swish})
      .stride(2)
      .layers(range(1, 2))
      .stage("3", mbconv{.filters = 40, .kernel = one_of(3, 5), .expand = 6, .se = .25, .act = acts})
      .stride(2)
      .layers(range(0, 2))
      .stage("4", mbconv{.filters = one_of(80, 96), .kernel = 3, .expand = 6, .se = .25, .act = swish})
      .stride(2)
      .layers(range(1, 2))
      .stage("5", mbconv{.filters = 112, .kernel = 5, .expand = one_of(3, 6), .se = .25, .act = acts})
      .layers(range(0, 2))
      .stage("6", mbconv{.filters = one_of(160, 192), .kernel = 5, .expand = 6, .se = .25, .act = swish})
      .stride(2)
      .layers(range(1, 2))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

/// A space-to-depth that a constraint ties to a stride, as in examples/family_space.hpp.
inline constexpr auto folding_space = define([] {
  constexpr auto acts = one_of(relu, swish);
  return search_space("folding")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("reshape", space_to_depth{.factor = 2})
      .layers(range(0, 1))
      .stage("1",
             mbconv{.filters = one_of(16, 64), .kernel = one_of(2, 3), .expand = 1, .se = one_of(0, .25), .act = acts})
      .layers(1)
      .stage("2", either(mbconv{.filters = 24 * one_of(.75, 1.), .kernel = one_of(3, 5), .expand = 6, .se = .25},
                         fused_mbconv{.filters = 24 * one_of(.75, 1.), .kernel = 3, .expand = 6, .act = acts}))
      .stride(one_of(1, 2))
      .layers(range(1, 2))
      .stage("3", mbconv{.filters = 40, .kernel = one_of(3, 7), .expand = 6, .se = one_of(.125, 1), .act = swish})
      .stride(2)
      .layers(range(1, 2))
      .stage("4", mbconv{.filters = one_of(96, 112), .kernel = 5, .expand = 6, .se = .25, .act = acts})
      .stride(2)
      .layers(range(1, 2))
      .stage("5", mbconv{.filters = one_of(192, 320), .kernel = 5, .expand = 6, .se = .25, .act = swish})
      .stride(2)
      .layers(range(1, 3))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000})
      .require("reshape.layers", "2.stride", [](int reshapes, int stride) { return stride == (reshapes == 1 ? 1 : 2); })
      .require("reshape.layers", "1.filters",
               [](int reshapes, int filters) { return (reshapes == 1) == (filters == 64); });
});

/// Layers that choose on their own, or are not there; shared and tied widths.
inline constexpr auto free_space = define([] {
  return search_space("free layers")
      .input(3, 224)
      .choose("wide", one_of(80, 96))
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("1", mbconv{.filters = 16, .kernel = 3, .expand = 1, .se = .25, .act = swish})
      .stage("2", mbconv{.filters = 24, .kernel = 3, .expand = 6, .se = .25, .act = swish})
      .stride(2)
      .stage("3", either(mbconv{.filters = 40, .kernel = one_of(3, 5), .expand = one_of(3, 6), .act = swish}, skip{}))
      .stride(2)
      .layers(independent(range(1, 3)))
      .stage("4", either(mbconv{.filters = tied_to("wide"), .kernel = one_of(3, 5), .expand = 6, .act = relu}, skip{}))
      .stride(2)
      .layers(independent(2))
      .stage("5",
             mbconv{.filters = shared(one_of(160, 192)), .kernel = one_of(3, 5), .expand = 6, .se = .25, .act = swish})
      .stride(2)
      .layers(independent(range(1, 2)))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

double top1_of(const auto& c) {
  accuracy_collector collector;
  detail::interpret(c, collector);
  return accuracy_model{}(collector).top1;
}

/// With tables of that seed, against every network of the space.
template <class Space>
void check_against_all(const Space& space, std::uint64_t seed) {
  const kernel_trellis trellis(space);
  std::vector<double> top1;
  for (uint128 r = 0; r < space.size(); ++r) top1.push_back(top1_of(space.unrank(r)));
  for (const double effect : {0.0, 0.15, -0.1}) {
    const latency_table table = made_up(trellis, seed, 0.3, effect);
    const latency_predictor predictor(trellis, table);
    INFO("space " << space.name() << ", seed " << seed << ", effect of size " << effect);
    const auto [falling, rising] = predictor.effects().size_slopes(1, 1e12);
    CHECK((effect > 0 ? rising > 0.05 : effect < 0 ? falling < -0.03 : falling == 0 && rising == 0));
    std::vector<double> ms;
    for (uint128 r = 0; r < space.size(); ++r) ms.push_back(predictor.ms(space.unrank(r)));
    const double least = *std::ranges::min_element(ms);
    const auto quickest = fastest(trellis, predictor);
    CHECK(quickest.cost == Approx(least).epsilon(1e-12));
    CHECK(predictor.ms(quickest.what) == quickest.cost);
    const accuracy_proof proof(trellis, predictor, accuracy_model{});
    for (const double limit : {quickest.cost, 1.1 * least, 1.5 * least, 2.2 * least, 3 * least, 50 * least}) {
      double best = 0;
      for (std::size_t i = 0; i < ms.size(); ++i)
        if (ms[i] <= limit) best = std::max(best, top1[i]);
      INFO("limit " << limit << " ms of at least " << least);
      const auto exact = proof.best_under(limit, {.tolerance = 0});
      CHECK(exact.proven);
      CHECK(exact.accuracy.top1 == Approx(best).epsilon(1e-9));
      CHECK(exact.bound >= best - 1e-9);
      CHECK(exact.ms <= limit);
      CHECK(predictor.ms(exact.what) == exact.ms);
      CHECK(top1_of(exact.what) == exact.accuracy.top1);
      // With a few labels and a tolerance the bound holds all the same.
      const auto rough = proof.best_under(limit, {.tolerance = 0.05, .labels = 8});
      CHECK(rough.bound >= best - 1e-9);
      CHECK(rough.accuracy.top1 <= best + 1e-9);
      CHECK(rough.ms <= limit);
      CHECK(rough.proven == (rough.gap() <= 0.05));
    }
  }
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: stages") {
  check_against_all(plain_space, 1);
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: space-to-depth") {
  check_against_all(folding_space, 1);
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: free layers") {
  check_against_all(free_space, 1);
}

TEST_CASE("so it is with other times", "[long]") {
  check_against_all(plain_space, 2);
  check_against_all(folding_space, 2);
  check_against_all(free_space, 2);
}

template <class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const search_error& e) {
    return e.what();
  }
  return "no error";
}

TEST_CASE("limits, options and tables that allow no answer are named") {
  const kernel_trellis trellis(free_space);
  const latency_table table = made_up(trellis, 1, 0, 0);
  const latency_predictor predictor(trellis, table);
  const accuracy_proof proof(trellis, predictor, accuracy_model{});
  const auto quickest = fastest(trellis, predictor);
  CHECK(message_of([&] { proof.best_under(1e-3); }) ==
        "nascent: best_under, ms: found 0.001; allowed: " + exact_text(quickest.cost) +
            " or more: so long takes the fastest network of space 'free layers', rank " +
            to_decimal(free_space.rank(quickest.what)).c_str());
  CHECK(message_of([&] { proof.best_under(std::nan("")); }) ==
        "nascent: best_under, ms: found nan; allowed: finite numbers");
  CHECK(message_of([&] { proof.best_under(20, {.tolerance = -1}); }) ==
        "nascent: proof_options.tolerance: found -1; allowed: 0 points or more");
  CHECK(message_of([&] { proof.best_under(20, {.labels = 0}); }) ==
        "nascent: proof_options.labels: found 0; allowed: 1 or more");
  const latency_table gap = made_up(trellis, 1, 0, 0, 3);
  const std::string message =
      message_of([&] { best_under(trellis, latency_predictor(trellis, gap), accuracy_model{}, 20); });
  CHECK(message.find("1 kernels of space 'free layers' without a time, first '" + trellis.kernels()[3].signature +
                     "'") != std::string::npos);
}

TEST_CASE("without time there is a network and a bound, not a proof") {
  const kernel_trellis trellis(plain_space);
  const latency_table table = made_up(trellis, 1, 0.3, 0);
  const latency_predictor predictor(trellis, table);
  const double limit = 2 * fastest(trellis, predictor).cost;
  const accuracy_proof proof(trellis, predictor, accuracy_model{});
  watch ended;
  ended.end();
  const auto rushed = proof.best_under(limit, {.watch = &ended});
  const auto exact = proof.best_under(limit, {.tolerance = 0});
  CHECK(rushed.ms <= limit);
  CHECK(rushed.accuracy.top1 <= exact.accuracy.top1);
  CHECK(rushed.bound >= exact.accuracy.top1 - 1e-9);
  CHECK(exact.proven);
}

}  // namespace
