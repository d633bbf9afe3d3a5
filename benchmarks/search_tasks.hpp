// SPDX-License-Identifier: Apache-2.0
// What searchers are compared on: tables of trained networks, and functions of whole numbers.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../tests/search/macro_space.hpp"
#include "../tests/space/literature.hpp"
#include "boosted_trees.hpp"
#include <Eigen/Dense>

#include <nascent/cost/cost.hpp>
#include <nascent/erased/any_space.hpp>
#include <nascent/kernels/space_kernels.hpp>
#include <nascent/search/detail/mixed_process.hpp>
#include <nascent/search/sum_limit.hpp>

namespace benchmarks {

using namespace nascent;
using any_candidate = candidate<any_space>;

struct search_task {
  std::string name;
  any_space space;
  std::shared_ptr<const kernel_trellis<any_space>> trellis;
  /// What a candidate is worth, the more the better; a function that is shifted has another optimum for each seed.
  std::function<double(const any_candidate&, std::uint64_t seed)> worth;
  double noise = 0;  ///< standard deviation of what searchers are told
  std::function<double(const any_candidate&)> cost{};
  std::vector<sum_limit> limits{};  ///< of the cost, as a sum over a trellis
  bool few_values = true;           ///< of each decision
  int decimals = 2;
  double sign = 1;  ///< of what is printed: -1 where the least is the best

  bool keeps_limits(const any_candidate& c) const { return limits.empty() || cost(c) <= limits[0].most; }

  /// What a searcher is told: the same each time.
  double told(const any_candidate& c, std::uint64_t seed) const {
    const double value = worth(c, seed);
    if (noise == 0) return value;
    const uint128 rank = space.rank(c);
    random_engine rng(seed * 0x9e3779b97f4a7c15U ^ static_cast<std::uint64_t>(rank) ^
                      static_cast<std::uint64_t>(rank >> 64) * 0xbf58476d1ce4e5b9U);
    return value + noise * nascent::detail::normal_quantile(random_unit(rng) * (1 - 1e-12) + 5e-13);
  }
};

/// Part of a space that keeps the limits of a task: searchers of regions never leave it.
struct within_limits {
  const search_task* task;

  const any_space& space() const { return task->space; }
  any_candidate sample(random_engine& rng) const {
    for (;;)
      if (any_candidate c = space().sample(rng); contains(c)) return c;
  }
  bool contains(const any_candidate& c) const { return task->keeps_limits(c); }
};

inline search_task macro_task() {
  const any_space space(macro_space);
  return {.name = "NAS-Bench-Macro",
          .space = space,
          .trellis = std::make_shared<const kernel_trellis<any_space>>(space, trellis_options{.remembered = 1}),
          .worth =
              [](const any_candidate& c, std::uint64_t) {
                std::size_t code = 0;
                for (const digit d : c.digits) code = 3 * code + static_cast<std::size_t>(d);
                return nas_bench_macro_sums[code] / 300.0;
              },
          .decimals = 3};
}

/// Rows of accel_nasbench.csv (5,138 networks trained for a short while, afzalxo/Accel-NASBench 4260357, Apache-2.0):
/// boosted trees of the accuracy, and the latency of an FPGA as a sum over stages.
class accel_nasbench {
 public:
  static constexpr std::size_t stages = 7;
  static constexpr std::size_t options = 48;  ///< of a stage: expansion, kernel, layers, squeeze-and-excite

  explicit accel_nasbench(const std::string& file) : space_(test::accel_nasbench) {
    for (std::size_t b = 0; b < stages; ++b)
      for (std::size_t f = 0; f < 4; ++f)
        slots_[4 * b + f] = space_.find(std::to_string(b) + std::array{".expand", ".kernel", ".layers", ".se"}[f]);
    read(file);
    boosted_trees::rows x;
    std::vector<double> y;
    std::vector<std::size_t> held;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (i % 5 == 4) {
        held.push_back(i);
      } else {
        x.push_back(rows_[i]);
        y.push_back(top1_[i]);
      }
    const boosted_trees part(x, y);
    accuracy_r2 = r2(held, top1_, [&](std::size_t i) { return part(rows_[i]); });
    trees_ = std::make_shared<const boosted_trees>(rows_, top1_);
    fit_latency(held);
  }

  double accuracy_r2 = 0;  ///< of every fifth network, which the trees did not see
  double latency_r2 = 0;

  search_task task(double noise, double limit_ms) const {
    const auto trellis = std::make_shared<const kernel_trellis<any_space>>(space_);
    search_task t{.name = "Accel-NASBench",
                  .space = space_,
                  .trellis = trellis,
                  .worth = [trees = trees_, slots = slots_](const any_candidate& c,
                                                            std::uint64_t) { return (*trees)(row_of(slots, c)); },
                  .noise = noise};
    if (noise > 0) t.name += ", noise";
    if (limit_ms == 0) return t;
    char under[32];
    std::snprintf(under, sizeof under, ", under %.1f ms", limit_ms);
    t.name += under;
    const auto of_stage = [ms = ms_, slots = slots_](std::size_t b, const any_candidate& c) {
      const auto row = row_of(slots, c, b, b + 1);
      return ms[b * options + code(row, 0)];
    };
    t.cost = [of_stage](const any_candidate& c) {
      double sum = 0;
      for (std::size_t b = 0; b < stages; ++b) sum += of_stage(b, c);
      return sum;
    };
    t.limits.push_back({.name = "latency_ms",
                        .sum =
                            [of_stage, trellis](std::size_t step, const trellis_path& path) {
                              const int stage = trellis->stage(step);  // the input is 0, the stem 1
                              if (stage < 2 || stage >= 2 + static_cast<int>(stages)) return 0.0;
                              any_candidate c = trellis->space().undecided();
                              trellis->decide(step, path, c.digits.data());
                              return of_stage(static_cast<std::size_t>(stage - 2), c);
                            },
                        .most = limit_ms});
    return t;
  }

 private:
  using places = std::array<std::size_t, 4 * stages>;

  static std::vector<std::uint8_t> row_of(const places& slots, const any_candidate& c, std::size_t first = 0,
                                          std::size_t last = stages) {
    std::vector<std::uint8_t> row;
    for (std::size_t i = 4 * first; i < 4 * last; ++i) row.push_back(static_cast<std::uint8_t>(c.digits[slots[i]]));
    return row;
  }
  static std::size_t code(const std::vector<std::uint8_t>& row, std::size_t b) {
    const std::uint8_t* r = row.data() + 4 * b;
    return ((r[0] * std::size_t{2} + r[1]) * 4 + r[2]) * 2 + r[3];
  }

  template <class Predict>
  static double r2(const std::vector<std::size_t>& rows, const std::vector<double>& y, Predict predict) {
    double mean = 0;
    for (const std::size_t i : rows) mean += y[i] / static_cast<double>(rows.size());
    double all = 0;
    double left = 0;
    for (const std::size_t i : rows) {
      all += (y[i] - mean) * (y[i] - mean);
      left += (y[i] - predict(i)) * (y[i] - predict(i));
    }
    return 1 - left / all;
  }

  /// Columns: id, for each of seven stages expansion, kernel, layers and squeeze-and-excite, top-1, .., params (33),
  /// .., ms on a ZCU102 (44).
  void read(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("'" + file + "' cannot be read");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::vector<std::string> cells(1);
      for (const char ch : line)
        if (ch == ',') cells.emplace_back();
        else cells.back() += ch;
      if (cells.size() < 46)
        throw std::runtime_error("'" + file + "': a line of " + std::to_string(cells.size()) + " columns");
      if (cells[44].empty()) continue;
      std::vector<std::uint8_t> row;
      any_candidate c = space_.undecided();
      for (std::size_t i = 0; i < 4 * stages; ++i) {
        const double value = std::stod(cells[1 + i]);
        const std::size_t s = slots_[i];
        int option = 0;
        while (option < space_.slot(s).options && (i % 4 == 3 ? (space_.value(s, option).number() > 0) != (value > 0)
                                                              : space_.value(s, option).number() != value))
          ++option;
        c.digits[s] = static_cast<digit>(option);
        row.push_back(static_cast<std::uint8_t>(option));
      }
      for (std::size_t k = 0; k < space_.slot_count; ++k)
        if (c.digits[k] == inactive) throw std::logic_error("a decision without a column");
      if (count(space_, c).params != std::stoll(cells[33]))
        throw std::runtime_error("'" + file + "': network " + cells[0] + " has other parameters than its description");
      rows_.push_back(std::move(row));
      top1_.push_back(std::stod(cells[29]));
      latency_.push_back(std::stod(cells[44]));
    }
  }

  /// Least squares over the options of each stage, of all rows; the error is that of a fit without every fifth.
  void fit_latency(const std::vector<std::size_t>& held) {
    const auto fit = [&](bool all) {
      constexpr Eigen::Index n = stages * options;
      Eigen::MatrixXd a = 1e-3 * Eigen::MatrixXd::Identity(n, n);
      Eigen::VectorXd b = Eigen::VectorXd::Zero(n);
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (!all && i % 5 == 4) continue;
        std::array<Eigen::Index, stages> on{};
        for (std::size_t s = 0; s < stages; ++s) on[s] = static_cast<Eigen::Index>(s * options + code(rows_[i], s));
        for (const Eigen::Index p : on) {
          b(p) += latency_[i];
          for (const Eigen::Index q : on) a(p, q) += 1;
        }
      }
      return Eigen::VectorXd(a.ldlt().solve(b));
    };
    const auto sum_of = [&](const Eigen::VectorXd& w, std::size_t i) {
      double sum = 0;
      for (std::size_t s = 0; s < stages; ++s) sum += w(static_cast<Eigen::Index>(s * options + code(rows_[i], s)));
      return sum;
    };
    const Eigen::VectorXd part = fit(false);
    latency_r2 = r2(held, latency_, [&](std::size_t i) { return sum_of(part, i); });
    const Eigen::VectorXd w = fit(true);
    ms_.assign(w.begin(), w.end());
  }

  any_space space_;
  places slots_{};
  std::vector<std::vector<std::uint8_t>> rows_;
  std::vector<double> top1_;
  std::vector<double> latency_;
  std::shared_ptr<const boosted_trees> trees_;
  std::vector<double> ms_;
};

/// A whole number that a function is of; its layer does nothing.
template <class At = int>
struct coordinate {
  At at;
  using roles = role::by_field<role::none>;
  constexpr auto operator()(auto& /*net*/, auto input, int /*stride*/) const { return input; }
};

template <int Last>
constexpr auto five_coordinates(auto space, const std::array<const char*, 5>& names) {
  constexpr auto one = coordinate{.at = range(0, Last)};
  return space.stage(names[0], one).stage(names[1], one).stage(names[2], one).stage(names[3], one).stage(names[4], one);
}
inline constexpr auto ten_coordinates = define([] {
  return five_coordinates<100>(
             five_coordinates<100>(search_space("ten numbers").input(3, 8), {"1", "2", "3", "4", "5"}),
             {"6", "7", "8", "9", "10"})
      .head(global_pool{});
});
inline constexpr auto twenty_coordinates = define([] {
  return five_coordinates<50>(
             five_coordinates<50>(five_coordinates<50>(five_coordinates<50>(search_space("twenty numbers").input(3, 8),
                                                                            {"1", "2", "3", "4", "5"}),
                                                       {"6", "7", "8", "9", "10"}),
                                  {"11", "12", "13", "14", "15"}),
             {"16", "17", "18", "19", "20"})
      .head(global_pool{});
});

inline double ackley(const std::vector<double>& x) {
  double squares = 0;
  double cosines = 0;
  for (const double v : x) {
    squares += v * v / static_cast<double>(x.size());
    cosines += std::cos(2 * std::numbers::pi * v) / static_cast<double>(x.size());
  }
  return 20 - 20 * std::exp(-0.2 * std::sqrt(squares)) + std::numbers::e - std::exp(cosines);
}

/// With its least value at 0, where it is usually at 1.
inline double levy(const std::vector<double>& x) {
  const auto sine = [](double v) { return std::sin(v) * std::sin(v); };
  double sum = sine(std::numbers::pi * (1 + x[0] / 4));
  for (std::size_t i = 0; i + 1 < x.size(); ++i)
    sum += x[i] * x[i] / 16 * (1 + 10 * sine(std::numbers::pi * (1 + x[i] / 4) + 1));
  return sum + x.back() * x.back() / 16 * (1 + sine(2 * std::numbers::pi * (1 + x.back() / 4)));
}

/// A function whose least value, 0, lies at a point of the grid that each seed draws.
inline search_task function_task(std::string name, const any_space& space, double step,
                                 double (*function)(const std::vector<double>&)) {
  return {.name = std::move(name),
          .space = space,
          .trellis = std::make_shared<const kernel_trellis<any_space>>(space),
          .worth =
              [space, step, function](const any_candidate& c, std::uint64_t seed) {
                random_engine rng(seed ^ 0x5eed);
                std::vector<double> x;
                for (std::size_t k = 0; k < space.slot_count; ++k) {
                  const auto best =
                      static_cast<int>(random_below(rng, static_cast<std::uint64_t>(space.slot(k).options)));
                  x.push_back(step * (c.digits[k] - best));
                }
                return -function(x);
              },
          .few_values = false,
          .sign = -1};
}

}  // namespace benchmarks
