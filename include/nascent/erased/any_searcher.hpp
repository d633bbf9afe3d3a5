// SPDX-License-Identifier: Apache-2.0
/// \file
/// A searcher whose type is not known: for programs that choose a method by name.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nascent/erased/any_space.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent {

namespace detail {

/// What `any_searcher` asks of the searcher inside.
class searcher_interface {
 public:
  using candidate_type = candidate<any_space>;

  searcher_interface() = default;
  searcher_interface(const searcher_interface&) = delete;
  searcher_interface& operator=(const searcher_interface&) = delete;
  virtual ~searcher_interface() = default;

  virtual std::unique_ptr<searcher_interface> clone() const = 0;
  virtual any_space space() const = 0;
  virtual std::optional<candidate_type> ask() = 0;
  virtual bool tell(const candidate_type& c, double value) = 0;
  virtual searcher_description description() const = 0;
};

template <recorded_searcher Searcher>
class searcher_holder final : public searcher_interface {
 public:
  explicit searcher_holder(Searcher s) : inside_(std::move(s)) {}

  std::unique_ptr<searcher_interface> clone() const override { return std::make_unique<searcher_holder>(inside_); }
  any_space space() const override { return inside_.space(); }
  std::optional<candidate_type> ask() override {
    const auto c = inside_.ask();
    if (!c) return std::nullopt;
    return candidate_type{{c->digits.begin(), c->digits.end()}};
  }
  bool tell(const candidate_type& c, double value) override {
    const std::vector<int> decisions(c.digits.begin(), c.digits.end());
    return static_cast<bool>(inside_.tell(inside_.space().decode(decisions), value));
  }
  searcher_description description() const override { return inside_.description(); }

 private:
  Searcher inside_;
};

}  // namespace detail

/// Any searcher of one value, over a space of any type, behind one type:
///
///     std::map<std::string, any_searcher> methods{{"random", random_search(s)}, {"evolution",
///     regularized_evolution(s)}};
///
/// A searcher itself, which studies take; it asks for the candidates that the searcher inside asks for, as those of
/// `any_space`. Copies are searchers of their own, in the same state. \throws from `tell` space_error for what is no
/// candidate of the space
class any_searcher {
 public:
  using candidate_type = candidate<any_space>;

  template <class Searcher>
  requires(!std::same_as<Searcher, any_searcher> && recorded_searcher<Searcher> && searcher<Searcher>)
      any_searcher(Searcher s)  // NOLINT(google-explicit-constructor): as std::any
      : inside_(std::make_unique<detail::searcher_holder<Searcher>>(std::move(s))), space_(inside_->space()) {}
  any_searcher(const any_searcher& other) : inside_(other.inside_->clone()), space_(other.space_) {}
  any_searcher& operator=(const any_searcher& other) {
    inside_ = other.inside_->clone();
    space_ = other.space_;
    return *this;
  }
  any_searcher(any_searcher&&) noexcept = default;
  any_searcher& operator=(any_searcher&&) noexcept = default;
  ~any_searcher() = default;

  const any_space& space() const { return space_; }
  std::optional<candidate_type> ask() { return inside_->ask(); }
  bool tell(const candidate_type& c, double value) { return inside_->tell(c, value); }
  searcher_description description() const { return inside_->description(); }

 private:
  std::unique_ptr<detail::searcher_interface> inside_;
  any_space space_;
};

}  // namespace nascent
