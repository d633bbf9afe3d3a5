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

/// The kernels of a space, and which of them each decision brings. Takes a part of a second to build for
/// GPUNet's 1.3e24 networks.
template <space Space>
class kernel_trellis {
  using F = typename Space::declaration_type;

 public:
  /// \throws space_error where a stage has too many decisions to list, or adds a skip connection right after a layer
  /// that does nothing
  explicit kernel_trellis(const Space& of)
      : space_(of),
        functions_(detail::functions_of_space<F>()),
        trellis_(detail::trellis_builder(functions_).build()) {}
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
    const detail::stage_functions& s = functions_.stages[static_cast<std::size_t>(at.stage)];
    digit* own = digits + s.first_slot;
    const auto set_layers = [&](std::size_t option) {
      if (s.layers_slot >= 0) digits[s.layers_slot] = static_cast<digit>(option);
    };
    if (at.kind == trellis_step_kind::layer) {
      if (path.edge >= at.combinations) return;
      s.unrank_layer(s.has_skip ? path.edge / 2 : path.edge, own + at.layer * s.slots_per_layer);
      return;
    }
    const auto common = static_cast<std::size_t>(s.common);
    if (at.kind == choices) {
      set_layers(path.edge / common);
      if (s.layers_at(path.edge / common) > 0) s.unrank_common(path.edge % common, own);
      return;
    }
    const std::size_t combination = at.kind == trellis_step_kind::stage ? path.edge : path.edge / at.layer_options;
    set_layers(at.kind == trellis_step_kind::stage ? path.option : path.edge % at.layer_options);
    if (combination >= at.combinations) return;
    const auto layers = static_cast<std::size_t>(s.later_layer);
    s.unrank_common(combination / layers, own);
    s.unrank_layer(combination % layers, own);
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
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return (pass<I>(c.digits.data(), state, visit) && ...); }
    (std::make_index_sequence<Space::stage_count>{});
  }

  /// First step of each stage.
  static constexpr auto first_steps = [] {
    std::array<std::size_t, Space::stage_count + 1> first{};
    for (std::size_t i = 0; i < Space::stage_count; ++i)
      first[i + 1] = first[i] + (detail::all_stage_facts<F>[i].independent
                                     ? static_cast<std::size_t>(detail::all_stage_facts<F>[i].configurations) + 1
                                     : 1);
    return first;
  }();

 private:
  static bool follow(const detail::trellis_edge& edge, std::size_t& state) {
    state = static_cast<std::size_t>(edge.to);
    return edge.to >= 0;
  }

  template <std::size_t I, class Visit>
  [[gnu::always_inline]] bool pass(const digit* digits, std::size_t& state, Visit& visit) const {
    using layout = detail::stage_layout<F, I>;
    using decisions = detail::stage_decisions<F, I>;
    const digit* d = digits + detail::stage_slots<F>[I];
    const int layers = detail::stage_counter<F, I>::layers(d);
    std::size_t option = 0;
    if constexpr (layout::layers_chosen) option = static_cast<std::size_t>(d[layout::layers_slot]);
    const detail::trellis_step* step = trellis_.steps.data() + first_steps[I];
    if constexpr (!layout::independent) {
      std::size_t c = step->combinations;
      if (layers > 0)
        c = decisions::rank_common(d) * static_cast<std::size_t>(decisions::later_layer) +
            decisions::rank_layer(d, true);
      if (step->kind == trellis_step_kind::stage_counts) [[unlikely]] {
        const detail::trellis_edge& edge = step->edges[state * step->width + c * layout::layer_options + option];
        visit(edge.first, 1);
        return follow(edge, state);
      }
      const detail::trellis_edge& edge = step->edges[state * step->width + c];
      if (edge.to < 0) [[unlikely]]
        return false;
      visit(edge.first, 1);
      if (layout::max_layers > 1 && layers > 1) visit(edge.repeat, layers - 1);
      const std::int32_t to = step->targets[static_cast<std::size_t>(edge.to) * layout::layer_options + option];
      state = static_cast<std::size_t>(to);
      return to >= 0;
    } else {
      const std::size_t common = layers > 0 ? decisions::rank_common(d) : 0;
      if (!follow(step->edges[state * step->width + option * static_cast<std::size_t>(decisions::common) + common],
                  state))
        return false;
      int last = layers - 1;  // that is not skipped
      if constexpr (layout::has_skip)
        while (last > 0 && decisions::is_skip(d + last * layout::slots_per_layer)) --last;
      for (int j = 0; j < layout::max_layers; ++j) {
        ++step;
        std::size_t c = step->combinations;
        if (j < layers) {
          c = decisions::rank_layer(d + j * layout::slots_per_layer, j == 0);
          if constexpr (layout::has_skip) c = 2 * c + (j == last ? 1 : 0);
        }
        const detail::trellis_edge& edge = step->edges[state * step->width + c];
        visit(edge.first, 1);
        if (!follow(edge, state)) [[unlikely]]
          return false;
      }
      return true;
    }
  }

  [[no_unique_address]] Space space_;
  detail::space_functions functions_;
  detail::trellis trellis_;
};

template <class Space>
kernel_trellis(const Space&) -> kernel_trellis<Space>;

/// The distinct kernels that the networks of a space can have, after fusion, the most frequent first. \throws
/// space_error, see kernel_trellis
template <space Space>
std::vector<space_kernel> kernels_of(const Space& s) {
  const kernel_trellis trellis(s);
  return {trellis.kernels().begin(), trellis.kernels().end()};
}

}  // namespace nascent
