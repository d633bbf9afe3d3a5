// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sizes of ONNX tensors: how their numbers lie, and what becomes of sizes that are left open or do not agree.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "nascent/io/detail/onnx_constant.hpp"
#include "nascent/io/detail/onnx_refusal.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::detail {

/// Distances between neighbours along each dimension.
inline onnx_dims strides_of(std::span<const std::int64_t> dims) {
  onnx_dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = wrapping(strides[i], dims[i]);
  return strides;
}

/// Calls f(place) for every index of `dims` in order, where a step along each is so far.
template <class F>
void for_each_place(std::span<const std::int64_t> dims, std::span<const std::int64_t> steps, std::int64_t first,
                    F&& f) {
  const std::int64_t count = count_of(dims);
  onnx_dims index(dims.size(), 0);
  std::int64_t at = first;
  for (std::int64_t i = 0; i < count; ++i) {
    f(at);
    for (std::size_t d = dims.size(); d-- > 0;) {
      at += steps[d];
      if (++index[d] < dims[d]) break;
      at -= steps[d] * dims[d];
      index[d] = 0;
    }
  }
}

/// Sizes with -1 for what is left over and, unless `zero_is_none`, 0 for what was there, as a Reshape has them.
inline onnx_dims meant_sizes(const onnx_dims& before, onnx_dims wanted, bool zero_is_none) {
  const std::int64_t count = count_of(before);
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && !zero_is_none && i < before.size()) wanted[i] = before[i];
    if (wanted[i] == -1 && open == nullptr) open = &wanted[i];
    else if (wanted[i] < 1 || wanted[i] > count) known = 0;
    else known = known > count ? 0 : known * wanted[i];
  }
  if (open != nullptr && known > 0 && count % known == 0) *open = count / known;
  else if (known != count || open != nullptr)
    throw onnx_refusal{dims_text(before) + " to be " + dims_text(wanted), "sizes of as many numbers"};
  return wanted;
}

/// The sizes of two tensors that are repeated to be as large as each other.
inline onnx_dims repeated_sizes(const onnx_dims& a, const onnx_dims& b) {
  onnx_dims all(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) throw onnx_refusal{dims_text(a) + " beside " + dims_text(b), "sizes that fit"};
    all[all.size() - 1 - i] = x == 1 ? y : x;
  }
  return all;
}

}  // namespace nascent::detail
