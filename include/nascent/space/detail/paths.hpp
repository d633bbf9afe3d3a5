// SPDX-License-Identifier: Apache-2.0
/// \file
/// Stable names of slots ("2.kernel"), and the values that decisions stand for: what ties and constraints are resolved
/// with.
#pragma once

#include "nascent/space/detail/layout.hpp"

namespace nascent::detail {

/// Name of stage i: as declared, or "head.conv", "head.dense", "head.dense2" for the parts of the head.
constexpr short_text name_stage(const stage_facts* all, std::size_t i) {
  const stage_facts& facts = all[i];
  short_text name{};
  name.add(facts.declared_name);
  if (!facts.in_head) return name;
  int same = 1;
  for (std::size_t j = 0; j < i; ++j) same += all[j].in_head && all[j].block_names[0] == facts.block_names[0] ? 1 : 0;
  name.add('.').add(facts.block_names[0]);
  if (same > 1) name.add(same);
  return name;
}
template <std::size_t Stages>
constexpr std::array<short_text, Stages> name_stages(const std::array<stage_facts, Stages>& all) {
  std::array<short_text, Stages> names{};
  for (std::size_t i = 0; i < Stages; ++i) names[i] = name_stage(all.data(), i);
  return names;
}
template <class F>
inline constexpr auto stage_names = name_stages(all_stage_facts<F>);

/// The first of the stages before number `before` that has this name, or -1.
constexpr int stage_named(const short_text* names, std::size_t before, std::string_view name) {
  for (std::size_t i = 0; i < before; ++i)
    if (names[i] == name) return static_cast<int>(i);
  return -1;
}

/// FNV-1a.
constexpr std::uint64_t hash_name(const short_text& name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (std::size_t c = 0; c < name.length; ++c)
    hash = (hash ^ static_cast<unsigned char>(name.chars[c])) * 0x100000001b3U;
  return hash;
}
template <std::size_t Stages>
constexpr std::array<std::uint64_t, Stages> hash_names(const std::array<short_text, Stages>& names) {
  std::array<std::uint64_t, Stages> hashes{};
  for (std::size_t i = 0; i < Stages; ++i) hashes[i] = hash_name(names[i]);
  return hashes;
}
template <class F>
inline constexpr auto stage_hashes = hash_names(stage_names<F>);

/// What the paths of slots are made of.
struct path_parts {
  const stage_facts* facts;
  const short_text* names;
  const slot_place* places;
  std::size_t slots;
};
template <class F>
inline constexpr path_parts paths_of{all_stage_facts<F>.data(), stage_names<F>.data(), slot_places<F>.data(),
                                     slot_total<F>};

/// Path of slot k: "input.resolution", "2.kernel", "3[1].kernel", "4.mbconv.kernel", "2.layers".
constexpr short_text slot_path(const path_parts& parts, std::size_t k) {
  const slot_place& place = parts.places[k];
  const stage_facts& facts = parts.facts[place.stage];
  short_text path = parts.names[place.stage];
  if (facts.named_choice) return path;
  if (place.layer >= 0) path.add('[').add(place.layer).add(']');
  switch (place.role) {
    case slot_role::block: path.add(".block"); break;
    case slot_role::stride: path.add(".stride"); break;
    case slot_role::skip: path.add(".skip"); break;
    case slot_role::layers: path.add(".layers"); break;
    case slot_role::field:
      if (facts.alternatives - (facts.offers_skip ? 1 : 0) > 1) path.add('.').add(facts.block_names[place.alternative]);
      for (std::size_t i = 0; i < facts.field_total; ++i)
        if (facts.fields[i].alternative == place.alternative && facts.fields[i].field == place.field)
          path.add('.').add(facts.fields[i].name);
      break;
  }
  return path;
}

template <class F>
inline constexpr auto slot_paths = [] {
  std::array<short_text, slot_total<F> + 1> paths{};
  for (std::size_t k = 0; k < slot_total<F>; ++k) paths[k] = slot_path(paths_of<F>, k);
  return paths;
}();

/// The slot with this path, or -1. Writes hardly more than the one path, so that a declaration with a tie does not need
/// all of them.
constexpr int find_slot(const path_parts& parts, std::string_view path) {
  for (std::size_t k = 0; k < parts.slots; ++k) {
    const slot_place& place = parts.places[k];
    const stage_facts& facts = parts.facts[place.stage];
    if (!path.starts_with(parts.names[place.stage].view())) continue;
    bool may_be = true;
    if (place.role == slot_role::field && !facts.named_choice)
      for (std::size_t i = 0; i < facts.field_total; ++i)
        if (facts.fields[i].alternative == place.alternative && facts.fields[i].field == place.field)
          may_be = path.ends_with(facts.fields[i].name);
    if (may_be && slot_path(parts, k) == path) return static_cast<int>(k);
  }
  return -1;
}
template <class F>
constexpr int find_slot(std::string_view path) {
  return find_slot(paths_of<F>, path);
}

/// The choice behind slot K: of values, of strides, of names, of layer counts.
template <class F, std::size_t K>
constexpr const auto& choice_at() {
  constexpr slot_place place = slot_places<F>[K];
  using layout = stage_layout<F, static_cast<std::size_t>(place.stage)>;
  if constexpr (place.role == slot_role::stride) {
    return layout::declared_stage.stride;
  } else if constexpr (place.role == slot_role::skip) {
    return layout::declared_stage.skip.from;
  } else if constexpr (place.role == slot_role::layers) {
    return layout::layer_counts();
  } else {
    const auto& chosen = field<static_cast<std::size_t>(place.field)>(
        alternative_of<static_cast<std::size_t>(place.alternative)>(layout::declared_stage.block));
    if constexpr (is_shared<std::remove_cvref_t<decltype(chosen)>>) return chosen.values;
    else return chosen;
  }
}

/// The slot that field J of alternative A of stage I, a tie, takes its value from; -1 where there is none.
template <class F, std::size_t I, std::size_t A, std::size_t J>
inline constexpr int tie_source = find_slot<F>(field<J>(alternative_of<A>(stage_at<F, I>().block)).path);

/// Field J of alternative A of stage I, decided: the value itself, or what the digits pick.
template <class F, std::size_t I, std::size_t A, std::size_t J>
constexpr auto decided_field(const digit* digits, int layer) {
  using layout = stage_layout<F, I>;
  constexpr const auto& chosen = field<J>(alternative_of<A>(layout::declared_stage.block));
  using field_type = std::remove_cvref_t<decltype(chosen)>;
  constexpr field_kind kind = kind_of_field<field_type>();
  if constexpr (kind == field_kind::fixed) {
    return chosen;
  } else if constexpr (kind == field_kind::tied) {
    constexpr int source = tie_source<F, I, A, J>;
    return choice_at<F, static_cast<std::size_t>(source)>()[static_cast<std::size_t>(digits[source])];
  } else {
    constexpr int slot = stage_slots<F>[I] + layout::template field_slot<A, J>;
    if constexpr (kind == field_kind::shared) return chosen.values[static_cast<std::size_t>(digits[slot])];
    else return chosen[static_cast<std::size_t>(digits[slot + layer * layout::slots_per_layer])];
  }
}

/// The first value of a field.
template <class Field>
constexpr auto first_value(const Field& f) {
  if constexpr (is_shared<Field>) return f.values[0];
  else if constexpr (choice<Field>) return f[0];
  else return f;
}
template <class Block>
struct first_values {
  const Block& block;
  template <class... Fields>
  constexpr auto operator()(const Fields&... fields) const {
    return rebuild(block, first_value(fields)...);
  }
};
/// A block, which has no ties, with the first option of every field: the same for all stages of one type of block.
template <class Block>
constexpr auto first_block(const Block& block) {
  if constexpr (count_kind<Block>(field_kind::fixed) == static_cast<int>(field_count<Block>)) return block;
  else return with_fields(block, first_values<Block>{block});
}

/// Alternative A of stage I with every field decided.
template <class F, std::size_t I, std::size_t A>
constexpr auto decided_block(const digit* digits, int layer) {
  using layout = stage_layout<F, I>;
  using block = typename layout::template alternative_type<A>;
  constexpr const block& declared_block = alternative_of<A>(layout::declared_stage.block);
  if constexpr (count_kind<block>(field_kind::fixed) == static_cast<int>(field_count<block>)) {
    return declared_block;
  } else {
    return [&]<std::size_t... J>(std::index_sequence<J...>) {
      return rebuild(declared_block, decided_field<F, I, A, J>(digits, layer)...);
    }
    (std::make_index_sequence<field_count<block>>{});
  }
}

/// Calls `visit` with the block that layer `layer` of stage I decided on.
template <class F, std::size_t I, std::size_t A = 0, class Visit>
constexpr auto visit_block(const digit* digits, int layer, Visit&& visit) {
  using layout = stage_layout<F, I>;
  if constexpr (A + 1 == layout::alternatives) {
    return visit(decided_block<F, I, A>(digits, layer));
  } else {
    constexpr int slot = stage_slots<F>[I] + layout::block_slot;
    if (digits[slot + layer * layout::slots_per_layer] == static_cast<digit>(A))
      return visit(decided_block<F, I, A>(digits, layer));
    return visit_block<F, I, A + 1>(digits, layer, visit);
  }
}

}  // namespace nascent::detail
