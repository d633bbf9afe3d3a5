// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model that multiply two maps, as attention does: scores of queries and keys, and sums by shares.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/detail/onnx_statistics.hpp"

namespace nascent::detail {

class onnx_attention : protected onnx_statistics {
 protected:
  using onnx_statistics::onnx_statistics;

  /// The product of the last two dimensions of two tensors; the others are images and heads.
  onnx_map product_of_maps(const onnx_map& a, const onnx_map& b) {
    auto [x, x_factor] = linear(a);
    auto [y, y_factor] = linear(b);
    const std::size_t rank = x.dims.size();
    if (rank < 3 || y.dims.size() != rank || size_of(x.dims[rank - 1]) != size_of(y.dims[rank - 2]))
      throw onnx_refusal{"a product of " + dims_text(x.sizes()) + " and " + dims_text(y.sizes()),
                         "matrices that fit, of images and heads"};
    for (std::size_t d = 0; d + 2 < rank; ++d)
      if (size_of(x.dims[d]) != size_of(y.dims[d]))
        throw onnx_refusal{"a product of " + dims_text(x.sizes()) + " and " + dims_text(y.sizes()),
                           "as many images and heads"};
    const bool x_by_channels = within_channels(x.dims[rank - 1], x.map);
    const bool y_by_channels = within_channels(y.dims[rank - 2], y.map);
    if (x_by_channels && y_by_channels) return scores(x, y, x_factor * y_factor);
    if (!x_by_channels && !y_by_channels)
      throw onnx_refusal{"a sum over positions of both maps", "channels of one of them"};
    onnx_map made = x_by_channels ? weighed(x, rank - 2, y, rank - 1, false) : weighed(y, rank - 1, x, rank - 2, true);
    if (const double factor = x_factor * y_factor; factor != 1) return then(made, [=](double v) { return factor * v; });
    return made;
  }

  /// The same tensor over scores whose channels are what were positions; nothing where the map is no scores.
  std::optional<strided_view> turned(const strided_view& v) {
    const auto found = scores_.find(v.map.id);
    if (found == scores_.end()) return std::nullopt;
    const scored s = found->second;
    const tensor made = add([&](auto& net) { return net.scores(s.keys, s.queries, s.heads); });
    const std::int64_t keys = std::int64_t{s.keys.height} * s.keys.width;
    const std::int64_t queries = std::int64_t{s.queries.height} * s.queries.width;
    strided_view next{made, {}};
    for (const strided_runs& d : v.dims) {
      strided_runs moved;
      for (strided_run r : d) {
        // Cut where keys end, heads end, queries end.
        for (const std::int64_t end : {queries * s.heads * keys, s.heads * keys, keys, std::int64_t{0}}) {
          if (end > 0 && (r.stride >= end || r.size * r.stride <= end)) continue;
          const std::int64_t inner = end == 0 ? r.size : end / r.stride;
          if (inner < 1 || r.size % inner != 0) return std::nullopt;
          if (end > 0) {
            append(moved, {r.size / inner, turned_stride(end, keys, queries, s.heads)});
            r.size = inner;
          } else {
            append(moved, {r.size, turned_stride(r.stride, keys, queries, s.heads)});
          }
        }
      }
      next.dims.push_back(std::move(moved));
    }
    return next;
  }

  onnx_map softmax(const onnx_node& n, const onnx_map& m) {
    strided_view v = settled(m);
    const std::size_t axis = axis_of(n.integer("axis", n.operators() < 13 ? 1 : -1), v.dims.size());
    for (int attempt = 0; attempt < 2; ++attempt) {
      strided_runs over = v.dims[axis];
      for (std::size_t d = axis + 1; d < v.dims.size() && n.operators() < 13; ++d) over = joined({over, v.dims[d]});
      const std::int64_t channels = v.map.channels;
      const std::int64_t size = size_of(over);
      if (over.size() <= 1 && channels % size == 0 && (size == 1 || over[0].stride == 1))
        return same(v, add([&](auto& net) { return net.channel_softmax(v.map, static_cast<int>(channels / size)); }));
      if (over.size() == 1 && over[0].stride * size == channels && v.map.height == 1 && v.map.width == 1)
        return same(v, add([&](auto& net) { return net.softmax(v.map, static_cast<int>(size)); }));
      std::optional<strided_view> other = attempt == 0 ? turned(v) : std::nullopt;
      if (!other) break;
      v = std::move(*other);
    }
    throw onnx_refusal{"a softmax over axis " + std::to_string(axis) + " of " + dims_text(v.sizes()),
                       "channels, or parts of them"};
  }

 private:
  struct scored {
    tensor queries;
    tensor keys;
    int heads;
  };

  /// Steps in scores, by what they lead along, in the scores the other way around.
  static std::int64_t turned_stride(std::int64_t stride, std::int64_t keys, std::int64_t queries, int heads) {
    if (stride >= queries * heads * keys) return stride;         // images
    if (stride >= heads * keys) return stride / (heads * keys);  // queries become channels
    if (stride >= keys) return stride / keys * queries;          // heads
    return stride * heads * queries;                             // keys become positions
  }

  static bool within_channels(const strided_runs& dim, const tensor& map) {
    for (const strided_run& r : dim)
      if (r.stride >= map.channels) return false;
    return true;
  }

  /// A map, and the number that all of it is still to be multiplied with.
  std::pair<strided_view, double> linear(const onnx_map& m) {
    if (m.view.map.id >= 0)
      if (const auto f = recognized(m.curve); f && f->act.act == activation::identity && f->summand == 0)
        return {m.view, f->factor};
    return {settled(m), 1.0};
  }

  /// Images and heads of a tensor, by where they are in its map. Positions that are multiplied apart, such as windows,
  /// become images.
  struct batch_runs {
    strided_runs images;
    strided_runs heads;
  };
  static batch_runs batches_of(const strided_view& v) {
    batch_runs runs;
    for (std::size_t d = 0; d + 2 < v.dims.size(); ++d)
      for (const strided_run& r : v.dims[d]) append(r.stride < v.map.channels ? runs.heads : runs.images, r);
    return runs;
  }

  /// The map whose channels are heads and what is in them, at these positions.
  tensor by_heads(const strided_view& v, std::size_t positions, std::size_t channels) {
    const batch_runs runs = batches_of(v);
    const strided_runs order = joined({runs.images, v.dims[positions], runs.heads, v.dims[channels]});
    const bool in_order = order.size() <= 1 && (order.empty() || order[0].stride == 1);
    const std::int64_t depth = size_of(runs.heads) * size_of(v.dims[channels]);
    const bool all_positions = size_of(v.dims[positions]) == std::int64_t{v.map.height} * v.map.width;
    if (in_order && all_positions && depth == v.map.channels) return v.map;
    return arranged(v.map, order, wanted(size_of(runs.images), size_of(v.dims[positions]), 1, depth));
  }

  /// Dimensions of images and heads over a map that has `inner` channels for each head.
  static void take_batches(const strided_view& from, strided_view& to, std::int64_t inner) {
    std::int64_t head = inner;
    std::int64_t image = map_size(to.map);
    for (std::size_t d = from.dims.size() - 2; d-- > 0;) {
      strided_runs reversed;
      for (std::size_t i = from.dims[d].size(); i-- > 0;) {
        const strided_run& r = from.dims[d][i];
        std::int64_t& stride = r.stride < from.map.channels ? head : image;
        reversed.push_back({r.size, stride});
        stride *= r.size;
      }
      for (std::size_t i = reversed.size(); i-- > 0;) append(to.dims[d], reversed[i]);
    }
  }

  onnx_map scores(const strided_view& x, const strided_view& y, double factor) {
    const std::size_t rank = x.dims.size();
    const tensor queries = by_heads(x, rank - 2, rank - 1);
    const tensor keys = by_heads(y, rank - 1, rank - 2);
    const std::int64_t heads = size_of(batches_of(x).heads);
    const tensor made = add([&](auto& net) { return net.scores(queries, keys, static_cast<int>(heads)); });
    scores_[made.id] = {queries, keys, static_cast<int>(heads)};
    const std::int64_t positions = std::int64_t{keys.height} * keys.width;
    strided_view v{made, std::vector<strided_runs>(rank)};
    take_batches(x, v, positions);
    append(v.dims[rank - 2], {std::int64_t{queries.height} * queries.width, made.channels});
    append(v.dims[rank - 1], {positions, 1});
    // The layer divides by the root of a head's channels; what the model multiplies with makes up for it.
    const double whole = factor * std::sqrt(static_cast<double>(queries.channels) / static_cast<double>(heads));
    return then(plain(std::move(v)), [=](double s) { return whole * s; });
  }

  /// Positions of `values` by shares, which `shares` has as channels.
  onnx_map weighed(const strided_view& shares, std::size_t positions, const strided_view& values, std::size_t channels,
                   bool turn) {
    const std::size_t rank = shares.dims.size();
    const tensor s = by_heads(shares, positions, positions == rank - 2 ? rank - 1 : rank - 2);
    const tensor v = by_heads(values, channels == rank - 1 ? rank - 2 : rank - 1, channels);
    const std::int64_t heads = size_of(batches_of(shares).heads);
    const tensor made = add([&](auto& net) { return net.matmul(s, v, static_cast<int>(heads)); });
    strided_view out{made, std::vector<strided_runs>(rank)};
    const std::int64_t depth = made.channels / heads;
    take_batches(shares, out, depth);
    append(out.dims[turn ? rank - 1 : rank - 2], {std::int64_t{s.height} * s.width, made.channels});
    append(out.dims[turn ? rank - 2 : rank - 1], {depth, 1});
    return plain(std::move(out));
  }

  std::map<int, scored> scores_;  ///< layers of scores, which may have to be turned
};

}  // namespace nascent::detail
