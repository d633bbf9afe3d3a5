// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finds places for labels next to points, so that they cover neither each other nor what else is drawn.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

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
};

/// Decides label by label: of many places around its point each takes the cheapest, near ones first.
class label_placer {
 public:
  explicit label_placer(const box& frame) : frame_(frame) {}

  /// Something that a label should not cover; `weight` says how much that matters.
  void avoid(const box& area, double weight) { obstacles_.push_back({area, weight}); }

  /// A line, as a row of small boxes.
  void avoid_line(double x1, double y1, double x2, double y2, double weight) {
    const double length = std::hypot(x2 - x1, y2 - y1);
    const int steps = std::clamp(static_cast<int>(length / 6), 1, 400);
    for (int i = 0; i <= steps; ++i) {
      const double x = x1 + (x2 - x1) * i / steps;
      const double y = y1 + (y2 - y1) * i / steps;
      avoid({x - 2, y - 2, x + 2, y + 2}, weight);
    }
  }

  /// A place for a label of this size around (x, y), which it keeps free from then on.
  box place(double x, double y, double width, double height, double gap) {
    constexpr std::array<std::array<double, 2>, 8> directions{{{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1}}};
    box best{};
    double least = -1;
    for (int ring = 0; ring < 5; ++ring)
      for (std::size_t k = 0; k < directions.size(); ++k) {
        const auto [dx, dy] = directions[k];
        const double away = gap + ring * 11;
        const double across = dy == 0 ? away : away * 0.7;
        const double left = dx > 0 ? x + across : dx < 0 ? x - across - width : x - width / 2;
        const double top = dy > 0 ? y + away * (dx == 0 ? 1 : 0.7) : dy < 0 ? y - away * (dx == 0 ? 1 : 0.7) - height : y - height / 2;
        const box area{left, top, left + width, top + height};
        const double cost = cost_of(area) + ring * 14 + static_cast<double>(k) * 1.5;
        if (least < 0 || cost < least) {
          least = cost;
          best = area;
        }
      }
    avoid(best, 8);
    return best;
  }

 private:
  struct obstacle {
    box area;
    double weight;
  };

  double cost_of(const box& area) const {
    double cost = 0;
    for (const obstacle& o : obstacles_) cost += o.weight * o.area.overlap(area);
    const double outside = std::max(0.0, frame_.left - area.left) + std::max(0.0, area.right - frame_.right) +
                           std::max(0.0, frame_.top - area.top) + std::max(0.0, area.bottom - frame_.bottom);
    return cost + 400 * outside;
  }

  box frame_;
  std::vector<obstacle> obstacles_;
};

}  // namespace nascent::detail
