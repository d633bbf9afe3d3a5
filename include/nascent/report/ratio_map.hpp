// SPDX-License-Identifier: Apache-2.0
/// \file
/// A heat map of ratios: what is below 1 and what is above it shows at a glance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/report/svg.hpp"

namespace nascent {

/// Ratios that cannot be drawn.
struct ratio_map_error : error {
  using error::error;
};

/// Rows times columns of ratios, each against 1. NaN where there is none.
struct ratio_map {
  std::string title{};
  std::vector<std::string> rows{};
  std::vector<std::string> columns{};
  std::vector<double> ratios{};     ///< row by row
  std::vector<std::string> tips{};  ///< shown under the pointer; none, or one for each ratio
  std::string below = "faster";     ///< what a ratio below 1 means
  std::string above = "slower";
};

/// An SVG document. Colour deepens with the ratio's logarithm, full at a factor of 2. \throws ratio_map_error where
/// numbers are missing or not above 0
inline std::string to_svg(const ratio_map& m) {
  const auto refuse = [&](const std::string& found, const std::string& allowed) {
    throw ratio_map_error("report.ratio_map", "ratio map '" + m.title + "'", found, allowed);
  };
  const std::size_t cells = m.rows.size() * m.columns.size();
  if (m.ratios.size() != cells)
    refuse(std::to_string(m.ratios.size()) + " ratios", "one for each of " + std::to_string(m.rows.size()) +
                                                            " rows and " + std::to_string(m.columns.size()) +
                                                            " columns");
  if (!m.tips.empty() && m.tips.size() != cells)
    refuse(std::to_string(m.tips.size()) + " tips", "none, or one for each ratio");
  for (const double ratio : m.ratios)
    if (!std::isnan(ratio) && !(ratio > 0 && std::isfinite(ratio))) refuse(exact_text(ratio), "above 0");

  constexpr double size = 12;
  constexpr double gap = 2;
  constexpr double height = 30;
  constexpr double full = .7;  // of the colour, so that text stays readable on it
  double names = 40;
  for (const std::string& row : m.rows) names = std::max(names, text_width(row, size) + 12);
  double width = 52;
  for (const std::string& column : m.columns) width = std::max(width, text_width(column, size) + 10);
  const double top = m.title.empty() ? 26 : 52;

  svg_canvas canvas;
  if (!m.title.empty()) canvas.text({.x = 0, .y = 16, .text = m.title, .size = 15, .bold = true});
  for (std::size_t c = 0; c < m.columns.size(); ++c)
    canvas.text({.x = names + (static_cast<double>(c) + .5) * width,
                 .y = top - 8,
                 .text = m.columns[c],
                 .size = size,
                 .look = "ink muted",
                 .anchor = text_anchor::middle});
  for (std::size_t r = 0; r < m.rows.size(); ++r) {
    const double y = top + static_cast<double>(r) * height;
    canvas.text({.x = names - 8, .y = y + height / 2 + 4, .text = m.rows[r], .size = size, .anchor = text_anchor::end});
    for (std::size_t c = 0; c < m.columns.size(); ++c) {
      const double ratio = m.ratios[r * m.columns.size() + c];
      const double x = names + static_cast<double>(c) * width;
      const double strength = std::isnan(ratio) ? .05 : std::max(.04, full * std::min(1., std::fabs(std::log2(ratio))));
      canvas.rect({.x = x,
                   .y = y,
                   .width = width - gap,
                   .height = height - gap,
                   .radius = 3,
                   .look = std::isnan(ratio) ? "c9"
                           : ratio < 1       ? "c2"
                                             : "c4",
                   .tip = m.tips.empty() ? std::string_view{} : std::string_view(m.tips[r * m.columns.size() + c]),
                   .strength = strength});
      std::string text = std::isnan(ratio) ? "\xE2\x80\x93" : rounded_text(ratio);
      canvas.text({.x = x + (width - gap) / 2,
                   .y = y + height / 2 + 3,
                   .text = text,
                   .size = size,
                   .anchor = text_anchor::middle});
    }
  }
  const double bottom = top + static_cast<double>(m.rows.size()) * height + 18;
  canvas.rect({.x = names, .y = bottom - 10, .width = 12, .height = 12, .radius = 2, .look = "c2", .strength = full});
  canvas.text({.x = names + 18, .y = bottom, .text = "below 1: " + m.below, .size = size, .look = "ink muted"});
  const double second = names + 18 + text_width("below 1: " + m.below, size) + 20;
  canvas.rect({.x = second, .y = bottom - 10, .width = 12, .height = 12, .radius = 2, .look = "c4", .strength = full});
  canvas.text({.x = second + 18, .y = bottom, .text = "above 1: " + m.above, .size = size, .look = "ink muted"});
  const double right = std::max({names + static_cast<double>(m.columns.size()) * width,
                                 second + 18 + text_width("above 1: " + m.above, size), text_width(m.title, 15, true)});
  return canvas.str(right + 4, bottom + 12, m.title.empty() ? "ratios" : m.title);
}

}  // namespace nascent
