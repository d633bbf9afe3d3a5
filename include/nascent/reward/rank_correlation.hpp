// SPDX-License-Identifier: Apache-2.0
/// \file
/// How well one number orders networks as another one does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent {

/// Ranks from 1; equal numbers share the mean of theirs.
inline std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> all(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) all[order[k]] = static_cast<double>(i + end + 1) / 2;
    i = end;
  }
  return all;
}

/// Spearman's rank correlation, -1 to 1; of pairs, of which the longer list's rest is left out. None for fewer than
/// two, and where one of the lists is the same number again and again.
inline std::optional<double> rank_correlation(std::span<const double> first, std::span<const double> second) {
  const std::size_t n = std::min(first.size(), second.size());
  const std::vector<double> a = ranks(first.first(n));
  const std::vector<double> b = ranks(second.first(n));
  const double middle = static_cast<double>(n + 1) / 2;
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < n; ++i) {
    ab += (a[i] - middle) * (b[i] - middle);
    aa += (a[i] - middle) * (a[i] - middle);
    bb += (b[i] - middle) * (b[i] - middle);
  }
  if (!(aa > 0) || !(bb > 0)) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

struct correlation_interval {
  double low = -1;
  double high = 1;
};

/// Where a rank correlation that was found over `count` pairs lies in truth, with 95 % of confidence: by Fisher's
/// transformation with the variance of Bonett and Wright (2000). Everything for fewer than four pairs. A perfect order,
/// which the transformation does not know, counts as the next one below, in which two neighbours have changed places,
/// and its interval reaches the end.
inline correlation_interval rank_correlation_interval(double found, std::size_t count) {
  if (count < 4) return {};
  const double n = static_cast<double>(count);
  const double most = 1 - 12 / (n * (n * n - 1));
  const double r = std::clamp(found, -most, most);
  const double error = 1.959964 * std::sqrt((1 + r * r / 2) / (n - 3));
  return {found < -most ? -1 : std::tanh(std::atanh(r) - error), found > most ? 1 : std::tanh(std::atanh(r) + error)};
}

}  // namespace nascent
