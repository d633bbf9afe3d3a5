// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which weights the networks of a space share: what a supernet is made of, and can print, before anything is trained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/to_network.hpp"
#include "nascent/space/view_of.hpp"
#include "nascent/training/detail/covering_candidates.hpp"
#include "nascent/training/detail/weight_places.hpp"
#include "nascent/training/shared_weights.hpp"

namespace nascent {

template <layered_space Space>
class supernet;

/// The weights that all networks of a space share, by where their layers stand: stage, layer, place in its block. Every
/// layer of every network is looked at, through the trellis of the space: nothing is sampled.
template <layered_space Space>
class supernet_layout {
 public:
  /// \throws training_error where layers in one place cannot share: kernels of odd and even size, groups of different
  /// depth, windows of transposed convolutions, embeddings of maps of different size; space_error as `kernel_trellis`
  explicit supernet_layout(const Space& space, weight_sharing sharing = weight_sharing::between_alternatives)
      : space_(space), view_(view_of(space)), places_(view_, sharing) {
    const kernel_trellis<Space> trellis(space);
    const auto each = [&](auto&& use) {
      detail::for_each_covering_candidate(trellis, [&](const candidate<Space>& c) {
        const network graph = to_network(space, c);
        const std::span<const layer> layers(graph.layers());
        for (const detail::placed_part& p : detail::parts_of(space, c))
          if (p.layer_count > 0) use(p, layers.subspan(p.first_layer, p.layer_count));
      });
    };
    each([&](const auto& part, const auto& layers) { places_.list(part, layers); });
    places_.finish_list();
    each([&](const auto& part, const auto& layers) { places_.place(part, layers); });
    sets_ = places_.finish();
  }

  const Space& space() const { return space_; }
  const space_view& view() const { return view_; }
  /// By stage, layer, place, alternative.
  std::span<const shared_weights> sets() const { return sets_; }
  /// All parameters, of all sets.
  std::int64_t params() const {
    std::int64_t sum = 0;
    for (const shared_weights& s : sets_) sum += nascent::params(s.whole);
    return sum;
  }

  /// For each layer of a candidate's network the number of its set, -1 for one without parameters. \throws
  /// training_error for a candidate that breaks a constraint, where no network of the space has such a layer
  std::vector<int> sets_of(const candidate<Space>& c) const {
    const network graph = to_network(space_, c);
    const std::span<const layer> layers(graph.layers());
    std::vector<int> all;
    for (const detail::placed_part& p : detail::parts_of(space_, c)) {
      if (p.layer_count == 0) continue;
      const auto found = places_.find(p, layers.subspan(p.first_layer, p.layer_count), sets_);
      if (!found)
        throw training_error("training.supernet", "supernet of space '" + graph.name() + "'",
                             "in stage " + graph.stage_of(p.first_layer) + " a layer " + places_.alternative_of(p) +
                                 " that no network of the space has there",
                             "candidates of the space, which keep its constraints");
      all.insert(all.end(), found->begin(), found->end());
    }
    return all;
  }
  /// For people: a line for each set.
  std::string text() const {
    std::string lines = "stage, layer, place: largest layer, parameters, alternatives that share it\n";
    for (const shared_weights& s : sets_) {
      lines += places_.name_of(s) + ": " + detail::size_text(s.whole) + ", " +
               std::to_string(nascent::params(s.whole)) + ", ";
      for (std::size_t i = 0; i < s.alternatives.size(); ++i) lines += (i > 0 ? "; " : "") + s.alternatives[i];
      lines += '\n';
    }
    return lines;
  }

 private:
  friend class supernet<Space>;

  /// Those of a block by itself; none where no network of the space has it there.
  std::optional<std::vector<int>> find(const detail::placed_part& part, std::span<const layer> layers) const {
    return places_.find(part, layers, sets_);
  }
  std::string name_of(const shared_weights& s) const { return places_.name_of(s); }

  Space space_;
  space_view view_;
  detail::weight_places places_;
  std::vector<shared_weights> sets_;
};

template <class Space>
supernet_layout(const Space&) -> supernet_layout<Space>;
template <class Space>
supernet_layout(const Space&, weight_sharing) -> supernet_layout<Space>;

}  // namespace nascent
