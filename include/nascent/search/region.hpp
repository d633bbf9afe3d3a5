// SPDX-License-Identifier: Apache-2.0
/// \file
/// Parts of spaces that are searched for themselves.
#pragma once

#include <concepts>
#include <type_traits>

#include "nascent/space/space.hpp"

namespace nascent {

/// A part of a space to search in, such as a tier of latencies: it says which candidates belong to it, and draws one of
/// them, each as likely as any other. Searchers take it where they take a space, and never leave it.
template <class T>
concept region = requires(const T& r, random_engine& rng) {
  requires space<std::remove_cvref_t<decltype(r.space())>>;
  { r.sample(rng) } -> std::same_as<candidate<std::remove_cvref_t<decltype(r.space())>>>;
  { r.contains(r.sample(rng)) } -> std::same_as<bool>;
};

namespace detail {

template <class T>
concept searchable = space<T> || region<T>;

template <class Searched>
constexpr const auto& space_of(const Searched& searched) {
  if constexpr (region<Searched>) return searched.space();
  else return searched;
}
/// The space of what is searched, if anything can be.
template <class T>
struct space_of_searched {
  using type = space_or_stand_in<T>;
};
template <region T>
struct space_of_searched<T> {
  using type = std::remove_cvref_t<decltype(std::declval<const T&>().space())>;
};
template <class T>
using searched_space = typename space_of_searched<T>::type;

/// What a searcher keeps of what it was given.
template <class T>
using searched_or_stand_in = std::conditional_t<region<T>, std::remove_const_t<T>, space_or_stand_in<T>>;
template <class T>
constexpr searched_or_stand_in<T> take_searched(const T& given) {
  if constexpr (region<T>) return given;
  else return take_space(given);
}

}  // namespace detail
}  // namespace nascent
