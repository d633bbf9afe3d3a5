// SPDX-License-Identifier: Apache-2.0
// Exact answers over whole spaces, with their cost in processor time: fronts of spaces of the literature by made-up
// kernel times, and the most accurate network under many limits, with its proof, for the space of
// examples/design_family.
//
//     benchmark_exact_front                  everything but what follows
//     benchmark_exact_front table.db         limits by this latency table of design_family instead of made-up times
//     benchmark_exact_front --check          limits on 7,077,888 networks, each against all of them (a minute)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../examples/family_space.hpp"
#include "made_up_times.hpp"
#include <sys/resource.h>

#include <nascent/base/database.hpp>
#include <nascent/latency/table.hpp>
#include <nascent/nascent.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/zoo/efficientnet_x.hpp>
#include <nascent/zoo/gpunet.hpp>
#include <nascent/zoo/mobile.hpp>
#include <nascent/zoo/once_for_all.hpp>
#include <nascent/zoo/tunas.hpp>

using namespace nascent;
using benchmarks::made_up_ms;
using benchmarks::made_up_table;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

long peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Front of time against the sum of log(1 + MACs) of all layers, the hardest of the objectives tried.
template <class Space>
void print_front(const Space& space) {
  const double start = cpu_seconds();
  const kernel_trellis trellis(space);
  const sum_over_kernels ms(trellis, [](const space_kernel& k) { return made_up_ms(k.what); });
  const sum_over_kernels gain(trellis,
                              [](const space_kernel& k) { return std::log1p(static_cast<double>(macs(k.what.core))); });
  const double built = cpu_seconds();
  const auto front = pareto_front(trellis, price{.cost = ms, .gain = gain});
  const double done = cpu_seconds();
  std::size_t states = 0;
  std::size_t paths = 0;
  for (std::size_t p = 0; p < trellis.steps(); ++p)
    for (std::size_t n = 0; n < trellis.states(p).size(); ++n, ++states)
      trellis.for_each_path(p, n, [&](const trellis_path&) { ++paths; });
  std::printf("| %s | %.2g | %zu | %zu | %zu | %zu | %.2f | %.2f | %ld |\n", space.name(),
              static_cast<double>(space.size()), states, paths, front.labels, front.points.size(), built - start,
              done - built, peak_mb());
  std::fflush(stdout);
}

double top1_of(const auto& network) {
  accuracy_collector collector;
  detail::interpret(network, collector);
  return accuracy_model{}(collector).top1;
}

/// Limits from `from` to `to` times EfficientNet-B0's time, or the fastest network's where that is not in the table.
void print_limits(const char* title, const latency_table& table, int count) {
  const auto& space = examples::family_space;
  const double start = cpu_seconds();
  const kernel_trellis trellis(space);
  const latency_predictor predictor(trellis, table);
  const accuracy_proof proof(trellis, predictor, accuracy_model{});
  const double ready = cpu_seconds() - start;
  const double least = fastest(trellis, predictor).cost;
  std::printf("%s\n  fastest network %.3f ms; ready after %.2f s\n", title, least, ready);
  std::vector<double> seconds;
  std::vector<double> gaps;
  int proven = 0;
  for (int i = 0; i < count; ++i) {
    const double limit = least * std::pow(12.0, (i + 0.5) / count);
    const double begin = cpu_seconds();
    watch minute({.seconds = 60, .style = progress_style::quiet});
    const auto best = proof.best_under(limit, {.watch = &minute});
    seconds.push_back(cpu_seconds() - begin);
    gaps.push_back(best.gap());
    proven += best.proven;
    if (i % 5 == 2)
      std::printf("  %8.3f ms: %.3f %% at %.3f ms, none above %.3f %%, %.2f s\n", limit, best.accuracy.top1, best.ms,
                  best.bound, seconds.back());
  }
  std::ranges::sort(seconds);
  std::printf(
      "  %d of %d limits proven to 0.001 points (largest gap %.4f), median %.2f s, longest %.2f s, peak %ld MB\n",
      proven, count, *std::ranges::max_element(gaps), seconds[seconds.size() / 2], seconds.back(), peak_mb());
}

/// 7,077,888 networks: every kind of thing that the big space has, with fewer options.
inline constexpr auto checked_space = define([] {
  constexpr auto acts = one_of(relu, swish);
  return search_space("checked")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("1", mbconv{.filters = 16, .kernel = 3, .expand = 1, .se = .25, .act = acts})
      .stage("2", either(mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = 6, .se = .25, .act = acts},
                         fused_mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = 6, .act = acts}))
      .stride(2)
      .layers(range(1, 3))
      .stage("3",
             mbconv{.filters = 40, .kernel = one_of(3, 5), .expand = one_of(3, 6), .se = one_of(0, .25), .act = acts})
      .stride(2)
      .layers(range(1, 3))
      .stage("4", mbconv{.filters = 80 * one_of(.75, 1.), .kernel = 3, .expand = 6, .se = .25, .act = acts})
      .stride(2)
      .layers(range(1, 4))
      .stage("5",
             mbconv{.filters = 112 * one_of(.75, 1.), .kernel = 5, .expand = 6, .se = one_of(0, .25), .act = swish})
      .layers(range(1, 4))
      .stage("6", mbconv{.filters = 192, .kernel = one_of(3, 5), .expand = one_of(3, 6), .se = .25, .act = swish})
      .stride(2)
      .layers(range(1, 3))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

int check() {
  const auto& space = checked_space;
  const kernel_trellis trellis(space);
  const latency_table table = made_up_table(trellis, 0.3);
  const latency_predictor predictor(trellis, table);
  const accuracy_proof proof(trellis, predictor, accuracy_model{});
  const double least = fastest(trellis, predictor).cost;
  std::vector<std::pair<double, double>> all;
  for (uint128 r = 0; r < space.size(); ++r) {
    const auto c = space.unrank(r);
    all.emplace_back(predictor.ms(c), top1_of(c));
  }
  std::ranges::sort(all);
  std::printf("%zu networks, all looked at after %.1f s; the fastest is %s\n", all.size(), cpu_seconds(),
              std::fabs(all.front().first - least) < 1e-9 ? "the one that was proven" : "ANOTHER ONE");
  int right = 0;
  constexpr int limits = 11;
  for (int i = 0; i < limits; ++i) {
    const double limit = least * std::pow(4.0, (i + 0.5) / limits);
    double truth = 0;
    for (const auto& [ms, top1] : all)
      if (ms <= limit) truth = std::max(truth, top1);
    const auto best = proof.best_under(limit, {.tolerance = 0});
    right += best.proven && std::fabs(best.accuracy.top1 - truth) < 1e-9;
  }
  std::printf("%d of %d limits: the proven optimum is the best of all networks\n", right, limits);
  return right == limits ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--check") == 0) return check();
  if (argc > 1) {
    database file(argv[1], open_mode::immutable);
    const latency_table table(
        argv[1], device_description{.device = file.text("SELECT device FROM environment"),
                                    .library = file.text("SELECT library FROM environment"),
                                    .isa = file.text("SELECT isa FROM environment"),
                                    .threads = static_cast<int>(file.number("SELECT threads FROM environment"))});
    print_limits(argv[1], table, 40);
    return 0;
  }
  std::printf(
      "| space | networks | states | paths | beginnings kept | points | trellis, s | front, s | peak, MB |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  print_front(zoo::efficientnet_x);
  print_front(zoo::proxylessnas);
  print_front(zoo::once_for_all);
  print_front(zoo::gpunet);
  const kernel_trellis trellis(examples::family_space);
  print_limits("design_family's space, made-up times", made_up_table(trellis, 0), 40);
  print_limits("the same, with noise of 30 % on each kernel", made_up_table(trellis, 0.3), 12);
}
