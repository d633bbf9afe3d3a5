// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finds places for labels next to points, so that they cover neither each other nor what else is drawn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent::detail {

struct box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  double overlap(const box& other) const {
    const double w = std::min(right, other.right) - std::max(left, other.left);
    const double h = std::min(bottom, other.bottom) - std::max(top, other.top);
    return w > 0 && h > 0 ? w * h : 0;
  }
  double distance(double x, double y) const {
    return std::hypot(std::clamp(x, left, right) - x, std::clamp(y, top, bottom) - y);
  }
};

/// A label with the place found for it. Far from its point, or near another's, it needs a line that leads there.
struct placed_label {
  std::string words;
  double x;  ///< of the point
  double y;
  box area;
  bool is_near_others = false;

  double end_x() const { return std::clamp(x, area.left, area.right); }
  double end_y() const { return std::clamp(y, area.top, area.bottom); }
  bool has_leader() const { return is_near_others || area.distance(x, y) > 13; }
};

/// Starts with every label at its best place, then moves them one by one while that makes the whole better.
class label_placer {
 public:
  explicit label_placer(const box& frame) : frame_(frame) {}

  /// Something that a label should not cover; `weight` says how much that matters.
  void avoid(const box& area, double weight) { obstacles_.push_back({area, weight}); }

  /// A mark, with a label or without: a label should neither cover it nor be taken for its own.
  void avoid_mark(double x, double y, double radius, double weight) {
    avoid({x - radius, y - radius, x + radius, y + radius}, weight);
    marks_.push_back({x, y});
  }

  /// A line, as a row of small boxes.
  void avoid_line(double x1, double y1, double x2, double y2, double weight) {
    const double length = std::hypot(x2 - x1, y2 - y1);
    const int steps = std::clamp(static_cast<int>(length / 4), 1, 400);
    for (int i = 0; i <= steps; ++i) {
      const double x = x1 + (x2 - x1) * i / steps;
      const double y = y1 + (y2 - y1) * i / steps;
      avoid({x - 2, y - 2, x + 2, y + 2}, weight);
    }
  }

  /// What it costs to cover this.
  double cost_of(const box& area) const {
    double cost = 0;
    for (const obstacle& o : obstacles_) cost += o.weight * o.area.overlap(area);
    const double outside = std::max(0.0, frame_.left - area.left) + std::max(0.0, area.right - frame_.right) +
                           std::max(0.0, frame_.top - area.top) + std::max(0.0, area.bottom - frame_.bottom);
    return cost + 400 * outside;
  }

  void add(std::string words, double x, double y, double width, double height) {
    labels_.push_back({{std::move(words), x, y, {}}, width, height, {}});
  }

  std::vector<placed_label> solve() {
    for (label& l : labels_) find_places(l);
    bool moved = true;
    for (int sweep = 0; moved && sweep < 20; ++sweep) {
      moved = false;
      for (label& l : labels_) moved = settle(l) || moved;
    }
    std::vector<placed_label> placed;
    for (const label& l : labels_) {
      placed.push_back(l.at);
      placed.back().is_near_others = marks_as_near(l.at.area, l.at.x, l.at.y, 4) > 0;
    }
    return placed;
  }

 private:
  struct obstacle {
    box area;
    double weight;
  };
  struct mark {
    double x;
    double y;
  };
  struct candidate_place {
    box area;
    double cost;  ///< whatever the other labels do
  };
  struct label {
    placed_label at;
    double width;
    double height;
    std::vector<candidate_place> places;
  };

  /// Marks other than a label's own that are about as near to its place.
  int marks_as_near(const box& area, double x, double y, double margin) const {
    const double own = area.distance(x, y) + margin;
    int n = 0;
    for (const mark& m : marks_)
      if ((std::abs(m.x - x) > 1 || std::abs(m.y - y) > 1) && area.distance(m.x, m.y) < own) ++n;
    return n;
  }

  void find_places(label& l) {
    constexpr int directions = 16;
    constexpr int rings = 8;
    for (int ring = 0; ring < rings; ++ring)
      for (int k = 0; k < directions; ++k) {
        // Right first, then left, above, below, then what lies between.
        const double angle = 2 * std::numbers::pi * k / directions;
        const double dx = std::cos(angle);
        const double dy = std::sin(angle);
        const double away = 8 + ring * 9;
        // The side of the label that faces the point touches the ring.
        const double middle_x =
            l.at.x + dx * away +
            (std::abs(dx) < 0.1 ? 0 : std::copysign(l.width / 2, dx) * std::min(1.0, 1.6 * std::abs(dx)));
        const double middle_y = l.at.y + dy * away + (std::abs(dy) < 0.1 ? 0 : std::copysign(l.height / 2, dy));
        const box area{middle_x - l.width / 2, middle_y - l.height / 2, middle_x + l.width / 2,
                       middle_y + l.height / 2};
        double cost = cost_of(area) + 12 * ring + (k == 0 ? 0 : k == directions / 2 ? 2 : k % 4 == 0 ? 3 : 4);
        cost += 15 * marks_as_near(area, l.at.x, l.at.y, 3);
        const placed_label here{{}, l.at.x, l.at.y, area};
        for (const label& other : labels_) {
          if (&other == &l) continue;
          if (area.distance(other.at.x, other.at.y) < area.distance(l.at.x, l.at.y) + 3) cost += 45;  // whose is it?
          if (here.has_leader() && leads_over(here, {other.at.x - 5, other.at.y - 5, other.at.x + 5, other.at.y + 5}))
            cost += 60;
        }
        l.places.push_back({area, cost});
      }
    const auto best = std::min_element(l.places.begin(), l.places.end(),
                                       [](const auto& a, const auto& b) { return a.cost < b.cost; });
    l.at.area = best->area;
  }

  static bool leads_over(const placed_label& l, const box& area) {
    if (!l.has_leader()) return false;
    constexpr int steps = 12;
    for (int i = 1; i <= steps; ++i)
      if (area.distance(l.x + (l.end_x() - l.x) * i / steps, l.y + (l.end_y() - l.y) * i / steps) <= 0) return true;
    return false;
  }

  static bool leaders_cross(const placed_label& a, const placed_label& b) {
    if (!a.has_leader() || !b.has_leader()) return false;
    const auto side = [](double x1, double y1, double x2, double y2, double x, double y) {
      return (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0;
    };
    return side(a.x, a.y, a.end_x(), a.end_y(), b.x, b.y) !=
               side(a.x, a.y, a.end_x(), a.end_y(), b.end_x(), b.end_y()) &&
           side(b.x, b.y, b.end_x(), b.end_y(), a.x, a.y) != side(b.x, b.y, b.end_x(), b.end_y(), a.end_x(), a.end_y());
  }

  /// Moves a label to the best place while the others stay. Returns whether it moved.
  bool settle(label& l) {
    const box before = l.at.area;
    const auto total = [&](const candidate_place& place) {
      const placed_label here{{}, l.at.x, l.at.y, place.area};
      double cost = place.cost;
      for (const label& other : labels_) {
        if (&other == &l) continue;
        const box near{other.at.area.left - 3, other.at.area.top - 1, other.at.area.right + 3,
                       other.at.area.bottom + 1};
        cost += 8 * place.area.overlap(near);
        if (leads_over(here, near)) cost += 70;
        if (leads_over(other.at, place.area)) cost += 70;
        if (leaders_cross(here, other.at)) cost += 50;
      }
      return cost;
    };
    double least = -1;
    for (const candidate_place& place : l.places) {
      if (least >= 0 && place.cost >= least) continue;
      const double cost = total(place);
      if (least >= 0 && cost >= least) continue;
      least = cost;
      l.at.area = place.area;
    }
    return l.at.area.left != before.left || l.at.area.top != before.top;
  }

  box frame_;
  std::vector<obstacle> obstacles_;
  std::vector<mark> marks_;
  std::vector<label> labels_;
};

}  // namespace nascent::detail
