// SPDX-License-Identifier: Apache-2.0
/// \file
/// Draws a plot.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nascent/report/detail/labels.hpp"
#include "nascent/report/plot/series.hpp"
#include "nascent/report/svg.hpp"

namespace nascent::detail {

/// Draws one plot.
class plot_painter {
 public:
  explicit plot_painter(const plot& p)
      : plot_(p),
        frame_(lay_out()),
        x_(fit_axis(p.x, values(true), frame_.left, frame_.right)),
        y_(fit_axis(p.y, values(false), frame_.bottom, frame_.top)),
        labels_(frame_) {
    if (!(x_.low() < x_.high()) || !(y_.low() < y_.high()))
      throw plot_error("report.plot", "plot '" + p.title + "'", "limits with all data on one side",
                       "a lower limit below the upper one");
  }

  std::string draw() {
    draw_head();
    draw_axes();
    draw_marks();
    canvas_.begin_clip(frame_.left - 0.75, frame_.top - 0.75, frame_.right - frame_.left + 1.5,
                       frame_.bottom - frame_.top + 1.5);
    for (const bool faint : {true, false})
      for_each_series(faint, [&](const plot_series& s, const std::string& look) { draw_line(s, look); });
    canvas_.end_clip();
    for (const bool faint : {true, false})
      for_each_series(faint, [&](const plot_series& s, const std::string& look) { draw_points(s, look); });
    draw_names();
    draw_labels();
    return canvas_.str(plot_.width, plot_.height, plot_.title.empty() ? "plot" : plot_.title);
  }

 private:
  static constexpr double row = 20;  ///< height of a line of the legend

  struct legend_entry {
    const plot_series* series;
    std::string look;
    double x;
    double y;
  };

  /// Places title and legend, and returns what is left for the data.
  box lay_out() {
    double y = plot_.title.empty() ? 8 : 34;
    double x = 16;
    int colour = 0;
    for (const plot_series& s : plot_.series) {
      const int own = s.colour >= 0 ? s.colour % 10 : s.faint ? 9 : colour++ % 9;
      looks_.push_back("c" + std::to_string(own));
      if (s.name_on_line || s.name.empty()) continue;
      const double width = 30 + 1.15 * text_width(s.name, 13) + 16;  // the viewer's font may be a wide one
      if (x + width > plot_.width && x > 16) {
        x = 16;
        y += row;
      }
      legend_.push_back({&s, looks_.back(), x, y + 14});
      x += width;
    }
    if (!legend_.empty()) y += row + 4;
    y += plot_.y.full_title().empty() ? 8 : 26;
    return {66, y, plot_.width - 20, plot_.height - (plot_.x.full_title().empty() ? 34 : 56)};
  }

  template <class Visit>
  void for_each_series(bool faint, Visit visit) const {
    for (std::size_t i = 0; i < plot_.series.size(); ++i)
      if (plot_.series[i].faint == faint) visit(plot_.series[i], looks_[i]);
  }

  /// All coordinates along one axis, checked.
  std::vector<double> values(bool horizontal) const {
    const plot_axis& axis = horizontal ? plot_.x : plot_.y;
    const bool log = axis.scale == axis_scale::log;
    const auto check = [&](double value, const std::string& where) {
      if (std::isfinite(value) && (!log || value > 0)) return;
      throw plot_error(
          "report.plot", "plot '" + plot_.title + "', " + where,
          exact_text(value) + " on the " + (log ? "logarithmic " : "") + (horizontal ? "x" : "y") + " axis",
          log ? "numbers above 0" : "finite numbers");
    };
    if (axis.low) check(*axis.low, "lower limit");
    if (axis.high) check(*axis.high, "upper limit");
    if (axis.low && axis.high && !(*axis.low < *axis.high))
      throw plot_error("report.plot", "plot '" + plot_.title + "'",
                       "the limits " + exact_text(*axis.low) + " to " + exact_text(*axis.high),
                       "a lower limit below the upper one");
    std::vector<double> all;
    if (horizontal)
      for (const plot_mark& m : plot_.marks) {
        check(m.x, "mark '" + m.name + "'");
        all.push_back(m.x);
      }
    for (const plot_series& s : plot_.series)
      for (std::size_t i = 0; i < s.points.size(); ++i) {
        const plot_point& p = s.points[i];
        const double value = horizontal ? p.x : p.y;
        const double error = horizontal ? p.x_error : p.y_error;
        check(value, "series '" + s.name + "', point " + std::to_string(i));
        if (!std::isfinite(error) || error < 0)
          throw plot_error("report.plot",
                           "plot '" + plot_.title + "', series '" + s.name + "', point " + std::to_string(i),
                           "an error bar of " + exact_text(error), "0 or more");
        all.push_back(value);
        if (error > 0) {
          all.push_back(value + error);
          if (!log || value > error) all.push_back(value - error);
        }
      }
    return all;
  }

  void draw_head() {
    if (!plot_.title.empty()) canvas_.text({.x = 16, .y = 24, .text = plot_.title, .size = 16, .bold = true});
    for (const legend_entry& e : legend_) {
      const bool faint = e.series->faint;
      if (e.series->line != plot_line::none)
        canvas_.line(
            {.x1 = e.x,
             .y1 = e.y - 4.5,
             .x2 = e.x + 22,
             .y2 = e.y - 4.5,
             .width = 2,
             .look = e.look + (e.series->line == plot_line::dashed ? " dash" : " line") + (faint ? " faint" : "")});
      mark(e.series->marker, e.x + 11, e.y - 4.5, faint ? 3 : 4.5, e.look + (faint ? " muted" : ""), {});
      canvas_.text({.x = e.x + 29, .y = e.y, .text = e.series->name, .size = 13});
    }
  }

  void draw_axes() {
    if (const std::string title = plot_.y.full_title(); !title.empty())
      canvas_.text({.x = 16, .y = frame_.top - 11, .text = title, .size = 13, .look = "ink muted"});
    if (const std::string title = plot_.x.full_title(); !title.empty())
      canvas_.text({.x = frame_.right,
                    .y = plot_.height - 12,
                    .text = title,
                    .size = 13,
                    .look = "ink muted",
                    .anchor = text_anchor::end});
    for (const axis_tick& t : x_.ticks(std::max(2, static_cast<int>((frame_.right - frame_.left) / 80)))) {
      const double x = x_(t.value);
      if (!t.label.empty())
        canvas_.line({.x1 = x, .y1 = frame_.top, .x2 = x, .y2 = frame_.bottom, .look = "line hair"});
      canvas_.line({.x1 = x,
                    .y1 = frame_.bottom,
                    .x2 = x,
                    .y2 = frame_.bottom + (t.label.empty() ? 3 : 5),
                    .look = "line muted"});
      canvas_.text({.x = x, .y = frame_.bottom + 19, .text = t.label, .size = 12.5, .anchor = text_anchor::middle});
    }
    for (const axis_tick& t : y_.ticks(std::max(2, static_cast<int>((frame_.bottom - frame_.top) / 44)))) {
      const double y = y_(t.value);
      if (!t.label.empty())
        canvas_.line({.x1 = frame_.left, .y1 = y, .x2 = frame_.right, .y2 = y, .look = "line hair"});
      canvas_.line(
          {.x1 = frame_.left - (t.label.empty() ? 3 : 5), .y1 = y, .x2 = frame_.left, .y2 = y, .look = "line muted"});
      canvas_.text({.x = frame_.left - 9, .y = y + 4.5, .text = t.label, .size = 12.5, .anchor = text_anchor::end});
    }
    canvas_.line({.x1 = frame_.left, .y1 = frame_.top, .x2 = frame_.left, .y2 = frame_.bottom, .look = "line muted"});
    canvas_.line(
        {.x1 = frame_.left, .y1 = frame_.bottom, .x2 = frame_.right, .y2 = frame_.bottom, .look = "line muted"});
  }

  void draw_marks() {
    for (const plot_mark& m : plot_.marks) {
      const double x = x_(m.x);
      if (x < frame_.left || x > frame_.right) continue;
      canvas_.line({.x1 = x, .y1 = frame_.top, .x2 = x, .y2 = frame_.bottom, .width = 1.5, .look = "dash muted"});
      labels_.avoid_line(x, frame_.top, x, frame_.bottom, 1);
      const double width = text_width(m.name, 12.5);
      const bool fits = x + 6 + width < frame_.right;
      canvas_.text({.x = fits ? x + 6 : x - 6,
                    .y = frame_.bottom - 8,
                    .text = m.name,
                    .size = 12.5,
                    .look = "ink muted halo",
                    .anchor = fits ? text_anchor::start : text_anchor::end});
      const double left = fits ? x + 6 : x - 6 - width;
      labels_.avoid({left, frame_.bottom - 20, left + width, frame_.bottom - 4}, 10);
    }
  }

  /// The corners of a series' line on the page.
  std::vector<std::pair<double, double>> corners(const plot_series& s) const {
    std::vector<std::pair<double, double>> all;
    for (const plot_point& p : s.points) {
      if (s.line == plot_line::step && !all.empty()) all.emplace_back(x_(p.x), all.back().second);
      all.emplace_back(x_(p.x), y_(p.y));
    }
    if (s.line == plot_line::step && !all.empty()) all.emplace_back(frame_.right, all.back().second);
    return all;
  }

  void draw_line(const plot_series& s, const std::string& look) {
    if (s.line == plot_line::none || s.points.empty()) return;
    svg_pen pen;
    const auto all = corners(s);
    pen.move(all[0].first, all[0].second);
    for (std::size_t i = 1; i < all.size(); ++i) {
      pen.line(all[i].first, all[i].second);
      labels_.avoid_line(all[i - 1].first, all[i - 1].second, all[i].first, all[i].second, s.faint ? 0.3 : 3);
    }
    canvas_.path({.data = pen.str(),
                  .width = s.faint ? 1.25 : 2,
                  .look = look + (s.line == plot_line::dashed ? " dash" : " line") + (s.faint ? " faint" : "")});
  }

  void draw_points(const plot_series& s, const std::string& look) {
    const double radius = s.faint ? 2.75 : 4.5;
    for (const plot_point& p : s.points) {
      const double x = x_(p.x);
      const double y = y_(p.y);
      if (x < frame_.left - 1 || x > frame_.right + 1 || y < frame_.top - 1 || y > frame_.bottom + 1)
        continue;  // outside given limits
      draw_errors(p, x, y, look);
      if (s.marker == plot_marker::none) continue;
      mark(s.marker, x, y, radius, look + (s.faint ? " faint" : ""), p.label);
      if (s.faint) labels_.avoid({x - radius, y - radius, x + radius, y + radius}, 0.12);
      else labels_.avoid_mark(x, y, radius, 10);
      if (!p.label.empty()) labels_.add(p.label, x, y, text_width(p.label, 12.5, true), 14);
    }
  }

  void draw_errors(const plot_point& p, double x, double y, const std::string& look) {
    const auto bar = [&](double x1, double y1, double x2, double y2, double cap_x, double cap_y) {
      canvas_.path({.data = svg_pen{}
                                .move(x1, y1)
                                .line(x2, y2)
                                .move(x1 - cap_x, y1 - cap_y)
                                .line(x1 + cap_x, y1 + cap_y)
                                .move(x2 - cap_x, y2 - cap_y)
                                .line(x2 + cap_x, y2 + cap_y)
                                .str(),
                    .width = 1.25,
                    .look = look + " line"});
      labels_.avoid_line(x1, y1, x2, y2, 5);
    };
    // On a logarithmic axis a bar may reach 0, which lies below everything.
    const auto low = [](double value, double error, const axis_map& axis) {
      return std::max(value - error, axis.low());
    };
    if (p.x_error > 0) bar(x_(low(p.x, p.x_error, x_)), y, std::min(x_(p.x + p.x_error), frame_.right), y, 0, 3.5);
    if (p.y_error > 0) bar(x, y_(low(p.y, p.y_error, y_)), x, std::max(y_(p.y + p.y_error), frame_.top), 3.5, 0);
  }

  void mark(plot_marker kind, double x, double y, double r, const std::string& look, const std::string& tip) {
    switch (kind) {
      case plot_marker::none: return;
      case plot_marker::dot: canvas_.circle({.x = x, .y = y, .radius = r, .look = look + " ink", .tip = tip}); return;
      case plot_marker::ring: canvas_.circle({.x = x, .y = y, .radius = r, .look = look + " line", .tip = tip}); return;
      case plot_marker::square:
        canvas_.rect({.x = x - r * 0.9,
                      .y = y - r * 0.9,
                      .width = r * 1.8,
                      .height = r * 1.8,
                      .look = look + " ink",
                      .tip = tip});
        return;
      case plot_marker::diamond:
        r *= 1.3;
        canvas_.path({.data = svg_pen{}.move(x, y - r).line(x + r, y).line(x, y + r).line(x - r, y).close().str(),
                      .width = 0,
                      .look = look + " ink"});
        return;
      case plot_marker::triangle:
        r *= 1.25;
        canvas_.path({.data = svg_pen{}.move(x, y - r).line(x + r, y + r * 0.8).line(x - r, y + r * 0.8).close().str(),
                      .width = 0,
                      .look = look + " ink"});
        return;
    }
  }

  /// Names that stand on their line, along its longest part: above or below it, where they cover least.
  void draw_names() {
    for_each_series(false, [&](const plot_series& s, const std::string& look) {
      if (!s.name_on_line || s.points.size() < 2) return;
      const auto all = corners(s);
      std::size_t longest = 1;
      const auto length = [&](std::size_t i) {
        return std::hypot(all[i].first - all[i - 1].first, all[i].second - all[i - 1].second);
      };
      for (std::size_t i = 2; i < all.size(); ++i) longest = length(i) > length(longest) ? i : longest;
      const auto [x1, y1] = all[longest - 1];
      const auto [x2, y2] = all[longest];
      const double angle = std::atan2(y2 - y1, x2 - x1);
      const double width = text_width(s.name, 12.5);
      const double room = length(longest) - width - 24;
      const bool flat = std::abs(angle) < 0.1;

      struct name_place {
        double along;
        double off;  ///< of the base line from the line
      } best{12, -6};
      double least = -1;
      for (const double off : {-6.0, 15.0})
        for (int step = 0; step <= 8; ++step) {
          // Level lines are named at their right end, others at their left one, if nothing stands there.
          const double along = 12 + std::max(0.0, room) * (flat ? 8 - step : step) / 8;
          const double cost = cost_of_name(x1, y1, angle, along, off, width) + step * 3 + (off > 0 ? 2 : 0);
          if (least >= 0 && cost >= least) continue;
          least = cost;
          best = {along, off};
        }
      const double x = x1 + best.along * std::cos(angle) - best.off * std::sin(angle);
      const double y = y1 + best.along * std::sin(angle) + best.off * std::cos(angle);
      canvas_.text({.x = x,
                    .y = y,
                    .text = s.name,
                    .size = 12.5,
                    .look = look + " ink halo",
                    .angle = angle * 180 / 3.14159265358979});
      for_each_part_of_name(x1, y1, angle, best.along, best.off, width,
                            [&](const box& part) { labels_.avoid(part, 8); });
    });
  }

  double cost_of_name(double x1, double y1, double angle, double along, double off, double width) const {
    double cost = 0;
    for_each_part_of_name(x1, y1, angle, along, off, width, [&](const box& part) { cost += labels_.cost_of(part); });
    return cost;
  }

  /// A slanted name as a row of upright boxes.
  template <class Visit>
  static void for_each_part_of_name(double x1, double y1, double angle, double along, double off, double width,
                                    Visit visit) {
    const double middle = off - 4.5;  // of the letters
    for (double at = along; at < along + width + 4; at += 8) {
      const double x = x1 + at * std::cos(angle) - middle * std::sin(angle);
      const double y = y1 + at * std::sin(angle) + middle * std::cos(angle);
      visit(box{x - 4, y - 5, x + 4, y + 5});
    }
  }

  void draw_labels() {
    for (const placed_label& l : labels_.solve()) {
      if (l.has_leader()) canvas_.line({.x1 = l.x, .y1 = l.y, .x2 = l.end_x(), .y2 = l.end_y(), .look = "line muted"});
      canvas_.text(
          {.x = l.area.left, .y = l.area.bottom - 3, .text = l.words, .size = 12.5, .look = "ink halo", .bold = true});
    }
  }

  const plot& plot_;
  std::vector<std::string> looks_;
  std::vector<legend_entry> legend_;
  box frame_;
  axis_map x_;
  axis_map y_;
  label_placer labels_;
  svg_canvas canvas_;
};

}  // namespace nascent::detail
