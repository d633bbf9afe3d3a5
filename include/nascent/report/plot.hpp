// SPDX-License-Identifier: Apache-2.0
/// \file
/// Plots as SVG: points and lines over linear or logarithmic axes, the Pareto plot and the roofline plot.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nascent/report/detail/painter.hpp"

namespace nascent {

/// A plot as an SVG document. \throws plot_error for numbers that an axis cannot show.
inline std::string to_svg(const plot& p) { return detail::plot_painter(p).draw(); }

/// Points in a plane.
inline plot scatter_plot(std::string title, plot_axis x, plot_axis y, std::vector<plot_series> series) {
  return {.title = std::move(title), .x = std::move(x), .y = std::move(y), .series = std::move(series)};
}

/// The same with a straight line through the points of every series that has no line of its own.
inline plot line_plot(std::string title, plot_axis x, plot_axis y, std::vector<plot_series> series) {
  for (plot_series& s : series)
    if (s.line == plot_line::none) s.line = plot_line::straight;
  return scatter_plot(std::move(title), std::move(x), std::move(y), std::move(series));
}

/// The points that no other beats in both coordinates: least x, most y. Ordered by x.
inline std::vector<plot_point> pareto_points(const std::vector<plot_point>& points) {
  std::vector<const plot_point*> order;
  for (const plot_point& p : points) order.push_back(&p);
  std::sort(order.begin(), order.end(), [](const plot_point* a, const plot_point* b) {
    return a->x != b->x ? a->x < b->x : a->y != b->y ? a->y > b->y : a < b;  // of equal points the first given
  });
  std::vector<plot_point> front;
  for (const plot_point* p : order)
    if (front.empty() || p->y > front.back().y) front.push_back(*p);
  return front;
}

/// Networks of one family, joined by a line.
struct plot_family {
  std::string name{};
  std::vector<plot_point> members{};  ///< by rising size; with labels, and errors where known
};

/// Latency against accuracy: all trials faint, their front as a step line, named networks highlighted, families as
/// lines.
struct pareto_figure {
  std::string title = "Latency and accuracy";
  std::vector<plot_point> trials{};
  std::vector<plot_point> models{};  ///< with labels, and errors where known
  std::vector<plot_family> families{};
  plot_axis x{.title = "latency", .unit = "ms", .scale = axis_scale::log};
  plot_axis y{.title = "estimated accuracy", .unit = "%"};
  double target = 0;  ///< a vertical line at this latency; none at 0
};

inline plot pareto_plot(const pareto_figure& figure) {
  std::vector<plot_series> series;
  series.push_back({.name = "trials", .points = figure.trials, .faint = true});
  for (plot_point& p : series[0].points) p.label.clear();
  series.push_back({.name = "best of the trials",
                    .points = pareto_points(series[0].points),
                    .marker = plot_marker::none,
                    .line = plot_line::step,
                    .colour = 0});
  if (!figure.models.empty())
    series.push_back({.name = "named networks", .points = figure.models, .marker = plot_marker::diamond, .colour = 1});
  for (std::size_t i = 0; i < figure.families.size(); ++i)
    series.push_back({.name = figure.families[i].name,
                      .points = figure.families[i].members,
                      .marker = i % 2 == 0 ? plot_marker::dot : plot_marker::square,
                      .line = plot_line::straight,
                      .colour = static_cast<int>(2 + i % 8)});
  plot p{.title = figure.title, .x = figure.x, .y = figure.y, .series = std::move(series)};
  if (figure.target > 0)
    p.marks.push_back(
        {.x = figure.target,
         .name = "target " + detail::three_digits(figure.target) + (figure.x.unit.empty() ? "" : " " + figure.x.unit)});
  return p;
}

/// A limit of a device: a bandwidth in GB/s or a peak in Gops/s.
struct roof {
  std::string name{};
  double value = 0;
};

/// Operational intensity in operations per byte (x) against Gops/s (y), two operations per MAC, under the roofs of a
/// device.
struct roofline_figure {
  std::string title = "Roofline";
  std::vector<roof> bandwidths{};      ///< GB/s: x operations per byte make at most x * value Gops/s
  std::vector<roof> peaks{};           ///< Gops/s
  std::vector<plot_point> networks{};  ///< with labels
  double least_intensity = 0;          ///< left end of the axis; 0 fits it to the data
  double most_intensity = 0;
};

/// \throws plot_error where a roof is not above 0.
inline plot roofline_plot(const roofline_figure& figure) {
  const auto check = [&](const roof& r) {
    if (!(r.value > 0) || !std::isfinite(r.value))
      throw plot_error("report.plot", "plot '" + figure.title + "', roof '" + r.name + "'", exact_text(r.value),
                       "above 0");
  };
  for (const roof& r : figure.bandwidths) check(r);
  for (const roof& r : figure.peaks) check(r);
  const auto by_value = [](const roof& a, const roof& b) { return a.value < b.value; };
  const auto fastest = std::max_element(figure.bandwidths.begin(), figure.bandwidths.end(), by_value);
  const auto slowest = std::min_element(figure.bandwidths.begin(), figure.bandwidths.end(), by_value);
  const auto highest = std::max_element(figure.peaks.begin(), figure.peaks.end(), by_value);
  const auto lowest = std::min_element(figure.peaks.begin(), figure.peaks.end(), by_value);
  const bool ridges = fastest != figure.bandwidths.end() && highest != figure.peaks.end();

  // From well below the first ridge or network to well above the last.
  double left = ridges ? lowest->value / fastest->value / 6 : 1;
  double right = ridges ? highest->value / slowest->value * 6 : 10;
  for (const plot_point& p : figure.networks) {
    left = std::min(left, p.x / 2);
    right = std::max(right, p.x * 3);
  }
  if (figure.least_intensity > 0) left = figure.least_intensity;
  if (figure.most_intensity > 0) right = figure.most_intensity;

  plot p{
      .title = figure.title,
      .x = {.title = "operational intensity", .unit = "ops/byte", .scale = axis_scale::log, .low = left, .high = right},
      .y = {.title = "rate", .unit = "Gops/s", .scale = axis_scale::log}};
  double top = highest != figure.peaks.end() ? highest->value : 0;
  for (const plot_point& n : figure.networks) top = std::max(top, n.y + n.y_error);
  if (top > 0) p.y.high = top * 2;  // room for the names of the roofs
  int colour = 0;
  for (const roof& r : figure.bandwidths) {
    const double end = highest != figure.peaks.end() ? std::min(right, highest->value / r.value) : right;
    p.series.push_back({.name = r.name + ", " + detail::three_digits(r.value) + " GB/s",
                        .points = {{.x = left, .y = left * r.value}, {.x = end, .y = end * r.value}},
                        .marker = plot_marker::none,
                        .line = plot_line::straight,
                        .name_on_line = true,
                        .colour = colour++ % 9});
  }
  for (const roof& r : figure.peaks) {
    const double start = fastest != figure.bandwidths.end() ? std::max(left, r.value / fastest->value) : left;
    p.series.push_back({.name = r.name + ", " + detail::three_digits(r.value) + " Gops/s",
                        .points = {{.x = start, .y = r.value}, {.x = right, .y = r.value}},
                        .marker = plot_marker::none,
                        .line = plot_line::straight,
                        .name_on_line = true,
                        .colour = colour++ % 9});
  }
  if (!figure.networks.empty()) p.series.push_back({.name = "networks", .points = figure.networks, .colour = 4});
  return p;
}

}  // namespace nascent
