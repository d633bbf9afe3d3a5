// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space written by hand whose decisions are known at run time only: what each chooses from is a list, and its
/// candidates lie in a vector. Every decision takes part in every network, as in NAS benchmarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/space/view_of.hpp"

namespace test {

using namespace nascent;

class listed_space {
 public:
  using digits_type = std::vector<digit>;
  using candidate_type = candidate<listed_space>;

  /// A decision: its name, and the kernels that its convolution chooses from.
  struct decision {
    std::string name;
    std::vector<int> kernels;
  };

  listed_space(std::string name, std::vector<decision> decisions)
      : slot_count(decisions.size()),
        stage_count(decisions.size() + 1),
        name_(std::move(name)),
        decisions_(std::move(decisions)) {
    for (const decision& d : decisions_) size_ *= d.kernels.size();
  }

  std::size_t slot_count;
  std::size_t stage_count;

  const char* name() const { return name_.c_str(); }
  uint128 size() const { return size_; }

  uint128 rank(const candidate_type& c) const {
    uint128 r = 0;
    for (std::size_t k = 0; k < slot_count; ++k) r = r * options(k) + uint128{static_cast<std::uint64_t>(c.digits[k])};
    return r;
  }
  candidate_type unrank(uint128 position) const {
    if (position >= size_)
      throw space_error("space.rank", place("rank"), to_decimal(position).c_str(),
                        std::string("a rank below the size, ") + to_decimal(size_).c_str());
    candidate_type c = undecided();
    for (std::size_t k = slot_count; k-- > 0; position /= options(k))
      c.digits[k] = static_cast<digit>(position % options(k));
    return c;
  }

  candidate_type sample(random_engine& rng) const {
    candidate_type c = undecided();
    for (std::size_t k = 0; k < slot_count; ++k) c.digits[k] = draw(rng, k);
    return c;
  }
  candidate_type sample_decisions(random_engine& rng) const { return sample(rng); }

  /// Points of the unit cube, for quasi-random sequences.
  candidate_type place(std::span<const std::uint64_t> at) const {
    candidate_type c = undecided();
    for (std::size_t k = 0; k < slot_count; ++k)
      c.digits[k] = static_cast<digit>(share_of(std::uint64_t{options(k)}, at[k]));
    return c;
  }
  candidate_type place_decisions(std::span<const std::uint64_t> at) const { return place(at); }

  candidate_type undecided() const { return {std::vector<digit>(slot_count, inactive)}; }
  std::vector<int> encode(const candidate_type& c) const { return {c.digits.begin(), c.digits.end()}; }
  candidate_type decode(std::span<const int> vector) const {
    candidate_type c{{vector.begin(), vector.end()}};
    validate(c);
    return c;
  }
  void validate(const candidate_type& c) const {
    if (c.digits.size() != slot_count)
      throw space_error("space.vector", place("vector"), "a length of " + std::to_string(c.digits.size()),
                        "the number of slots, " + std::to_string(slot_count));
    for (std::size_t k = 0; k < slot_count; ++k)
      if (c.digits[k] < 0 || c.digits[k] >= static_cast<int>(options(k)))
        throw space_error("space.vector", place(decisions_[k].name), "the option " + std::to_string(c.digits[k]),
                          "0 up to " + std::to_string(options(k) - 1));
  }
  bool is_active(const candidate_type& /*c*/, std::size_t /*k*/) const { return true; }

  slot_info slot(std::size_t k) const {
    return {short_text{}.add(decisions_[k].name), slot_role::field, static_cast<int>(options(k)), -1};
  }
  std::size_t find(std::string_view path) const {
    std::size_t k = 0;
    while (k < slot_count && decisions_[k].name != path) ++k;
    return k;
  }
  typed_value value(std::size_t k, int option) const {
    return typed_value::of_integer(decisions_[k].kernels[static_cast<std::size_t>(option)]);
  }

  template <class Visit>
  void for_each_neighbour(const candidate_type& c, Visit visit) const {
    for (std::size_t k = 0; k < slot_count; ++k)
      for (std::size_t option = 0; option < options(k); ++option) {
        candidate_type near = c;
        near.digits[k] = static_cast<digit>(option);
        if (near != c) visit(near);
      }
  }
  candidate_type mutate(const candidate_type& c, random_engine& rng) const {
    candidate_type changed = c;
    const auto k = static_cast<std::size_t>(random_below(rng, std::uint64_t{slot_count}));
    while (options(k) > 1 && changed == c) changed.digits[k] = draw(rng, k);
    return changed;
  }
  candidate_type crossover(const candidate_type& a, const candidate_type& b, random_engine& rng) const {
    candidate_type child = a;
    for (std::size_t k = 0; k < slot_count; ++k)
      if (random_below(rng, std::uint64_t{2}) != 0) child.digits[k] = b.digits[k];
    return child;
  }

  /// Networks: one convolution per decision.
  short_text stage(std::size_t i) const { return short_text{}.add(i == 0 ? "input" : decisions_[i - 1].name); }
  template <class Interpreter>
  tensor build(const candidate_type& c, net<Interpreter>& n) const {
    return build(scaled(c, {}), n);
  }
  template <class Interpreter>
  tensor build(const scaled_candidate<listed_space>& scaled, net<Interpreter>& n) const {
    const candidate_type& c = scaled.base;
    const int size = scaled.scale.resolution > 0 ? scaled.scale.resolution : 8;
    tensor x = n.input(size, size, 3);
    for (std::size_t k = 0; k < slot_count; ++k) {
      n.stage(static_cast<int>(k) + 1);
      x = n.conv(x, {.filters = make_divisible(4 * scaled.scale.width, 4),
                     .kernel = decisions_[k].kernels[static_cast<std::size_t>(c.digits[k])]});
    }
    return x;
  }

  /// What files, pictures and the trellis read.
  space_view view() const {
    space_view v{.name = name_, .size = size_, .channels = 3};
    v.stages.push_back({.name = "input", .role = stage_view::kind::input});
    v.stages[0].blocks = {{.name = "input_size", .fields = {fixed("resolution", 8)}}};
    for (std::size_t k = 0; k < slot_count; ++k) {
      const int slot = static_cast<int>(k);
      slot_view& s = v.slots.emplace_back();
      s.path = decisions_[k].name;
      s.stage = slot + 1;
      for (std::size_t option = 0; option < options(k); ++option)
        s.values.push_back(value(k, static_cast<int>(option)));
      v.stages.push_back({.name = decisions_[k].name,
                          .first_slot = slot,
                          .first_layer_slot = slot,
                          .slots_per_layer = 1,
                          .after_layers = slot + 1,
                          .end_slot = slot + 1});
      v.stages.back().blocks = {
          {.name = "conv",
           .fields = {fixed("filters", 4),
                      {.name = "kernel", .how = field_kind::chosen, .values = s.values, .slot = slot}}}};
    }
    for (stage_view& s : v.stages) {
      s.layers = fixed("layers", 1);
      s.stride = fixed("stride", 1);
    }
    return v;
  }
  tensor build_layer(std::span<const digit> decisions, std::size_t stage, int /*layer*/, net<network>& n,
                     const tensor& x, const strides& stride) const {
    const auto option = static_cast<std::size_t>(decisions[stage - 1]);
    return n.conv(x, {.filters = 4, .kernel = decisions_[stage - 1].kernels[option], .stride = stride});
  }
  bool keeps(std::size_t /*constraint*/, std::span<const digit> /*decisions*/) const { return true; }

 private:
  std::string place(const std::string& where) const { return "space '" + std::string(name_) + "', " + where; }

  static field_view fixed(const char* name, int value) {
    return {.name = name, .values = {typed_value::of_integer(value)}};
  }
  std::size_t options(std::size_t k) const { return decisions_[k].kernels.size(); }
  digit draw(random_engine& rng, std::size_t k) const {
    return static_cast<digit>(random_below(rng, static_cast<std::uint64_t>(options(k))));
  }

  std::string name_;
  std::vector<decision> decisions_;
  uint128 size_ = 1;
};

/// 3 x 4 x 1 x 2 x 5 = 120 networks. A function: what it gives is made at run time.
inline listed_space make_listed_space() {
  return {"listed", {{"a", {1, 3, 5}}, {"b", {1, 3, 5, 7}}, {"c", {3}}, {"d", {3, 5}}, {"e", {1, 3, 5, 7, 9}}}};
}

}  // namespace test
