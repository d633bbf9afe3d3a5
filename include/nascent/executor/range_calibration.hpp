// SPDX-License-Identifier: Apache-2.0
/// \file
/// Calibration: which numbers the maps of a network have, for int8.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent {

/// Of each image, the numbers of a map between the percentiles 100 - `percentile` and `percentile`: all of them at 100,
/// so that ranges are from the least to the largest number. Below that rare numbers are cut off.
struct range_options {
  double percentile = 100;
};

namespace detail {

/// The same layers, each of which gives out what it makes.
inline network with_all_outputs(const network& graph) {
  network all(graph.name(), graph.input());
  for (const layer& l : graph.layers()) all(l);
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const shape& s = graph.layers()[i].output;
    all.output(std::to_string(i), tensor{s.batch, s.height, s.width, s.channels, static_cast<int>(i) + 1});
  }
  return all;
}

inline activation_range range_of(std::span<const float> numbers, double percentile) {
  if (percentile >= 100) {
    const auto [low, high] = std::ranges::minmax(numbers);
    return {low, high};
  }
  std::vector<float> sorted(numbers.begin(), numbers.end());
  const auto last = static_cast<double>(sorted.size() - 1);
  const auto at = [&](double percent) {
    const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(std::lround(last * percent / 100));
    std::ranges::nth_element(sorted, place);
    return *place;
  };
  return {at(100 - percentile), at(percentile)};
}

}  // namespace detail

/// Runs a network on images, NHWC one after another, with an executor that computes in f32 or bf16, and gives the
/// range of every map: the widest over all images. \throws executor_error for images of another size, none, or numbers
/// that are not finite, in an image or in a map
template <executor Executor>
activation_ranges calibrate(Executor& device, const network& graph, const weights& values,
                            std::span<const float> images, const range_options& how = {}) {
  const std::string where = "calibration of '" + graph.name() + "'";
  const auto size = static_cast<std::size_t>(graph.input().elements());
  if (!(how.percentile > 50) || how.percentile > 100)
    throw executor_error("executor.calibration", where + ", percentile", std::to_string(how.percentile),
                         "above 50, up to 100 for the least and the largest number");
  if (images.empty() || images.size() % size != 0)
    throw executor_error("executor.calibration", where + ", images", std::to_string(images.size()) + " numbers",
                         "one image or more of " + detail::map_text(graph.input()) + ", which are " +
                             std::to_string(size) + " numbers each");
  activation_ranges all{.network = fingerprint_of(graph), .maps = {}};
  all.maps.resize(graph.layers().size() + 1);
  const auto add = [&](std::size_t t, std::size_t image, std::span<const float> numbers) {
    for (const float x : numbers)
      if (!std::isfinite(x))
        throw executor_error("executor.calibration",
                             where + ", image " + std::to_string(image) +
                                 (t == 0 ? std::string() : ", behind " + detail::layer_text(graph, t - 1)),
                             std::to_string(x), "finite numbers");
    const activation_range r = detail::range_of(numbers, how.percentile);
    activation_range& known = all.maps[t];
    known = image == 0 ? r : activation_range{std::min(known.low, r.low), std::max(known.high, r.high)};
  };
  for (std::size_t i = 0; i < images.size() / size; ++i) add(0, i, images.subspan(i * size, size));

  const network observed = detail::with_all_outputs(graph);
  auto program = device.compile(observed, values, 1);
  std::vector<float> maps(static_cast<std::size_t>(observed.output_elements()));
  for (std::size_t i = 0; i < images.size() / size; ++i) {
    program.run(images.subspan(i * size, size), maps);
    std::span<const float> rest(maps);
    for (std::size_t t = 1; t < all.maps.size(); ++t) {
      const auto count = static_cast<std::size_t>(graph.tensor_shape(static_cast<int>(t)).elements());
      add(t, i, rest.first(count));
      rest = rest.subspan(count);
    }
  }
  return all;
}

}  // namespace nascent
