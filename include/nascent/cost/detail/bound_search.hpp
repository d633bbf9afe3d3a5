// SPDX-License-Identifier: Apache-2.0
/// \file
/// The least or the largest cost of all networks of a space: from stage to stage, with the best total for each state
/// that the stages to come can tell apart. Exact, whatever blocks do; in constant expressions too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/cost/cost.hpp"
#include "nascent/cost/detail/bound_plan.hpp"
#include "nascent/cost/detail/state_table.hpp"

namespace nascent::detail {

enum class measured : std::uint8_t { macs, params };

/// A layer of a stage, or a connection, built on a map of some shape.
struct counted_layer {
  tensor out{};
  counts total{};
  bool possible = false;
};

/// Builds something into a net and counts it.
template <class Build>
constexpr counted_layer count_layer(Build build) {
  layer_counter counter;
  net<layer_counter> n(counter);
  counted_layer b{.out = build(n), .total = counter.total(), .possible = !n.failed()};
  b.out.id = 0;
  if (b.possible && counter.is_large()) [[unlikely]] {  // nets that only count do not look at all limits
    null_interpreter none;
    net<null_interpreter> bounded(none);
    build(bounded);
    b.possible = !bounded.fault();
  }
  return b;
}

/// The layers that a search may build before it gives up. Compilers limit the work of a constant: clang stops at a
/// million steps, g++ at 33 million operations.
constexpr std::int64_t most_counted_layers() {
#if defined(__clang__)
  constexpr std::int64_t most_in_constants = 600;
#else
  constexpr std::int64_t most_in_constants = 5000;
#endif
  return std::is_constant_evaluated() ? most_in_constants : 100'000'000;
}

template <class Source>
class bound_search {
 public:
  struct result {
    std::int64_t value = 0;
    bool found = false;     ///< a network can be built
    bool faulted = false;   ///< some networks cannot
    bool complete = false;  ///< all were looked at
  };

  /// `lone` says for each slot the one option to try, or -1 for all.
  constexpr bound_search(const Source& space, const constraint_set& set, measured what, bool largest, const digit* lone)
      : space_(space),
        set_(set),
        what_(what),
        largest_(largest),
        lone_(lone),
        plan_(plan_bounds(space, set)),
        digits_(space.slots() + 1, inactive),
        key_(plan_.width + 1, 0),
        outputs_(plan_.sources.size() + 1),
        totals_(set.count + 1, 0),
        next_totals_(set.count + 1, 0),
        after_(plan_.width, largest) {}

  constexpr result run() {
    for (std::size_t c = 0; c < set_.count; ++c) totals_[c] = neutral(set_.constraints[c].kind);
    next_totals_ = totals_;
    step_ = 0;
    map_ = {};
    write_key(0, map_);
    state_table before(plan_.width, largest_);
    before.add(key_.data(), 0);
    for (; step_ < plan_.steps.size() && built_ <= most_counted_layers(); ++step_) {
      after_ = state_table(plan_.width, largest_);
      for (std::size_t s = 0; s < before.size() && built_ <= most_counted_layers(); ++s) {
        read_key(before.key(s));
        expand(before.total(s));
      }
      before = std::move(after_);
    }
    result best{.found = before.size() > 0, .faulted = faulted_, .complete = built_ <= most_counted_layers()};
    for (std::size_t s = 0; s < before.size(); ++s)
      if (s == 0 || is_better(before.total(s), best.value)) best.value = before.total(s);
    return best;
  }

 private:
  constexpr bool is_better(std::int64_t a, std::int64_t b) const { return largest_ ? a > b : a < b; }

  // --- states

  constexpr void read_key(const std::int64_t* key) {
    map_ = tensor_of(key);
    key += 4;
    for (const int k : plan_.slots) digits_[static_cast<std::size_t>(k)] = static_cast<digit>(*key++);
    for (std::size_t n = 0; n < plan_.sources.size(); ++n, key += 4) outputs_[n] = tensor_of(key);
    for (std::size_t c = 0; c < plan_.totals; ++c) totals_[c] = *key++;
  }
  static constexpr tensor tensor_of(const std::int64_t* key) {
    return {.batch = static_cast<int>(key[0]),
            .height = static_cast<int>(key[1]),
            .width = static_cast<int>(key[2]),
            .channels = static_cast<int>(key[3])};
  }
  static constexpr void write(std::int64_t* key, const tensor& t) {
    key[0] = t.batch;
    key[1] = t.height;
    key[2] = t.width;
    key[3] = t.channels;
  }
  /// Of the state before step `step`.
  constexpr void write_key(std::size_t step, const tensor& map) {
    std::int64_t* key = key_.data();
    write(key, map);
    key += 4;
    for (const int k : plan_.slots) {
      const bool known =
          plan_.step_of[static_cast<std::size_t>(k)] < static_cast<int>(step) && plan_.is_looked_at(k, step);
      *key++ = known ? digits_[static_cast<std::size_t>(k)] : inactive;
    }
    for (std::size_t n = 0; n < plan_.sources.size(); ++n, key += 4) {
      const bool known =
          plan_.source_from[n] < static_cast<int>(step) && plan_.source_until[n] >= static_cast<int>(step);
      write(key, !known ? tensor{} : plan_.source_from[n] + 1 == static_cast<int>(step) ? map : outputs_[n]);
    }
    for (std::size_t c = 0; c < plan_.totals; ++c) *key++ = next_totals_[c];
  }

  /// The state after the present step, unless it breaks a constraint.
  constexpr void reach(const tensor& map, std::int64_t total) {
    if (set_.count > 0) {
      next_totals_ = totals_;
      if (plan_.looks_at_constraints[step_] != 0 && !follow()) return;
    }
    write_key(step_ + 1, map);
    after_.add(key_.data(), total);
  }
  constexpr bool follow() {
    for (std::size_t c = 0; c < set_.count; ++c)
      if (plan_.predicates_at[c] == static_cast<int>(step_) && !space_.keeps(c, digits_.data())) return false;
    for (const constraint_event& e : plan_.events) {
      if (e.step != static_cast<int>(step_)) continue;
      const auto c = static_cast<std::size_t>(e.constraint);
      if (e.term < 0) {
        if (!can_hold<true>(set_, set_.constraints[c], digits_.data())) return false;
        continue;
      }
      next_totals_[c] = advance(set_, e, next_totals_[c], digits_.data());
      if (next_totals_[c] == broken_total) return false;
      if (e.last) next_totals_[c] = neutral(set_.constraints[c].kind);
    }
    return true;
  }

  // --- decisions

  constexpr digit& at(int slot) { return digits_[static_cast<std::size_t>(slot)]; }

  constexpr void set_first(const std::vector<int>& slots) {
    for (const int k : slots) at(k) = lone_[k] >= 0 ? lone_[k] : digit{0};
  }
  /// False after the last combination of options, and where the search gives up.
  constexpr bool set_next(const std::vector<int>& slots) {
    if (built_ > most_counted_layers()) return false;
    for (std::size_t i = slots.size(); i-- > 0;) {
      const int k = slots[i];
      if (lone_[k] >= 0) continue;
      if (at(k) + 1 < space_.options(static_cast<std::size_t>(k))) {
        ++at(k);
        return true;
      }
      at(k) = 0;
    }
    return false;
  }

  /// Calls `visit()` for every way to decide what a stage decides as a whole, its number of layers apart.
  template <class Visit>
  constexpr void for_each_common(std::size_t i, Visit visit) {
    const stage_facts& f = space_.facts(i);
    const int first = space_.first_slot(i);
    common_.clear();
    for (std::size_t n = 0; n < f.field_total; ++n)
      if (f.fields[n].kind == field_kind::shared) common_.push_back(first + f.fields[n].slot);
    if (f.stride_options > 0) common_.push_back(first + f.stride_slot);
    if (f.skip_options > 0) common_.push_back(first + f.skip_slot);
    set_first(common_);
    do visit();
    while (set_next(common_));
  }
  /// The same for one layer.
  template <class Visit>
  constexpr void for_each_layer(std::size_t i, int layer, Visit visit) {
    const stage_facts& f = space_.facts(i);
    const int own = space_.first_slot(i) + layer * f.slots_per_layer;
    const int alternatives = f.alternatives - (f.independent && layer == 0 && f.offers_skip ? 1 : 0);
    for (int a = 0; a < alternatives; ++a) {
      for (int k = 0; k < f.slots_per_layer; ++k) at(own + f.block_slot + k) = inactive;
      if (f.alternatives > 1) at(own + f.block_slot) = static_cast<digit>(a);
      fields_.clear();
      for (std::size_t n = 0; n < f.field_total; ++n)
        if (f.fields[n].alternative == a && f.fields[n].kind == field_kind::chosen)
          fields_.push_back(own + f.fields[n].slot);
      set_first(fields_);
      do visit();
      while (set_next(fields_));
    }
  }

  constexpr void clear(std::size_t i) {
    const int first = space_.first_slot(i);
    for (int k = first; k < first + space_.facts(i).slot_count; ++k) at(k) = inactive;
  }
  constexpr void set_layers(std::size_t i, std::size_t option) {
    const stage_facts& f = space_.facts(i);
    if (f.layers_chosen) at(space_.first_slot(i) + f.layers_slot) = static_cast<digit>(option);
  }
  constexpr int layers(std::size_t i) {
    const stage_facts& f = space_.facts(i);
    return f.layer_counts[f.layers_chosen ? at(space_.first_slot(i) + f.layers_slot) : 0];
  }

  // --- steps

  constexpr void expand(std::int64_t total) {
    const bound_step& step = plan_.steps[step_];
    const auto i = static_cast<std::size_t>(step.stage);
    const stage_facts& f = space_.facts(i);
    switch (step.kind) {
      case bound_step_kind::stage:
        clear(i);
        for (std::size_t o = 0; o < f.layer_options; ++o)
          if (f.layer_counts[o] <= 0) {
            set_layers(i, o);
            reach(map_, total);
          }
        if (f.max_layers <= 0) break;
        way_ = 0;
        for_each_common(i, [&] { for_each_layer(i, 0, [&] { equal_layers(i, total); }); });
        break;
      case bound_step_kind::choices:
        for (std::size_t o = 0; o < f.layer_options; ++o) {
          clear(i);
          set_layers(i, o);
          if (f.layer_counts[o] <= 0) reach(map_, total);
          else for_each_common(i, [&] { reach(map_, total); });
        }
        break;
      case bound_step_kind::layer:
        if (step.layer >= layers(i)) {
          const int own = space_.first_slot(i) + f.block_slot + step.layer * f.slots_per_layer;
          for (int k = 0; k < f.slots_per_layer; ++k) at(own + k) = inactive;
          reach(map_, total);
          break;
        }
        for_each_layer(i, step.layer, [&] {
          const counted_layer b = build(i, step.layer, map_, step.layer == 0);
          if (b.possible) reach(b.out, total + cost_of(b));
        });
        break;
      case bound_step_kind::end:
        if (layers(i) > 0) connect_stage(i, map_, total);
        else reach(map_, total);
        break;
    }
  }

  /// As many equal layers as may be, one after another.
  constexpr void equal_layers(std::size_t i, std::int64_t total) {
    const stage_facts& f = space_.facts(i);
    tensor x = map_;
    ++way_;
    if (i == 0) return reach(space_.input(digits_.data()), total);
    for (int n = 1; n <= f.max_layers; ++n) {
      const counted_layer b = n == 2 ? second_layer(i, x) : build(i, 0, x, n == 1);
      if (!b.possible) return;
      const bool unchanged = n > 1 && b.out.same_shape(x);
      x = b.out;
      total += cost_of(b);
      if (unchanged) return end_with(i, n, f.max_layers, x, total, cost_of(b));
      end_with(i, n, n, x, total, 0);
    }
  }
  /// The stage ends after `least` to `most` layers; each more than `least` costs as much again.
  constexpr void end_with(std::size_t i, int least, int most, const tensor& x, std::int64_t total, std::int64_t more) {
    const stage_facts& f = space_.facts(i);
    const bool told_apart = f.layers_chosen && plan_.is_looked_at(space_.first_slot(i) + f.layers_slot, step_);
    int extreme = -1;
    for (std::size_t o = 0; o < f.layer_options; ++o) {
      const int n = f.layer_counts[o];
      if (n < least || n > most) continue;
      if (told_apart) {
        set_layers(i, o);
        connect_stage(i, x, total + (n - least) * more);
      } else if (extreme < 0 || (largest_ ? n > extreme : n < extreme)) {
        extreme = n;
      }
    }
    if (extreme >= 0) connect_stage(i, x, total + (extreme - least) * more);
  }
  constexpr void connect_stage(std::size_t i, const tensor& x, std::int64_t total) {
    if (!space_.has_skip(i)) return reach(x, total);
    const stage_facts& f = space_.facts(i);
    const int from =
        space_.skip_from(i, f.skip_options > 0 ? static_cast<std::size_t>(at(space_.first_slot(i) + f.skip_slot)) : 0);
    if (from < 0) return reach(x, total);
    std::size_t n = 0;
    while (plan_.sources[n] != from) ++n;
    const tensor added = outputs_[n];
    const residual kind = space_.skip_kind(i);
    const counted_layer b = noted(count_layer([&](auto& net) { return connect(net, x, added, kind); }));
    if (b.possible) reach(b.out, total + cost_of(b));
  }

  constexpr counted_layer build(std::size_t i, int layer, const tensor& x, bool first) {
    return noted(space_.build(i, layer, digits_.data(), x, first ? space_.stride(i, digits_.data()) : strides{1}));
  }
  /// The same decisions on the same map come again for every state of the stage before.
  constexpr counted_layer second_layer(std::size_t i, const tensor& x) {
    if (space_.facts(i).tied) return build(i, 0, x, false);
    if (second_layers_.size() < way_) second_layers_.resize(way_);
    known_layer& known = second_layers_[way_ - 1];
    if (known.step != step_ || !known.on.same_shape(x)) known = {step_, x, build(i, 0, x, false)};
    return known.what;
  }
  constexpr counted_layer noted(const counted_layer& b) {
    ++built_;
    faulted_ = faulted_ || !b.possible;
    return b;
  }
  constexpr std::int64_t cost_of(const counted_layer& b) const {
    return what_ == measured::macs ? b.total.macs : b.total.params;
  }

  struct known_layer {
    std::size_t step = 0;
    tensor on{};
    counted_layer what{};
  };

  const Source& space_;
  const constraint_set& set_;
  measured what_;
  bool largest_;
  const digit* lone_;
  bound_plan plan_;
  std::vector<digit> digits_;
  std::vector<std::int64_t> key_;
  std::vector<tensor> outputs_;
  std::vector<std::int64_t> totals_;       ///< of the state that is expanded
  std::vector<std::int64_t> next_totals_;  ///< of the one that is reached
  std::vector<int> common_{};
  std::vector<int> fields_{};
  std::vector<known_layer> second_layers_{};  ///< by the number of a way to decide the stage
  std::size_t way_ = 0;
  state_table after_;
  tensor map_{};
  std::size_t step_ = 0;
  std::int64_t built_ = 0;
  bool faulted_ = false;
};

}  // namespace nascent::detail
