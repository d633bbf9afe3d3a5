// SPDX-License-Identifier: Apache-2.0
/// \file
/// Bounds of cost (cost/bounds.hpp) of spaces that are known at run time: by their description where they have one that
/// builds layers, else network by network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nascent/cost/bounds.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent::detail {

template <layered_space Space>
class described_bounds {
 public:
  explicit described_bounds(const Space& space) : space_(&space), view_(view_of(space)) {
    for (std::size_t i = 0; i < view_.stages.size(); ++i) add_stage(i);
    // The lists do not move any more.
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      facts_[i].layer_counts = layers_[i].data();
      facts_[i].fields = fields_[i].data();
      facts_[i].field_total = fields_[i].size();
    }
    for (const constraint_view& c : view_.constraints) {
      constraints_.push_back(
          {.first_slot = static_cast<int>(constraint_slots_.size()), .slots = static_cast<int>(c.slots.size())});
      constraint_slots_.insert(constraint_slots_.end(), c.slots.begin(), c.slots.end());
    }
  }

  /// Its constraints, each a predicate.
  constraint_set constraints() const {
    return {.constraints = constraints_.data(), .count = constraints_.size(), .slots = constraint_slots_.data()};
  }

  std::size_t stages() const { return view_.stages.size(); }
  std::size_t slots() const { return view_.slots.size(); }
  const stage_facts& facts(std::size_t i) const { return facts_[i]; }
  int first_slot(std::size_t i) const { return view_.stages[i].first_slot; }
  int options(std::size_t slot) const { return static_cast<int>(view_.slots[slot].values.size()); }
  bool has_skip(std::size_t i) const { return !view_.stages[i].skip.values.empty(); }
  int skip_from(std::size_t i, std::size_t option) const {
    for (std::size_t s = 0; s < i; ++s)
      if (view_.stages[s].name == view_.stages[i].skip.values[option].name()) return static_cast<int>(s);
    return -1;
  }
  residual skip_kind(std::size_t i) const { return view_.stages[i].skip_kind; }
  strides stride(std::size_t i, const digit* digits) const {
    return strides_of(view_.stages[i].stride.value(decisions(digits)));
  }
  bool keeps(std::size_t c, const digit* digits) const { return space_->keeps(c, decisions(digits)); }
  tensor input(const digit* digits) const {
    const image_size image = image_size_of(view_.stages.front().blocks.front().fields.front().value(decisions(digits)));
    return {1, image.height, image.width, view_.channels, 0};
  }
  counted_layer build(std::size_t i, int layer, const digit* digits, const tensor& x, const strides& stride) const {
    network graph({}, x.shape());
    net<network> n(graph);
    counted_layer b{.out = space_->build_layer(decisions(digits), i, layer, n, x, stride), .possible = !n.fault()};
    b.out.id = 0;
    layer_counter counter;
    for (const nascent::layer& l : graph.layers()) counter(l);
    b.total = counter.total();
    return b;
  }
  template <class Visit>
  void for_each_tie(Visit visit) const {
    for (std::size_t i = 0; i < view_.stages.size(); ++i)
      for (const block_view& b : view_.stages[i].blocks)
        for (const field_view& f : b.fields)
          if (f.how == field_kind::tied) visit(i, f.slot);
  }

 private:
  std::span<const digit> decisions(const digit* digits) const { return {digits, view_.slots.size()}; }

  void add_stage(std::size_t i) {
    const stage_view& s = view_.stages[i];
    stage_facts& f = facts_.emplace_back();
    f.independent = s.independent;
    f.alternatives = static_cast<int>(s.blocks.size());
    f.offers_skip = s.blocks.size() > 1 && s.blocks.back().is_skip;
    f.slots_per_layer = s.slots_per_layer;
    f.block_slot = s.first_layer_slot - s.first_slot;
    f.stride_slot = s.after_layers - s.first_slot;
    f.slot_count = s.end_slot - s.first_slot;
    if (s.stride.slot >= 0) f.stride_options = s.stride.values.size();
    if (s.skip.slot >= 0) {
      f.skip_options = s.skip.values.size();
      f.skip_slot = s.skip.slot - s.first_slot;
    }
    f.layers_chosen = s.layers.slot >= 0;
    f.layers_slot = s.layers.slot - s.first_slot;
    std::vector<int>& counts = layers_.emplace_back();
    for (const typed_value& v : s.layers.values) counts.push_back(static_cast<int>(v.integer()));
    f.layer_options = counts.size();
    f.max_layers = s.max_layers();
    std::vector<field_entry>& fields = fields_.emplace_back();
    for (std::size_t a = 0; a < s.blocks.size(); ++a)
      for (const field_view& v : s.blocks[a].fields) {
        f.tied = f.tied || v.how == field_kind::tied;
        fields.push_back(
            {.alternative = static_cast<int>(a), .kind = v.how, .slot = v.slot < 0 ? -1 : v.slot - s.first_slot});
      }
  }

  const Space* space_;
  space_view view_;
  std::vector<stage_facts> facts_{};
  std::vector<std::vector<int>> layers_{};
  std::vector<std::vector<field_entry>> fields_{};
  std::vector<joint_constraint> constraints_{};
  std::vector<int> constraint_slots_{};
};

/// Networks that are gone through one by one.
inline constexpr std::int64_t most_enumerated_networks = 1 << 20;

template <class Space>
struct run_time_bounds {
  static std::int64_t find(const Space& s, measured what, bool largest, constraint_use use) {
    if constexpr (layered_space<Space>) {
      const described_bounds<Space> space(s);
      const std::vector<digit> all(space.slots() + 1, inactive);
      const constraint_set set = use == constraint_use::keep ? space.constraints() : constraint_set{};
      return bound_or_refuse(s, bound_search(space, set, what, largest, all.data()).run());
    } else {
      if (s.size() > most_enumerated_networks)
        throw space_error("cost.bound", joined("space '", s.name(), "', bounds of cost"),
                          joined(to_decimal(s.size()).c_str(), " networks that are only built as a whole"),
                          joined("at most ", most_enumerated_networks, ", or a layered_space"));
      std::int64_t best = 0;
      for (uint128 r = 0; r < s.size(); ++r) {
        const counts total = count(s, s.unrank(r));
        const std::int64_t found = what == measured::macs ? total.macs : total.params;
        if (r == 0 || (largest ? found > best : found < best)) best = found;
      }
      return best;
    }
  }
};

}  // namespace nascent::detail
