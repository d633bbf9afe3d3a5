// SPDX-License-Identifier: Apache-2.0
/// \file
/// The values behind decisions.
#pragma once

#include "nascent/block/make_value.hpp"
#include "nascent/space/detail/paths.hpp"

namespace nascent::detail {

/// The value behind option `option` of slot k.
template <class F>
constexpr typed_value value_at(std::size_t k, int option) {
  const slot_place& place = slot_places<F>[k];
  const auto o = static_cast<std::size_t>(option);
  typed_value result;
  for_each_stage<F>([&](auto i) {
    if (place.stage != static_cast<int>(i())) return;
    using layout = stage_layout<F, i()>;
    if constexpr (layout::stride_chosen)
      if (place.role == slot_role::stride) result = make_value(layout::declared_stage.stride[o]);
    if constexpr (layout::skip_chosen)
      if (place.role == slot_role::skip) result = make_value(layout::declared_stage.skip.from[o]);
    if constexpr (layout::layers_chosen)
      if (place.role == slot_role::layers) result = make_value(layout::layers_at(o));
    layout::for_each_alternative([&](auto a) {
      using block = typename layout::template alternative_type<a()>;
      if (place.role == slot_role::block && a() == o) result = typed_value::of_block(block_name<block>);
      if (place.role != slot_role::field || place.alternative != static_cast<int>(a())) return;
      [&]<std::size_t... J>(std::index_sequence<J...>) {
        [[maybe_unused]] const auto one = [&](auto j) {
          if (place.field != static_cast<int>(j())) return;
          const auto& f = field<j()>(alternative_of<a()>(layout::declared_stage.block));
          if constexpr (is_shared<std::remove_cvref_t<decltype(f)>>) result = make_value(f.values[o]);
          else if constexpr (choice<std::remove_cvref_t<decltype(f)>>) result = make_value(f[o]);
        };
        (one(std::integral_constant<std::size_t, J>{}), ...);
      }
      (std::make_index_sequence<field_count<block>>{});
    });
  });
  return result;
}

}  // namespace nascent::detail
