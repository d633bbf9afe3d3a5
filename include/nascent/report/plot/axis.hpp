// SPDX-License-Identifier: Apache-2.0
/// \file
/// Axes of plots: scales, nice ticks and their labels.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/report/svg.hpp"

namespace nascent {

enum class axis_scale : std::uint8_t { linear, log };

/// One axis of a plot. Without `low` and `high` it spans the data.
struct plot_axis {
  std::string title{};
  std::string unit{};
  axis_scale scale = axis_scale::linear;
  std::optional<double> low{};
  std::optional<double> high{};

  /// "latency (ms)"
  std::string full_title() const { return unit.empty() ? title : title.empty() ? unit : title + " (" + unit + ")"; }
};

/// A mark on an axis; minor ones have no label.
struct axis_tick {
  double value = 0;
  std::string label{};
};

namespace detail {

/// 12345 is "12 345", 0.25 is "0.25"; very large and very small numbers are powers of ten.
inline std::string tick_label(double value, int decimals) {
  const double size = std::abs(value);
  if (size != 0 && (size >= 1e7 || size < 1e-4)) {
    const auto exponent = static_cast<int>(std::floor(std::log10(size) + 1e-9));
    return rounded_text(value / std::pow(10, exponent), 3) + "e" + std::to_string(exponent);
  }
  const std::string plain = rounded_text(size, 6);
  std::string whole = plain.substr(0, plain.find('.'));
  std::string fraction = plain.size() > whole.size() ? plain.substr(whole.size() + 1) : "";
  if (fraction.size() < static_cast<std::size_t>(decimals))
    fraction.append(static_cast<std::size_t>(decimals) - fraction.size(), '0');
  return (value < 0 ? "\xE2\x88\x92" : "") + grouped_digits(whole) + (fraction.empty() ? "" : "." + fraction);
}

/// A measured value for a label: 258.438 is "258", 7.7561 is "7.76".
inline std::string three_digits(double value) {
  const double unit = value == 0 ? 1 : std::min(1.0, std::pow(10, std::floor(std::log10(std::abs(value))) - 2));
  return tick_label(std::round(value / unit) * unit, 0);
}

/// The nice step, 1, 2 or 5 times a power of ten, that makes at most `most` intervals.
inline double nice_step(double span, int most) {
  const double rough = span / std::max(1, most);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double nice : {1.0, 2.0, 5.0})
    if (nice * power >= rough * (1 - 1e-9)) return nice * power;
  return 10 * power;
}

/// Two ticks at least, and no more intervals than `most` if that leaves two.
inline std::vector<axis_tick> linear_ticks(double low, double high, int most) {
  double step = nice_step(high - low, most);
  while (std::floor(high / step + 1e-9) - std::ceil(low / step - 1e-9) < 1) step = nice_step(high - low, ++most);
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 6);
  std::vector<axis_tick> ticks;
  const double first = std::ceil(low / step - 1e-9);
  const double last = std::floor(high / step + 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back({i * step, tick_label(i * step, decimals)});
  return ticks;
}

/// Powers of ten, and between them as many round numbers as have room for their labels: `most` labels fill the axis.
inline std::vector<axis_tick> log_ticks(double low, double high, int most) {
  const double decades = std::log10(high / low);
  if (decades < 0.7) return linear_ticks(low, high, most);
  struct choice_of_digits {
    std::string_view digits;
    double gap;  ///< the smallest, in decades
  };
  constexpr std::array<choice_of_digits, 5> choices{
      {{"123456789", 0.0457}, {"1234568", 0.0791}, {"1235", 0.176}, {"125", 0.301}, {"1", 1}}};
  const auto fits = [&](const choice_of_digits& c) { return c.gap / decades * most >= 0.55; };
  const auto* const labelled = std::find_if(choices.begin(), choices.end() - 1, fits);
  const auto first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const auto last = static_cast<int>(std::ceil(std::log10(high) - 1e-9));
  const int every = std::max(1, static_cast<int>(std::ceil(decades / std::max(1, most))));
  std::vector<axis_tick> ticks;
  for (int power = first; power <= last; ++power)
    for (int digit = 1; digit < 10; ++digit) {
      const double value = digit * std::pow(10, power);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const bool named = labelled->digits.find(static_cast<char>('0' + digit)) != std::string_view::npos &&
                         (power - first) % every == 0;
      if (named || every == 1) ticks.push_back({value, named ? tick_label(value, 0) : ""});
    }
  return ticks;
}

/// Where values of an axis lie on the page.
class axis_map {
 public:
  /// `low` and `high` come to lie at `from` and `to`.
  axis_map(axis_scale scale, double low, double high, double from, double to)
      : scale_(scale), low_(low), high_(high), from_(from), to_(to) {}

  double operator()(double value) const {
    return from_ + (to_ - from_) * (place(value) - place(low_)) / (place(high_) - place(low_));
  }
  double low() const { return low_; }
  double high() const { return high_; }
  std::vector<axis_tick> ticks(int most) const {
    return scale_ == axis_scale::log ? log_ticks(low_, high_, most) : linear_ticks(low_, high_, most);
  }

 private:
  double place(double value) const { return scale_ == axis_scale::log ? std::log10(value) : value; }

  axis_scale scale_;
  double low_;
  double high_;
  double from_;
  double to_;
};

/// The range of an axis: what is asked for, else the data with some air around it.
inline axis_map fit_axis(const plot_axis& axis, const std::vector<double>& values, double from, double to) {
  const bool log = axis.scale == axis_scale::log;
  double low = values.empty() ? (log ? 1 : 0) : *std::min_element(values.begin(), values.end());
  double high = values.empty() ? (log ? 10 : 1) : *std::max_element(values.begin(), values.end());
  if (log) {
    const double air = high > low ? std::pow(high / low, 0.06) : 2;
    low /= air;
    high *= air;
  } else {
    const double air = high > low ? 0.06 * (high - low) : high == 0 ? 1 : 0.1 * std::abs(high);
    const bool positive = low >= 0;
    low = positive ? std::max(0.0, low - air) : low - air;
    high += air;
  }
  return {axis.scale, axis.low.value_or(low), axis.high.value_or(high), from, to};
}

}  // namespace detail
}  // namespace nascent
