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

/// A candidate while several callables judge it: its network is built once, when the first of them asks for it. It
/// refers to the space and the candidate, which have to outlive it.
template <class Candidate>
class evaluated_candidate {
 public:
  using space_type = typename Candidate::space_type;

  evaluated_candidate(const space_type& space, const Candidate& c) : space_(&space), candidate_(&c) {}

  const Candidate& candidate() const { return *candidate_; }
  /// \throws network_error where the network cannot exist
  const network& graph() const {
    if (!graph_) graph_.emplace(to_network(*space_, *candidate_));
    return *graph_;
  }

 private:
  const space_type* space_;
  const Candidate* candidate_;
  mutable std::optional<network> graph_{};
};

namespace detail {

constexpr auto number_or_none = [](auto&& given) -> std::optional<double> {
  if constexpr (std::convertible_to<decltype(given), double>) return static_cast<double>(given);
  else return std::forward<decltype(given)>(given);
};

template <class T>
inline constexpr bool is_evaluated = false;
template <class Candidate>
inline constexpr bool is_evaluated<evaluated_candidate<Candidate>> = true;

}  // namespace detail

/// The callable's answer; it is asked about the candidate if it takes one, else about the candidate's network.
template <class Candidate, network_metric<Candidate> Callable>
std::optional<double> evaluate(Callable& f, const evaluated_candidate<Candidate>& c) {
  if constexpr (detail::answers<Callable, Candidate>) return detail::number_or_none(f(c.candidate()));
  else return detail::number_or_none(f(c.graph()));
}

/// The same for one callable about a candidate of a space that is a constant.
template <class Candidate, class Callable>
requires(!detail::is_evaluated<Candidate>) && network_metric<Callable, Candidate> std::optional<double> evaluate(
                                                  Callable& f, const Candidate& c) {
  if constexpr (detail::answers<Callable, Candidate>) return detail::number_or_none(f(c));
  else return detail::number_or_none(f(to_network(c)));
}

/// The same for a candidate of `s`, which builds its network.
template <space Space, class Candidate, network_metric<Candidate> Callable>
std::optional<double> evaluate(const Space& s, Callable& f, const Candidate& c) {
  return evaluate(f, evaluated_candidate(s, c));
}

}  // namespace nascent
