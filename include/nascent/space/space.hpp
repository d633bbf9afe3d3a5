// SPDX-License-Identifier: Apache-2.0
/// \file
/// A finished search space: its exact size, its candidates, ranks, samples and vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nascent/space/build.hpp"
#include "nascent/space/check.hpp"
#include "nascent/space/detail/constraints.hpp"
#include "nascent/space/detail/values.hpp"
#include "nascent/space/error.hpp"

namespace nascent {

template <class F>
class defined_space;

/// One network of a space, as one decision per slot; `inactive` (-1) where a slot does not take part. A plain value:
/// compare, copy and hash it. What it is made of is asked of its space.
template <class Space>
struct candidate {
  using space_type = Space;
  std::array<digit, Space::slot_count> digits{};

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

template <class Space>
constexpr scaled_candidate<Space> scaled(const candidate<Space>& base, const dimensions& by) {
  return {base, by};
}

/// Builds a candidate into a net and returns its output. Look at `n.fault()` afterwards where sizes might not work out.
template <class Space, class Interpreter>
constexpr tensor build(const candidate<Space>& c, net<Interpreter>& n) {
  return detail::candidate_builder<typename Space::declaration_type>::build(c.digits.data(), n, detail::unscaled{});
}
template <class Space, class Interpreter>
constexpr tensor build(const scaled_candidate<Space>& c, net<Interpreter>& n) {
  return detail::candidate_builder<typename Space::declaration_type>::build(c.base.digits.data(), n, c.scale);
}

/// Builds the stages after the input on a map that is there already, and tells the net their names: as a model of the
/// literature, or a part of one. The resolution is the map's; the scale's takes no part.
template <class Space, class Interpreter>
constexpr tensor build(const scaled_candidate<Space>& c, net<Interpreter>& n, const tensor& input) {
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
  using digits_type = std::array<digit, detail::slot_total<F>>;
  using counted = detail::joint_counter<F>;

 public:
  using declaration_type = F;
  using candidate_type = candidate<defined_space>;
  static constexpr std::size_t slot_count = detail::slot_total<F>;
  static constexpr std::size_t stage_count = detail::declared<F>::stage_count;

  constexpr const char* name() const { return detail::declared<F>::value.name(); }

  /// Number of distinct networks, exact.
  static constexpr uint128 size() { return counted::size.value; }

  /// Uniform over the distinct networks: every one has the probability 1 / size(). Constraints never cost a rejection.
  template <class Rng>
  static constexpr candidate_type sample(Rng& rng) {
    candidate_type c;
    counted::sample(rng, c.digits.data());
    return c;
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
      throw space_error(space_name(), "vector", "a length of", static_cast<std::int64_t>(vector.size()),
                        "the number of slots,", static_cast<std::int64_t>(slot_count));
    candidate_type c;
    for (std::size_t k = 0; k < slot_count; ++k) {
      if (vector[k] < -1 || vector[k] >= detail::slot_places<F>[k].size)
        throw space_error(space_name(), detail::slot_paths<F>[k].view(), "the option", vector[k],
                          "-1 where inactive, else 0 up to", detail::slot_places<F>[k].size - 1);
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
        throw space_error(space_name(), detail::slot_paths<F>[k].view(),
                          active ? "no decision in an active slot," : "in an inactive slot the option", c.digits[k],
                          active ? "0 up to" : "only", active ? detail::slot_places<F>[k].size - 1 : -1);
    }
    const int broken = counted::broken_constraint(c.digits.data());
    if (broken >= 0)
      throw space_error(space_name(), "constraint", "a candidate that breaks number", broken,
                        "candidates that keep all", counted::constraint_count);
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

  /// The value behind option `option` of slot k as text: "5", "0.25", "swish".
  static constexpr short_text value(std::size_t k, int option) { return detail::value_text<F>(k, option); }

  /// Name of stage i: 0 is "input", the parts of the head are "head.conv" and so on.
  static constexpr short_text stage(std::size_t i) { return detail::stage_names<F>[i]; }

 private:
  static constexpr const char* space_name() { return detail::declared<F>::value.name(); }
  [[noreturn]] static void throw_rank(uint128 position) {
    throw space_error(space_name(), "rank", position, "a rank below the size,", size());
  }
};

/// Finishes a declaration: `inline constexpr auto gpunet = define([] { return search_space("GPUNet")...; });`. The
/// lambda gives the space a short type and lets every check and count happen in the compiler.
template <class F>
constexpr defined_space<F> define(F) {
  return {};
}

/// A finished search space.
template <class T>
concept space = requires(const T& s, const typename T::candidate_type& c) {
  T::slot_count;
  { s.size() } -> std::convertible_to<uint128>;
  { s.rank(c) } -> std::convertible_to<uint128>;
};

}  // namespace nascent
