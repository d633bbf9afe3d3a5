// SPDX-License-Identifier: Apache-2.0
/// \file
/// What to say of a path that names no choice: a field that is fixed or tied, or the path that was meant.
#pragma once

#include <array>

#include "nascent/space/detail/paths.hpp"

namespace nascent::detail {

/// The least number of letters to change, add or drop to get from one text to another (Levenshtein).
constexpr std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, 65> row{};
  if (a.size() >= row.size() || b.size() >= row.size()) return row.size();
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      const std::size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      diagonal = row[j];
      row[j] = replaced < shorter ? replaced : shorter;
    }
  }
  return row[b.size()];
}

/// The slot whose path is nearest to a misspelt one, or -1 where none is near.
constexpr int nearest_slot(const path_parts& parts, std::string_view path) {
  int nearest = -1;
  std::size_t least = path.size() / 4 + 2;  // letters that may be wrong, and one
  for (std::size_t k = 0; k < parts.slots; ++k) {
    const short_text other = slot_path(parts, k);
    const std::size_t longer = other.length > path.size() ? other.length - path.size() : path.size() - other.length;
    if (longer >= least) continue;
    const std::size_t distance = edit_distance(path, other.view());
    if (distance < least) {
      least = distance;
      nearest = static_cast<int>(k);
    }
  }
  return nearest;
}

/// What is allowed instead of a path that names no choice.
constexpr short_text advise_path(const path_parts& parts, std::string_view path, std::string_view example) {
  const int nearest = nearest_slot(parts, path);
  if (nearest < 0) return short_text{}.add("a path, e.g. ").add(example);
  return short_text{}
      .add("a path, did you mean ")
      .add(slot_path(parts, static_cast<std::size_t>(nearest)).view())
      .add('?');
}

/// What a path names that is no choice.
enum class named_thing : std::uint8_t { nothing, fixed_field, tied_field };

/// Whether `path` is that of a field, the stride, the layers or the connection of a stage, without a choice in it.
constexpr named_thing find_thing(const path_parts& parts, std::size_t stages, std::string_view path) {
  for (std::size_t i = 0; i < stages; ++i) {
    const stage_facts& facts = parts.facts[i];
    if (!path.starts_with(parts.names[i].view())) continue;
    std::string_view rest = path.substr(parts.names[i].length);
    if (facts.independent && rest.starts_with('[')) {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) continue;
      rest.remove_prefix(end + 1);
    }
    if (!rest.starts_with('.')) continue;
    rest.remove_prefix(1);
    if ((rest == "layers" && !facts.layers_chosen) || (rest == "stride" && facts.stride_options == 0))
      return named_thing::fixed_field;
    for (std::size_t f = 0; f < facts.field_total; ++f) {
      const field_entry& entry = facts.fields[f];
      if (entry.kind != field_kind::fixed && entry.kind != field_kind::tied) continue;
      const std::string_view block = facts.block_names[entry.alternative];
      const bool is_named =
          rest == entry.name || (rest.starts_with(block) && rest.substr(block.size()).starts_with('.') &&
                                 rest.substr(block.size() + 1) == entry.name);
      if (is_named) return entry.kind == field_kind::fixed ? named_thing::fixed_field : named_thing::tied_field;
    }
  }
  return named_thing::nothing;
}

}  // namespace nascent::detail
