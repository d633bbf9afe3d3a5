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

#include "nascent/io/detail/onnx_attention.hpp"

namespace nascent::detail {

class onnx_shaping : protected onnx_attention {
 protected:
  using onnx_attention::onnx_attention;

  onnx_map regrouped(onnx_map m, const onnx_dims& sizes) {
    std::optional<strided_view> v = reshaped(m.view, sizes);
    if (!v && m.view.map.id >= 0 && m.view.dims.size() == 4) v = reshaped(first(map_of(m.view)), sizes);
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
    for (const onnx_folding::slice& of : onnx_folding::slices_of(n, in, m.view.sizes())) {
      if (of.step != 1) throw onnx_refusal{"a slice with steps of " + std::to_string(of.step), "steps of 1"};
      m = part(m, of.axis, of.first, of.first + of.count);
    }
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
    const std::int64_t size = size_of(m.view.dims[axis]);
    if (static_cast<std::int64_t>(index.size()) == size &&
        size > 1) {  // all of them in their order, in other dimensions
      for (std::int64_t i = 0; i < size; ++i)
        if (index.whole()[static_cast<std::size_t>(i)] != i) throw onnx_refusal{"indices out of order", "one index"};
      onnx_dims sizes = m.view.sizes();
      sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
      sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(axis), index.dims.begin(), index.dims.end());
      return regrouped(m, sizes);
    }
    if (index.size() != 1 || index.dims.size() > 1) throw onnx_refusal{"indices of " + dims_text(index.dims), "one"};
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
    return plain(first(
        add([&](auto& net) { return net.pad(x, {.top = at(2), .bottom = at(6), .left = at(3), .right = at(7)}); })));
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
      else if (scales != nullptr && scales->real(i) > 0) {  // in f32, as runtimes do
        const float exact = static_cast<float>(std::min(scales->real(i), 0x1p20)) * static_cast<float>(from[i]);
        to[i] = static_cast<std::int64_t>(exact);
        if (exact - static_cast<float>(to[i]) > 1e-3F)
          throw onnx_refusal{"a resize to " + std::to_string(exact) + " rows or columns", "whole ones"};
      }
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
    return plain(first(add([&](auto& net) {
      return net.resize(x, {.height = static_cast<int>(to[2]),
                            .width = static_cast<int>(to[3]),
                            .how = nearest ? interpolation::nearest : interpolation::bilinear});
    })));
  }

  onnx_map space_to_depth(const onnx_node& n, const onnx_map& m) {
    const tensor x = map_of(settled(m));
    const std::int64_t size = n.integer("blocksize", 0);
    if (size < 1 || size > network_limits::stride) throw onnx_refusal{"blocks of " + std::to_string(size), "1 or more"};
    return plain(first(add([&](auto& net) { return net.space_to_depth(x, static_cast<int>(size)); })));
  }

  onnx_map depth_to_space(const onnx_node& n, const onnx_map& m) {
    const tensor x = map_of(settled(m));
    const std::int64_t size = n.integer("blocksize", 0);
    if (size < 1 || size > network_limits::stride || n.text("mode", "DCR") != "DCR")
      throw onnx_refusal{"blocks of " + std::to_string(size) + ", " + plain_text(n.text("mode", "DCR")),
                         "1 or more, DCR"};
    return plain(first(add([&](auto& net) { return net.depth_to_space(x, static_cast<int>(size)); })));
  }

  onnx_map concatenated(const onnx_node& n, std::span<const onnx_value> in) {
    if (in.size() == 2 && in[0].index() == 1 && in[1].index() == 2)
      return with_tokens(n, *std::get<shared_constant>(in[0]), std::get<onnx_map>(in[1]));
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
    return plain(std::move(all));
  }

  onnx_map mean(const onnx_node& n, const onnx_map& m, const onnx_dims& axes) {
    const bool keep = n.integer("keepdims", 1) != 0;
    if (keep)
      if (std::optional<onnx_map> of_channels = mean_of_channels(m, axes)) return std::move(*of_channels);
    return global_mean(m, axes, keep);
  }

  /// The sum over one dimension, of a few: its parts are added.
  onnx_map sum(const onnx_node& n, const onnx_map& m, const onnx_dims& axes) {
    if (axes.size() != 1) throw onnx_refusal{"a sum over " + std::to_string(axes.size()) + " dimensions", "one"};
    const std::size_t axis = axis_of(axes[0], m.view.dims.size());
    const std::int64_t size = size_of(m.view.dims[axis]);
    if (size > layer::max_operands) throw onnx_refusal{"a sum of " + std::to_string(size) + " parts", "at most 8"};
    onnx_map all = part(m, axis, 0, 1);
    for (std::int64_t i = 1; i < size; ++i)
      all = combined(layer_kind::add, settled(all), settled(part(m, axis, i, i + 1)));
    if (n.integer("keepdims", 1) == 0) all.view.dims.erase(all.view.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    return all;
  }

  /// What the network gives out: NCHW, images x classes, or images x positions x channels.
  tensor output_of(const strided_view& v) {
    if (v.dims.size() == 3 && is_images(v.dims[0], v.map)) return with_channels_at(v, 2).map;
    return map_of(v);
  }

 private:
  /// Trained positions before all others.
  onnx_map with_tokens(const onnx_node& n, const onnx_constant& tokens, const onnx_map& m) {
    const strided_view v = settled(m);
    const std::size_t axis = axis_of(n.integer("axis", 1), v.dims.size());
    std::optional<std::size_t> depth;
    for (std::size_t d = 0; d < v.dims.size(); ++d)
      if (d != axis && v.map.channels > 1 && is_channels(v.dims[d], v.map)) depth = d;
    const auto unknown = [&] {
      return onnx_refusal{"a constant of " + dims_text(tokens.dims) + " before " + dims_text(v.sizes()),
                          "class tokens: positions of all channels before the others"};
    };
    if (!depth || axis == 0 || tokens.dims.size() != v.dims.size()) throw unknown();
    const std::int64_t count = tokens.dims[axis];
    for (std::size_t d = 0; d < v.dims.size(); ++d)
      if (d != axis && tokens.dims[d] != (d == *depth ? size_of(v.dims[d]) : 1)) throw unknown();
    const std::int64_t positions = size_of(v.dims[axis]);
    const std::int64_t channels = v.map.channels;
    tensor x = arranged(v.map, joined({v.dims[0], v.dims[axis], v.dims[*depth]}),
                        wanted(size_of(v.dims[0]), positions, 1, channels));
    const bool by_position = axis < *depth;
    for (std::int64_t t = count; t-- > 0;) {  // the last one first: each goes before all
      std::vector<float> token;
      for (std::int64_t c = 0; c < channels; ++c)
        token.push_back(tokens.real()[static_cast<std::size_t>(by_position ? t * channels + c : c * count + t)]);
      x = add([&](auto& net) { return net.class_token(x); }, {std::move(token), {}, {}});
    }
    strided_view next{x, std::vector<strided_runs>(v.dims.size())};
    append(next.dims[0], {size_of(v.dims[0]), map_size(x)});
    append(next.dims[axis], {positions + count, channels});
    append(next.dims[*depth], {channels, 1});
    return plain(std::move(next));
  }

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
    return plain(std::move(v));
  }
};

}  // namespace nascent::detail
