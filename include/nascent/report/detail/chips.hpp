// SPDX-License-Identifier: Apache-2.0
/// \file
/// Values of a field as a picture: a choice is a grid of chips, a fixed value plain text, a tie a dotted chip.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "nascent/report/svg.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent::detail {

/// The values of a field as text; of a tie the path that it takes its value from.
inline std::vector<std::string> shown_values(const field_view& f) {
  if (f.how == field_kind::tied) return {f.source};
  std::vector<std::string> shown;
  for (const typed_value& v : f.values) shown.emplace_back(v.text().view());
  return shown;
}

/// How a field is drawn: measured first, painted once its place is known.
class chip_grid {
 public:
  static constexpr double chip_height = 20;
  static constexpr double gap = 4;
  static constexpr double font = 12.5;

  chip_grid() = default;

  /// Wraps to lines of equal length that are at most `room` wide.
  chip_grid(const field_view& field, double room, std::string note = {}) : field_(&field), note_(std::move(note)) {
    constexpr std::size_t most = 40;
    values_ = shown_values(field);
    if (values_.size() > most) {
      values_.resize(12);
      values_.emplace_back("\xE2\x80\xA6");
      values_.emplace_back(field.values.back().text().view());
      note_ = std::to_string(field.values.size()) + " values" + (note_.empty() ? "" : ", " + note_);
    }
    if (field.how == field_kind::tied)
      for (std::string& v : values_) v = "= " + v;
    double widest = 0;
    for (const std::string& v : values_) widest = std::max(widest, text_width(v, font));
    const bool chips = field.how != field_kind::fixed;
    chip_width_ = chips ? std::max(widest + 13, 23.0) : widest;
    const auto fit = static_cast<std::size_t>(std::max(1.0, (room + gap) / (chip_width_ + gap)));
    lines_ = std::max<std::size_t>(1, (values_.size() + fit - 1) / fit);
    per_line_ = (values_.size() + lines_ - 1) / lines_;
  }

  const field_view* field() const { return field_; }
  double width() const {
    const double chips = per_line_ == 0 ? 0 : static_cast<double>(per_line_) * (chip_width_ + gap) - gap;
    return std::max(chips, text_width(note_, 11));
  }
  double height() const { return static_cast<double>(lines_) * (chip_height + gap) - gap + (note_.empty() ? 0 : 16); }
  double middle() const { return y + chip_height / 2; }
  double bottom() const { return y + static_cast<double>(lines_) * (chip_height + gap) - gap; }

  void paint(svg_canvas& canvas) const {
    if (field_ == nullptr) return;
    const bool fixed = field_->how == field_kind::fixed;
    const bool tied = field_->how == field_kind::tied;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const double left = x + static_cast<double>(i % per_line_) * (chip_width_ + gap);
      const std::size_t line = i / per_line_;
      const double top = y + static_cast<double>(line) * (chip_height + gap);
      if (!fixed)
        canvas.rect({.x = left,
                     .y = top,
                     .width = chip_width_,
                     .height = chip_height,
                     .radius = 5,
                     .look = tied ? "c3 dots" : "soft"});
      canvas.text({.x = fixed ? left : left + chip_width_ / 2,
                   .y = top + 14.5,
                   .text = values_[i],
                   .size = font,
                   .look = tied                   ? "c3 ink"
                           : is_plain(values_[i]) ? "ink muted"
                                                  : "ink",
                   .anchor = fixed ? text_anchor::start : text_anchor::middle});
    }
    if (!note_.empty()) canvas.text({.x = x, .y = bottom() + 13, .text = note_, .size = 11, .look = "ink muted"});
  }

  double x = 0;  ///< left of the first chip
  double y = 0;  ///< top of the first chip

 private:
  /// A fixed value that says that something is not there.
  bool is_plain(const std::string& value) const {
    if (field_->how != field_kind::fixed) return false;
    const std::string& name = field_->name;
    return value == "0" || value == "none" || value == "identity" || value == "false" ||
           (value == "1" && (name == "layers" || name == "stride" || name == "groups"));
  }

  const field_view* field_ = nullptr;
  std::string note_;
  std::vector<std::string> values_;
  double chip_width_ = 0;
  std::size_t per_line_ = 0;
  std::size_t lines_ = 1;
};

}  // namespace nascent::detail
