// SPDX-License-Identifier: Apache-2.0
/// \file
/// The decisions of a stage numbered densely: those of the stage as a whole (shared fields, stride, skip connection)
/// and those of one layer. Twice with the same numbers: by the description of any space, and by the types of a declared
/// one, where millions of candidates a second are looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/detail/constraint_set.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent::detail {

/// By description. Digits are those of the whole space.
class stage_decisions {
 public:
  stage_decisions(const space_view& space, std::size_t number) {
    const stage_view& s = space.stages[number];
    name_ = s.name;
    independent_ = s.independent;
    first_slot_ = s.first_slot;
    end_slot_ = s.end_slot;
    first_layer_slot_ = s.first_layer_slot;
    after_layers_ = s.after_layers;
    slots_per_layer_ = s.slots_per_layer;
    layers_ = s.layers;
    max_layers_ = s.max_layers();
    stride_ = s.stride;
    skip_ = s.skip;
    skip_kind_ = s.skip_kind;
    for (const typed_value& v : s.skip.values) {
      std::size_t i = 0;
      while (i < number && space.stages[i].name != v.name()) ++i;
      sources_.push_back(i < number ? static_cast<int>(i) : -1);
    }
    const auto options = [&](int slot) { return space.slots[static_cast<std::size_t>(slot)].values.size(); };
    for (int k = first_slot_; k < end_slot_; ++k)
      if ((k < first_layer_slot_ || k >= after_layers_) && k != layers_.slot) common_.push_back({k, options(k)});
    for (const place& p : common_) common_ways_ = checked_multiply(common_ways_, {p.options});
    for (const block_view& b : s.blocks) {
      alternative& a = alternatives_.emplace_back();
      for (const field_view& f : b.fields) {
        if (f.how == field_kind::tied) ties_.push_back(f.slot);
        if (f.how == field_kind::chosen) a.places.push_back({f.slot, options(f.slot)});
      }
      for (const place& p : a.places) a.ways = checked_multiply(a.ways, {p.options});
      later_layer_ = checked_add(later_layer_, a.ways);
    }
    if (s.blocks.size() > 1 && s.blocks.back().is_skip) skip_alternative_ = static_cast<int>(s.blocks.size()) - 1;
    first_layer_ = later_layer_;
    if (independent_ && skip_alternative_ >= 0) first_layer_.value -= 1;
  }

  const std::string& name() const { return name_; }
  bool independent() const { return independent_; }
  bool has_skip() const { return !skip_.values.empty(); }
  residual skip_kind() const { return skip_kind_; }
  int first_slot() const { return first_slot_; }
  int end_slot() const { return end_slot_; }
  int first_layer_slot() const { return first_layer_slot_; }
  int after_layers() const { return after_layers_; }
  int slots_per_layer() const { return slots_per_layer_; }
  /// Slots of other stages that its blocks look at.
  const std::vector<int>& ties() const { return ties_; }
  /// Stages whose output a skip connection may add, -1 for none, by option.
  const std::vector<int>& sources() const { return sources_; }

  /// Ways to decide for the stage as a whole, for its first layer (or for all layers alike), for a later one.
  checked_uint128 common_ways() const { return common_ways_; }
  checked_uint128 first_layer_ways() const { return first_layer_; }
  checked_uint128 later_layer_ways() const { return later_layer_; }
  std::size_t common() const { return static_cast<std::size_t>(common_ways_.value); }
  std::size_t later_layer() const { return static_cast<std::size_t>(later_layer_.value); }

  std::size_t layer_options() const { return layers_.values.size(); }
  int layers_at(std::size_t option) const { return static_cast<int>(layers_.values[option].integer()); }
  int max_layers() const { return max_layers_; }
  std::size_t layer_option(const digit* d) const { return layers_.slot < 0 ? 0 : option(d, layers_.slot); }
  void set_layers(std::size_t option, digit* d) const {
    if (layers_.slot >= 0) d[layers_.slot] = static_cast<digit>(option);
  }
  int layers(const digit* d) const { return layers_at(layer_option(d)); }
  strides stride(const digit* d) const { return strides_of(stride_.values[decided(stride_, d)]); }
  /// Stage whose output is added, or -1.
  int source(const digit* d) const { return sources_[decided(skip_, d)]; }

  std::size_t rank_common(const digit* d) const { return rank(common_, 0, d); }
  void unrank_common(std::size_t r, digit* d) const { unrank(common_, 0, r, d); }

  /// Layer 0 stands for all where they are alike.
  std::size_t rank_layer(const digit* d, int layer) const {
    const int shift = layer * slots_per_layer_;
    if (alternatives_.size() == 1) return rank(alternatives_.front().places, shift, d);
    const std::size_t chosen = option(d, first_layer_slot_ + shift);
    std::size_t before = 0;
    for (std::size_t a = 0; a < chosen; ++a) before += static_cast<std::size_t>(alternatives_[a].ways.value);
    return before + rank(alternatives_[chosen].places, shift, d);
  }
  void unrank_layer(std::size_t r, int layer, digit* d) const {
    const int shift = layer * slots_per_layer_;
    std::size_t chosen = 0;
    if (alternatives_.size() > 1) {
      for (; r >= alternatives_[chosen].ways.value; ++chosen)
        r -= static_cast<std::size_t>(alternatives_[chosen].ways.value);
      for (int k = 0; k < slots_per_layer_; ++k) d[first_layer_slot_ + shift + k] = inactive;
      d[first_layer_slot_ + shift] = static_cast<digit>(chosen);
    }
    unrank(alternatives_[chosen].places, shift, r, d);
  }
  bool is_skipped(const digit* d, int layer) const {
    return skip_alternative_ >= 0 && d[first_layer_slot_ + layer * slots_per_layer_] == skip_alternative_;
  }

 private:
  struct place {
    int slot;
    std::size_t options;
  };
  struct alternative {
    std::vector<place> places{};
    checked_uint128 ways{1};
  };

  static std::size_t option(const digit* d, int slot) { return static_cast<std::size_t>(d[slot]); }
  static std::size_t decided(const field_view& f, const digit* d) { return f.slot < 0 ? 0 : option(d, f.slot); }
  static std::size_t rank(const std::vector<place>& places, int shift, const digit* d) {
    std::size_t r = 0;
    for (const place& p : places) r = r * p.options + option(d, p.slot + shift);
    return r;
  }
  static void unrank(const std::vector<place>& places, int shift, std::size_t r, digit* d) {
    for (std::size_t i = places.size(); i-- > 0; r /= places[i].options)
      d[places[i].slot + shift] = static_cast<digit>(r % places[i].options);
  }

  std::string name_;
  bool independent_ = false;
  int first_slot_ = 0;
  int end_slot_ = 0;
  int first_layer_slot_ = 0;
  int after_layers_ = 0;
  int slots_per_layer_ = 0;
  int max_layers_ = 1;
  int skip_alternative_ = -1;
  field_view layers_;
  field_view stride_;
  field_view skip_;
  residual skip_kind_ = residual::none;
  std::vector<int> ties_;
  std::vector<int> sources_;
  std::vector<place> common_;
  std::vector<alternative> alternatives_;
  checked_uint128 common_ways_{1};
  checked_uint128 first_layer_{1};
  checked_uint128 later_layer_{0};
};

/// By the types of stage I of the declared space F: what looks up candidates, with everything known to the compiler.
template <class F, std::size_t I>
class declared_decisions {
  using layout = stage_layout<F, I>;
  using counter = stage_counter<F, I>;
  static constexpr int first = stage_slots<F>[I];

 public:
  static constexpr bool independent() { return layout::independent; }
  static constexpr bool has_skip() { return layout::has_skip; }
  static constexpr int max_layers() { return layout::max_layers; }
  static constexpr std::size_t common() {
    return static_cast<std::size_t>(layout::counted.shared.value * layout::stride_options * layout::skip_options);
  }
  static constexpr std::size_t later_layer() { return static_cast<std::size_t>(layout::later_layer_options.value); }
  static constexpr std::size_t layer_options() { return layout::layer_options; }
  static constexpr std::size_t layer_option([[maybe_unused]] const digit* d) {
    if constexpr (layout::layers_chosen) return static_cast<std::size_t>(d[first + layout::layers_slot]);
    else return 0;
  }
  static constexpr int layers(const digit* d) { return counter::layers(d + first); }
  static constexpr std::size_t rank_common([[maybe_unused]] const digit* d) {
    std::size_t r = 0;
    counter::for_each_common_slot(
        [&](int slot, std::size_t m) { r = r * m + static_cast<std::size_t>(d[first + slot]); });
    return r;
  }
  static constexpr std::size_t rank_layer(const digit* d, int layer) {
    return static_cast<std::size_t>(counter::rank_layer(d + first + layer * layout::slots_per_layer, 0, layer == 0));
  }
  static constexpr bool is_skipped([[maybe_unused]] const digit* d, [[maybe_unused]] int layer) {
    if constexpr (layout::offers_skip)
      return d[first + layout::block_slot + layer * layout::slots_per_layer] ==
             static_cast<digit>(layout::alternatives - 1);
    else return false;
  }
};

/// The code behind a description, whoever has it: a reference to the space, with its functions.
struct layer_source {
  const void* space;
  tensor (*build_layer)(const void*, std::span<const digit>, std::size_t stage, int layer, net<network>&, const tensor&,
                        const strides& stride);
  bool (*keeps)(const void*, std::size_t constraint, std::span<const digit>);
  constraint_set data_constraints{};  ///< of a declared space: those that are data can be followed decision by decision

  bool is_data(std::size_t constraint) const {
    return constraint < data_constraints.count && data_constraints.constraints[constraint].terms > 0;
  }

  template <layered_space Space>
  static layer_source of(const Space& s) {
    return {
        &s,
        [](const void* at, std::span<const digit> d, std::size_t stage, int layer, net<network>& n, const tensor& x,
           const strides& stride) { return static_cast<const Space*>(at)->build_layer(d, stage, layer, n, x, stride); },
        [](const void* at, std::size_t constraint, std::span<const digit> d) {
          return static_cast<const Space*>(at)->keeps(constraint, d);
        },
        constraints_of<Space>()};
  }
  template <class Space>
  static constraint_set constraints_of() {
    if constexpr (requires { typename Space::declaration_type; }) {
      using F = typename Space::declaration_type;
      if constexpr (constraint_total<F> != 0) return joint_counter<F>::constraints();
    }
    return {};
  }
};

/// All stages of a space.
struct space_decisions {
  explicit space_decisions(const space_view& space)
      : name(space.name),
        slot_count(space.slots.size()),
        channels(space.channels),
        resolution(space.stages.front().blocks.front().fields.front()) {
    for (std::size_t i = 0; i < space.stages.size(); ++i) stages.emplace_back(space, i);
    for (const constraint_view& c : space.constraints) constraint_slots.push_back(c.slots);
  }

  std::string name;
  std::size_t slot_count;
  int channels;
  field_view resolution;
  std::vector<stage_decisions> stages{};
  std::vector<std::vector<int>> constraint_slots{};

  tensor input(std::span<const digit> d) const {
    const image_size image = image_size_of(resolution.value(d));
    return {1, image.height, image.width, channels, 0};
  }
};

}  // namespace nascent::detail
