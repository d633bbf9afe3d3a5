// SPDX-License-Identifier: Apache-2.0
// How evenly Sobol points lie in whole spaces, beside random ones, against exact shares of all networks; and tiers of
// latency: drawn, counted, searched. By made-up kernel times.
//
//     benchmark_sampling                     the figures of docs/search.md
//     benchmark_sampling tiers 5000000       tiers only, of so many networks
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../examples/family_space.hpp"
#include "made_up_times.hpp"

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/nascent.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/search/latency_tiers.hpp>
#include <nascent/search/search.hpp>
#include <nascent/search/sobol_sampler.hpp>
#include <nascent/zoo/efficientnet_x.hpp>
#include <nascent/zoo/gpunet.hpp>

using namespace nascent;

namespace {

/// Of the processor: the machine may be busy.
double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// Every option of every slot as a number, and "takes no part" as one more of each.
template <class Space>
class option_columns {
 public:
  explicit option_columns(const Space& s) {
    for (std::size_t k = 0; k < s.slot_count; ++k) {
      first_.push_back(count_);
      count_ += static_cast<std::size_t>(s.slot(k).options) + 1;
    }
    first_.push_back(count_);
  }
  std::size_t count() const { return count_; }
  std::size_t of(std::size_t slot, digit d) const {
    return d < 0 ? first_[slot + 1] - 1 : first_[slot] + static_cast<std::size_t>(d);
  }

 private:
  std::vector<std::size_t> first_;
  std::size_t count_ = 0;
};

/// The exact share of all networks that have each pair of options; on the diagonal, each option. Each path of the
/// trellis stands for as many networks as there are ways to it and from it.
template <class Space>
std::vector<double> exact_shares(const kernel_trellis<Space>& trellis, const option_columns<Space>& columns) {
  const auto& data = trellis.data();
  const std::size_t n = columns.count();
  const auto networks = static_cast<double>(trellis.networks());
  std::vector<double> joint(n * n, 0.0);
  std::vector<std::vector<int>> slots(trellis.steps());
  for (std::size_t k = 0; k < trellis.space().slot_count; ++k)
    slots[trellis.step_of(static_cast<int>(k))].push_back(static_cast<int>(k));
  std::vector<std::size_t> earlier;
  std::vector<std::vector<double>> with(1, std::vector<double>(n, 0.0));  // by state: ways to it that have an option
  for (std::size_t p = 0; p < trellis.steps(); ++p) {
    std::vector<std::vector<double>> next(trellis.states(p + 1).size(), std::vector<double>(n, 0.0));
    std::vector<std::size_t> here(slots[p].size());
    std::vector<double> to_option(n);
    std::vector<double> to_state(next.size());
    for (std::size_t state = 0; state < trellis.states(p).size(); ++state) {
      std::ranges::fill(to_option, 0.0);
      std::ranges::fill(to_state, 0.0);
      const auto before = static_cast<double>(data.ways[p][state]);
      auto c = trellis.space().undecided();
      trellis.for_each_path(p, state, [&](const trellis_path& path) {
        const auto after = static_cast<double>(trellis.completions(p + 1, path.to));
        if (after == 0) return;
        for (const int k : slots[p]) c.digits[static_cast<std::size_t>(k)] = inactive;
        trellis.decide(p, path, c.digits.data());
        for (std::size_t i = 0; i < here.size(); ++i) {
          const auto k = static_cast<std::size_t>(slots[p][i]);
          here[i] = columns.of(k, c.digits[k]);
          to_option[here[i]] += after;
          next[path.to][here[i]] += before;
          for (std::size_t j = 0; j <= i; ++j) joint[here[j] * n + here[i]] += before * after;
        }
        to_state[path.to] += 1;
      });
      for (const std::size_t x : earlier) {
        if (with[state][x] == 0) continue;
        for (std::size_t y = 0; y < n; ++y)
          if (to_option[y] > 0) joint[x * n + y] += with[state][x] * to_option[y];
        for (std::size_t to = 0; to < to_state.size(); ++to)
          if (to_state[to] > 0) next[to][x] += with[state][x] * to_state[to];
      }
    }
    for (const int k : slots[p])
      for (int d = -1; d < trellis.space().slot(static_cast<std::size_t>(k)).options; ++d)
        earlier.push_back(columns.of(static_cast<std::size_t>(k), static_cast<digit>(d)));
    with = std::move(next);
  }
  for (double& share : joint) share /= networks;
  return joint;
}

struct deviation {
  double options = 0;  ///< largest difference of a share from the exact one
  double pairs = 0;
};

template <class Space, class Draw>
deviation deviation_of(const Space& space, const option_columns<Space>& columns, const std::vector<double>& exact,
                       Draw&& draw, std::size_t count) {
  const std::size_t n = columns.count();
  std::vector<float> found(n * n, 0);
  std::vector<std::size_t> here(space.slot_count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto c = draw();
    for (std::size_t k = 0; k < here.size(); ++k) {
      here[k] = columns.of(k, c.digits[k]);
      for (std::size_t j = 0; j <= k; ++j) ++found[std::min(here[j], here[k]) * n + std::max(here[j], here[k])];
    }
  }
  deviation worst;
  for (std::size_t x = 0; x < n; ++x)
    for (std::size_t y = x; y < n; ++y) {
      const double truth = x == y ? exact[x * n + x] : exact[x * n + y] + exact[y * n + x];
      const double off = std::fabs(found[x * n + y] / static_cast<double>(count) - truth);
      (x == y ? worst.options : worst.pairs) = std::max(x == y ? worst.options : worst.pairs, off);
    }
  return worst;
}

/// Centred L2 discrepancy (Hickernell, 1998) of points in [0, 1)^d, one after the other.
double centred_discrepancy(const std::vector<double>& points, std::size_t d) {
  const std::size_t n = points.size() / d;
  double single = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double* x = points.data() + i * d;
    double product = 1;
    for (std::size_t k = 0; k < d; ++k) {
      const double z = std::fabs(x[k] - 0.5);
      product *= 1 + 0.5 * z - 0.5 * z * z;
    }
    single += product;
    for (std::size_t j = 0; j < n; ++j) {
      const double* y = points.data() + j * d;
      double both = 1;
      for (std::size_t k = 0; k < d; ++k)
        both *= 1 + 0.5 * (std::fabs(x[k] - 0.5) + std::fabs(y[k] - 0.5) - std::fabs(x[k] - y[k]));
      pairs += both;
    }
  }
  const auto m = static_cast<double>(n);
  return std::sqrt(std::pow(13.0 / 12, static_cast<double>(d)) - 2 * single / m + pairs / (m * m));
}

void print_discrepancy(std::size_t d) {
  std::printf(
      "\nCentred L2 discrepancy in %zu dimensions, mean of 3 seeds\n\n| points | random | Sobol |\n|---|---|---|\n", d);
  for (const std::size_t n : {256U, 1024U, 4096U}) {
    double random = 0;
    double sobol = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      random_engine rng(seed);
      sobol_sequence sequence(d, {.seed = seed});
      std::vector<double> by_chance;
      std::vector<double> even;
      for (std::size_t i = 0; i < n; ++i) {
        for (const std::uint64_t x : sequence.next()) even.push_back(static_cast<double>(x >> 11) * 0x1p-53);
        for (std::size_t k = 0; k < d; ++k) by_chance.push_back(static_cast<double>(rng() >> 11) * 0x1p-53);
      }
      random += centred_discrepancy(by_chance, d) / 3;
      sobol += centred_discrepancy(even, d) / 3;
    }
    std::printf("| %zu | %.3f | %.3f |\n", n, random, sobol);
  }
}

template <class Space>
void print_shares(const Space& space) {
  const kernel_trellis trellis(space);
  const latency_table table = benchmarks::made_up_table(trellis, 0);
  const latency_predictor predictor(trellis, table);
  double mean_ms = 0;
  double mean_macs = 0;
  for (std::size_t k = 0; k < trellis.kernels().size(); ++k) {
    mean_ms += trellis.kernels()[k].per_network * predictor.kernel_ms()[k];
    mean_macs += trellis.kernels()[k].per_network * static_cast<double>(macs(trellis.kernels()[k].what.core));
  }
  const option_columns<Space> columns(space);
  const std::vector<double> exact = exact_shares(trellis, columns);
  std::printf(
      "\n%s: largest difference of the share of an option, and of a pair of options, from that of all networks (per "
      "cent, mean of 4 seeds); error of the mean latency and MACs (per cent, root mean square of 16 seeds)\n\n"
      "| networks | option: random | Sobol | pair: random | Sobol | latency: random | Sobol | MACs: random | Sobol |\n"
      "|---|---|---|---|---|---|---|---|---|\n",
      space.name());
  for (const std::size_t n :
       {std::size_t{1} << 8, std::size_t{1} << 10, std::size_t{1} << 12, std::size_t{1} << 14, std::size_t{1} << 16}) {
    std::array<deviation, 2> off{};
    std::array<std::array<double, 2>, 2> error{};  // random and Sobol; latency and MACs
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
      random_engine rng(seed);
      sobol_sampler sobol{space, {.seed = seed}};
      const auto one = [&](std::size_t which, auto draw) {
        double ms = 0;
        double all_macs = 0;
        const auto priced = [&] {
          const auto c = draw();
          ms += predictor.ms(c);
          all_macs += static_cast<double>(count(c).macs);
          return c;
        };
        if (seed <= 4) {
          const deviation found = deviation_of(space, columns, exact, priced, n);
          off[which].options += 25 * found.options;
          off[which].pairs += 25 * found.pairs;
        } else {
          for (std::size_t i = 0; i < n; ++i) priced();
        }
        error[which][0] += std::pow(100 * (ms / static_cast<double>(n) / mean_ms - 1), 2) / 16;
        error[which][1] += std::pow(100 * (all_macs / static_cast<double>(n) / mean_macs - 1), 2) / 16;
      };
      one(0, [&] { return space.sample(rng); });
      one(1, [&] { return sobol(); });
    }
    std::printf("| %zu | %.2f | %.2f | %.2f | %.2f | %.3f | %.3f | %.3f | %.3f |\n", n, off[0].options, off[1].options,
                off[0].pairs, off[1].pairs, std::sqrt(error[0][0]), std::sqrt(error[1][0]), std::sqrt(error[0][1]),
                std::sqrt(error[1][1]));
    std::fflush(stdout);
  }
}

template <class Tier>
std::string rounded_tier(const Tier& t) {
  return (t.above_ms() > 0 ? rounded_text(t.above_ms()) + " to " : "up to ") + rounded_text(t.most_ms()) + " ms";
}

template <class Space>
void print_tiers(const Space& space, std::size_t networks, const std::vector<double>& times_fastest) {
  const kernel_trellis trellis(space);
  const latency_table table = benchmarks::made_up_table(trellis, 0.3);
  const latency_predictor predictor(trellis, table);
  std::vector<double> limits;
  const double least = fastest(trellis, predictor).cost;
  for (const double times : times_fastest) limits.push_back(0.1 * std::ceil(10 * times * least));
  sobol_sampler draw{space, {.seed = 1}};
  const double drawing = seconds_of([&] {
    double sum = 0;
    for (std::size_t i = 0; i < networks; ++i) sum += predictor.ms(draw());
    if (!(sum > 0)) std::abort();
  });
  sobol_sampler again{space, {.seed = 1}};
  latency_tiers<Space> tiers;
  const double sorting = seconds_of([&] { tiers = tier(space, predictor, limits, again, {.networks = networks}); });
  std::printf(
      "\n%s: %zu networks by Sobol points drawn and priced in %.1f s; sorted into tiers, counted and bounded in %.1f "
      "s\n\n"
      "| tier | draws within | networks, about | 95 %% | proven | sample, us |\n|---|---|---|---|---|---|\n",
      space.name(), networks, drawing, sorting);
  for (const auto& t : tiers) {
    random_engine rng(1);
    constexpr int samples = 200;
    const double sampling = seconds_of([&] {
      for (int i = 0; i < samples; ++i)
        if (!t.contains(t.sample(rng))) std::abort();
    });
    const tier_count& c = t.count();
    std::printf("| %s | %zu of %zu | %.3g | %.3g to %.3g | %.3g to %.3g | %.0f |\n", rounded_tier(t).c_str(), c.hits,
                c.draws, c.estimate, c.low, c.high, static_cast<double>(c.proven->at_least),
                static_cast<double>(c.proven->at_most), 1e6 * sampling / samples);
  }
  std::fflush(stdout);
}

/// Each tier of design_family's space, searched: evolution, a front, and the proven best.
void print_searches() {
  const auto& space = examples::family_space;
  const kernel_trellis trellis(space);
  const latency_table table = benchmarks::made_up_table(trellis, 0.3);
  const latency_predictor predictor(trellis, table);
  const estimated_top1 accuracy;
  const accuracy_proof proof(trellis, predictor, accuracy.model);
  const double least = fastest(trellis, predictor).cost;
  std::vector<double> limits;
  for (const double times : {1.2, 1.6, 2.2, 3., 4.}) limits.push_back(0.1 * std::ceil(10 * times * least));
  const auto tiers = tier(space, predictor, limits);
  std::printf(
      "\n%s: the best estimated top-1 of each tier\n\n"
      "| tier | networks, about | 500 random ones | 500 of evolution | 100,000 looked at | proven bound "
      "|\n|---|---|---|---|---|---|\n",
      space.name());
  const auto top1 = [&](const auto& c) { return accuracy(c); };
  for (const auto& t : tiers) {
    random_search walk{t, {.seed = 1}};
    const auto random = search(walk, top1, {.trials = 500});
    const auto evolved = search(t, top1, {.trials = 500, .seed = 1});
    const auto front = search_front(t, top1, {.networks = 100'000});
    watch ten_seconds({.seconds = 10, .style = progress_style::quiet});
    const auto best = proof.best_under(t.most_ms(), {.watch = &ten_seconds});
    std::printf("| %s | %.2g | %.2f | %.2f | %.2f | %.2f |\n", rounded_tier(t).c_str(), t.count().estimate,
                random.best().reward, evolved.best().reward, front.points.back().accuracy, best.bound);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool only_tiers = argc > 1 && std::strcmp(argv[1], "tiers") == 0;
  const std::size_t networks = argc > 2 ? static_cast<std::size_t>(std::strtoull(argv[2], nullptr, 10)) : 2'000'000;
  if (!only_tiers) {
    print_discrepancy(zoo::gpunet.slot_count);
    print_shares(zoo::gpunet);
    print_shares(zoo::efficientnet_x);
  }
  print_tiers(zoo::gpunet, networks, {1.5, 2, 3, 5, 8, 14});
  print_tiers(zoo::efficientnet_x, networks, {1.2, 1.5, 2, 3, 5});
  print_searches();
}
