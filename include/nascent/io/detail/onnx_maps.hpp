// SPDX-License-Identifier: Apache-2.0
/// \file
/// Values of an ONNX model that images reach: views of maps, each number of which a function is still to be applied to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/io/detail/onnx_curve.hpp"
#include "nascent/io/detail/onnx_draft.hpp"
#include "nascent/io/detail/onnx_folding.hpp"
#include "nascent/io/detail/strided_view.hpp"

namespace nascent::detail {

struct onnx_origin;

/// A view of a map, and a function of its numbers that is no layer yet: nodes may follow that make it an activation.
struct onnx_map {
  strided_view view{};
  onnx_curve curve{};
  std::string node{};                           ///< the last that had a part in the function
  int depth = 0;                                ///< nodes that had
  std::shared_ptr<const onnx_origin> origin{};  ///< where the function comes from, should it be no activation
};
/// A function of one function, or the sum or product of two.
struct onnx_origin {
  layer_kind kind = layer_kind::activate;
  onnx_curve curve{};  ///< of one
  onnx_map first{};
  onnx_map second{};
};

/// Nothing: a value that a refused node would have made.
using onnx_value = std::variant<std::monostate, shared_constant, onnx_map>;

/// Makes maps out of views, with the layers that this takes.
class onnx_maps {
 protected:
  explicit onnx_maps(std::string name) : draft_(std::move(name)) {}

  /// A view whose function has become a layer, or has been none.
  strided_view settled(const onnx_map& m) {
    if (m.view.map.id < 0)
      throw onnx_refusal{"a mean over channels, by " + m.node, "one in a layer or RMS normalisation"};
    if (m.curve == onnx_curve()) return m.view;
    std::vector<settled_map>& here = settled_[m.view.map.id];
    for (const settled_map& s : here)
      if (s.curve == m.curve && (s.plain || s.origin == m.origin)) return {s.to, m.view.dims};
    const std::optional<onnx_function> f = recognized(m.curve);
    tensor made = m.view.map;
    if (f) {
      if (f->act.act != activation::identity) made = add([&](auto& net) { return net.activate(made, f->act); });
      if (f->factor != 1 || f->summand != 0) made = scaled(made, *f);
    } else if (m.origin == nullptr) {
      throw onnx_refusal{"a function of each number, the last of whose nodes is " + m.node,
                         "the activations of nascent::activation, and such times and plus numbers"};
    } else if (m.origin->kind == layer_kind::activate) {
      made = settled({settled(m.origin->first), m.origin->curve, m.node, 0, {}}).map;
    } else {
      const tensor a = settled(m.origin->first).map;
      const tensor b = settled(m.origin->second).map;
      const bool sum = m.origin->kind == layer_kind::add;
      made = add([&](auto& net) { return sum ? net.add(a, b) : net.multiply(a, b); });
    }
    settled_[m.view.map.id].push_back({m.curve, f.has_value(), m.origin, made});
    return {made, m.view.dims};
  }

  /// A layer of the present node.
  template <class Word>
  tensor add(Word word, layer_parameters values = {}, onnx_part part = onnx_part::none) {
    return draft_.add(node_, word, std::move(values), part);
  }

  tensor scaled(const tensor& x, const onnx_function& f) {
    const auto channels = static_cast<std::size_t>(x.channels);
    const std::vector<float> kernel(channels, static_cast<float>(f.factor));
    if (f.summand == 0) return scaled(x, kernel, {}, onnx_part::factor);
    return scaled(x, kernel, std::vector<float>(channels, static_cast<float>(f.summand)),
                  f.factor == 1 ? onnx_part::summand : onnx_part::none);
  }
  /// Each channel times a factor and, unless there are none, plus a summand.
  tensor scaled(const tensor& x, std::vector<float> factors, std::vector<float> summands, onnx_part part) {
    const bool bias = !summands.empty();
    return add([&](auto& net) { return net.layer_scale(x, bias); }, {std::move(factors), std::move(summands), {}},
               part);
  }

  /// A view of what the present node made, with nothing that is still to be applied to it.
  onnx_map plain(strided_view v) const { return {std::move(v), {}, node_, 0, {}}; }
  /// The same with the dimensions that `v` has.
  onnx_map same(const strided_view& v, const tensor& made) const { return plain({made, v.dims}); }

  strided_view first(const tensor& map) const { return channels_first(map, images_ * map.batch); }

  /// The map whose numbers lie in this order: the same, or another that takes a copy.
  tensor arranged(const tensor& map, const strided_runs& order, const shape& want) {
    const std::int64_t total = images_ * map.shape().elements();
    if (size_of(order) != total || want.elements() * images_ != total)
      throw onnx_refusal{"a part of a map in another order", "whole maps"};
    const bool in_order = order.empty() || (order.size() == 1 && order[0].stride == 1);
    if (in_order && want == map.shape()) return map;
    auto [known, is_new] = arranged_.try_emplace({map.id, order, {want.batch, want.height, want.width, want.channels}});
    if (!is_new) return known->second;
    tensor made = in_order ? map : reordered(map, order);
    if (!(made.shape() == want)) {
      made = add([&](auto& net) { return net.reshape(made, want); });
    }
    return arranged_[{map.id, order, {want.batch, want.height, want.width, want.channels}}] = made;
  }

  /// A tensor of images x channels x height x width, or of images x channels, as a map.
  tensor map_of(const strided_view& v) {
    static const strided_runs none;
    if (v.dims.size() != 4 && v.dims.size() != 2)
      throw onnx_refusal{"a tensor of " + dims_text(v.sizes()), "images x channels x height x width"};
    const strided_runs& h = v.dims.size() == 4 ? v.dims[2] : none;
    const strided_runs& w = v.dims.size() == 4 ? v.dims[3] : none;
    return arranged(v.map, joined({v.dims[0], h, w, v.dims[1]}),
                    wanted(size_of(v.dims[0]), size_of(h), size_of(w), size_of(v.dims[1])));
  }

  /// The same tensor as a view of a map whose channels are one of its dimensions, and whose positions are the others.
  strided_view with_channels_at(const strided_view& v, std::size_t axis) {
    if (is_channels(v.dims[axis], v.map) && v.dims.size() > 1) return v;
    strided_runs order;
    std::int64_t positions = 1;
    for (std::size_t d = 0; d < v.dims.size(); ++d) {
      if (d == axis) continue;
      order = joined({order, v.dims[d]});
      if (d > 0) positions *= size_of(v.dims[d]);
    }
    const std::int64_t channels = size_of(v.dims[axis]);
    if (axis == 0) throw onnx_refusal{"images as channels", "another axis"};
    strided_view next{
        arranged(v.map, joined({order, v.dims[axis]}), wanted(size_of(v.dims[0]), positions, 1, channels)), {}};
    next.dims.resize(v.dims.size());
    std::int64_t stride = channels;
    for (std::size_t d = v.dims.size(); d-- > 0;) {
      const std::int64_t size = size_of(v.dims[d]);
      append(next.dims[d], {size, d == axis ? 1 : stride});
      if (d != axis) stride *= size;
    }
    return next;
  }

  /// Which positions and channels of a map a smaller one lacks.
  static broadcast missing_of(const strided_runs& missing, const tensor& map) {
    std::int64_t channels = 1;
    std::int64_t positions = 1;
    for (const strided_run& r : missing) (r.stride < map.channels ? channels : positions) *= r.size;
    const bool all_channels = channels == map.channels;
    const bool all_positions = positions == std::int64_t{map.height} * map.width;
    if (missing.empty()) return broadcast::nothing;
    if (all_channels && all_positions) return broadcast::all;
    if (all_channels && positions == 1) return broadcast::channels;
    if (all_positions && channels == 1) return broadcast::positions;
    throw onnx_refusal{"a map that is repeated along a part of its positions or channels",
                       "repeated over all positions, all channels, or both"};
  }

  /// The map of a view of the same sizes as another one, or of size 1 in some dimensions, in the other's order. Of the
  /// dimension `free` both have channels of their own.
  tensor aligned(const strided_view& v, const strided_view& like, std::optional<std::size_t> free = std::nullopt) {
    std::vector<std::pair<std::int64_t, strided_run>> runs;  // by the other's order
    strided_runs missing;
    for (std::size_t d = 0; d < like.dims.size(); ++d) {
      if (d == free) continue;
      if (v.dims[d].empty()) {
        for (const strided_run& r : like.dims[d]) missing.push_back(r);
        continue;
      }
      const auto both = cut_alike(like.dims[d], v.dims[d]);
      if (!both) throw onnx_refusal{"maps whose positions are in another order", "maps in one order"};
      for (std::size_t i = 0; i < both->first.size(); ++i) runs.emplace_back(both->first[i].stride, both->second[i]);
    }
    std::ranges::sort(runs, [](const auto& a, const auto& b) { return a.first > b.first; });
    strided_runs order;
    for (const auto& [unused, run] : runs) append(order, run);
    shape want = like.map.shape();
    if (free) {
      if (!missing.empty()) throw onnx_refusal{"maps of other sizes", "equal height and width"};
      order = joined({order, v.dims[*free]});
      want.channels = static_cast<int>(size_of(v.dims[*free]));
      return arranged(v.map, order, want);
    }
    const broadcast over = missing_of(missing, like.map);
    if (over == broadcast::positions || over == broadcast::all) want.height = want.width = 1;
    if (over == broadcast::channels || over == broadcast::all) want.channels = 1;
    return arranged(v.map, order, want);
  }

  shape wanted(std::int64_t maps, std::int64_t height, std::int64_t width, std::int64_t channels) const {
    if (maps % images_ != 0) throw onnx_refusal{std::to_string(maps) + " images", "as many as enter"};
    const auto fits = [](std::int64_t n, std::int64_t most) { return n >= 1 && n <= most; };
    const std::int64_t batch = maps / images_;
    if (!fits(height, network_limits::size) || !fits(width, network_limits::size) ||
        !fits(channels, network_limits::channels) || !fits(batch, network_limits::channels))
      throw onnx_refusal{"a map of " + dims_text(std::vector{height, width, channels}), "a map within network_limits"};
    return {static_cast<int>(batch), static_cast<int>(height), static_cast<int>(width), static_cast<int>(channels)};
  }

  onnx_draft draft_;
  std::string node_;         ///< the present one
  std::int64_t images_ = 1;  ///< that the model takes at once

 private:
  /// A map in another order that a layer makes.
  tensor reordered(const tensor& map, const strided_runs& order) {
    const std::int64_t channels = map.channels;
    const std::int64_t positions = std::int64_t{map.height} * map.width;
    const std::int64_t maps = images_ * map.batch;
    const auto runs = [](std::initializer_list<strided_run> list) {
      strided_runs all;
      for (const strided_run& r : list) append(all, r);
      return all;
    };
    if (order == runs({{maps, positions * channels}, {channels, 1}, {positions, channels}}))
      return add([&](auto& net) { return net.transpose(map); });
    if (order.back().stride < channels && order.back().size * order.back().stride == channels) {
      const std::int64_t groups = order.back().size;
      if (order == runs({{maps * positions, channels}, {channels / groups, 1}, {groups, channels / groups}}))
        return add([&](auto& net) { return net.channel_shuffle(map, static_cast<int>(groups)); });
    }
    const std::int64_t row = map.width * channels;
    std::int64_t columns = 1;  // of the small maps that become one
    for (const strided_run& r : order)
      if (r.stride == channels && positions % r.size == 0) columns = r.size;
    for (int n = 2; n <= 16; ++n) {
      if (map.height % n == 0 && map.width % n == 0 &&
          order == runs({{maps, positions * channels},
                         {n, row},
                         {n, channels},
                         {map.height / n, n * row},
                         {map.width / n, n * channels},
                         {channels, 1}}))
        return add([&](auto& net) { return net.space_to_batch(map, n); });
      const std::int64_t size = positions * channels;
      if (map.batch % (n * n) == 0 && order == runs({{maps / (n * n), n * n * size},
                                                     {positions / columns, columns * channels},
                                                     {n, n * size},
                                                     {columns, channels},
                                                     {n, size},
                                                     {channels, 1}})) {
        const int width = static_cast<int>(columns);
        const int height = static_cast<int>(positions / columns);
        tensor maps_of = map;
        if (map.width != width)  // they lie in a column
          maps_of = add([&](auto& net) { return net.reshape(map, height, width, map.channels); });
        return add([&](auto& net) { return net.batch_to_space(maps_of, n); });
      }
    }
    throw onnx_refusal{"numbers in an order that no layer makes", "transposed, shuffled channels, blocks of pixels"};
  }

  struct settled_map {
    onnx_curve curve;
    bool plain;  ///< an activation, wherever it comes from
    std::shared_ptr<const onnx_origin> origin;
    tensor to;
  };
  std::map<int, std::vector<settled_map>> settled_;  ///< by what they are made of
  std::map<std::tuple<int, strided_runs, std::array<int, 4>>, tensor> arranged_;
};

}  // namespace nascent::detail
