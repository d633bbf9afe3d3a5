// SPDX-License-Identifier: Apache-2.0
/// \file
/// What policies that learn from batches share: candidates that are proposed once, and count again where they are drawn
/// again.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "nascent/search/searcher.hpp"

namespace nascent::detail {

/// What is searched, what of it is known or pending, and the answers that the next update is made of.
template <class Searched>
class searched_in_batches {
 public:
  using space_type = searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  searched_in_batches(const Searched& searched, std::size_t batch)
      : searched_(take_searched(searched)), memory_(searched_), size_(batch) {}

  const space_type& space() const { return space_of(searched_); }
  const searched_or_stand_in<Searched>& searched() const { return searched_; }
  search_memory<searched_or_stand_in<Searched>>& memory() { return memory_; }

  /// Notes a candidate as proposed; false where it is known. What was told of it counts again: `learn` as in `add`.
  template <class Learn>
  bool propose(const candidate_type& c, Learn&& learn) {
    if (memory_.propose(c)) return true;
    if (const auto known = memory_.value(c)) add(c, *known, learn);
    return false;
  }

  /// Keeps an answer; false where there was one.
  template <class Learn>
  bool tell(const candidate_type& c, double value, Learn&& learn) {
    if (!memory_.tell(c, value)) return false;
    add(c, value, learn);
    return true;
  }

 private:
  /// Calls `learn(candidates, values)` with each whole batch; what cannot be used teaches nothing.
  template <class Learn>
  void add(const candidate_type& c, double value, Learn&& learn) {
    if (!is_usable(value)) return;
    candidates_.push_back(c);
    values_.push_back(value);
    if (candidates_.size() < size_) return;
    learn(candidates_, values_);
    candidates_.clear();
    values_.clear();
  }

  searched_or_stand_in<Searched> searched_;
  search_memory<searched_or_stand_in<Searched>> memory_;
  std::size_t size_;
  std::vector<candidate_type> candidates_;
  std::vector<double> values_;
};

}  // namespace nascent::detail
