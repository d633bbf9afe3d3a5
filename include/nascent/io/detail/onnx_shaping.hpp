// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model that regroup, cut, join, pad and resize maps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/io/detail/onnx_tokens.hpp"

namespace nascent::detail {

class onnx_shaping : protected onnx_tokens {
 protected:
  using onnx_tokens::onnx_tokens;

  static onnx_map regrouped(onnx_map m, const onnx_dims& sizes) {
    std::optional<strided_view> v = reshaped(m.view, sizes);
    if (!v) throw onnx_refusal{dims_text(m.view.sizes()) + " to be " + dims_text(sizes), "sizes that cut a map evenly"};
    m.view = std::move(*v);
    return m;
  }

  static onnx_map transposed(const onnx_node& n, onnx_map m) {
    std::vector<strided_runs> dims;
    for (const std::size_t d : onnx_folding::order_of(n, m.view.dims.size())) dims.push_back(m.view.dims[d]);
    m.view.dims = std::move(dims);
    return m;
  }

  static onnx_map expanded(onnx_map m, const onnx_dims& to) {
    const onnx_dims sizes = m.view.sizes();
    const onnx_dims all = repeated_sizes(sizes, to);
    if (count_of(all) != count_of(sizes))
      throw onnx_refusal{dims_text(sizes) + " repeated to be " + dims_text(to), "as many numbers"};
    m.view.dims.insert(m.view.dims.begin(), all.size() - sizes.size(), strided_runs{});
    return m;
  }

  onnx_map sliced(const onnx_node& n, onnx_map m, const std::vector<shared_constant>& in) {
    for (const auto& [axis, from, to] : onnx_folding::slices_of(n, in, m.view.sizes())) m = part(m, axis, from, to);
    return m;
  }

  std::vector<onnx_value> split(const onnx_node& n, const onnx_map& m, onnx_dims sizes) {
    const std::size_t axis = axis_of(n.integer("axis", 0), m.view.dims.size());
    const std::int64_t all = size_of(m.view.dims[axis]);
    const std::int64_t parts = n.integer("num_outputs", n.proto().output_size());
    if (sizes.empty() && parts >= 1 && parts <= all) {
      const std::int64_t each = (all + parts - 1) / parts;
      for (std::int64_t left = all; left > 0; left -= each) sizes.push_back(std::min(each, left));
    }
    std::int64_t from = 0;
    std::vector<onnx_value> made;
    for (const std::int64_t size : sizes) {
      if (size < 1 || size > all - from)
        throw onnx_refusal{"parts of " + dims_text(sizes), std::to_string(all) + " in all"};
      made.emplace_back(part(m, axis, from, from + size));
      from += size;
    }
    if (from != all || made.size() != static_cast<std::size_t>(n.proto().output_size()))
      throw onnx_refusal{"parts of " + dims_text(sizes), std::to_string(all) + " in all"};
    return made;
  }

  onnx_map gathered(const onnx_node& n, const onnx_map& m, const onnx_constant& index) {
    const std::size_t axis = axis_of(n.integer("axis", 0), m.view.dims.size());
    if (index.size() != 1 || index.dims.size() > 1) throw onnx_refusal{"indices of " + dims_text(index.dims), "one"};
    const std::int64_t size = size_of(m.view.dims[axis]);
    const std::int64_t at = index.whole()[0] < 0 ? index.whole()[0] + size : index.whole()[0];
    if (at < 0 || at >= size) throw onnx_refusal{"index " + std::to_string(at), "one of " + std::to_string(size)};
    onnx_map one = part(m, axis, at, at + 1);
    if (index.dims.empty()) one.view.dims.erase(one.view.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    return one;
  }

  onnx_map padded(const onnx_node& n, const onnx_map& m, const onnx_constant* given, const onnx_constant* value) {
    const onnx_dims pads = given != nullptr ? given->whole() : n.integers("pads").value_or(onnx_dims{});
    const double number = value != nullptr && value->size() == 1 ? value->real(0) : n.real("value", 0);
    if (std::ranges::all_of(pads, [](std::int64_t p) { return p == 0; })) return m;
    const strided_view v = settled(m);
    if (pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0 || number != 0 ||
        n.text("mode", "constant") != "constant" ||
        std::ranges::any_of(pads, [](std::int64_t p) { return p < 0 || p >= network_limits::size; }))
      throw onnx_refusal{
          "a pad of " + dims_text(pads) + " with " + n.text("mode", "constant") + " " + std::to_string(number),
          "zeros above, below, left and right of a map"};
    const tensor x = map_of(v);
    const auto at = [&](std::size_t i) { return static_cast<int>(pads[i]); };
    return {first(add(
                [&](auto& net) { return net.pad(x, {.top = at(2), .bottom = at(6), .left = at(3), .right = at(7)}); })),
            {},
            node_,
            0,
            {}};
  }

  onnx_map resized(const onnx_node& n, const onnx_map& m, const std::vector<shared_constant>& in) {
    const tensor x = map_of(settled(m));
    const bool old = n.operators() < 11 || n.kind() == "Upsample";
    const auto list = [&](std::size_t i) {
      return i < in.size() && in[i] && in[i]->size() == 4 ? in[i].get() : nullptr;
    };
    const onnx_constant* const scales = list(old ? 1 : 2);
    const onnx_constant* const sizes = old ? nullptr : list(3);
    std::array<std::int64_t, 4> to{images_ * x.batch, x.channels, 0, 0};
    const std::array<std::int64_t, 4> from{to[0], to[1], x.height, x.width};
    for (std::size_t i = 0; i < 4; ++i) {
      if (sizes != nullptr) to[i] = sizes->whole()[i];
      else if (scales != nullptr && scales->real(i) > 0)
        to[i] = static_cast<std::int64_t>(std::floor(std::min(scales->real(i), 0x1p20) * static_cast<double>(from[i])));
    }
    const std::string mode = n.text("mode", "nearest");
    const std::string at = n.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const bool nearest =
        mode == "nearest" && at == "asymmetric" && (old || n.text("nearest_mode", "round_prefer_floor") == "floor");
    const bool linear = mode == "linear" &&
                        (at == "half_pixel" || (at == "pytorch_half_pixel" && to[2] > 1 && to[3] > 1)) &&
                        n.integer("antialias", 0) == 0;
    if (to[0] != from[0] || to[1] != from[1] || to[2] < 1 || to[3] < 1 || to[2] > network_limits::size ||
        to[3] > network_limits::size || (!nearest && !linear))
      throw onnx_refusal{"a resize to " + dims_text(to) + ", " + plain_text(mode) + ", " + plain_text(at),
                         "another height and width, known before; nearest (asymmetric, floor) or linear (half_pixel)"};
    return {first(add([&](auto& net) {
              return net.resize(x, {.height = static_cast<int>(to[2]),
                                    .width = static_cast<int>(to[3]),
                                    .how = nearest ? interpolation::nearest : interpolation::bilinear});
            })),
            {},
            node_,
            0,
            {}};
  }

  onnx_map space_to_depth(const onnx_node& n, const onnx_map& m) {
    const tensor x = map_of(settled(m));
    const std::int64_t size = n.integer("blocksize", 0);
    if (size < 1 || size > network_limits::stride) throw onnx_refusal{"blocks of " + std::to_string(size), "1 or more"};
    return {first(add([&](auto& net) { return net.space_to_depth(x, static_cast<int>(size)); })), {}, node_, 0, {}};
  }

  onnx_map concatenated(const onnx_node& n, std::span<const onnx_value> in) {
    std::vector<strided_view> views;
    for (const onnx_value& v : in) {
      const auto* m = std::get_if<onnx_map>(&v);
      if (m == nullptr) throw onnx_refusal{"a constant beside maps", "maps"};
      views.push_back(settled(*m));
    }
    const std::size_t axis = axis_of(n.integer("axis", 1), views.front().dims.size());
    const strided_view like = with_channels_at(views.front(), axis);
    std::vector<tensor> maps;
    for (const strided_view& v : views) {
      if (v.dims.size() != like.dims.size()) throw onnx_refusal{"tensors of other dimensions", "as many in each"};
      maps.push_back(maps.empty() ? like.map : aligned(v, like, axis));
    }
    const tensor made = add([&](auto& net) { return net.concatenate(std::span<const tensor>(maps)); });
    strided_view all{made, {}};
    for (const strided_runs& d : like.dims) all.dims.push_back(with_channels(d, like.map.channels, made.channels));
    all.dims[axis].clear();
    append(all.dims[axis], {made.channels, 1});
    return {std::move(all), {}, node_, 0, {}};
  }

  onnx_map mean(const onnx_node& n, const onnx_map& m, const onnx_dims& axes) {
    return global_mean(m, axes, n.integer("keepdims", 1) != 0);
  }

  onnx_map softmax(const onnx_node& n, const onnx_map& m) {
    const strided_view v = settled(m);
    const std::size_t axis = axis_of(n.integer("axis", n.operators() < 13 ? 1 : -1), v.dims.size());
    strided_runs over = v.dims[axis];
    for (std::size_t d = axis + 1; d < v.dims.size() && n.operators() < 13; ++d) over = joined({over, v.dims[d]});
    const std::int64_t channels = v.map.channels;
    const std::int64_t size = size_of(over);
    const bool one_run = over.size() <= 1;
    if (one_run && channels % size == 0 && (size == 1 || over[0].stride == 1))
      return {{add([&](auto& net) { return net.channel_softmax(v.map, static_cast<int>(channels / size)); }), v.dims},
              {},
              node_,
              0,
              {}};
    if (one_run && over[0].stride * size == channels && v.map.height == 1 && v.map.width == 1)
      return {{add([&](auto& net) { return net.softmax(v.map, static_cast<int>(size)); }), v.dims}, {}, node_, 0, {}};
    throw onnx_refusal{"a softmax over axis " + std::to_string(axis) + " of " + dims_text(v.sizes()),
                       "channels, or parts of them"};
  }

  /// What the network gives out: NCHW, images x classes, or images x positions x channels.
  tensor output_of(const strided_view& v) {
    if (v.dims.size() == 3 && is_images(v.dims[0], v.map)) return with_channels_at(v, 2).map;
    return map_of(v);
  }

 private:
  /// All positions of a map, one after another.
  static bool is_column(const strided_run& run, const tensor& x) {
    return run.stride == x.channels && run.size == std::int64_t{x.height} * x.width;
  }
  /// Whether a part of a dimension is a part of all channels, all columns, all rows or all positions of the map.
  static bool is_even(const strided_view& v, std::size_t axis, std::int64_t from, std::int64_t to) {
    const strided_run& run = v.dims[axis].front();
    const tensor& x = v.map;
    const std::int64_t inner = size_of(v.dims[axis]) / run.size;
    if (from % inner != 0 || to % inner != 0) return false;
    const std::int64_t row = std::int64_t{x.width} * x.channels;
    const std::int64_t end = run.stride * run.size;
    return (run.stride < x.channels && end == x.channels) || (run.stride == x.channels && end == row) ||
           (run.stride == row && end == map_size(x)) || is_column(run, x);
  }

  /// Some of the indices of a dimension.
  onnx_map part(const onnx_map& m, std::size_t axis, std::int64_t from, std::int64_t to) {
    const std::int64_t count = to - from;
    if (count == size_of(m.view.dims[axis])) return m;
    strided_view v = settled(m);
    if (!is_even(v, axis, from, to)) v = v.dims.size() == 4 ? first(map_of(v)) : with_channels_at(v, axis);
    const auto unknown = [&] {
      return onnx_refusal{"a part of axis " + std::to_string(axis) + " of " + dims_text(v.sizes()),
                          "a part of the channels, rows or columns"};
    };
    if (!is_even(v, axis, from, to)) throw unknown();
    const strided_run run = v.dims[axis].front();
    const std::int64_t inner = size_of(v.dims[axis]) / run.size;  // it is cut along the slowest run
    const std::int64_t at = from / inner;
    const std::int64_t kept = count / inner;
    tensor x = v.map;
    if (is_column(run, x) && x.width > 1)
      x = arranged(x, {{images_ * x.shape().elements(), 1}}, wanted(images_ * x.batch, run.size, 1, x.channels));
    const std::int64_t row = std::int64_t{x.width} * x.channels;
    const bool of_channels = run.stride < x.channels;
    const bool of_columns = !of_channels && run.stride < row;
    const auto number = [](std::int64_t i) { return static_cast<int>(i); };
    const tensor made = add([&](auto& net) {
      if (of_channels) return net.slice(x, number(at * run.stride), number(kept * run.stride));
      if (of_columns) return net.slice(x, {.left = number(at), .width = number(kept)});
      return net.slice(x, {.top = number(at), .height = number(kept)});
    });
    const std::int64_t new_row = std::int64_t{made.width} * made.channels;
    for (strided_runs& d : v.dims) {
      strided_runs moved;
      for (strided_run r : d) {
        if (of_columns && r.stride < row && r.stride * r.size > row) throw unknown();
        if (r == run && &d == &v.dims[axis]) r.size = kept;
        if (r.stride >= map_size(x)) r.stride = r.stride / map_size(x) * map_size(made);
        else if (r.stride >= row) r.stride = r.stride / row * new_row;
        else if (r.stride >= x.channels) r.stride = r.stride / x.channels * made.channels;
        append(moved, r);
      }
      d = std::move(moved);
    }
    v.map = made;
    return {std::move(v), {}, node_, 0, {}};
  }
};

}  // namespace nascent::detail
