// SPDX-License-Identifier: Apache-2.0
/// \file
/// Tensors of other programs as views of maps: which of a map's numbers each index of each dimension means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "nascent/network/interpreter.hpp"

namespace nascent::detail {

/// `size` numbers, `stride` apart.
struct strided_run {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  friend constexpr auto operator<=>(const strided_run&, const strided_run&) = default;
};

/// The runs of one dimension, the slowest first. Runs of one number are left out, and neighbours that are one run are
/// joined: equal dimensions are equal lists.
using strided_runs = std::vector<strided_run>;

inline void append(strided_runs& to, strided_run next) {
  if (next.size == 1) return;
  if (!to.empty() && to.back().stride == next.size * next.stride) to.back() = {to.back().size * next.size, next.stride};
  else to.push_back(next);
}
inline strided_runs joined(std::initializer_list<std::span<const strided_run>> parts) {
  strided_runs all;
  for (const auto part : parts)
    for (const strided_run& r : part) append(all, r);
  return all;
}
inline std::int64_t size_of(std::span<const strided_run> runs) {
  std::int64_t size = 1;
  for (const strided_run& r : runs) size *= r.size;
  return size;
}

/// The first `size` of the numbers that runs mean, taken off them: a run may be cut in two. Nothing where a cut would
/// not be even.
inline std::optional<strided_runs> take(strided_runs& from, std::int64_t size) {
  strided_runs taken;
  std::size_t whole = 0;
  for (; whole < from.size() && size > 1; ++whole) {
    strided_run& r = from[whole];
    if (size % r.size == 0) {
      append(taken, r);
      size /= r.size;
    } else if (r.size % size == 0) {
      r.size /= size;
      append(taken, {size, r.stride * r.size});
      size = 1;
      break;
    } else {
      return std::nullopt;
    }
  }
  if (size > 1) return std::nullopt;
  from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(whole));
  return taken;
}

/// Both cut where either is: lists of runs of equal sizes. Nothing where that is not possible.
inline std::optional<std::pair<strided_runs, strided_runs>> cut_alike(strided_runs a, strided_runs b) {
  std::pair<strided_runs, strided_runs> both;
  for (std::size_t i = 0, k = 0; i < a.size() || k < b.size();) {
    if (i == a.size() || k == b.size()) return std::nullopt;
    const std::int64_t size = a[i].size < b[k].size ? a[i].size : b[k].size;
    const auto cut = [size](strided_runs& from, std::size_t& next, strided_runs& to) {
      strided_run& r = from[next];
      if (r.size % size != 0) return false;
      r.size /= size;
      to.push_back({size, r.stride * r.size});
      if (r.size == 1) ++next;
      return true;
    };
    if (!cut(a, i, both.first) || !cut(b, k, both.second)) return std::nullopt;
  }
  return both;
}

/// A tensor whose dimensions are runs over the numbers of a map, as they lie in NHWC order, all images of a batch after
/// one another.
struct strided_view {
  tensor map{};
  std::vector<strided_runs> dims{};

  std::vector<std::int64_t> sizes() const {
    std::vector<std::int64_t> all;
    for (const strided_runs& d : dims) all.push_back(size_of(d));
    return all;
  }
  strided_runs whole() const {
    strided_runs all;
    for (const strided_runs& d : dims)
      for (const strided_run& r : d) append(all, r);
    return all;
  }
};

/// Numbers of one map.
inline std::int64_t map_size(const tensor& map) { return std::int64_t{map.height} * map.width * map.channels; }

/// A map as NCHW; `maps` counts those of the whole batch.
inline strided_view channels_first(const tensor& map, std::int64_t maps) {
  const auto one = [](std::int64_t size, std::int64_t stride) {
    strided_runs runs;
    append(runs, {size, stride});
    return runs;
  };
  const std::int64_t row = std::int64_t{map.width} * map.channels;
  return {map, {one(maps, map_size(map)), one(map.channels, 1), one(map.height, row), one(map.width, map.channels)}};
}

/// Whether a dimension is the channels of the map, all of them in order.
inline bool is_channels(const strided_runs& dim, const tensor& map) {
  return map.channels == 1 ? dim.empty() : dim == strided_runs{{map.channels, 1}};
}
/// Whether it tells images apart, and nothing else.
inline bool is_images(const strided_runs& dim, const tensor& map) {
  return dim.empty() || (dim.size() == 1 && dim[0].stride == map_size(map));
}

/// The same numbers in the same order, in dimensions of other sizes. Nothing where a run would have to be cut unevenly.
inline std::optional<strided_view> reshaped(const strided_view& view, std::span<const std::int64_t> sizes) {
  strided_view next{view.map, {}};
  strided_runs rest = view.whole();
  for (const std::int64_t size : sizes) {
    std::optional<strided_runs> dim = take(rest, size);
    if (!dim) return std::nullopt;
    next.dims.push_back(std::move(*dim));
  }
  if (!rest.empty()) return std::nullopt;
  return next;
}

/// The view of a map of the same positions and other channels: where the old channels were, there is nothing.
inline strided_runs with_channels(const strided_runs& dim, int before, int after) {
  strided_runs moved;
  for (const strided_run& r : dim)
    if (r.stride >= before) append(moved, {r.size, r.stride / before * after});
  return moved;
}

}  // namespace nascent::detail
