// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which weights a layer has in a supernet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nascent/space/space_view.hpp"
#include "nascent/training/detail/layer_places.hpp"
#include "nascent/training/detail/placed_part.hpp"
#include "nascent/training/detail/weight_size.hpp"
#include "nascent/training/shared_weights.hpp"

namespace nascent::detail {

/// Finds the weights of a layer by where it stands. Made in two rounds over the layers of a space: all are listed
/// first, then each is given its place.
class weight_places {
 public:
  weight_places(const space_view& space, weight_sharing sharing) : space_(space.name), sharing_(sharing) {
    for (const stage_view& s : space.stages) {
      stages_.push_back(s.name);
      shown_.emplace_back();
      for (const block_view& b : s.blocks) {
        std::vector<bool>& shown = shown_.back()[b.name];
        const bool again = !shown.empty();
        shown.resize(std::max(shown.size(), b.fields.size()), false);
        for (std::size_t i = 0; i < b.fields.size(); ++i)
          if (b.fields[i].scaling == width_scaling::none && (again || b.fields[i].how != field_kind::fixed))
            shown[i] = true;
      }
    }
  }

  /// The block and its values: "mbconv kernel 5, expand 3".
  std::string alternative_of(const placed_part& part) const {
    std::string text(part.name.empty() ? "layer" : part.name);
    const auto& stage = shown_[static_cast<std::size_t>(std::max(part.stage, 0))];
    const auto shown = stage.find(std::string(part.name));
    if (shown == stage.end()) return text;
    std::size_t told = 0;
    for (std::size_t i = 0; i < part.field_names.size() && i < shown->second.size(); ++i)
      if (shown->second[i])
        text += (told++ == 0 ? " " : ", ") + std::string(part.field_names[i]) + " " + part.values[i].text().c_str();
    return text;
  }

  /// For each layer of a part its set, of those that `finish` gave; -1 for one without parameters. None where no
  /// network of the space has this part there.
  std::optional<std::vector<int>> find(const placed_part& part, std::span<const layer> layers,
                                       std::span<const shared_weights> sets) const {
    if (layers.empty()) return std::vector<int>();
    const std::string alternative = alternative_of(part);
    const auto group = groups_.find(group_of(part, alternative));
    if (group == groups_.end()) return std::nullopt;
    const std::vector<int>* places = group->second.find(structure_of(layers));
    if (places == nullptr) return std::nullopt;
    std::vector<int> numbers;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      numbers.push_back(-1);
      if (params(layers[i]) == 0) continue;
      const auto set = numbers_.find(key_of(part, (*places)[i], alternative));
      if (set == numbers_.end()) return std::nullopt;
      if (!fits(layers[i], sets[static_cast<std::size_t>(set->second)].whole)) return std::nullopt;
      numbers.back() = set->second;
    }
    return numbers;
  }

  /// "stage 3, layer 1, place 2"
  std::string name_of(const shared_weights& s) const {
    return "stage " + stages_[static_cast<std::size_t>(s.stage)] + ", " +
           (s.layer == placed_part::connection ? "connection" : "layer " + std::to_string(s.layer)) + ", place " +
           std::to_string(s.place) + (s.alternative.empty() ? "" : ", " + s.alternative);
  }

  void list(const placed_part& part, std::span<const layer> layers) {
    groups_[group_of(part, alternative_of(part))].add(structure_of(layers));
  }
  void finish_list() {
    for (auto& [key, group] : groups_) group.finish();
  }
  /// \throws training_error where layers in the same place cannot share
  void place(const placed_part& part, std::span<const layer> layers) {
    const std::string alternative = alternative_of(part);
    const std::vector<int>& places = *groups_.at(group_of(part, alternative)).find(structure_of(layers));
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (params(layers[i]) == 0) continue;
      shared_weights& set = placed_[key_of(part, places[i], alternative)];
      const auto known = std::ranges::find(set.alternatives, alternative);
      if (set.alternatives.empty()) {
        set.stage = part.stage;
        set.layer = part.layer;
        set.place = places[i];
        set.whole = whole_of(layers[i]);
        if (sharing_ == weight_sharing::within_alternatives) set.alternative = alternative;
      } else {
        widen(set.whole, layers[i], "supernet of space '" + space_ + "', " + name_of(set));
      }
      if (known == set.alternatives.end()) set.alternatives.push_back(alternative);
    }
  }
  /// All sets by stage, layer, place, alternative.
  std::vector<shared_weights> finish() {
    std::vector<shared_weights> sets;
    for (auto& [key, set] : placed_) {
      numbers_[key] = static_cast<int>(sets.size());
      sets.push_back(std::move(set));
    }
    placed_.clear();
    return sets;
  }

 private:
  using place_key = std::tuple<int, int, int, std::string>;

  std::string own(const std::string& alternative) const {
    return sharing_ == weight_sharing::within_alternatives ? alternative : std::string();
  }
  place_key group_of(const placed_part& part, const std::string& alternative) const {
    return {part.stage, part.layer == placed_part::connection ? 1 : 0, 0, own(alternative)};
  }
  place_key key_of(const placed_part& part, int place, const std::string& alternative) const {
    return {part.stage, part.layer, place, own(alternative)};
  }

  std::string space_;
  weight_sharing sharing_;
  std::vector<std::string> stages_;
  std::vector<std::map<std::string, std::vector<bool>>> shown_;  ///< by stage and block, which fields tell alternatives
  std::map<place_key, layer_places> groups_;
  std::map<place_key, shared_weights> placed_;
  std::map<place_key, int> numbers_;
};

}  // namespace nascent::detail
