// SPDX-License-Identifier: Apache-2.0
/// \file
/// How the search of TuNAS begins: the largest filters, and layers that are everything at once.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/space/error.hpp"
#include "nascent/training/supernet.hpp"

namespace nascent::detail {

/// Decisions of a candidate, some of which are replaced by chance.
template <layered_space Space>
class warm_up {
 public:
  explicit warm_up(const supernet_layout<Space>& layout) : layout_(&layout) {
    const space_view& view = layout.view();
    for (const stage_view& s : view.stages)
      for (const block_view& b : s.blocks)
        for (const field_view& f : b.fields) {
          const bool decides = f.how == field_kind::chosen || f.how == field_kind::shared;
          if (f.scaling != width_scaling::scaled || !decides) continue;
          std::size_t most = 0;
          for (std::size_t i = 1; i < f.values.size(); ++i)
            if (f.values[i].number() > f.values[most].number()) most = i;
          const bool is_own = s.independent && f.how == field_kind::chosen;
          for (int layer = 0; layer < (is_own ? s.max_layers() : 1); ++layer)
            largest_.emplace_back(static_cast<std::size_t>(f.slot + layer * s.slots_per_layer),
                                  static_cast<digit>(most));
        }
  }

  /// Each width is the largest with a probability, where no constraint is broken by it.
  template <class Generator>
  candidate<Space> widen(candidate<Space> c, double probability, Generator& rng) const {
    for (const auto& [slot, most] : largest_) {
      if (c.digits[slot] < 0 || random_unit(rng) >= probability) continue;
      candidate<Space> wider = c;
      wider.digits[slot] = most;
      try {
        layout_->space().validate(wider);
      } catch (const space_error&) {
        continue;
      }
      c = std::move(wider);
    }
    return c;
  }

  /// Each layer that decides something is averaged with a probability.
  template <class Generator>
  std::vector<layer_position> average(const candidate<Space>& c, double probability, Generator& rng) const {
    std::vector<layer_position> positions;
    const std::vector<stage_view>& stages = layout_->view().stages;
    for (std::size_t stage = 1; stage < stages.size(); ++stage) {
      const stage_view& s = stages[stage];
      if (s.slots_per_layer == 0) continue;
      const auto layers = static_cast<int>(s.layers.value({c.digits.data(), layout_->view().slots.size()}).integer());
      for (int layer = 0; layer < layers; ++layer)
        if (random_unit(rng) < probability) positions.push_back({static_cast<int>(stage), layer});
    }
    return positions;
  }

 private:
  const supernet_layout<Space>* layout_;
  std::vector<std::pair<std::size_t, digit>> largest_;  ///< slots of widths, and their largest option
};

}  // namespace nascent::detail
