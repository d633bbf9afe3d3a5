// SPDX-License-Identifier: Apache-2.0
/// \file
/// The interface of searchers, ask and tell, and the memory that they share: what was proposed, and what it was worth.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/search/region.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// Options or values that make no sense. The text says which, what was found, and what is allowed.
struct search_error : error {
  using error::error;
};

/// Proposes candidates and learns what they are worth.
///
/// `ask` gives a candidate that was neither proposed nor told before, or none once there is no such candidate left. It
/// may be called again before the last answer is in, so that several workers can be kept busy. `tell` gives the value
/// of a candidate, the higher the better; minus infinity says that it cannot be used. A candidate that no `ask`
/// proposed is welcome too. The first value told counts; `tell` is false where there was one already. `space` is the
/// space.
template <class T>
concept searcher = requires(T& s, const typename T::candidate_type& c, double value) {
  { std::as_const(s).space() } -> std::same_as<const typename T::candidate_type::space_type&>;
  { s.ask() } -> std::same_as<std::optional<typename T::candidate_type>>;
  { s.tell(c, value) } -> std::convertible_to<bool>;
};

/// What makes a searcher do the same again: its name, its options and its seed, as texts.
struct searcher_description {
  std::string name{};
  std::vector<std::pair<std::string, std::string>> options{};
};

namespace detail {

/// Wants several numbers for a candidate, each the higher the better, in the place of one.
template <class T>
concept takes_objectives = requires(T& s, const typename T::candidate_type& c, std::span<const double> values) {
  { s.tell(c, values) } -> std::convertible_to<bool>;
};

}  // namespace detail

/// A searcher that is a function of its options, its seed and the asks and tells since: a copy that is asked and told
/// the same proposes the same. It takes one number for a candidate, or several.
template <class T>
concept recorded_searcher = std::copy_constructible<T> &&(searcher<T> || detail::takes_objectives<T>)&&requires(T& s) {
  { std::as_const(s).space() } -> std::same_as<const typename T::candidate_type::space_type&>;
  { s.ask() } -> std::same_as<std::optional<typename T::candidate_type>>;
  { std::as_const(s).description() } -> std::same_as<searcher_description>;
};

namespace detail {

struct rank_hash {
  std::size_t operator()(uint128 rank) const {
    std::uint64_t z = static_cast<std::uint64_t>(rank) ^ (static_cast<std::uint64_t>(rank >> 64) * 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>(z ^ (z >> 31));
  }
};

/// The numbers 0 .. n - 1 in random order, one by one: the shuffle of Fisher and Yates, of which only the places that
/// differ from the start are kept. Exactly uniform without replacement, without a rejection, for any n.
class lazy_shuffle {
 public:
  explicit lazy_shuffle(uint128 n) : n_(n) {}

  std::optional<uint128> next(random_engine& rng) {
    if (drawn_ == n_) return std::nullopt;
    const uint128 place = drawn_ + random_below(rng, n_ - drawn_);
    const uint128 chosen = at(place);
    moved_[place] = at(drawn_);
    moved_.erase(drawn_++);
    return chosen;
  }

 private:
  uint128 at(uint128 place) const {
    const auto found = moved_.find(place);
    return found == moved_.end() ? place : found->second;
  }

  uint128 n_;
  uint128 drawn_ = 0;
  std::unordered_map<uint128, uint128, rank_hash> moved_;
};

/// A space or a region, which of its candidates were proposed or told, by their ranks, and the values of those told.
template <searchable Searched>
class search_memory {
  using space_type = searched_space<Searched>;
  using candidate_type = candidate<space_type>;

 public:
  explicit search_memory(const Searched& searched) : searched_(searched), untouched_(space().size()) {}

  const space_type& space() const { return space_of(searched_); }

  /// Notes a candidate as proposed; false if it was proposed or told before, or is not to be searched.
  bool propose(const candidate_type& c) {
    if constexpr (region<Searched>)
      if (!searched_.contains(c)) return false;
    return values_.try_emplace(space().rank(c)).second;
  }

  /// Whether a candidate was proposed or told before, or is not to be searched.
  bool is_known(const candidate_type& c) const {
    if constexpr (region<Searched>)
      if (!searched_.contains(c)) return true;
    return values_.contains(space().rank(c));
  }

  /// A candidate uniform among those not yet proposed or told, noted as proposed; none where there is none. In a region
  /// the last ones of a few may be overlooked, each with a probability below 1e-8.
  std::optional<candidate_type> fresh(random_engine& rng) {
    if constexpr (region<Searched>) {
      const std::size_t attempts = 20 * (values_.size() + 1);
      for (std::size_t n = 0; n < attempts; ++n)
        if (candidate_type c = searched_.sample(rng); values_.try_emplace(space().rank(c)).second) return c;
    } else {
      while (const auto rank = untouched_.next(rng))
        if (values_.try_emplace(*rank).second) return space().unrank(*rank);
    }
    return std::nullopt;
  }

  /// Keeps a value; false if the candidate had one. \throws search_error for a value that is NaN or plus infinity;
  /// space_error for decisions that are no candidate of the space.
  bool tell(const candidate_type& c, double value) {
    if (std::isnan(value) || value == std::numeric_limits<double>::infinity())
      throw search_error("search.reward", "tell, value", exact_text(value),
                         "finite numbers, or -inf for a candidate that cannot be used");
    space().decode(space().encode(c));
    std::optional<double>& kept = values_.try_emplace(space().rank(c)).first->second;
    if (kept) return false;
    kept = value;
    return true;
  }

  /// The value of a candidate, if it was told.
  std::optional<double> value(const candidate_type& c) const {
    const auto found = values_.find(space().rank(c));
    return found == values_.end() ? std::nullopt : found->second;
  }

 private:
  [[no_unique_address]] Searched searched_;
  lazy_shuffle untouched_;
  std::unordered_map<uint128, std::optional<double>, rank_hash> values_;
};

inline bool is_usable(double value) { return value > -std::numeric_limits<double>::infinity(); }

}  // namespace detail
}  // namespace nascent
