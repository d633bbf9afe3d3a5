// SPDX-License-Identifier: Apache-2.0
/// \file
/// The states that bounds of cost go through, each with the best total that leads to it. In constant expressions too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent::detail {

/// Keys of one width, and a number for each. Adding a key that is there keeps the better number.
class state_table {
 public:
  constexpr state_table(std::size_t width, bool largest) : width_(width), largest_(largest), places_(16, -1) {}

  constexpr std::size_t size() const { return totals_.size(); }
  constexpr const std::int64_t* key(std::size_t s) const { return keys_.data() + s * width_; }
  constexpr std::int64_t total(std::size_t s) const { return totals_[s]; }

  constexpr void add(const std::int64_t* key, std::int64_t total) {
    std::int32_t& place = places_[find(key)];
    if (place >= 0) {
      std::int64_t& known = totals_[static_cast<std::size_t>(place)];
      if (largest_ ? total > known : total < known) known = total;
      return;
    }
    place = static_cast<std::int32_t>(totals_.size());
    totals_.push_back(total);
    for (std::size_t i = 0; i < width_; ++i) keys_.push_back(key[i]);
    if (2 * totals_.size() > places_.size()) grow();
  }

 private:
  /// Where a key lies, or would.
  constexpr std::size_t find(const std::int64_t* wanted) const {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < width_; ++i)
      hash = (hash ^ static_cast<std::uint64_t>(wanted[i])) * 0x9e3779b97f4a7c15U;
    const std::size_t last = places_.size() - 1;
    for (auto at = static_cast<std::size_t>(hash >> 32U) & last;; at = (at + 1) & last) {
      if (places_[at] < 0) return at;
      const std::int64_t* const there = key(static_cast<std::size_t>(places_[at]));
      std::size_t i = 0;
      while (i < width_ && there[i] == wanted[i]) ++i;
      if (i == width_) return at;
    }
  }
  constexpr void grow() {
    places_.assign(2 * places_.size(), -1);
    for (std::size_t s = 0; s < totals_.size(); ++s) places_[find(key(s))] = static_cast<std::int32_t>(s);
  }

  std::size_t width_;
  bool largest_;
  std::vector<std::int64_t> keys_{};
  std::vector<std::int64_t> totals_{};
  std::vector<std::int32_t> places_;  ///< open addressing, twice as many as states or more
};

}  // namespace nascent::detail
