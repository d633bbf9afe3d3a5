// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model that compute number by number: activations and their parts, sums and products with constants
/// and of maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/io/detail/onnx_maps.hpp"
#include "nascent/io/detail/onnx_node.hpp"

namespace nascent::detail {

class onnx_arithmetic : protected onnx_maps {
 protected:
  using onnx_maps::onnx_maps;

  /// A function of each number.
  onnx_map then(const onnx_map& m, const unary_function& f) {
    onnx_map next{m.view, m.curve.then(f), node_, m.depth + 1, {}};
    if (!(m.curve == onnx_curve()))
      next.origin = std::make_shared<const onnx_origin>(onnx_origin{layer_kind::activate, onnx_curve().then(f), m, {}});
    return shallow(std::move(next));
  }

  /// Clip, whose bounds are inputs or attributes.
  onnx_map clipped(const onnx_node& n, const onnx_map& m, const onnx_constant* low, const onnx_constant* high) {
    const auto bound = [&](const onnx_constant* c, const char* name, double otherwise) {
      if (c == nullptr) return n.operators() < 11 ? n.real(name, otherwise) : otherwise;
      if (c->size() != 1) throw onnx_refusal{"a bound of " + dims_text(c->dims), "one number"};
      return c->real(0);
    };
    const double least = bound(low, "min", -std::numeric_limits<double>::infinity());
    const double most = bound(high, "max", std::numeric_limits<double>::infinity());
    for (const double b : {least, most})  // further than a curve reaches: no number of a model, or none at all
      if (std::abs(b) > onnx_curve::farthest / 2 && std::abs(b) < 1e30)
        throw onnx_refusal{"a bound of " + std::to_string(b), "bounds up to 325, or none"};
    return then(m, [=](double x) { return std::min(std::max(x, least), most); });
  }

  /// A node of two operands, at least one of which images reach.
  onnx_map paired(const onnx_node& n, const onnx_value& a, const onnx_value& b) {
    const binary_function f = binary_of(n);
    if (const auto* c = std::get_if<shared_constant>(&b)) return with_constant(n, std::get<onnx_map>(a), **c, false);
    if (const auto* c = std::get_if<shared_constant>(&a)) return with_constant(n, std::get<onnx_map>(b), **c, true);
    const auto& x = std::get<onnx_map>(a);
    const auto& y = std::get<onnx_map>(b);
    const bool sum = n.kind() == "Add";
    if (x.view.map.id == y.view.map.id && x.view.dims == y.view.dims) {
      onnx_map next{x.view, x.curve.with(y.curve, f), node_, std::max(x.depth, y.depth) + 1, {}};
      if (sum || n.kind() == "Mul")
        next.origin =
            std::make_shared<const onnx_origin>(onnx_origin{sum ? layer_kind::add : layer_kind::multiply, {}, x, y});
      return shallow(std::move(next));
    }
    if (n.kind() == "Sub") return combined(layer_kind::add, settled(x), settled(then(y, [](double v) { return -v; })));
    if (!sum && n.kind() != "Mul")
      throw onnx_refusal{"two maps", "Add, Sub and Mul of two maps; others with a constant"};
    return combined(sum ? layer_kind::add : layer_kind::multiply, settled(x), settled(y));
  }

  /// A constant, where numbers are added to a map times 0: a model that says by that how many images there are. Nothing
  /// for other sums.
  std::optional<onnx_value> constant_sum(const onnx_node& n, const onnx_value& a, const onnx_value& b) {
    const auto* m = std::get_if<onnx_map>(&a);
    const auto* c = std::get_if<shared_constant>(&b);
    if (n.kind() != "Add" || m == nullptr || c == nullptr || (*c)->size() == 1) return std::nullopt;
    if (!(m->curve == onnx_curve().then([](double) { return 0.0; }))) return std::nullopt;
    onnx_dims sizes = m->view.sizes();
    if (!sizes.empty() && is_images(m->view.dims[0], m->view.map)) sizes[0] = 1;
    if (repeated_sizes(sizes, (*c)->dims) != sizes || count_of(sizes) != static_cast<std::int64_t>((*c)->size()))
      return std::nullopt;
    return std::make_shared<const onnx_constant>(onnx_constant{sizes, (*c)->numbers});
  }

  /// Slopes of a PReLU: one for each channel, or one for all.
  onnx_map prelu(const onnx_map& m, const onnx_constant& slopes) {
    const strided_view v = settled(m);
    if (slopes.dims.size() > v.dims.size())
      throw onnx_refusal{"slopes of " + dims_text(slopes.dims), "one for each channel"};
    std::vector<float> each = spread(slopes, v, false);
    return same(v, add([&](auto& net) { return net.prelu(v.map); }, {std::move(each), {}, {}}));
  }

  /// Numbers of a constant for each channel of a view's map or, with `everywhere`, for each number of one map, in its
  /// order. \throws onnx_refusal where the constant differs along something else
  std::vector<float> spread(const onnx_constant& c, const strided_view& v, bool everywhere) {
    const onnx_dims sizes = v.sizes();
    if (repeated_sizes(sizes, c.dims) != sizes)
      throw onnx_refusal{"a constant of " + dims_text(c.dims) + " beside " + dims_text(sizes), "sizes that fit"};
    const std::vector<float>& numbers = c.real();
    onnx_dims counts;
    onnx_dims to;    // steps in the map
    onnx_dims from;  // and in the constant
    const onnx_dims own = strides_of(c.dims);
    for (std::size_t d = 0; d < v.dims.size(); ++d) {
      const std::size_t missing = v.dims.size() - c.dims.size();
      const bool varies = d >= missing && c.dims[d - missing] > 1;
      std::int64_t step = varies ? own[d - missing] * sizes[d] : 0;
      for (const strided_run& r : v.dims[d]) {
        step /= r.size;
        const bool inside = everywhere ? r.stride < map_size(v.map) : r.stride < v.map.channels;
        if (!inside && varies)
          throw onnx_refusal{"a constant of " + dims_text(c.dims),
                             "one number, one for each channel, or a sum with one for each position"};
        if (!inside) continue;
        counts.push_back(r.size);
        to.push_back(r.stride);
        from.push_back(step);
      }
    }
    std::vector<float> all(static_cast<std::size_t>(everywhere ? map_size(v.map) : v.map.channels));
    if (count_of(counts) != static_cast<std::int64_t>(all.size()))
      throw onnx_refusal{"a constant for a part of a map", "all of it"};
    onnx_dims places;
    for_each_place(counts, to, 0, [&](std::int64_t at) { places.push_back(at); });
    std::size_t next = 0;
    for_each_place(counts, from, 0, [&](std::int64_t at) {
      all[static_cast<std::size_t>(places[next++])] = numbers[static_cast<std::size_t>(at)];
    });
    return all;
  }

  /// A sum or a product of two maps, the smaller one repeated.
  onnx_map combined(layer_kind kind, strided_view a, strided_view b) {
    const onnx_dims sizes = repeated_sizes(a.sizes(), b.sizes());
    for (strided_view* v : {&a, &b}) v->dims.insert(v->dims.begin(), sizes.size() - v->dims.size(), strided_runs{});
    if (a.sizes() != sizes) std::swap(a, b);
    if (a.sizes() != sizes)
      throw onnx_refusal{"maps of " + dims_text(a.sizes()) + " and " + dims_text(b.sizes()),
                         "the sizes of one of them"};
    tensor x = a.map;
    tensor y = aligned(b, a);
    if (b.sizes() == sizes && kind == layer_kind::add && y.id > x.id && y.id == b.map.id) std::swap(x, y);
    const tensor made = add([&](auto& net) {
      if (kind == layer_kind::multiply) return net.multiply(x, y);
      return x.same_shape(y) ? net.add(x, y) : net.broadcast_add(x, y);
    });
    return plain({made, a.dims});
  }

 private:
  /// Functions that many nodes made are not remembered: layers take over.
  onnx_map shallow(onnx_map m) {
    constexpr int most = 24;
    if (m.depth <= most) return m;
    return plain(settled(m));
  }

  /// A number, or numbers for each channel or position, after the map or before it.
  onnx_map with_constant(const onnx_node& n, const onnx_map& m, const onnx_constant& c, bool before) {
    const binary_function f = binary_of(n);
    if (c.size() == 1 && c.dims.size() <= m.view.dims.size()) {
      const double number = c.real(0);
      return then(m, [=](double x) { return before ? f(number, x) : f(x, number); });
    }
    const std::string& kind = n.kind();
    const bool sum = kind == "Add" || kind == "Sub";
    if (!sum && kind != "Mul" && (kind != "Div" || before))
      throw onnx_refusal{"a constant of " + dims_text(c.dims), "one number"};
    const bool negative = kind == "Sub" && before;
    const strided_view v = settled(negative ? then(m, [](double x) { return -x; }) : m);
    if (c.dims.size() > v.dims.size())
      throw onnx_refusal{"a constant of " + dims_text(c.dims), "as many dimensions as the map"};
    const auto signed_sum = [&](std::vector<float> all) {
      if (kind == "Sub" && !before)
        for (float& x : all) x = -x;
      return all;
    };
    if (sum && differs_by_position(c, v)) {
      std::vector<float> all = signed_sum(spread(c, v, true));
      return same(v, add([&](auto& net) { return net.position_embedding(v.map); }, {std::move(all), {}, {}}));
    }
    std::vector<float> each = spread(c, v, false);
    if (sum) {
      const std::vector<float> ones(each.size(), 1.0F);
      return same(v, scaled(v.map, ones, signed_sum(std::move(each)), onnx_part::summand));
    }
    if (kind == "Div")
      for (float& x : each) x = 1 / x;
    return same(v, scaled(v.map, std::move(each), {}, onnx_part::factor));
  }

  static bool differs_by_position(const onnx_constant& c, const strided_view& v) {
    const std::size_t missing = v.dims.size() - c.dims.size();
    for (std::size_t d = missing; d < v.dims.size(); ++d)
      if (c.dims[d - missing] > 1)
        for (const strided_run& r : v.dims[d])
          if (r.stride >= v.map.channels && r.stride < map_size(v.map)) return true;
    return false;
  }
};

}  // namespace nascent::detail
