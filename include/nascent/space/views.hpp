// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates of a space as a lazy range-v3 view: `space | views::candidates | views::from(rank) | views::shard(k, n) |
/// filter(...)`.
#pragma once

#include <cstddef>

#include <range/v3/range/access.hpp>
#include <range/v3/view/facade.hpp>

#include "nascent/space/space.hpp"

namespace nascent {

namespace detail {

/// What a view keeps of a space: nothing where the type says everything, else where it lies.
template <class Space>
class space_reference {
 public:
  constexpr space_reference() = default;
  constexpr space_reference(const Space& s) : at_(&s) {}
  constexpr const Space& operator*() const { return *at_; }

 private:
  const Space* at_ = nullptr;
};
template <stateless_space Space>
class space_reference<Space> {
 public:
  constexpr space_reference() = default;
  constexpr space_reference(const Space& /*s*/) {}
  constexpr Space operator*() const { return {}; }
};

}  // namespace detail

/// Candidates with ranks first, first + 1, ..., last - 1. Nothing is computed before it is looked at. A view of a space
/// with state refers to it: the space must live as long.
template <space Space>
class candidate_view : public ranges::view_facade<candidate_view<Space>, ranges::unknown> {
  friend ranges::range_access;

  struct cursor {
    uint128 at = 0;
    uint128 end = 0;
    [[no_unique_address]] detail::space_reference<Space> space{};

    candidate<Space> read() const { return (*space).unrank(at); }
    void next() { ++at; }
    bool equal(const cursor& other) const { return at == other.at; }
    bool equal(ranges::default_sentinel_t) const { return at == end; }
  };
  cursor begin_cursor() const { return {first_, last_, space_}; }
  ranges::default_sentinel_t end_cursor() const { return {}; }

 public:
  candidate_view() = default;
  candidate_view(detail::space_reference<Space> of, uint128 first, uint128 last)
      : first_(first), last_(last), space_(of) {}

  uint128 first() const { return first_; }
  uint128 last() const { return last_; }

  /// \throws space_error past the end.
  candidate_view from(uint128 rank) const {
    if (rank > last_)
      throw space_error("space.rank", detail::place_in((*space_).name(), "views::from"), to_decimal(rank).c_str(),
                        detail::joined("a rank up to ", to_decimal(last_).c_str()));
    return {space_, rank > first_ ? rank : first_, last_};
  }
  /// Part k of n, contiguous; the parts differ in length by at most one. \throws space_error unless 0 <= k < n.
  candidate_view shard(std::size_t k, std::size_t n) const {
    if (k >= n)
      throw space_error("space.shard", detail::place_in((*space_).name(), "views::shard"), detail::joined("part ", k),
                        detail::joined("parts below ", n));
    const uint128 count = last_ - first_;
    const uint128 whole = count / n;
    const uint128 rest = count % n;
    const auto begin = [&](uint128 part) { return first_ + whole * part + (part < rest ? part : rest); };
    return {space_, begin(k), begin(k + 1)};
  }

 private:
  uint128 first_ = 0;
  uint128 last_ = 0;
  [[no_unique_address]] detail::space_reference<Space> space_{};
};

namespace views {

struct candidates_closure {};
/// All candidates of a space, by rank.
inline constexpr candidates_closure candidates{};

struct from_closure {
  uint128 rank;
};
/// Candidates from a rank on.
constexpr from_closure from(uint128 rank) { return {rank}; }

struct shard_closure {
  std::size_t part;
  std::size_t parts;
};
/// Part k of n.
constexpr shard_closure shard(std::size_t k, std::size_t n) { return {k, n}; }

template <space Space>
candidate_view<Space> operator|(const Space& s, candidates_closure) {
  return {s, 0, s.size()};
}
template <space Space>
requires(!stateless_space<Space>) candidate_view<Space>
operator|(const Space&& s, candidates_closure) = delete;
template <class Space>
candidate_view<Space> operator|(const candidate_view<Space>& v, from_closure f) {
  return v.from(f.rank);
}
template <class Space>
candidate_view<Space> operator|(const candidate_view<Space>& v, shard_closure s) {
  return v.shard(s.part, s.parts);
}

}  // namespace views
}  // namespace nascent
