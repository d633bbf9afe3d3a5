// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sums over kernels that tests of exact methods make up, and what one network comes to.
#pragma once

#include <cstdint>
#include <random>

#include "nascent/search/path_sum.hpp"

namespace test {

/// Random whole numbers below `most` for kernels, so that sums are exact; few of them where ties are wanted.
template <class Space>
nascent::sum_over_kernels random_sum(const nascent::kernel_trellis<Space>& trellis, std::uint64_t seed,
                                     int most = 1000) {
  std::mt19937_64 rng(seed);
  return {trellis,
          [&](const nascent::space_kernel&) { return static_cast<double>(rng() % static_cast<unsigned>(most)); }};
}

/// The sum of one network, along its own way.
template <class Space>
double sum_of(const nascent::kernel_trellis<Space>& trellis, const nascent::sum_over_kernels& sum,
              const nascent::candidate<Space>& c) {
  double result = 0;
  trellis.walk(
      c, [&](std::int32_t group, int times) { result += sum(0, {.repeats = times, .first = 0, .repeat = group}); });
  return result;
}

}  // namespace test
