// SPDX-License-Identifier: Apache-2.0
/// \file
/// All kernels that the networks of a space can have, without going through the networks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/kernels/detail/trellis_builder.hpp"

namespace nascent {

struct trellis_options {
  /// Steps for which states keep decisions that nothing else looks at: 1 lets a sum join what one layer or stage
  /// decides with what the next one does (sum_over_decisions). States multiply by as much.
  int remembered = 0;
};

/// The kernels of a space, and which of them each decision brings. Takes a part of a second to build for
/// GPUNet's 1.3e24 networks.
template <layered_space Space>
class kernel_trellis {
 public:
  /// \throws space_error where a stage has too many decisions to list, or adds a skip connection right after a layer
  /// that does nothing
  explicit kernel_trellis(const Space& of, const trellis_options& options = {})
      : space_(of),
        decisions_(view_of(of)),
        trellis_(detail::trellis_builder(decisions_, detail::layer_source::of(of), options.remembered).build()) {
    std::size_t next = 0;
    for (const detail::stage_decisions& s : decisions_.stages) {
      first_steps_.push_back(next);
      next += s.independent() ? static_cast<std::size_t>(s.max_layers()) + 1 : 1;
    }
  }
  kernel_trellis() requires stateless_space<Space> : kernel_trellis(Space{}) {}

  const Space& space() const { return space_; }

  /// The distinct kernels after fusion, in the order of how often they occur.
  std::span<const space_kernel> kernels() const { return trellis_.kernels; }

  /// Networks that can be built: all of the space but those with a layer that cannot exist.
  uint128 networks() const { return trellis_.networks; }

  /// Kernels that come together, those of one layer: numbers in `kernels()`. Group 0 is empty.
  const std::vector<std::vector<std::int32_t>>& groups() const { return trellis_.groups; }

  const detail::trellis& data() const { return trellis_; }

  /// Steps that a network takes: one for each stage, and one more for each layer of independent ones.
  std::size_t steps() const { return trellis_.steps.size(); }
  trellis_step_kind kind(std::size_t step) const { return trellis_.steps[step].kind; }
  /// Stage of a step, the input being 0, and its layer, where the step is one.
  int stage(std::size_t step) const { return trellis_.steps[step].stage; }
  int layer(std::size_t step) const { return trellis_.steps[step].layer; }

  /// The step that takes the decision of a slot.
  std::size_t step_of(int slot) const {
    std::size_t stage = 0;
    while (slot >= decisions_.stages[stage].end_slot()) ++stage;
    const detail::stage_decisions& s = decisions_.stages[stage];
    const bool of_layer = s.independent() && slot >= s.first_layer_slot() && slot < s.after_layers();
    return first_steps_[stage] +
           (of_layer ? static_cast<std::size_t>((slot - s.first_layer_slot()) / s.slots_per_layer()) + 1 : 0);
  }

  /// States before a step, or after the last one, which is `states(steps())`. All networks start in state 0.
  std::span<const trellis_state> states(std::size_t step) const { return trellis_.states[step]; }
  /// Slots whose decisions these states hold.
  std::span<const int> live_slots(std::size_t step) const { return trellis_.live[step]; }
  /// Ways to go on from a state to the end: 0 where broken constraints or layers that cannot exist leave none.
  uint128 completions(std::size_t step, std::size_t state) const { return trellis_.completions[step][state]; }

  /// Calls `visit(path)` for every path through a step from one of its states, those that lead to no end too.
  template <class Visit>
  void for_each_path(std::size_t step, std::size_t state, Visit&& visit) const {
    detail::for_each_path_from(trellis_.steps[step], state, visit);
  }

  /// Writes the decisions of a path through a step where `digits`, all slots of the space, has them.
  void decide(std::size_t step, const trellis_path& path, digit* digits) const {
    using enum trellis_step_kind;
    const detail::trellis_step& at = trellis_.steps[step];
    const detail::stage_decisions& s = decisions_.stages[static_cast<std::size_t>(at.stage)];
    if (at.kind == trellis_step_kind::layer) {
      if (path.edge < at.combinations) s.unrank_layer(s.has_skip() ? path.edge / 2 : path.edge, at.layer, digits);
      return;
    }
    if (at.kind == choices) {
      const std::size_t option = path.edge / s.common();
      s.set_layers(option, digits);
      if (s.layers_at(option) > 0) s.unrank_common(path.edge % s.common(), digits);
      return;
    }
    const std::size_t combination = at.kind == trellis_step_kind::stage ? path.edge : path.edge / at.layer_options;
    s.set_layers(at.kind == trellis_step_kind::stage ? path.option : path.edge % at.layer_options, digits);
    if (combination >= at.combinations) return;
    s.unrank_common(combination / s.later_layer(), digits);
    s.unrank_layer(combination % s.later_layer(), 0, digits);
  }

  /// Builds the layers that a path makes on the map of its state, with any interpreter; `digits` has the decisions of
  /// the path and those that its layers look at. What a skip connection from another stage adds is left out.
  template <class Interpreter>
  void build(std::size_t step, const trellis_path& path, const digit* digits, net<Interpreter>& n) const {
    const detail::trellis_step& at = trellis_.steps[step];
    if (at.stage == 0) return;
    const auto stage = static_cast<std::size_t>(at.stage);
    const detail::stage_decisions& s = decisions_.stages[stage];
    tensor x = states(step)[path.from].map;
    const auto one = [&](int layer, bool first) {
      x = space_.build_layer(std::span(digits, decisions_.slot_count), stage, layer, n, x,
                             first ? s.stride(digits) : strides{1});
    };
    if (at.kind == trellis_step_kind::layer) {
      if (path.edge < at.combinations) one(at.layer, at.layer == 0);
    } else if (at.kind != trellis_step_kind::choices) {
      for (int j = 0; j < s.layers(digits); ++j) one(0, j == 0);
    }
  }
  /// Whether a skip connection from another stage may end in that of a step.
  bool has_skip(std::size_t step) const {
    return decisions_.stages[static_cast<std::size_t>(trellis_.steps[step].stage)].has_skip();
  }

  /// The candidate that takes these paths, one for each step, each from the state that the one before leads to.
  candidate<Space> candidate_of(std::span<const trellis_path> paths) const {
    candidate<Space> c = space_.undecided();
    for (std::size_t step = 0; step < paths.size(); ++step) decide(step, paths[step], c.digits.data());
    return c;
  }

  /// Calls `visit(group, times)` for the layers of a candidate, equal ones together, from the input to the output.
  /// False where its network cannot be built. Allocates nothing.
  template <class Visit>
  bool walk(const candidate<Space>& c, Visit&& visit) const {
    std::size_t state = 0;
    const digit* d = c.digits.data();
    if constexpr (declared_space<Space>) {
      return walk_declared(d, state, visit, std::make_index_sequence<Space::stage_count>{});
    } else {
      for (std::size_t i = 0; i < decisions_.stages.size(); ++i)
        if (!pass(decisions_.stages[i], trellis_.steps.data() + first_steps_[i], d, state, visit)) return false;
      return true;
    }
  }

 private:
  static bool follow(const detail::trellis_edge& edge, std::size_t& state) {
    state = static_cast<std::size_t>(edge.to);
    return edge.to >= 0;
  }

  template <class Visit, std::size_t... I>
  [[gnu::always_inline]] bool walk_declared(const digit* d, std::size_t& state, Visit& visit,
                                            std::index_sequence<I...>) const {
    using F = typename Space::declaration_type;
    return (pass(detail::declared_decisions<F, I>{}, trellis_.steps.data() + declared_step<I>, d, state, visit) && ...);
  }
  /// First step of stage I of a declared space.
  template <std::size_t I>
  static constexpr std::size_t declared_step = [] {
    std::size_t first = 0;
    for (std::size_t i = 0; i < I; ++i) {
      const detail::stage_facts& facts = detail::all_stage_facts<typename Space::declaration_type>[i];
      first += facts.independent ? static_cast<std::size_t>(facts.configurations) + 1 : 1;
    }
    return first;
  }();

  /// Follows a candidate's decisions through the steps of one stage, of which `step` is the first.
  template <class Stage, class Visit>
  [[gnu::always_inline]] bool pass(const Stage& s, const detail::trellis_step* step, const digit* d, std::size_t& state,
                                   Visit& visit) const {
    const int layers = s.layers(d);
    const std::size_t option = s.layer_option(d);
    if (!s.independent()) {
      std::size_t c = step->combinations;
      if (layers > 0) c = s.rank_common(d) * s.later_layer() + s.rank_layer(d, 0);
      if (step->kind == trellis_step_kind::stage_counts) [[unlikely]] {
        const detail::trellis_edge& edge = step->edges[state * step->width + c * s.layer_options() + option];
        visit(edge.first, 1);
        return follow(edge, state);
      }
      const detail::trellis_edge& edge = step->edges[state * step->width + c];
      if (edge.to < 0) [[unlikely]]
        return false;
      visit(edge.first, 1);
      if (s.max_layers() > 1 && layers > 1) visit(edge.repeat, layers - 1);
      const std::int32_t to = step->targets[static_cast<std::size_t>(edge.to) * s.layer_options() + option];
      state = static_cast<std::size_t>(to);
      return to >= 0;
    }
    const std::size_t common = layers > 0 ? s.rank_common(d) : 0;
    if (!follow(step->edges[state * step->width + option * s.common() + common], state)) return false;
    int last = layers - 1;  // that is not skipped
    if (s.has_skip())
      while (last > 0 && s.is_skipped(d, last)) --last;
    for (int j = 0; j < s.max_layers(); ++j) {
      ++step;
      std::size_t c = step->combinations;
      if (j < layers) {
        c = s.rank_layer(d, j);
        if (s.has_skip()) c = 2 * c + (j == last ? 1 : 0);
      }
      const detail::trellis_edge& edge = step->edges[state * step->width + c];
      visit(edge.first, 1);
      if (!follow(edge, state)) [[unlikely]]
        return false;
    }
    return true;
  }

  [[no_unique_address]] Space space_;
  detail::space_decisions decisions_;
  detail::trellis trellis_;
  std::vector<std::size_t> first_steps_;  ///< of each stage
};

template <class Space>
kernel_trellis(const Space&) -> kernel_trellis<Space>;
template <class Space>
kernel_trellis(const Space&, const trellis_options&) -> kernel_trellis<Space>;

/// The distinct kernels that the networks of a space can have, after fusion, the most frequent first. \throws
/// space_error, see kernel_trellis
template <layered_space Space>
std::vector<space_kernel> kernels_of(const Space& s) {
  const kernel_trellis trellis(s);
  return {trellis.kernels().begin(), trellis.kernels().end()};
}

}  // namespace nascent
