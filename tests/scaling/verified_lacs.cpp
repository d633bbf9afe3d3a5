// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/verified_lacs.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/network/kernel.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Approx;

namespace {

constexpr auto b0 = zoo::efficientnet_b0.only();

/// Kernels take what their multiply-adds cost, up to 20 % more or less, which is known of a kernel once it was
/// measured.
struct half_known_latency {
  std::set<std::string> measured;
  int runs = 0;

  static double truth(const kernel& k) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : k.signature()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return law(k) * (0.8 + 0.4 * static_cast<double>(hash % 1000) / 1000);
  }
  static double law(const kernel& k) { return 0.002 + static_cast<double>(macs(k.core)) * 5e-8; }

  struct prediction {
    double ms = 0;
    std::size_t estimated = 0;
  };
  prediction predict(const network& graph) const {
    prediction p;
    for (const kernel& k : fuse(graph)) {
      const bool known = measured.contains(k.signature());
      p.ms += known ? truth(k) : law(k);
      p.estimated += !known;
    }
    return p;
  }
  double operator()(const network& graph) const { return predict(graph).ms; }
  void verify(const network& graph) {
    ++runs;
    for (const kernel& k : fuse(graph)) measured.insert(k.signature());
  }
};

double truth_of(const network& graph) {
  double sum = 0;
  for (const kernel& k : fuse(graph)) sum += half_known_latency::truth(k);
  return sum;
}

/// More is better, by the published law of the EfficientNets roughly.
double accuracy(const network& graph) {
  double work = 0;
  for (const layer& l : graph.layers()) work += static_cast<double>(macs(l));
  return 70 + 2 * std::log2(work / 4e8);
}

verified_lacs_options how() {
  return {.scaling = {.targets_ms = {60, 90, 150}, .divisions = 3, .refinements = 0, .phi = {.fall_allowed = 0.5}}};
}

}  // namespace

TEST_CASE("the family of a verified LACS rests on measurements, and keeps its targets by them") {
  half_known_latency latency;
  latency.verify(to_network(b0));
  latency.runs = 0;
  const auto found = verified_lacs(b0, accuracy, latency, how());
  CHECK(found.estimated == 0);
  REQUIRE(found.family.levels.size() == 4);
  for (const auto& level : found.family.levels) {
    const network graph = to_network(level.candidate);
    CHECK(latency.predict(graph).estimated == 0);
    CHECK(level.latency_ms == Approx(truth_of(graph)));
    CHECK(level.latency_ms <= level.target_ms * (1 + 1e-12));
  }
  // Measured: the levels of a few rounds. Looked at: many more.
  CHECK(latency.runs > 0);
  CHECK(latency.runs <= 4 * (found.rounds + 1));
  CHECK(found.family.latency_calls > 5 * static_cast<std::size_t>(latency.runs));
}

TEST_CASE("the comparison of triplets is kept while levels are solved again") {
  half_known_latency latency;
  latency.verify(to_network(b0));
  const auto found = verified_lacs(b0, accuracy, latency, how());
  CHECK(found.family.trials.size() == 10);  // of a grid of three divisions
  const auto& best = found.family.trials[found.family.best_index].coefficients;
  CHECK(best.alpha == found.family.coefficients.alpha);
  CHECK(best.beta == found.family.coefficients.beta);
}

TEST_CASE("verifying takes no more rounds than it may, and what is open then is told") {
  half_known_latency latency;
  auto options = how();
  options.most_rounds = 0;
  const auto none = verified_lacs(b0, accuracy, latency, options);
  CHECK(none.rounds == 0);
  CHECK(latency.runs == 0);
  std::size_t open = 0;
  for (const auto& level : none.family.levels) open += latency.predict(to_network(level.candidate)).estimated;
  CHECK(none.estimated == open);
  CHECK(open > 0);
  options.most_rounds = 1;
  const auto once = verified_lacs(b0, accuracy, latency, options);
  CHECK(once.rounds == 1);
  CHECK(latency.runs > 0);
  CHECK(latency.runs <= 4);
  // Solved again after the round, by what was measured: and asked for once more.
  for (const auto& level : once.family.levels)
    CHECK(level.latency_ms == Approx(latency(to_network(level.candidate))).epsilon(1e-12));
  CHECK(once.family.latency_calls > none.family.latency_calls);
  CHECK(once.family.accuracy_calls > none.family.accuracy_calls);
}

TEST_CASE("a verified LACS that is stopped measures nothing, and says what is estimated") {
  half_known_latency latency;
  auto options = how();
  watch all({.style = progress_style::quiet});
  all.end();  // as if its time were up before the first network is measured
  options.scaling.watch = &all;
  const auto found = verified_lacs(b0, accuracy, latency, options);
  CHECK(latency.runs == 0);
  CHECK(found.rounds == 0);
  CHECK(found.estimated > 0);
}
