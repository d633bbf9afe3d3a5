// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sums over the paths of a trellis: what a network costs or is worth where that adds up over its kernels, its layers
/// or its decisions. The exact methods (search/exact_front.hpp) take these and nothing else.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

/// What a network adds up along its way through a trellis: a function of a step and of a path through it.
template <class Sum>
concept path_sum = requires(const Sum& sum, std::size_t step, const trellis_path& path) {
  { sum(step, path) } -> std::convertible_to<double>;
};

/// A sum over the kernels of a network.
class sum_over_kernels {
 public:
  /// `value` gives a number for each kernel of the trellis, a `space_kernel`. \throws search_error for a value that is
  /// not finite; it names the kernel.
  template <space Space, class Value>
  requires std::convertible_to < std::invoke_result_t<Value&, const space_kernel&>,
  double > sum_over_kernels(const kernel_trellis<Space>& trellis, Value&& value) {
    std::vector<double> values;
    for (const space_kernel& k : trellis.kernels()) {
      values.push_back(static_cast<double>(value(k)));
      if (!std::isfinite(values.back()))
        throw search_error("search.sum", "sum_over_kernels, kernel '" + k.signature + "'", exact_text(values.back()),
                           "finite numbers");
    }
    for (const auto& group : trellis.groups()) {
      double sum = 0;
      for (const std::int32_t k : group) sum += values[static_cast<std::size_t>(k)];
      groups_.push_back(sum);
    }
  }

  /// Of a path: its first layer, or all, and the further ones.
  double operator()(std::size_t /*step*/, const trellis_path& path) const {
    return groups_[static_cast<std::size_t>(path.first)] +
           path.repeats * groups_[static_cast<std::size_t>(path.repeat)];
  }

 private:
  std::vector<double> groups_;
};

/// Multiply-adds, for one image.
template <space Space>
sum_over_kernels macs_sum(const kernel_trellis<Space>& trellis) {
  return {trellis, [](const space_kernel& k) { return static_cast<double>(macs(k.what.core)); }};
}

/// Parameters.
template <space Space>
sum_over_kernels params_sum(const kernel_trellis<Space>& trellis) {
  return {trellis, [](const space_kernel& k) { return static_cast<double>(params(k.what.core)); }};
}

/// Bytes to and from memory after fusion.
template <space Space>
sum_over_kernels traffic_sum(const kernel_trellis<Space>& trellis, cost_options options = {}) {
  return {trellis,
          [&](const space_kernel& k) { return static_cast<double>(traffic(k.what, options.type, options.batch)); }};
}

/// Two sums: `cost` is to be small, `gain` to be large. `price{.cost = latency_sum(...), .gain = ...}`
template <class Cost, class Gain>
struct price {
  Cost cost;
  Gain gain;
};

namespace detail {

template <class T>
inline constexpr bool is_price = false;
template <path_sum Cost, path_sum Gain>
inline constexpr bool is_price<price<Cost, Gain>> = true;

}  // namespace detail

}  // namespace nascent
