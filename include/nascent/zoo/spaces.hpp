// SPDX-License-Identifier: Apache-2.0
/// \file
/// The search spaces of the literature in one list, for programs that take the name of a space from the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/base/error.hpp"
#include "nascent/space/space.hpp"
#include "nascent/zoo/alphanet.hpp"
#include "nascent/zoo/convolution_spaces.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/fbnet.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/mnasnet.hpp"
#include "nascent/zoo/nas_bench_201.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"
#include "nascent/zoo/vision_transformer_spaces.hpp"

namespace nascent::zoo {

/// Calls `visit(key, space)` for every space of the literature; their types differ. A key is the space's name in this
/// namespace, and what programs call it.
template <class Visit>
constexpr void for_each_space(Visit&& visit) {
  visit("efficientnet_x", efficientnet_x);
  visit("gpunet", gpunet);
  visit("gpunet_encoded", gpunet_encoded);
  visit("mnasnet", mnasnet);
  visit("proxylessnas", proxylessnas);
  visit("proxylessnas_enlarged", proxylessnas_enlarged);
  visit("mobilenet_v3_like", mobilenet_v3_like);
  visit("once_for_all", once_for_all);
  visit("nas_bench_201", nas_bench_201);
  visit("nas_bench_macro", nas_bench_macro);
  visit("nas_bench_macro_distinct", nas_bench_macro_distinct);
  visit("convnext", convnext);
  visit("mobilenet_v4", mobilenet_v4);
  visit("autoformer_t", autoformer_t);
  visit("autoformer_s", autoformer_s);
  visit("mobilevit", mobilevit);
}

/// The key of a space of the literature; empty for any other.
template <space Space>
constexpr std::string_view key_of(const Space& /*space*/) {
  std::string_view found;
  for_each_space([&]<class Other>(std::string_view key, const Other&) {
    if constexpr (std::is_same_v<Other, Space>) found = key;
  });
  return found;
}

/// Calls `visit(space)` for the one of these spaces of the literature that has a key, and returns what it returns.
/// \throws error for another key; the message lists those that there are
template <class Visit, space... Spaces>
auto with_space(std::string_view key, Visit&& visit, const Spaces&... spaces) {
  using result_type = std::common_type_t<std::invoke_result_t<Visit&, const Spaces&>...>;
  std::optional<result_type> result;
  const auto one = [&](const auto& s) {
    if (!result && key_of(s) == key) result.emplace(visit(s));
  };
  (one(spaces), ...);
  if (result) return *std::move(result);
  std::string allowed;
  ((allowed += (allowed.empty() ? "" : ", ") + std::string(key_of(spaces))), ...);
  throw error("zoo.space", "space", "'" + std::string(key) + "'", allowed);
}

}  // namespace nascent::zoo
