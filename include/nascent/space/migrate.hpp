// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates of one space in another: of an older declaration in a newer one, a network of the literature in a space
/// around it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/view_of.hpp"

namespace nascent {

/// What a candidate is in another space.
template <space To>
struct migrated_candidate {
  std::optional<candidate<To>> what{};     ///< the same network; none where the space does not have it
  std::vector<std::string> differences{};  ///< then why, a sentence each
};

namespace detail {

/// A number is the size of a square.
constexpr bool same_value(const typed_value& a, const typed_value& b) {
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  if (a.kind() == value_kind::size && b.is_number()) return a.height() == b.number() && a.width() == b.number();
  if (b.kind() == value_kind::size && a.is_number()) return same_value(b, a);
  return a == b;
}

/// The slot behind a field in one of the layers; -1 where fixed.
inline int slot_of(const stage_view& s, const field_view& f, int layer) {
  const bool of_layer = s.independent && f.slot >= s.first_layer_slot && f.slot < s.after_layers;
  return of_layer ? f.slot + layer * s.slots_per_layer : f.slot;
}

/// A candidate's decisions with what they mean in each stage and layer.
struct decided_view {
  const space_view& view;
  std::span<const digit> decisions;

  int layers(const stage_view& s) const { return static_cast<int>(s.layers.value(decisions).integer()); }
  std::size_t alternative(const stage_view& s, int layer) const {
    if (s.blocks.size() < 2) return 0;
    const int slot = s.first_layer_slot + (s.independent ? layer * s.slots_per_layer : 0);
    return static_cast<std::size_t>(decisions[static_cast<std::size_t>(slot)]);
  }
  const typed_value& value(const stage_view& s, const field_view& f, int layer) const {
    const int slot = slot_of(s, f, layer);
    return f.values[slot < 0 ? 0 : static_cast<std::size_t>(decisions[static_cast<std::size_t>(slot)])];
  }
};

/// Decides for one candidate, stage by stage.
class migration {
 public:
  migration(const decided_view& from, const space_view& to, std::span<digit> decisions)
      : from_(from), to_(to), decisions_(decisions) {}

  std::vector<std::string> run() {
    if (from_.view.channels != to_.channels)
      differ("input", std::to_string(from_.view.channels) + " channels", std::to_string(to_.channels));
    for (std::size_t i = 0; i < to_.stages.size(); ++i) take_stage(to_.stages[i], i == 0);
    for (std::size_t i = 1; i < from_.view.stages.size(); ++i) {
      const stage_view& s = from_.view.stages[i];
      if (s.role != stage_view::kind::choice && from_.layers(s) > 0 && find(to_, s.name) == nullptr)
        differ(s.name, "a stage that space '" + to_.name + "' does not have", "");
    }
    // What is tied follows decisions of other stages: looked at when all are made.
    for (const auto& [field, wanted] : tied_) {
      const digit d = decisions_[static_cast<std::size_t>(field.second->slot)];
      if (d < 0 || !same_value(field.second->values[static_cast<std::size_t>(d)], wanted))
        differ(field.first, wanted.text().c_str(), "that of '" + field.second->source + "', to which it is tied");
    }
    return std::move(differences_);
  }

 private:
  static const stage_view* find(const space_view& v, const std::string& name) {
    const auto at = std::ranges::find(v.stages, name, &stage_view::name);
    return at == v.stages.end() ? nullptr : &*at;
  }

  void differ(const std::string& where, const std::string& found, const std::string& allowed) {
    std::string sentence = where + ": " + found + (allowed.empty() ? "" : "; allowed: " + allowed);
    if (std::ranges::find(differences_, sentence) == differences_.end()) differences_.push_back(std::move(sentence));
  }

  void take_stage(const stage_view& s, bool is_input) {
    const stage_view* other = is_input ? &from_.view.stages.front() : find(from_.view, s.name);
    if (other == nullptr) {  // fine where it can be left out
      if (s.role == stage_view::kind::choice)
        differ(s.name, "a choice that space '" + from_.view.name + "' does not have", "");
      else take(s.name + ".layers", s.layers, s.layers.slot, typed_value::of_integer(0));
      return;
    }
    take(s.name + ".layers", s.layers, s.layers.slot, from_.value(*other, other->layers, 0));
    const int layers = from_.layers(*other);
    if (layers == 0) return;
    take(s.name + ".stride", s.stride, s.stride.slot, from_.value(*other, other->stride, 0));
    take_skip(s, *other);
    for (int layer = 0; layer < layers; ++layer) take_layer(s, *other, layer);
  }

  void take_skip(const stage_view& s, const stage_view& other) {
    const typed_value none = typed_value::of_name("none");
    const typed_value wanted = other.skip.values.empty() ? none : from_.value(other, other.skip, 0);
    if (s.skip.values.empty()) {
      if (!same_value(wanted, none)) differ(s.name + ".skip", wanted.text().c_str(), "none");
      return;
    }
    take(s.name + ".skip", s.skip, s.skip.slot, wanted);
    if (!same_value(wanted, none) && s.skip_kind != other.skip_kind)
      differ(s.name + ".skip", "another kind of connection", "");
  }

  void take_layer(const stage_view& s, const stage_view& other, int layer) {
    const block_view& block = other.blocks[from_.alternative(other, layer)];
    const auto mine = std::ranges::find(s.blocks, block.name, &block_view::name);
    const std::string path =
        s.name + (s.independent ? "." + std::to_string(layer) : "") + (s.blocks.size() > 1 ? "." + block.name : "");
    if (mine == s.blocks.end()) return differ(s.name, "block '" + block.name + "', which it does not have", "");
    if (s.blocks.size() > 1)
      decide(path, s.first_layer_slot + (s.independent ? layer * s.slots_per_layer : 0),
             static_cast<std::size_t>(mine - s.blocks.begin()));
    for (const field_view& f : mine->fields) {
      const auto said = std::ranges::find(block.fields, f.name, &field_view::name);
      if (said == block.fields.end()) differ(path + "." + f.name, "nothing", "a value");
      else if (f.how == field_kind::tied)
        tied_.push_back({{path + "." + f.name, &f}, from_.value(other, *said, layer)});
      else take(path + "." + f.name, f, slot_of(s, f, layer), from_.value(other, *said, layer));
    }
  }

  void take(const std::string& path, const field_view& f, int slot, const typed_value& wanted) {
    const auto at = std::ranges::find_if(f.values, [&](const typed_value& v) { return same_value(v, wanted); });
    if (at == f.values.end()) {
      std::string allowed;
      for (const typed_value& v : f.values) allowed += (allowed.empty() ? "" : ", ") + std::string(v.text().view());
      differ(path, wanted.text().c_str(), allowed);
    } else if (slot >= 0) {
      decide(path, slot, static_cast<std::size_t>(at - f.values.begin()));
    }
  }

  void decide(const std::string& path, int slot, std::size_t option) {
    digit& d = decisions_[static_cast<std::size_t>(slot)];
    if (d >= 0 && d != static_cast<digit>(option))
      differ(path, "another value in another layer", "the same in all layers");
    d = static_cast<digit>(option);
  }

  const decided_view& from_;
  const space_view& to_;
  std::span<digit> decisions_;
  std::vector<std::pair<std::pair<std::string, const field_view*>, typed_value>> tied_;
  std::vector<std::string> differences_;
};

}  // namespace detail

/// The network that decisions in a space with this description are, as a candidate of `to`: stages, blocks and fields
/// are the same where their names and values are. A stage that `from` does not have is left out, where it can be. What
/// reads old files calls this; it has no other trace of the space that they are of.
template <described_space To>
migrated_candidate<To> migrate(const space_view& from, std::span<const digit> decisions, const To& to) {
  const space_view to_view = view_of(to);
  candidate<To> decided = to.undecided();
  migrated_candidate<To> result;
  result.differences = detail::migration({from, decisions}, to_view, decided.digits).run();
  if (!result.differences.empty()) return result;
  for (std::size_t k = 0; k < to_view.slots.size(); ++k)
    if (decided.digits[k] < 0 && to.is_active(decided, k))
      result.differences.push_back(to_view.slots[k].path + ": not said by space '" + from.name + "'");
  if (!result.differences.empty()) return result;
  try {
    to.validate(decided);
    result.what = decided;
  } catch (const space_error& e) {
    result.differences.emplace_back(e.what());
  }
  return result;
}

/// The same for a candidate of `from`.
template <described_space From, described_space To>
migrated_candidate<To> migrate(const From& from, const candidate<From>& c, const To& to) {
  return migrate(view_of(from), c.digits, to);
}

}  // namespace nascent
