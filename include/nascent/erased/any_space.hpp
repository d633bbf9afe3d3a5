// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space whose type is not known: what C, Python and modules stand on, and programs that choose a space by name.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/erased/detail/space_interface.hpp"

namespace nascent {

/// Any space of networks, declared or written by hand, behind one type:
///
///     std::vector<any_space> spaces{zoo::gpunet, zoo::mnasnet};
///     for (const any_space& s : spaces) std::puts(s.name());
///
/// A space itself, with all that spaces can do: views, pictures, files, searchers, the trellis of kernels and scaling
/// take it. What the space inside lacks (points of the unit cube, layers one by one, other dimensions, a description)
/// is refused by name when it is asked for: space_error with the code "space.lacks". Copies share the space; they are
/// cheap and may be used by several threads. A candidate lies in a vector.
class any_space {
 public:
  using digits_type = std::vector<digit>;
  using candidate_type = candidate<any_space>;

  template <class Space>
  requires(!std::same_as<Space, any_space> && requires { typename Space::digits_type; } && network_space<Space>)
      any_space(Space s)  // NOLINT(google-explicit-constructor): as std::any
      : any_space(std::make_shared<const detail::space_holder<Space>>(std::move(s))) {}
  /// What a module gives out; `keep` holds whatever has to outlive the space.
  any_space(const any_space& other, std::shared_ptr<const void> keep)
      : any_space(std::shared_ptr<const detail::space_interface>(
            other.inside_.get(), [own = other.inside_, keep = std::move(keep)](const auto*) mutable {
              own.reset();  // while what it comes from is still there
              keep.reset();
            })) {}

  std::size_t slot_count;
  std::size_t stage_count;

  const char* name() const { return inside_->name(); }
  uint128 size() const { return inside_->size(); }
  uint128 rank(const candidate_type& c) const { return inside_->rank(c.digits); }
  candidate_type unrank(uint128 position) const {
    return made([&](std::span<digit> out) { inside_->unrank(position, out); });
  }

  candidate_type sample(random_engine& rng) const {
    return made([&](std::span<digit> out) { inside_->sample(rng, out); });
  }
  candidate_type sample_decisions(random_engine& rng) const {
    return made([&](std::span<digit> out) { inside_->sample_decisions(rng, out); });
  }
  candidate_type place(std::span<const std::uint64_t> at) const {
    return made([&](std::span<digit> out) { inside_->place(at, false, out); });
  }
  candidate_type place_decisions(std::span<const std::uint64_t> at) const {
    return made([&](std::span<digit> out) { inside_->place(at, true, out); });
  }

  candidate_type undecided() const { return {std::vector<digit>(slot_count, inactive)}; }
  std::vector<int> encode(const candidate_type& c) const { return {c.digits.begin(), c.digits.end()}; }
  candidate_type decode(std::span<const int> vector) const {
    return made([&](std::span<digit> out) { inside_->decode(vector, out); });
  }
  void validate(const candidate_type& c) const { inside_->validate(c.digits); }
  /// The same of decisions that come from outside, where an option may be none of its slot's.
  void check(std::span<const digit> decisions) const { inside_->check(decisions); }
  bool is_active(const candidate_type& c, std::size_t k) const { return inside_->is_active(c.digits, k); }

  slot_info slot(std::size_t k) const { return inside_->slot(k); }
  std::size_t find(std::string_view path) const { return inside_->find(path); }
  typed_value value(std::size_t k, int option) const { return inside_->value(k, option); }
  short_text stage(std::size_t i) const { return inside_->stage(i); }
  space_view view() const { return inside_->view(); }

  candidate_type mutate(const candidate_type& c, random_engine& rng) const {
    return made([&](std::span<digit> out) { inside_->mutate(c.digits, rng, out); });
  }
  candidate_type crossover(const candidate_type& a, const candidate_type& b, random_engine& rng) const {
    return made([&](std::span<digit> out) { inside_->crossover(a.digits, b.digits, rng, out); });
  }
  template <class Visit>
  void for_each_neighbour(const candidate_type& c, Visit visit) const {
    const auto one = [&](std::span<const digit> d) { visit(candidate_type{{d.begin(), d.end()}}); };
    inside_->for_each_neighbour(c.digits, detail::decisions_visitor(one));
  }

  template <class Interpreter>
  tensor build(const candidate_type& c, net<Interpreter>& n) const {
    return through(n, [&](auto& inner) { return inside_->build(c.digits, inner); });
  }
  template <class Interpreter>
  tensor build(const scaled_candidate<any_space>& c, net<Interpreter>& n) const {
    return through(n, [&](auto& inner) { return inside_->build_scaled(c.base.digits, c.scale, inner); });
  }
  tensor build_layer(std::span<const digit> decisions, std::size_t stage, int layer, net<network>& n, const tensor& x,
                     const strides& stride) const {
    return inside_->build_layer(decisions, stage, layer, n, x, stride);
  }
  bool keeps(std::size_t constraint, std::span<const digit> decisions) const {
    return inside_->keeps(constraint, decisions);
  }

  /// Many candidates at once, one after another in `rows`, slot_count numbers each: as arrays of other languages hold
  /// them. Allocates nothing. \throws space_error for a length that is no multiple of slot_count
  void sample(random_engine& rng, std::span<digit> rows) const {
    if (slot_count == 0 ? !rows.empty() : rows.size() % slot_count != 0)
      throw space_error("space.vector", detail::place_in(name(), "rows"), detail::joined("a length of ", rows.size()),
                        detail::joined("for each candidate the number of slots, ", slot_count));
    for (; !rows.empty(); rows = rows.subspan(slot_count)) inside_->sample(rng, rows.first(slot_count));
  }
  /// Parameters, MACs and layers of decisions that are a candidate's.
  counts count(std::span<const digit> decisions) const { return inside_->count(decisions); }
  /// Without the detour over a net that does not know its interpreter.
  friend counts count(const any_space& s, const candidate_type& c) { return s.inside_->count(c.digits); }
  friend costs cost(const any_space& s, const candidate_type& c, cost_options options = {}) {
    return s.inside_->cost(c.digits, options);
  }

 private:
  explicit any_space(std::shared_ptr<const detail::space_interface> inside)
      : slot_count(inside->slot_count()), stage_count(inside->stage_count()), inside_(std::move(inside)) {}

  template <class Make>
  candidate_type made(const Make& make) const {
    candidate_type c = undecided();
    make(std::span<digit>(c.digits));
    return c;
  }
  template <class Interpreter, class Build>
  static tensor through(net<Interpreter>& n, const Build& build) {
    detail::forwarding_interpreter sink(n.sink());
    net<detail::forwarding_interpreter> inner(sink);
    const tensor y = build(inner);
    n.follow(inner);
    return y;
  }

  std::shared_ptr<const detail::space_interface> inside_;
};

}  // namespace nascent
