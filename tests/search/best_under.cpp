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
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"

namespace {

using Catch::Approx;
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

/// Times after a simple law, with noise; what is left out, if not -1, is the kernel of that number. With `effect`
/// other than 0, rows of many networks, whose kernels all take longer (or less long) the larger the network is, and the
/// longer.
template <class Space>
latency_table made_up(const kernel_trellis<Space>& trellis, std::uint64_t seed, double noise, double effect,
                      int left_out = -1) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  std::mt19937_64 rng(seed);
  const auto random = [&] { return static_cast<double>(rng() >> 11) * 0x1p-53 - 0.5; };
  std::vector<double> times;
  for (const space_kernel& k : trellis.kernels()) {
    const double rate = k.what.core.is_depthwise() ? 8 : 60;
    double ms = 1e-6 * (static_cast<double>(macs(k.what.core)) / rate +
                        static_cast<double>(traffic(k.what, data_type::f32, 1)) / 20);
    if (k.what.core.act == activation::swish) ms += 5e-7 * static_cast<double>(k.what.core.output.elements());
    times.push_back((ms + 0.002) * std::exp(2 * noise * random()));
  }
  const auto entry_of = [&](std::size_t k, double factor, std::int64_t placement) {
    const double ms = times[k] * factor;
    return latency_entry{
        .signature = trellis.kernels()[k].signature,
        .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 3},
        .placement = placement};
  };
  std::vector<latency_entry> entries;
  std::vector<bool> seen(times.size(), false);
  random_engine drawn(seed);
  for (std::int64_t n = 1; effect != 0 && n <= 200; ++n) {
    std::map<std::size_t, int> kernels;
    double weights = 0;
    double ms = 0;
    trellis.walk(trellis.space().sample(drawn), [&](std::int32_t group, int repeats) {
      for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)]) {
        const auto i = static_cast<std::size_t>(k);
        kernels[i] += repeats;
        weights += repeats * static_cast<double>(params(trellis.kernels()[i].what.core));
        ms += repeats * times[i];
      }
    });
    const double factor = std::pow(weights / 4e6, effect) * std::pow(ms / 10, 0.1);
    for (const auto& [k, count] : kernels) {
      entries.push_back(entry_of(k, factor, n));
      entries.back().network_weights = static_cast<std::int64_t>(weights);
      entries.back().network_ms = ms * factor;
      seen[k] = true;
    }
  }
  for (std::size_t k = 0; k < times.size(); ++k)
    if (!seen[k] && static_cast<int>(k) != left_out) entries.push_back(entry_of(k, 1, 1000));
  std::ranges::sort(entries, {}, [](const latency_entry& e) { return std::pair(e.signature, e.placement); });
  table.add(entries);
  return table;
}

double top1_of(const auto& c) {
  accuracy_collector collector;
  detail::interpret(c, collector);
  return accuracy_model{}(collector).top1;
}

template <class Space>
void check_against_all(const Space& space) {
  const kernel_trellis trellis(space);
  std::vector<double> top1;
  for (uint128 r = 0; r < space.size(); ++r) top1.push_back(top1_of(space.unrank(r)));
  for (const double effect : {0.0, 0.15, -0.1})
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
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
        const auto exact = proof.best_under(limit, {.tolerance = 0, .seconds = 300});
        CHECK(exact.proven);
        CHECK(exact.accuracy.top1 == Approx(best).epsilon(1e-9));
        CHECK(exact.bound >= best - 1e-9);
        CHECK(exact.ms <= limit);
        CHECK(predictor.ms(exact.what) == exact.ms);
        CHECK(top1_of(exact.what) == exact.accuracy.top1);
        // With a few labels and a tolerance the bound holds all the same.
        const auto rough = proof.best_under(limit, {.tolerance = 0.05, .seconds = 300, .labels = 8});
        CHECK(rough.bound >= best - 1e-9);
        CHECK(rough.accuracy.top1 <= best + 1e-9);
        CHECK(rough.ms <= limit);
        CHECK(rough.proven == (rough.gap() <= 0.05));
      }
    }
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: stages") {
  check_against_all(plain_space);
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: space-to-depth") {
  check_against_all(folding_space);
}

TEST_CASE("the best network under a limit is the best one of all, and none is above its bound: free layers") {
  check_against_all(free_space);
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
  CHECK(message_of([&] { proof.best_under(20, {.seconds = 0}); }) ==
        "nascent: proof_options.seconds: found 0; allowed: above 0");
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
  const auto rushed = proof.best_under(limit, {.seconds = 1e-9});
  const auto exact = proof.best_under(limit, {.tolerance = 0});
  CHECK(rushed.ms <= limit);
  CHECK(rushed.accuracy.top1 <= exact.accuracy.top1);
  CHECK(rushed.bound >= exact.accuracy.top1 - 1e-9);
  CHECK(exact.proven);
}

}  // namespace
