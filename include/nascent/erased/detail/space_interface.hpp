// SPDX-License-Identifier: Apache-2.0
/// \file
/// What `any_space` asks of the space inside: the concept `space`, function by function, with decisions as spans.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "nascent/base/random.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/space/placeable_space.hpp"
#include "nascent/space/space.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent::detail {

/// An interpreter that passes everything on to another, whose type is not known: so that a space builds its candidates
/// into any net through one function.
class forwarding_interpreter {
 public:
  template <interpreter Interpreter>
  explicit forwarding_interpreter(Interpreter& to) : to_(&to), calls_(&calls_of<Interpreter>) {}

  void operator()(const layer& l) { calls_->take(to_, l); }
  void begin_block(const block_description& block) { calls_->begin_block(to_, block); }
  void end_block() { calls_->end_block(to_); }
  void input(const shape& s) { calls_->input(to_, s); }
  void stage(int number) { calls_->stage(to_, number); }

 private:
  struct calls {
    void (*take)(void*, const layer&);
    void (*begin_block)(void*, const block_description&);
    void (*end_block)(void*);
    void (*input)(void*, const shape&);
    void (*stage)(void*, int);
  };
  template <class Interpreter>
  static constexpr calls calls_of{
      .take = [](void* to, const layer& l) { (*static_cast<Interpreter*>(to))(l); },
      .begin_block =
          []([[maybe_unused]] void* to, [[maybe_unused]] const block_description& block) {
            if constexpr (block_interpreter<Interpreter>) static_cast<Interpreter*>(to)->begin_block(block);
          },
      .end_block =
          []([[maybe_unused]] void* to) {
            if constexpr (block_interpreter<Interpreter>) static_cast<Interpreter*>(to)->end_block();
          },
      .input =
          []([[maybe_unused]] void* to, [[maybe_unused]] const shape& s) {
            if constexpr (requires(Interpreter & t) { t.input(s); }) static_cast<Interpreter*>(to)->input(s);
          },
      .stage =
          []([[maybe_unused]] void* to, [[maybe_unused]] int number) {
            if constexpr (requires(Interpreter & t) { t.stage(number); }) static_cast<Interpreter*>(to)->stage(number);
          },
  };

  void* to_;
  const calls* calls_;
};

/// A reference to a function object that takes decisions.
class decisions_visitor {
 public:
  template <class Visit>
  explicit decisions_visitor(const Visit& visit)
      : to_(&visit), call_([](const void* to, std::span<const digit> d) { (*static_cast<const Visit*>(to))(d); }) {}
  void operator()(std::span<const digit> decisions) const { call_(to_, decisions); }

 private:
  const void* to_;
  void (*call_)(const void*, std::span<const digit>);
};

/// Spans of decisions have the length slot_count(); what is written into `out` is a candidate.
class space_interface {
 public:
  space_interface() = default;
  space_interface(const space_interface&) = delete;
  space_interface& operator=(const space_interface&) = delete;
  virtual ~space_interface() = default;

  virtual const char* name() const = 0;
  virtual uint128 size() const = 0;
  virtual std::size_t slot_count() const = 0;
  virtual std::size_t stage_count() const = 0;
  virtual slot_info slot(std::size_t k) const = 0;
  virtual std::size_t find(std::string_view path) const = 0;
  virtual short_text stage(std::size_t i) const = 0;
  virtual typed_value value(std::size_t k, int option) const = 0;
  virtual space_view view() const = 0;

  virtual uint128 rank(std::span<const digit> c) const = 0;
  virtual void unrank(uint128 position, std::span<digit> out) const = 0;
  virtual void sample(random_engine& rng, std::span<digit> out) const = 0;
  virtual void sample_decisions(random_engine& rng, std::span<digit> out) const = 0;
  virtual void place(std::span<const std::uint64_t> at, bool decisions, std::span<digit> out) const = 0;
  virtual void validate(std::span<const digit> c) const = 0;
  virtual void check(std::span<const digit> c) const = 0;  ///< as decode does
  virtual void decode(std::span<const int> vector, std::span<digit> out) const = 0;
  virtual bool is_active(std::span<const digit> c, std::size_t k) const = 0;
  virtual void mutate(std::span<const digit> c, random_engine& rng, std::span<digit> out) const = 0;
  virtual void crossover(std::span<const digit> a, std::span<const digit> b, random_engine& rng,
                         std::span<digit> out) const = 0;
  virtual void for_each_neighbour(std::span<const digit> c, const decisions_visitor& visit) const = 0;

  virtual counts count(std::span<const digit> c) const = 0;
  virtual costs cost(std::span<const digit> c, cost_options options) const = 0;
  virtual tensor build(std::span<const digit> c, net<forwarding_interpreter>& n) const = 0;
  virtual tensor build_scaled(std::span<const digit> c, const dimensions& by, net<forwarding_interpreter>& n) const = 0;
  virtual tensor build_layer(std::span<const digit> c, std::size_t stage, int layer, net<network>& n, const tensor& x,
                             const strides& stride) const = 0;
  virtual bool keeps(std::size_t constraint, std::span<const digit> c) const = 0;
};

template <network_space Space>
class space_holder final : public space_interface {
 public:
  explicit space_holder(Space s) : space_(std::move(s)) {}

  const char* name() const override { return space_.name(); }
  uint128 size() const override { return space_.size(); }
  std::size_t slot_count() const override { return space_.slot_count; }
  std::size_t stage_count() const override { return space_.stage_count; }
  slot_info slot(std::size_t k) const override { return space_.slot(k); }
  std::size_t find(std::string_view path) const override { return space_.find(path); }
  short_text stage(std::size_t i) const override { return space_.stage(i); }
  typed_value value(std::size_t k, int option) const override { return space_.value(k, option); }
  space_view view() const override {
    if constexpr (described_space<Space>) return view_of(space_);
    else lacks("its description", "view()");
  }

  uint128 rank(std::span<const digit> c) const override { return space_.rank(inside(c)); }
  void unrank(uint128 position, std::span<digit> out) const override { give(space_.unrank(position), out); }
  void sample(random_engine& rng, std::span<digit> out) const override { give(space_.sample(rng), out); }
  void sample_decisions(random_engine& rng, std::span<digit> out) const override {
    give(space_.sample_decisions(rng), out);
  }
  void place([[maybe_unused]] std::span<const std::uint64_t> at, [[maybe_unused]] bool decisions,
             [[maybe_unused]] std::span<digit> out) const override {
    if constexpr (placeable_space<Space>) give(decisions ? space_.place_decisions(at) : space_.place(at), out);
    else lacks("points of the unit cube", "place(point)");
  }
  void validate(std::span<const digit> c) const override { space_.validate(inside(c)); }
  void check(std::span<const digit> c) const override { space_.decode(space_.encode(inside(c))); }
  void decode(std::span<const int> vector, std::span<digit> out) const override { give(space_.decode(vector), out); }
  bool is_active(std::span<const digit> c, std::size_t k) const override { return space_.is_active(inside(c), k); }
  void mutate(std::span<const digit> c, random_engine& rng, std::span<digit> out) const override {
    give(space_.mutate(inside(c), rng), out);
  }
  void crossover(std::span<const digit> a, std::span<const digit> b, random_engine& rng,
                 std::span<digit> out) const override {
    give(space_.crossover(inside(a), inside(b), rng), out);
  }
  void for_each_neighbour(std::span<const digit> c, const decisions_visitor& visit) const override {
    space_.for_each_neighbour(inside(c), [&](const candidate<Space>& near) {
      visit({near.digits.data(), near.digits.size()});
    });
  }

  counts count(std::span<const digit> c) const override {
    // Flattened where the candidate builds itself: faster by an order of magnitude.
    if constexpr (network_candidate<candidate<Space>>) return nascent::count(inside(c));
    else return nascent::count(space_, inside(c));
  }
  costs cost(std::span<const digit> c, cost_options options) const override {
    return nascent::cost(space_, inside(c), options);
  }
  tensor build(std::span<const digit> c, net<forwarding_interpreter>& n) const override {
    return space_.build(inside(c), n);
  }
  tensor build_scaled([[maybe_unused]] std::span<const digit> c, [[maybe_unused]] const dimensions& by,
                      [[maybe_unused]] net<forwarding_interpreter>& n) const override {
    if constexpr (scalable_space<Space>) return space_.build(scaled(inside(c), by), n);
    else lacks("a candidate at other dimensions", "build(scaled_candidate, net)");
  }
  tensor build_layer([[maybe_unused]] std::span<const digit> c, [[maybe_unused]] std::size_t stage,
                     [[maybe_unused]] int layer, [[maybe_unused]] net<network>& n, [[maybe_unused]] const tensor& x,
                     [[maybe_unused]] const strides& stride) const override {
    if constexpr (layered_space<Space>) return space_.build_layer(c, stage, layer, n, x, stride);
    else lacks("one layer of a stage", "build_layer(decisions, stage, layer, net, x, stride)");
  }
  bool keeps([[maybe_unused]] std::size_t constraint, [[maybe_unused]] std::span<const digit> c) const override {
    if constexpr (layered_space<Space>) return space_.keeps(constraint, c);
    else lacks("a constraint by itself", "keeps(constraint, decisions)");
  }

 private:
  candidate<Space> inside(std::span<const digit> c) const {
    candidate<Space> own = space_.undecided();
    if (c.size() != own.digits.size())
      throw space_error("space.vector", place_in(space_.name(), "vector"), joined("a length of ", c.size()),
                        joined("the number of slots, ", own.digits.size()));
    std::copy(c.begin(), c.end(), own.digits.begin());
    return own;
  }
  static void give(const candidate<Space>& c, std::span<digit> out) {
    std::copy(c.digits.begin(), c.digits.end(), out.begin());
  }
  [[noreturn]] void lacks(std::string_view what, std::string_view function) const {
    throw space_error("space.lacks", place_in(space_.name(), "any_space"), joined("a call for ", what),
                      joined("what the space inside can do; give it ", function));
  }

  [[no_unique_address]] Space space_;
};

}  // namespace nascent::detail
