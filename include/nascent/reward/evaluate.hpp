// SPDX-License-Identifier: Apache-2.0
/// \file
/// Asking a callable about a network: accuracy models, latency tables and lambdas alike.
#pragma once

#include <cmath>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent {

/// What a callable may give for one network: a number, or no number where it cannot judge it (outside a model's
/// domain).
template <class Answer>
concept metric_answer = std::convertible_to<Answer, double> || std::convertible_to<Answer, std::optional<double>>;

namespace detail {

template <class Callable, class Argument>
concept answers = requires(Callable& f, const Argument& argument) {
  { f(argument) } -> metric_answer;
};

}  // namespace detail

/// A callable that gives an accuracy, a latency or an objective for a candidate (or a scaled candidate), or for its
/// `network`.
template <class Callable, class Candidate>
concept network_metric = detail::answers<Callable, Candidate> || detail::answers<Callable, network>;

namespace detail {

constexpr auto number_or_none = [](auto&& given) -> std::optional<double> {
  if constexpr (std::convertible_to<decltype(given), double>) return static_cast<double>(given);
  else return std::forward<decltype(given)>(given);
};

}  // namespace detail

/// The callable's answer; it is asked about the candidate if it takes one, else about the candidate's network.
template <class Candidate, network_metric<Candidate> Callable>
std::optional<double> evaluate(Callable& f, const Candidate& c) {
  if constexpr (detail::answers<Callable, Candidate>) return detail::number_or_none(f(c));
  else return detail::number_or_none(f(to_network(c)));
}

/// The same for a candidate of `s`, which builds its network.
template <space Space, class Candidate, network_metric<Candidate> Callable>
std::optional<double> evaluate(const Space& s, Callable& f, const Candidate& c) {
  if constexpr (detail::answers<Callable, Candidate>) return detail::number_or_none(f(c));
  else return detail::number_or_none(f(to_network(s, c)));
}

}  // namespace nascent
