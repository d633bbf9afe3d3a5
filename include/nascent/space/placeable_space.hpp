// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces that turn points of the unit cube into candidates: what quasi-random sequences need.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include "nascent/space/space.hpp"

namespace nascent {

/// A space that says which candidate a point of the unit cube is, one coordinate for each slot in units of 2^-64.
/// Declared spaces do; one of your own has
///
/// * `place(point)`: uniform points make uniform candidates
/// * `place_decisions(point)`: uniform points make uniform decisions
///
/// and lets each coordinate decide its own slot, whether earlier slots take part or not.
template <class T>
concept placeable_space = space<T> && requires(const T& s, std::span<const std::uint64_t> point) {
  { s.place(point) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.place_decisions(point) } -> std::same_as<candidate<std::remove_const_t<T>>>;
};

}  // namespace nascent
