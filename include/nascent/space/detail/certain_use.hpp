// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether every network of a space has a field that is tied to a choice.
#pragma once

#include <string_view>

#include "nascent/space/detail/block_layout.hpp"
#include "nascent/space/detail/layout.hpp"

namespace nascent::detail {

/// Looks for a stage that every network has and that is tied to a path, whichever of its blocks it chooses.
struct certain_use {
  std::string_view path;
  const stage_facts* facts;
  bool found = false;

  struct tie_finder {
    std::string_view path;
    template <class Field>
    constexpr bool is_tied([[maybe_unused]] const Field& f) const {
      if constexpr (is_tie<Field>) return std::string_view(f.path) == path;
      else return false;
    }
    template <class... Fields>
    constexpr bool operator()(const Fields&... fields) const {
      return (is_tied(fields) || ...);
    }
  };
  template <class Block>
  constexpr bool is_tied([[maybe_unused]] const Block& block) const {
    if constexpr (is_skip<Block>) return true;
    else if constexpr (has_ties<Block>) return with_fields(block, tie_finder{path});
    else return false;
  }
  template <class Stage>
  constexpr void operator()(const Stage& stage) {
    if ((facts++)->min_layers <= 0) return;
    bool certain = true;
    block_layout<decltype(stage.block)>::for_each_alternative(
        [&](auto a) { certain = certain && is_tied(alternative_of<a()>(stage.block)); });
    found = found || certain;
  }
};

}  // namespace nascent::detail
