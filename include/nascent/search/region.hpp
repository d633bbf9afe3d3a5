// SPDX-License-Identifier: Apache-2.0
/// \file
/// Parts of spaces that are searched for themselves.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

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

/// What algorithms go on with where they are given what is no space: so one mistake makes one message.
using stand_in_space = defined_space<stand_in<void>>;

template <class T>
using space_or_stand_in = std::conditional_t<space<T>, std::remove_const_t<T>, stand_in_space>;

/// What an algorithm was given, if that is a space.
template <class T>
constexpr space_or_stand_in<T> take_space([[maybe_unused]] const T& given) {
  constexpr bool is_space = space<T>;  // of a concept by itself, compilers would report every part
  static_assert(is_space,
                "nascent: an algorithm found a type that is no space; allowed: define([] { return "
                "search_space(...)...; }), or a class of your own for which static_assert(nascent::space<...>) holds");
  if constexpr (is_space) return given;
  else return {};
}

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
