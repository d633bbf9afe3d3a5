// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a plot shows: points, series, axes. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/report/plot/axis.hpp"

namespace nascent {

/// Data that cannot be drawn: the text names the series and the point.
struct plot_error : error {
  using error::error;
};

struct plot_point {
  double x = 0;
  double y = 0;
  std::string label{};
  double x_error = 0;  ///< half the length of an error bar
  double y_error = 0;
};

enum class plot_marker : std::uint8_t { none, dot, ring, square, diamond, triangle };
enum class plot_line : std::uint8_t { none, straight, dashed, step };

struct plot_series {
  std::string name{};
  std::vector<plot_point> points{};
  plot_marker marker = plot_marker::dot;
  plot_line line = plot_line::none;
  bool faint = false;         ///< background: small and pale
  bool name_on_line = false;  ///< the name stands on the line, not in the legend
  int colour = -1;            ///< 0 to 9; the next one in turn without
};

/// A vertical line across the plot, such as a target.
struct plot_mark {
  double x = 0;
  std::string name{};
};

struct plot {
  std::string title{};
  plot_axis x{};
  plot_axis y{};
  std::vector<plot_series> series{};
  std::vector<plot_mark> marks{};
  double width = 720;
  double height = 460;
};

}  // namespace nascent
