// SPDX-License-Identifier: Apache-2.0
/// \file
/// The roofs of a device for networks to be put under, and rooflines of several devices in one plot, with networks on
/// them: Figure 2 of the EfficientNet-X paper.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nascent/cost/roofline.hpp"
#include "nascent/report/plot.hpp"

namespace nascent {

/// The roofs of a device as its profile names them: caches, memory, and what it computes at most in a type.
/// \throws profile_error where it lists no peak for the type
inline roofline_figure roofs_figure(std::string title, const device_profile& device, data_type type) {
  roofline_figure figure{.title = std::move(title)};
  for (const memory_level& cache : device.caches())
    figure.bandwidths.push_back({std::string(cache.name.view()), cache.gb_per_s});
  figure.bandwidths.push_back({std::string(device.memory().name.view()), device.memory().gb_per_s});
  figure.peaks.push_back({std::string(to_string(type)) + " arithmetic", device.peak(type).ops_per_s() * 1e-9});
  return figure;
}

/// A point in such a figure. A rate that no arithmetic reaches says so in its label.
inline plot_point roofline_point(const roofline& at, std::string label) {
  if (at.is_effective()) label += " (effective)";
  return {.x = at.intensity(), .y = at.rate() * 1e-9, .label = std::move(label)};
}

namespace detail {

inline std::vector<plot_point> in_unit(std::vector<plot_point> points, double factor) {
  for (plot_point& p : points) {
    p.y *= factor;
    p.y_error *= factor;
  }
  return points;
}

}  // namespace detail

/// One device in the plot, and what ran on it.
struct device_roofline {
  std::string name{};
  roofs under{};
  std::vector<plot_point> networks{};  ///< x: operations per byte; y: Gops/s reached; with labels
};

/// \throws plot_error where there is no device, or a rate is not above 0
inline plot rooflines_plot(std::string title, const std::vector<device_roofline>& devices) {
  if (devices.empty()) throw plot_error("report.plot", "plot '" + title + "', devices", "none", "1 or more");
  double left = std::numeric_limits<double>::infinity();
  double right = 0;
  for (const device_roofline& d : devices) {
    const auto check = [&](const char* what, double rate) {
      if (!(rate > 0) || !std::isfinite(rate))
        throw plot_error("report.plot", "plot '" + title + "', device '" + d.name + "', " + what, exact_text(rate),
                         "above 0");
    };
    check("bandwidth", d.under.bytes_per_s);
    check("peak", d.under.ops_per_s);
    left = std::min(left, d.under.ridge_point() / 6);
    right = std::max(right, d.under.ridge_point() * 5);
    for (const plot_point& p : d.networks) {
      left = std::min(left, p.x / 2);
      right = std::max(right, p.x * 3);
    }
  }
  plot p{
      .title = std::move(title),
      .x = {.title = "operational intensity", .unit = "ops/byte", .scale = axis_scale::log, .low = left, .high = right},
      .y = {.title = "rate", .unit = "Gops/s", .scale = axis_scale::log},
      .height = 560};
  double highest = 0;
  for (const device_roofline& d : devices) highest = std::max(highest, d.under.ops_per_s * 1e-9);
  if (highest >= 1e4) {  // 100 000 Gops/s is 100 Tops/s
    p.y.unit = "Tops/s";
    highest *= 1e-3;
  }
  const double unit = p.y.unit == "Tops/s" ? 1e-12 : 1e-9;
  int colour = 0;
  for (const device_roofline& d : devices) {
    const double ridge = d.under.ridge_point();
    const double peak = d.under.ops_per_s * unit;
    p.series.push_back({.name = d.name,
                        .points = {{.x = left, .y = left * d.under.bytes_per_s * unit},
                                   {.x = ridge, .y = peak},
                                   {.x = right, .y = peak}},
                        .marker = plot_marker::none,
                        // Every other one has gaps: a device of about the same roof shows through them.
                        .line = colour % 2 == 0 ? plot_line::straight : plot_line::dashed,
                        .colour = colour % 9});
    ++colour;
  }
  p.y.high = highest * 2;
  constexpr plot_marker markers[] = {plot_marker::dot, plot_marker::square, plot_marker::diamond,
                                     plot_marker::triangle};
  for (std::size_t i = 0; i < devices.size(); ++i)
    if (!devices[i].networks.empty())
      p.series.push_back({.name = "networks on " + devices[i].name,
                          .points = detail::in_unit(devices[i].networks, 1e9 * unit),
                          .marker = markers[i % 4],
                          .colour = static_cast<int>(i % 9)});
  return p;
}

}  // namespace nascent
