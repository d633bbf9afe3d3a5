// SPDX-License-Identifier: Apache-2.0
/// \file
/// Stable names of slots ("2.kernel"), and the values that decisions stand for: what ties and constraints are resolved with.
#pragma once

#include "nascent/space/layout.hpp"

namespace nascent::detail {

/// Names of all stages: as declared, or "head.conv", "head.dense", "head.dense2" for the parts of the head.
template <class F>
inline constexpr auto stage_names = [] {
  std::array<short_text, declared<F>::stage_count> names{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const stage_facts& facts = all_stage_facts<F>[i];
    names[i].add(facts.declared_name);
    if (!facts.in_head) continue;
    int same = 1;
    for (std::size_t j = 0; j < i; ++j) same += all_stage_facts<F>[j].in_head && all_stage_facts<F>[j].block_names[0] == facts.block_names[0] ? 1 : 0;
    names[i].add('.').add(facts.block_names[0]);
    if (same > 1) names[i].add(same);
  }
  return names;
}();

/// FNV-1a hashes of the names.
template <class F>
inline constexpr auto stage_hashes = [] {
  std::array<std::uint64_t, declared<F>::stage_count> hashes{};
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    hashes[i] = 0xcbf29ce484222325U;
    for (const char c : stage_names<F>[i].view()) hashes[i] = (hashes[i] ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hashes;
}();

/// Paths of all slots: "input.resolution", "2.kernel", "3[1].kernel", "4.mbconv.kernel", "2.layers".
template <class F>
inline constexpr auto slot_paths = [] {
  std::array<short_text, slot_total<F> + 1> paths{};
  for (std::size_t k = 0; k < slot_total<F>; ++k) {
    const slot_place& place = slot_places<F>[k];
    const stage_facts& facts = all_stage_facts<F>[static_cast<std::size_t>(place.stage)];
    short_text& path = paths[k] = stage_names<F>[static_cast<std::size_t>(place.stage)];
    if (facts.named_choice) continue;
    if (place.layer >= 0) path.add('[').add(place.layer).add(']');
    switch (place.role) {
      case slot_role::block: path.add(".block"); break;
      case slot_role::stride: path.add(".stride"); break;
      case slot_role::skip: path.add(".skip"); break;
      case slot_role::layers: path.add(".layers"); break;
      case slot_role::field:
        if (facts.alternatives - (facts.offers_skip ? 1 : 0) > 1) path.add('.').add(facts.block_names[place.alternative]);
        for (std::size_t i = 0; i < facts.field_total; ++i)
          if (facts.fields[i].alternative == place.alternative && facts.fields[i].field == place.field) path.add('.').add(facts.fields[i].name);
        break;
    }
  }
  return paths;
}();

/// The slot with this path, or -1.
template <class F>
constexpr int find_slot(std::string_view path) {
  for (std::size_t k = 0; k < slot_total<F>; ++k)
    if (slot_paths<F>[k] == path) return static_cast<int>(k);
  return -1;
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

/// Field J of alternative A of stage I, decided: the value itself, or what the digits pick.
template <class F, std::size_t I, std::size_t A, std::size_t J>
constexpr auto field_value(const digit* digits, int layer) {
  using layout = stage_layout<F, I>;
  constexpr const auto& chosen = field<J>(alternative_of<A>(layout::declared_stage.block));
  using field_type = std::remove_cvref_t<decltype(chosen)>;
  constexpr field_kind kind = kind_of_field<field_type>();
  if constexpr (kind == field_kind::fixed) {
    return chosen;
  } else if constexpr (kind == field_kind::tied) {
    constexpr int source = find_slot<F>(chosen.path);
    return choice_at<F, static_cast<std::size_t>(source)>()[static_cast<std::size_t>(digits[source])];
  } else {
    constexpr int slot = stage_slots<F>[I] + layout::template field_slot<A, J>;
    if constexpr (kind == field_kind::shared) return chosen.values[static_cast<std::size_t>(digits[slot])];
    else return chosen[static_cast<std::size_t>(digits[slot + layer * layout::slots_per_layer])];
  }
}

template <template <class...> class Block, class... Fields, class... Values>
constexpr auto rebuild(const Block<Fields...>&, Values... values) {
  return Block{values...};
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
      return rebuild(declared_block, field_value<F, I, A, J>(digits, layer)...);
    }(std::make_index_sequence<field_count<block>>{});
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
    if (digits[slot + layer * layout::slots_per_layer] == static_cast<digit>(A)) return visit(decided_block<F, I, A>(digits, layer));
    return visit_block<F, I, A + 1>(digits, layer, visit);
  }
}

}  // namespace nascent::detail
