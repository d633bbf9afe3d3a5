// SPDX-License-Identifier: Apache-2.0
/// \file
/// A finished search space: its exact size, its candidates, ranks, samples and vectors.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "nascent/space/build.hpp"
#include "nascent/space/check.hpp"
#include "nascent/space/detail/layer_builders.hpp"
#include "nascent/space/detail/moves.hpp"
#include "nascent/space/detail/place.hpp"
#include "nascent/space/detail/product.hpp"
#include "nascent/space/detail/values.hpp"
#include "nascent/space/error.hpp"

namespace nascent {

template <class F>
class defined_space;

namespace detail {
struct ignore_candidate {
  constexpr void operator()(const auto& /*c*/) const {}
};
}  // namespace detail

/// One network of a space, as one decision per slot; `inactive` (-1) where a slot does not take part. A plain value:
/// compare, copy and hash it. What it is made of is asked of its space, which also says what its digits lie in: an
/// array where the number of slots is known to the compiler, a vector where it is not.
template <class Space>
struct candidate {
  using space_type = Space;
  typename Space::digits_type digits{};

  friend constexpr bool operator==(const candidate&, const candidate&) = default;
};

/// A candidate seen at other dimensions (compound scaling). Everything that takes a candidate takes this too.
template <class Space>
struct scaled_candidate {
  using space_type = Space;
  candidate<Space> base{};
  dimensions scale{};

  friend constexpr bool operator==(const scaled_candidate&, const scaled_candidate&) = default;
};

/// Number of slots in which two candidates differ; an inactive slot differs from an active one.
template <class Space>
constexpr int distance(const candidate<Space>& a, const candidate<Space>& b) {
  int n = 0;
  for (std::size_t k = 0; k < a.digits.size(); ++k) n += a.digits[k] != b.digits[k] ? 1 : 0;
  return n;
}

/// A space whose type says everything, as `define` makes them: its candidates know it, so that what is made of them
/// needs no other argument.
template <class T>
concept stateless_space = std::is_empty_v<T> && std::is_default_constructible_v<T>;

/// \throws space_error for a width or depth that is not above 0, and for a width other than 1 where a block of the
/// candidate does not say which of its fields it scales; in constant evaluation both are compile errors
template <class Space>
constexpr scaled_candidate<Space> scaled(const candidate<Space>& base, const dimensions& by) {
  if constexpr (requires { Space::check_scale(base, by); }) Space::check_scale(base, by);
  return {base, by};
}

/// Builds a candidate into a net and returns its output. Look at `n.fault()` afterwards where sizes might not work out.
template <stateless_space Space, class Interpreter>
constexpr tensor build(const candidate<Space>& c, net<Interpreter>& n) {
  return Space{}.build(c, n);
}
template <stateless_space Space, class Interpreter>
constexpr tensor build(const scaled_candidate<Space>& c, net<Interpreter>& n) {
  return Space{}.build(c, n);
}

/// Builds the stages after the input on a map that is there already, and tells the net their names: as a model of the
/// literature, or a part of one. The resolution is the map's; the scale's takes no part.
template <class Space, class Interpreter>
constexpr tensor build(const scaled_candidate<Space>& c, net<Interpreter>& n, const tensor& input) {
  Space::check_scale(c.base, c.scale);
  return detail::candidate_builder<typename Space::declaration_type>::template build_on<true>(c.base.digits.data(), n,
                                                                                              input, c.scale);
}

/// What is known of a slot: where it comes from, how many options it has, and when it is active.
struct slot_info {
  short_text path;  ///< stable name, such as "2.kernel"
  slot_role role;   ///< a field of a block, the block itself, stride, skip connection, layer count
  int options;      ///< number of values
  int parent;       ///< slot that decides whether this one is active, or -1
};

/// The search space that a declaration describes. A declaration that does not make sense does not compile: the error
/// names stage, field, what was found and what is allowed.
///
/// Distinct: two candidates are one network if and only if they agree in all active decisions. A decision that takes no
/// part (the kernel of a stage without layers, of a skipped layer, of a block not chosen) is inactive and counts once.
template <class F>
class defined_space {
  static_assert(detail::is_well_formed<F>());
  using counted = detail::joint_counter<F>;

 public:
  using declaration_type = F;
  using digits_type = std::array<digit, detail::slot_total<F>>;
  using candidate_type = candidate<defined_space>;
  static constexpr std::size_t slot_count = detail::slot_total<F>;
  static constexpr std::size_t stage_count = detail::declared<F>::stage_count;

  constexpr const char* name() const { return detail::declared<F>::value.name(); }

  /// Number of distinct networks, exact.
  static constexpr uint128 size() { return counted::size.value; }

  /// Uniform over the distinct networks: every one has the probability 1 / size(). Constraints never cost a rejection.
  template <class Rng>
  requires(!std::is_arithmetic_v<Rng>) static constexpr candidate_type sample(Rng& rng) {
    candidate_type c;
    counted::sample(rng, c.digits.data());
    return c;
  }
  template <class Seed>
  requires std::is_arithmetic_v<Seed>
  static constexpr candidate_type sample(const Seed& /*seed*/) {
    static_assert(!std::is_arithmetic_v<Seed>,
                  "nascent: sample() found a number; allowed: a random engine, which goes on from draw to draw: "
                  "random_engine rng(7); space.sample(rng)");
    return {};
  }

  /// Uniform per decision, among the options that leave a network: a stage has each layer count equally often, however
  /// many networks stand behind it. What most tools call a random sample; it over-represents shallow networks.
  template <class Rng>
  static constexpr candidate_type sample_decisions(Rng& rng) {
    candidate_type c;
    counted::walk(c.digits.data(), [&](std::size_t, int options, auto is_allowed) {
      return detail::draw_allowed(rng, options, is_allowed);
    });
    return c;
  }

  /// The candidate at a point of the unit cube, a coordinate in units of 2^-64 for each slot: uniform points make
  /// uniform networks. \throws space_error
  static constexpr candidate_type place(std::span<const std::uint64_t> at) {
    return detail::candidate_at<F, candidate_type, false>(at);
  }
  /// Uniform points make uniform decisions, as `sample_decisions` does.
  static constexpr candidate_type place_decisions(std::span<const std::uint64_t> at) {
    return detail::candidate_at<F, candidate_type, true>(at);
  }

  /// Position of a candidate among all: 0 .. size() - 1.
  static constexpr uint128 rank(const candidate_type& c) { return counted::rank(c.digits.data()); }

  /// The candidate at a position; the inverse of rank. \throws space_error past the end.
  static constexpr candidate_type unrank(uint128 position) {
    if (position >= size()) throw_rank(position);
    candidate_type c;
    counted::unrank(position, c.digits.data());
    return c;
  }

  /// The only candidate of a space without choices: a named network.
  static constexpr candidate_type only() {
    static_assert(counted::size.value == 1,
                  "nascent: only() found a space of more than 1 network; allowed: exactly 1; use sample or unrank");
    return unrank(0);
  }

  /// No decision yet: what is filled slot by slot, by a reader of files for one, and then validated.
  static constexpr candidate_type undecided() {
    candidate_type c;
    c.digits.fill(inactive);
    return c;
  }

  /// Calls `visit` with every candidate that differs from `c` in one decision. Slots that the change makes active take
  /// their first allowed options; changes that would break a constraint are left out.
  template <class Visit>
  static constexpr void for_each_neighbour(const candidate_type& c, Visit visit) {
    detail::visit_neighbours<F>(c, visit);
  }

  /// Changes one decision, uniform over the active slots that have another option, then over those options. Slots that
  /// the change makes active are decided uniformly; decisions that constraints no longer allow are decided anew.
  /// Returns `c` where there is nothing else.
  template <class Rng>
  static constexpr candidate_type mutate(const candidate_type& c, Rng& rng) {
    return detail::mutate<F>(c, rng);
  }

  /// A child that takes each decision from one of its parents, where the decision is active and allowed there (uniform
  /// crossover).
  template <class Rng>
  static constexpr candidate_type crossover(const candidate_type& a, const candidate_type& b, Rng& rng) {
    return detail::cross<F>(a, b, rng);
  }

  /// The decisions as integers, one per slot in slot order, -1 where inactive.
  static constexpr std::array<int, slot_count> encode(const candidate_type& c) {
    std::array<int, slot_count> v{};
    for (std::size_t k = 0; k < slot_count; ++k) v[k] = c.digits[k];
    return v;
  }

  /// The candidate that a vector stands for. \throws space_error for a wrong length, a value out of range, a value
  /// where a slot is inactive or none where it is active, or a broken constraint; the slot is named.
  static constexpr candidate_type decode(std::span<const int> vector) {
    if (vector.size() != slot_count)
      throw space_error("space.vector", detail::place_in(space_name(), "vector"),
                        detail::joined("a length of ", vector.size()),
                        detail::joined("the number of slots, ", slot_count));
    candidate_type c;
    for (std::size_t k = 0; k < slot_count; ++k) {
      if (vector[k] < -1 || vector[k] >= detail::slot_places<F>[k].size)
        throw space_error("space.vector", detail::place_in(space_name(), detail::slot_paths<F>[k]),
                          detail::joined("the option ", vector[k]),
                          detail::joined("-1 where inactive, else 0 up to ", detail::slot_places<F>[k].size - 1));
      c.digits[k] = static_cast<digit>(vector[k]);
    }
    validate(c);
    return c;
  }

  /// \throws space_error where the decisions do not fit together.
  static constexpr void validate(const candidate_type& c) {
    for (std::size_t k = 0; k < slot_count; ++k) {
      const bool active = is_active(c, k);
      if (active != (c.digits[k] >= 0))
        throw space_error(
            "space.vector", detail::place_in(space_name(), detail::slot_paths<F>[k]),
            detail::joined(active ? "no decision in an active slot, " : "in an inactive slot the option ", c.digits[k]),
            active ? detail::joined("0 up to ", detail::slot_places<F>[k].size - 1) : detail::joined("only -1"));
    }
    if constexpr (constraint_count > 0) {
      const int broken = counted::broken_constraint(c.digits.data());
      if (broken >= 0) throw detail::constraint_checker<F>::broken(broken, c.digits.data());
    }
  }

  /// Whether the other decisions of a candidate make slot k take part.
  static constexpr bool is_active(const candidate_type& c, std::size_t k) {
    return detail::slot_is_active<F>(c.digits.data(), k);
  }

  static constexpr slot_info slot(std::size_t k) {
    return {detail::slot_paths<F>[k], detail::slot_places<F>[k].role, detail::slot_places<F>[k].size,
            detail::slot_places<F>[k].parent};
  }

  /// The slot with a path such as "2.kernel"; slot_count where there is none.
  static constexpr std::size_t find(std::string_view path) {
    const int k = detail::find_slot<F>(path);
    return k < 0 ? slot_count : static_cast<std::size_t>(k);
  }

  /// The value behind option `option` of slot k: 5, 0.25, swish.
  static constexpr typed_value value(std::size_t k, int option) { return detail::value_at<F>(k, option); }

  static constexpr std::size_t constraint_count = detail::constraint_total<F>;
  /// What constraint i says, in the order of `.require`, and the slots that it is about: a `constraint_description` of
  /// space/constraint_description.hpp.
  template <class Counted = counted>
  static constexpr auto constraint(std::size_t i) {
    return Counted::describe(i);
  }

  /// Name of stage i: 0 is "input", the parts of the head are "head.conv" and so on.
  static constexpr short_text stage(std::size_t i) { return detail::stage_names<F>[i]; }

  /// Whether a candidate can be scaled like this. \throws space_error that says why not; see `scaled`
  static constexpr void check_scale(const candidate_type& c, const dimensions& by) {
    detail::check_dimensions<F>(c.digits.data(), by);
  }

  /// Builds a candidate, or one at other dimensions, into a net; see the functions of that name.
  template <class Interpreter>
  static constexpr tensor build(const candidate_type& c, net<Interpreter>& n) {
    return detail::candidate_builder<F>::build(c.digits.data(), n, detail::unscaled{});
  }
  template <class Interpreter>
  static constexpr tensor build(const scaled_candidate<defined_space>& c, net<Interpreter>& n) {
    check_scale(c.base, c.scale);
    return detail::candidate_builder<F>::build(c.base.digits.data(), n, c.scale);
  }

  /// Builds one layer of stage `stage` on `x`, as the decisions of all slots say; of layers that are alike any.
  template <class Interpreter>
  static constexpr tensor build_layer(std::span<const digit> decisions, std::size_t stage, int layer,
                                      net<Interpreter>& n, const tensor& x, const strides& stride) {
    return detail::layer_builders<F, Interpreter>[stage](decisions.data(), layer, n, x, stride);
  }

  /// Whether a constraint holds; where choices are not decided yet, whether it still can.
  static constexpr bool keeps(std::size_t constraint, std::span<const digit> decisions) {
    return counted::keeps(constraint, decisions.data());
  }

 private:
  static constexpr const char* space_name() { return detail::declared<F>::value.name(); }
  [[noreturn]] static void throw_rank(uint128 position) {
    throw space_error("space.rank", detail::place_in(space_name(), "rank"), to_decimal(position).c_str(),
                      detail::joined("a rank below the size, ", to_decimal(size()).c_str()));
  }
};

/// Finishes a declaration: `inline constexpr auto gpunet = define([] { return search_space("GPUNet")...; });`. The
/// lambda gives the space a short type and lets every check and count happen in the compiler.
template <class F>
constexpr defined_space<F> define(F) {
  return {};
}

/// A finished search space: an object that is called. What `define` makes models it, and so does a class of one's own
/// whose state is read at run time. All that searchers, views and readers of files ask for is here; docs/spaces.md
/// shows a model of it in 60 lines.
///
/// * `digits_type`: what a candidate's decisions lie in, such as std::array or std::vector of `digit`
/// * `size()`, `rank(c)`, `unrank(r)`: candidates are numbered 0 .. size() - 1
/// * `sample`, `sample_decisions`: uniform over candidates, uniform per decision
/// * `encode`, `decode`, `validate`, `undecided`, `is_active`: candidates and their decisions
/// * `slot_count`, `slot`, `find`, `value`: what is decided, and what the options stand for
/// * `mutate`, `crossover`, `for_each_neighbour`: moves, which never leave the space
template <class T>
concept space = std::copy_constructible<T> &&
    std::same_as<typename T::candidate_type, candidate<std::remove_const_t<T>>> &&
    requires(const T& s, const candidate<std::remove_const_t<T>>& c, random_engine& rng, uint128 position,
             std::size_t k, std::span<const int> decisions, std::string_view path) {
  { s.name() } -> std::convertible_to<const char*>;
  { s.size() } -> std::convertible_to<uint128>;
  { s.rank(c) } -> std::convertible_to<uint128>;
  { s.unrank(position) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.sample(rng) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.sample_decisions(rng) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.undecided() } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.encode(c)[k] } -> std::convertible_to<int>;
  { s.decode(decisions) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  s.validate(c);
  { s.is_active(c, k) } -> std::same_as<bool>;
  { s.slot_count } -> std::convertible_to<std::size_t>;
  { s.slot(k) } -> std::same_as<slot_info>;
  { s.find(path) } -> std::same_as<std::size_t>;
  { s.value(k, 0) } -> std::same_as<typed_value>;
  { s.mutate(c, rng) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  { s.crossover(c, c, rng) } -> std::same_as<candidate<std::remove_const_t<T>>>;
  s.for_each_neighbour(c, detail::ignore_candidate{});
};

/// A space that was declared in C++: what needs its stages as types asks for one.
template <class T>
concept declared_space = space<T> && requires {
  typename T::declaration_type;
};

/// A space whose candidates are networks: it builds them into any net, and names its stages.
template <class T>
concept network_space = space<T> &&
    requires(const T& s, const candidate<std::remove_const_t<T>>& c, net<null_interpreter>& n) {
  { s.build(c, n) } -> std::same_as<tensor>;
  { s.stage_count } -> std::convertible_to<std::size_t>;
  { s.stage(std::size_t{}).view() } -> std::same_as<std::string_view>;
};

/// One that builds candidates at other dimensions, too: for compound scaling.
template <class T>
concept scalable_space = network_space<T> &&
    requires(const T& s, const scaled_candidate<std::remove_const_t<T>>& c, net<null_interpreter>& n) {
  { s.build(c, n) } -> std::same_as<tensor>;
};

}  // namespace nascent
