// SPDX-License-Identifier: Apache-2.0
/// \file
/// Builds the trellis of a space: which states can be reached, and through which kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/kernels/detail/constraint_follower.hpp"
#include "nascent/kernels/trellis.hpp"

namespace nascent::detail {

/// Builds the trellis of a space, step by step.
class trellis_builder {
 public:
  static constexpr std::size_t most_edges = std::size_t{1} << 26;  ///< 0.8 GB

  /// States hold decisions for `remembered` more steps than the layers to come look at them.
  trellis_builder(const space_decisions& space, layer_source source, int remembered = 0)
      : remembered_(remembered),
        space_(space),
        source_(source),
        digits_(space_.slot_count + 1, inactive),
        layers_(space_, source, out_) {
    plan_steps();
  }

  trellis build() {
    states_.push_back({state{}});
    for (step_ = 0; step_ < out_.steps.size(); ++step_) expand();
    count();
    weigh();
    out_.states = std::move(states_);
    out_.live = std::move(live_);
    return std::move(out_);
  }

 private:
  using state = trellis_state;

  void plan_steps() {
    std::vector<int> step_of(space_.slot_count, -1);
    std::vector<int> until(space_.slot_count, -1);
    std::vector<int> last_step(space_.stages.size());
    std::vector<int> first_step(space_.stages.size());
    const auto add = [&](trellis_step_kind kind, std::size_t stage, int layer, uint128 combinations) {
      if (combinations > most_edges) refuse(space_.stages[stage], combinations);
      const stage_decisions& s = space_.stages[stage];
      const auto n = static_cast<std::size_t>(combinations);
      out_.steps.push_back({.kind = kind,
                            .stage = static_cast<int>(stage),
                            .layer = layer,
                            .combinations = n,
                            .width = n + 1,
                            .layer_options = s.layer_options()});
      for (std::size_t o = 0; o < s.layer_options(); ++o) out_.steps.back().layers.push_back(s.layers_at(o));
    };
    for (std::size_t i = 0; i < space_.stages.size(); ++i) {
      const stage_decisions& s = space_.stages[i];
      first_step[i] = static_cast<int>(out_.steps.size());
      const auto own = [&](int from, int to) {
        for (int k = from; k < to; ++k) step_of[static_cast<std::size_t>(k)] = static_cast<int>(out_.steps.size()) - 1;
      };
      if (!s.independent()) {
        add(trellis_step_kind::stage, i, -1, checked(s, checked_multiply(s.common_ways(), s.later_layer_ways())));
        if (s.has_skip()) list_counts(out_.steps.back());
        own(s.first_slot(), s.end_slot());
      } else {
        add(trellis_step_kind::choices, i, -1, checked(s, checked_multiply(s.common_ways(), {s.layer_options()})));
        own(s.first_slot(), s.end_slot());
        for (int j = 0; j < s.max_layers(); ++j) {
          add(trellis_step_kind::layer, i, j,
              checked(
                  s, checked_multiply(j == 0 ? s.first_layer_ways() : s.later_layer_ways(), {s.has_skip() ? 2U : 1U})));
          own(s.first_layer_slot() + j * s.slots_per_layer(), s.first_layer_slot() + (j + 1) * s.slots_per_layer());
        }
        for (int k = s.first_slot(); k < s.end_slot(); ++k)
          if (k < s.first_layer_slot() || k >= s.after_layers())
            until[static_cast<std::size_t>(k)] = static_cast<int>(out_.steps.size()) - 1;
      }
      last_step[i] = static_cast<int>(out_.steps.size()) - 1;
    }
    const auto need = [&](int slot, int step) {
      until[static_cast<std::size_t>(slot)] = std::max(until[static_cast<std::size_t>(slot)], step);
    };
    for (std::size_t k = 0; k < space_.slot_count; ++k)
      if (step_of[k] >= 0 && remembered_ > 0) need(static_cast<int>(k), step_of[k] + remembered_);
    for (std::size_t i = 0; i < space_.stages.size(); ++i)
      for (const int slot : space_.stages[i].ties()) need(slot, last_step[i]);
    completed_.resize(out_.steps.size());
    for (std::size_t c = 0; c < space_.constraint_slots.size(); ++c) {
      if (source_.is_data(c)) continue;
      int last = 0;
      for (const int slot : space_.constraint_slots[c]) last = std::max(last, step_of[static_cast<std::size_t>(slot)]);
      for (const int slot : space_.constraint_slots[c]) need(slot, last);
      completed_[static_cast<std::size_t>(last)].push_back(c);
    }
    follower_.plan(source_.data_constraints, step_of, out_.steps.size(), until);
    std::vector<int> source_until(space_.stages.size(), -1);
    for (std::size_t i = 0; i < space_.stages.size(); ++i)
      for (const int source : space_.stages[i].sources())
        if (source >= 0)
          source_until[static_cast<std::size_t>(source)] =
              std::max(source_until[static_cast<std::size_t>(source)], last_step[i]);
    live_.resize(out_.steps.size() + 1);
    sources_.resize(out_.steps.size() + 1);
    for (std::size_t p = 0; p < out_.steps.size(); ++p) {
      for (std::size_t k = 0; k < space_.slot_count; ++k)
        if (step_of[k] <= static_cast<int>(p) && until[k] > static_cast<int>(p))
          live_[p + 1].push_back(static_cast<int>(k));
      for (std::size_t i = 0; i < space_.stages.size(); ++i)
        if (last_step[i] <= static_cast<int>(p) && source_until[i] > static_cast<int>(p))
          sources_[p + 1].push_back(static_cast<int>(i));
    }
    last_step_ = std::move(last_step);
  }

  uint128 checked(const stage_decisions& s, checked_uint128 n) const {
    if (n.overflow) refuse(s, ~uint128{0});
    return n.value;
  }
  [[noreturn]] void refuse(const stage_decisions& s, uint128 found) const {
    throw space_error(
        "space.too_large", place_in(space_.name, detail::joined("stage ", s.name())), to_decimal(found).c_str(),
        detail::joined("decisions that can be listed one by one, for all its states together at most ", most_edges));
  }
  static void list_counts(trellis_step& step) {
    step.kind = trellis_step_kind::stage_counts;
    step.width = (step.combinations + 1) * step.layer_options;
  }

  // --- states and their keys

  /// The number of the state after the present step: the digits and the map decide, and the outputs of stages before.
  /// -1 where a constraint breaks.
  std::int32_t reach(const state& from, const tensor& x, bool last_layer_seen) {
    for (const std::size_t c : completed_[step_])
      if (!source_.keeps(source_.space, c, decisions())) return -1;
    if (!follower_.follow(step_, from.totals, digits_.data())) return -1;
    state next{.map = x, .last_layer_seen = last_layer_seen};
    const trellis_step& step = out_.steps[step_];
    const bool stage_ends = static_cast<int>(step_) == last_step_[static_cast<std::size_t>(step.stage)];
    if (stage_ends) next.last_layer_seen = false;
    for (const int slot : live_[step_ + 1]) next.live.push_back(digits_[static_cast<std::size_t>(slot)]);
    for (const int source : sources_[step_ + 1]) {
      if (source == step.stage) next.outputs.push_back(x);
      else next.outputs.push_back(output_of(from, source));
    }
    follower_.keep(step_ + 1, next.totals);
    std::string& key = key_;
    key.clear();
    append_bytes(key, x);
    append_bytes(key, next.last_layer_seen);
    for (const digit d : next.live) append_bytes(key, d);
    for (const tensor& t : next.outputs) append_bytes(key, t);
    for (const std::int64_t total : next.totals) append_bytes(key, total);
    const auto [place, is_new] = numbers_.try_emplace(key, static_cast<std::int32_t>(states_[step_ + 1].size()));
    if (is_new) states_[step_ + 1].push_back(std::move(next));
    return place->second;
  }

  tensor output_of(const state& s, int stage) const {
    const auto& all = sources_[step_];
    return s.outputs[static_cast<std::size_t>(std::find(all.begin(), all.end(), stage) - all.begin())];
  }

  // --- edges

  void expand() {
    trellis_step& step = out_.steps[step_];
    const std::size_t count = states_[step_].size();
    step.states = count;
    if (step.width > most_edges / std::max<std::size_t>(count, 1))
      refuse(space_.stages[static_cast<std::size_t>(step.stage)], uint128{step.width} * count);
    states_.emplace_back();
    numbers_.clear();
    rows_.clear();
    step.edges.assign(count * step.width, {});
    for (std::size_t n = 0; n < count; ++n) {
      const state from = states_[step_][n];
      for (std::size_t i = 0; i < from.live.size(); ++i)
        digits_[static_cast<std::size_t>(live_[step_][i])] = from.live[i];
      trellis_edge* edges = step.edges.data() + n * step.width;
      switch (step.kind) {
        case trellis_step_kind::stage:
          if (!expand_stage(step, from, edges)) {  // later layers differ from the second one
            list_counts(step);
            step.targets.clear();
            states_.pop_back();
            return expand();
          }
          break;
        case trellis_step_kind::stage_counts: expand_counts(step, from, edges); break;
        case trellis_step_kind::choices: expand_choices(step, from, edges); break;
        case trellis_step_kind::layer: expand_layer(step, from, edges); break;
      }
    }
  }

  std::span<const digit> decisions() const { return {digits_.data(), space_.slot_count}; }
  void clear_stage(const stage_decisions& s) {
    std::fill(digits_.begin() + s.first_slot(), digits_.begin() + s.end_slot(), inactive);
  }
  void set_combination(const stage_decisions& s, std::size_t combination) {
    s.unrank_common(combination / s.later_layer(), digits_.data());
    s.unrank_layer(combination % s.later_layer(), 0, digits_.data());
  }

  /// False where the layers after the second are not like it.
  bool expand_stage(trellis_step& step, const state& from, trellis_edge* edges) {
    const stage_decisions& s = space_.stages[static_cast<std::size_t>(step.stage)];
    std::vector<std::int32_t> row(step.layer_options);
    for (std::size_t c = 0; c <= step.combinations; ++c) {
      const bool there = c < step.combinations;
      clear_stage(s);
      if (there) set_combination(s, c);
      built_layer first{.out = from.map};
      built_layer later{};
      if (there) {
        if (step.stage == 0) first.out = space_.input(decisions());
        else first = layers_.build(step.stage, 0, true, digits_.data(), from.map, nullptr);
        if (s.max_layers() > 1 && first.possible) {
          later = layers_.build(step.stage, 1, false, digits_.data(), first.out, nullptr);
          if (!later.possible || !later.out.same_shape(first.out)) return false;
        }
      }
      for (std::size_t option = 0; option < step.layer_options; ++option) {
        s.set_layers(option, digits_.data());
        const bool fits = first.possible && (s.layers_at(option) > 0) == there;
        row[option] = fits ? reach(from, first.out, false) : -1;
      }
      edges[c] = {.first = first.group, .repeat = later.group, .to = row_of(step, row)};
    }
    return true;
  }

  std::int32_t row_of(trellis_step& step, const std::vector<std::int32_t>& row) {
    if (std::ranges::all_of(row, [](std::int32_t to) { return to < 0; })) return -1;
    std::string key;
    for (const std::int32_t to : row) append_bytes(key, to);
    const auto [place, is_new] =
        rows_.try_emplace(std::move(key), static_cast<std::int32_t>(step.targets.size() / step.layer_options));
    if (is_new) step.targets.insert(step.targets.end(), row.begin(), row.end());
    return place->second;
  }

  void expand_counts(trellis_step& step, const state& from, trellis_edge* edges) {
    const stage_decisions& s = space_.stages[static_cast<std::size_t>(step.stage)];
    for (std::size_t c = 0; c <= step.combinations; ++c)
      for (std::size_t option = 0; option < step.layer_options; ++option) {
        const int layers = s.layers_at(option);
        if ((layers > 0) != (c < step.combinations)) continue;
        clear_stage(s);
        s.set_layers(option, digits_.data());
        if (layers > 0) set_combination(s, c);
        const int source = layers > 0 && s.has_skip() ? s.source(digits_.data()) : -1;
        tensor x = from.map;
        bool possible = true;
        std::vector<std::int32_t> all;
        for (int j = 0; j < layers && possible; ++j) {
          const tensor added = source >= 0 ? output_of(from, source) : tensor{};
          const built_layer f = layers_.build(step.stage, 0, j == 0, digits_.data(), x,
                                              source >= 0 && j + 1 == layers ? &added : nullptr);
          possible = f.possible;
          x = f.out;
          const auto& kernels = out_.groups[static_cast<std::size_t>(f.group)];
          all.insert(all.end(), kernels.begin(), kernels.end());
        }
        if (possible)
          edges[c * step.layer_options + option] = {.first = layers_.group_of(std::move(all)),
                                                    .to = reach(from, x, false)};
      }
  }

  void expand_choices(trellis_step& step, const state& from, trellis_edge* edges) {
    const stage_decisions& s = space_.stages[static_cast<std::size_t>(step.stage)];
    const std::size_t common = s.common();
    for (std::size_t c = 0; c < step.combinations; ++c) {
      const std::size_t option = c / common;
      const bool there = s.layers_at(option) > 0;
      if (!there && c % common > 0) continue;
      clear_stage(s);
      s.set_layers(option, digits_.data());
      if (there) s.unrank_common(c % common, digits_.data());
      edges[c].to = reach(from, from.map, false);
    }
  }

  void expand_layer(trellis_step& step, const state& from, trellis_edge* edges) {
    const stage_decisions& s = space_.stages[static_cast<std::size_t>(step.stage)];
    const int layers = s.layers(digits_.data());
    const int own = s.first_layer_slot() + step.layer * s.slots_per_layer();
    const bool is_last_step = static_cast<int>(step_) == last_step_[static_cast<std::size_t>(step.stage)];
    const bool must_end = s.has_skip() && is_last_step && layers > 0;  // a layer must have taken the connection by then
    std::fill_n(digits_.begin() + own, s.slots_per_layer(), inactive);
    if (step.layer >= layers) {
      if (!must_end || from.last_layer_seen) edges[step.combinations].to = reach(from, from.map, from.last_layer_seen);
      return;
    }
    const int source = s.has_skip() ? s.source(digits_.data()) : -1;
    const tensor added = source >= 0 ? output_of(from, source) : tensor{};
    for (std::size_t c = 0; c < step.combinations; ++c) {
      const bool last = s.has_skip() && c % 2 == 1;
      s.unrank_layer(s.has_skip() ? c / 2 : c, step.layer, digits_.data());
      const bool skipped = s.is_skipped(digits_.data(), step.layer);
      if (s.has_skip() && (skipped ? last : from.last_layer_seen)) continue;
      if (must_end && !last && !from.last_layer_seen) continue;
      const built_layer f = layers_.build(step.stage, step.layer, step.layer == 0, digits_.data(), from.map,
                                          last && source >= 0 ? &added : nullptr);
      if (f.possible) edges[c] = {.first = f.group, .to = reach(from, f.out, from.last_layer_seen || last)};
    }
  }

  // --- counting

  void count() {
    const std::size_t steps = out_.steps.size();
    for (const auto& boundary : states_) {
      out_.ways.emplace_back(boundary.size(), 0);
      out_.completions.emplace_back(boundary.size(), 0);
    }
    out_.ways[0][0] = 1;
    for (std::size_t p = 0; p < steps; ++p)
      for_each_path(out_.steps[p], [&](const trellis_path& t) { out_.ways[p + 1][t.to] += out_.ways[p][t.from]; });
    std::ranges::fill(out_.completions[steps], uint128{1});
    for (std::size_t p = steps; p-- > 0;)
      for_each_path(out_.steps[p],
                    [&](const trellis_path& t) { out_.completions[p][t.from] += out_.completions[p + 1][t.to]; });
    out_.networks = out_.completions[0][0];
  }

  /// How often each kernel occurs, and the kernels in that order. What no complete network has is dropped.
  void weigh() {
    std::vector<double> weights(out_.groups.size(), 0);
    const auto total = static_cast<double>(out_.networks);
    for (std::size_t p = 0; p < out_.steps.size(); ++p)
      for_each_path(out_.steps[p], [&](const trellis_path& t) {
        const double share = static_cast<double>(out_.ways[p][t.from] * out_.completions[p + 1][t.to]) / total;
        weights[static_cast<std::size_t>(t.first)] += share;
        weights[static_cast<std::size_t>(t.repeat)] += share * t.repeats;
      });
    for (std::size_t g = 0; g < out_.groups.size(); ++g)
      for (const std::int32_t k : out_.groups[g]) out_.kernels[static_cast<std::size_t>(k)].per_network += weights[g];
    std::vector<std::int32_t> order(out_.kernels.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<std::int32_t>(k);
    const auto per_network = [&](std::int32_t k) { return out_.kernels[static_cast<std::size_t>(k)].per_network; };
    std::ranges::sort(order, [&](std::int32_t a, std::int32_t b) {
      return per_network(a) != per_network(b) ? per_network(a) > per_network(b) : a < b;
    });
    std::erase_if(order, [&](std::int32_t k) { return per_network(k) <= 0; });
    std::vector<std::int32_t> number(out_.kernels.size(), -1);
    std::vector<space_kernel> sorted;
    sorted.reserve(order.size());
    for (const std::int32_t k : order) {
      number[static_cast<std::size_t>(k)] = static_cast<std::int32_t>(sorted.size());
      sorted.push_back(std::move(out_.kernels[static_cast<std::size_t>(k)]));
    }
    out_.kernels = std::move(sorted);
    for (auto& group : out_.groups) {
      for (std::int32_t& k : group) k = number[static_cast<std::size_t>(k)];
      std::erase(group, -1);
    }
  }

  int remembered_;
  const space_decisions& space_;
  layer_source source_;
  trellis out_;
  std::vector<digit> digits_;
  std::size_t step_ = 0;
  std::vector<std::vector<state>> states_;
  std::vector<std::vector<int>> live_;               ///< slots that a state before each step holds
  std::vector<std::vector<int>> sources_;            ///< stages whose output shape it holds
  std::vector<std::vector<std::size_t>> completed_;  ///< predicates whose last slot a step decides
  constraint_follower follower_;                     ///< of the constraints that are data
  std::vector<int> last_step_;                       ///< of each stage
  std::unordered_map<std::string, std::int32_t> numbers_;
  std::unordered_map<std::string, std::int32_t> rows_;
  std::string key_;
  layer_recorder layers_;
};

}  // namespace nascent::detail
