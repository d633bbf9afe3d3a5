// SPDX-License-Identifier: Apache-2.0
/// \file
/// Stable names of slots ("2.kernel"), and the values that decisions stand for: what ties and constraints are resolved with.
#pragma once

#include "nascent/space/layout.hpp"

namespace nascent::detail {

template <class Block>
inline constexpr bool is_named_choice = false;
template <class Value>
inline constexpr bool is_named_choice<named_choice<Value>> = true;

/// Full name of a stage: as declared, or "head.conv", "head.dense", "head.dense2" for the parts of the head.
template <class F, std::size_t I>
constexpr short_text stage_name() {
  short_text name;
  name.add(stage_at<F, I>().name);
  if constexpr (stage_at<F, I>().in_head) {
    constexpr std::string_view block = block_name<typename stage_layout<F, I>::template alternative_type<0>>;
    name.add('.').add(block);
    int same = 1;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      ((same += stage_at<F, J>().in_head && block_name<typename stage_layout<F, J>::template alternative_type<0>> == block ? 1 : 0), ...);
    }(std::make_index_sequence<I>{});
    if (same > 1) name.add(same);
  }
  return name;
}

/// Names of all stages.
template <class F>
inline constexpr auto stage_names = [] {
  std::array<short_text, declared<F>::stage_count> names{};
  for_each_stage<F>([&](auto i) { names[i()] = stage_name<F, i()>(); });
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

/// Path of a field without its stage's name: "kernel", "[2].mbconv.kernel".
template <class F, std::size_t I, std::size_t A>
constexpr short_text field_path(int layer, std::string_view name) {
  using layout = stage_layout<F, I>;
  short_text path = stage_names<F>[I];
  if (layer >= 0) path.add('[').add(layer).add(']');
  if (layout::alternatives - (layout::offers_skip ? 1 : 0) > 1) path.add('.').add(block_name<typename layout::template alternative_type<A>>);
  return path.add('.').add(name);
}

/// Paths of all slots: "input.resolution", "2.kernel", "3[1].kernel", "4.mbconv.kernel", "2.layers".
template <class F>
inline constexpr auto slot_paths = [] {
  std::array<short_text, slot_total<F> + 1> paths{};
  for_each_stage<F>([&](auto i) {
    using layout = stage_layout<F, i()>;
    constexpr auto first = static_cast<std::size_t>(stage_slots<F>[i()]);
    for (std::size_t k = first; k < first + static_cast<std::size_t>(layout::slot_count); ++k) {
      const slot_place& place = slot_places<F>[k];
      const auto plain = [&](const char* name) {
        short_text path = stage_names<F>[i()];
        if (place.layer >= 0) path.add('[').add(place.layer).add(']');
        paths[k] = path.add('.').add(name);
      };
      switch (place.role) {
        case slot_role::block: plain("block"); break;
        case slot_role::stride: plain("stride"); break;
        case slot_role::skip: plain("skip"); break;
        case slot_role::layers: plain("layers"); break;
        case slot_role::field:
          layout::for_each_alternative([&](auto a) {
            using block = typename layout::template alternative_type<a()>;
            [&]<std::size_t... J>(std::index_sequence<J...>) {
              ((place.alternative == static_cast<int>(a()) && place.field == static_cast<int>(J)
                    ? static_cast<void>(paths[k] = field_path<F, i(), a()>(place.layer, field_name<block, J>))
                    : static_cast<void>(0)),
               ...);
            }(std::make_index_sequence<field_count<block>>{});
          });
          if constexpr (is_named_choice<typename layout::block_type>) paths[k] = stage_names<F>[i()];
          break;
      }
    }
  });
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
