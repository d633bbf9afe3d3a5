// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model that no image reaches: sizes, axes and weights, which are computed while it is read.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/io/detail/onnx_constant.hpp"
#include "nascent/io/detail/onnx_node.hpp"
#include "nascent/io/detail/onnx_sizes.hpp"

namespace nascent::detail {

/// Computes such nodes. What they make is bounded: a few bytes can ask for much.
class onnx_folding {
 public:
  /// `numbers` are those that the model holds.
  explicit onnx_folding(std::size_t numbers) : left_(static_cast<std::int64_t>(2 * numbers + (std::size_t{1} << 24))) {}

  /// The outputs of a node whose inputs are constants (null where one is left out); nothing where it is none of these.
  /// \throws onnx_refusal
  std::optional<std::vector<shared_constant>> operator()(const onnx_node& n, std::span<const shared_constant> in) {
    const std::string& kind = n.kind();
    const auto one = [](onnx_constant c) {
      return std::vector<shared_constant>{std::make_shared<const onnx_constant>(std::move(c))};
    };
    const auto need = [&](std::size_t i) -> const onnx_constant& {
      if (i >= in.size() || !in[i]) throw onnx_refusal{"no input " + std::to_string(i), "one"};
      return *in[i];
    };
    if (kind == "Constant") return std::nullopt;  // the reader's, who knows where files lie
    if (kind == "Identity" || kind == "Dropout") {
      static_cast<void>(need(0));
      return std::vector{in[0]};
    }
    if (kind == "Cast") return one(cast(need(0), n.integer("to", 1)));
    if (kind == "Shape") return one(shape_of(n, need(0).dims));
    if (kind == "Reshape")
      return one({meant_sizes(need(0).dims, need(1).whole(), n.integer("allowzero", 0) != 0), need(0).numbers});
    if (kind == "Flatten" || kind == "Squeeze" || kind == "Unsqueeze") {
      const onnx_dims axes = in.size() > 1 && in[1] ? in[1]->whole() : n.integers("axes").value_or(onnx_dims{});
      return one({regrouped_sizes(n, need(0).dims, axes), need(0).numbers});
    }
    if (kind == "Transpose") return one(transposed(n, need(0)));
    if (kind == "Gather") return one(gathered(need(0), need(1), axis_of(n.integer("axis", 0), need(0).dims.size())));
    if (kind == "Slice") {
      onnx_constant c = need(0);
      for (const slice& part : slices_of(n, in, c.dims)) c = sliced(c, part);
      return one(std::move(c));
    }
    if (kind == "Concat") return one(joined(n, in));
    if (kind == "ConstantOfShape") {
      const auto* value = n.find("value");
      const onnx_constant zero{{1}, std::vector<float>{0}};
      const shared_constant given = value == nullptr ? nullptr : constant_of(value->t(), {});
      return one(expanded(given ? *given : zero, need(0).whole()));
    }
    if (kind == "Expand") return one(expanded(need(0), repeated_sizes(need(0).dims, need(1).whole())));
    if (kind == "Range") return one(range(need(0), need(1), need(2)));
    if (kind == "Equal") return one(paired(need(0), need(1), [](double a, double b) { return a == b ? 1.0 : 0.0; }));
    if (kind == "Where") return one(chosen(need(0), need(1), need(2)));
    if (kind == "Clip") {
      onnx_constant c = need(0);
      if (in.size() > 1 && in[1]) c = paired(c, *in[1], [](double a, double b) { return std::max(a, b); });
      if (in.size() > 2 && in[2]) c = paired(c, *in[2], [](double a, double b) { return std::min(a, b); });
      return one(std::move(c));
    }
    if (const binary_function f = binary_of(n); f != nullptr && in.size() == 2) return one(paired(need(0), need(1), f));
    if (const unary_function f = unary_of(n)) {
      onnx_constant c = need(0);
      count(c.size());
      std::visit(
          [&](auto& numbers) {
            for (auto& x : numbers) x = as<std::decay_t<decltype(x)>>(f(static_cast<double>(x)));
          },
          c.numbers);
      return one(std::move(c));
    }
    return std::nullopt;
  }

  /// What a node that only regroups makes of sizes.
  static onnx_dims regrouped_sizes(const onnx_node& n, const onnx_dims& before, const onnx_dims& axes) {
    if (n.kind() == "Flatten") {
      const auto rank = static_cast<std::int64_t>(before.size());
      std::int64_t axis = n.integer("axis", 1);
      if (axis < -rank || axis > rank) throw onnx_refusal{"axis " + std::to_string(axis), "one of the tensor"};
      if (axis < 0) axis += rank;
      const auto cut = static_cast<std::size_t>(axis);
      return {count_of(std::span(before).first(cut)), count_of(std::span(before).subspan(cut))};
    }
    onnx_dims after;
    if (n.kind() == "Unsqueeze") {
      const std::vector<std::size_t> places = axes_of(axes, before.size() + axes.size());
      std::size_t next = 0;
      for (std::size_t i = 0, k = 0; i < before.size() + axes.size(); ++i)
        if (next < places.size() && places[next] == i) after.push_back(1), ++next;
        else after.push_back(before[k++]);
      return after;
    }
    const std::vector<std::size_t> places = axes_of(axes, before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool named = std::ranges::binary_search(places, i);
      if (named && before[i] != 1)
        throw onnx_refusal{"axis " + std::to_string(i) + " of " + dims_text(before), "size 1"};
      if (!(axes.empty() ? before[i] == 1 : named)) after.push_back(before[i]);
    }
    return after;
  }

  /// `count` of the indices of an axis, from the index `first` on.
  struct slice {
    std::size_t axis = 0;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t step = 1;
  };
  /// What a Slice cuts out of a tensor of these sizes. \throws onnx_refusal for an empty part
  static std::vector<slice> slices_of(const onnx_node& n, std::span<const shared_constant> in, const onnx_dims& dims) {
    const auto list = [&](std::size_t i, const char* name) -> std::optional<onnx_dims> {
      if (n.operators() < 10) return n.integers(name);
      if (i < in.size() && in[i]) return in[i]->whole();
      return std::nullopt;
    };
    const onnx_dims from = list(1, "starts").value_or(onnx_dims{});
    const onnx_dims to = list(2, "ends").value_or(onnx_dims{});
    onnx_dims axes = list(3, "axes").value_or(onnx_dims{});
    if (axes.empty())
      for (std::size_t i = 0; i < from.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    const onnx_dims steps = list(4, "steps").value_or(onnx_dims(from.size(), 1));
    if (from.empty() || to.size() != from.size() || axes.size() != from.size() || steps.size() != from.size())
      throw onnx_refusal{"a slice of " + std::to_string(from.size()) + " axes", "a start and an end for each"};
    std::vector<slice> all;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t axis = axis_of(axes[i], dims.size());
      const std::int64_t size = dims[axis];
      const std::int64_t step = std::clamp<std::int64_t>(steps[i], -size - 1, size + 1);
      const auto inside = [&](std::int64_t at) {
        return std::clamp<std::int64_t>(at < 0 ? at + size : at, step < 0 ? -1 : 0, step < 0 ? size - 1 : size);
      };
      const std::int64_t first = inside(from[i]);
      const std::int64_t last = to[i] < -size && step < 0 ? -1 : inside(to[i]);
      const std::int64_t count = step == 0 ? 0 : (last - first + step - (step > 0 ? 1 : -1)) / step;
      if (count < 1)
        throw onnx_refusal{"a slice from " + std::to_string(from[i]) + " to " + std::to_string(to[i]), "one or more"};
      all.push_back({axis, first, count, step});
    }
    return all;
  }

  static onnx_constant shape_of(const onnx_node& n, const onnx_dims& dims) {
    const auto rank = static_cast<std::int64_t>(dims.size());
    const auto at = [&](const char* name, std::int64_t otherwise) {
      const std::int64_t i = n.integer(name, otherwise);
      return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
    };
    const std::int64_t first = at("start", 0);
    const std::int64_t end = std::max(first, at("end", rank));
    onnx_dims part(dims.begin() + first, dims.begin() + end);
    return {{end - first}, std::move(part)};
  }

 private:
  template <class Number>
  static Number as(double x) {
    if constexpr (std::is_same_v<Number, float>) return static_cast<float>(x);
    else return x >= -0x1p63 && x < 0x1p63 ? static_cast<Number>(x) : Number{0};
  }
  void count(std::size_t numbers) {
    left_ -= numbers > (std::size_t{1} << 40) ? std::int64_t{1} << 40 : static_cast<std::int64_t>(numbers);
    if (left_ < 0) throw onnx_refusal{"more computed numbers than the model is worth", "weights that are in the file"};
  }
  void count(std::span<const std::int64_t> dims) { count(static_cast<std::size_t>(count_of(dims))); }

  /// A tensor of these sizes whose numbers are those of another at places that steps lead to.
  onnx_constant walked(const onnx_constant& from, onnx_dims dims, std::span<const std::int64_t> steps,
                       std::int64_t first = 0) {
    count(dims);
    return {dims, std::visit(
                      [&](const auto& numbers) -> decltype(from.numbers) {
                        std::decay_t<decltype(numbers)> walk;
                        walk.reserve(static_cast<std::size_t>(count_of(dims)));
                        for_each_place(dims, steps, first,
                                       [&](std::int64_t at) { walk.push_back(numbers[static_cast<std::size_t>(at)]); });
                        return walk;
                      },
                      from.numbers)};
  }
  /// Steps that repeat a tensor to be of these sizes.
  static onnx_dims repeating(const onnx_dims& from, std::size_t rank) {
    onnx_dims steps(rank - from.size(), 0);
    const onnx_dims own = strides_of(from);
    for (std::size_t i = 0; i < from.size(); ++i) steps.push_back(from[i] == 1 ? 0 : own[i]);
    return steps;
  }
  onnx_constant expanded(const onnx_constant& c, const onnx_dims& to) {
    if (c.size() != static_cast<std::size_t>(count_of(c.dims)) || to.size() < c.dims.size())
      return walked(c, to, onnx_dims(to.size(), 0));
    return walked(c, to, repeating(c.dims, to.size()));
  }
  onnx_constant cast(const onnx_constant& c, std::int64_t to) {
    const bool whole =
        to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32 || to == onnx::TensorProto::BOOL;
    if (!whole && to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::DOUBLE &&
        to != onnx::TensorProto::FLOAT16 && to != onnx::TensorProto::BFLOAT16)
      throw onnx_refusal{"a cast to " + element_text(static_cast<int>(to)), "real numbers, whole ones"};
    if (whole == c.is_whole() && to != onnx::TensorProto::BOOL) return c;
    count(c.size());
    std::vector<std::int64_t> n;
    std::vector<float> x;
    for (std::size_t i = 0; i < c.size(); ++i)
      if (!whole) x.push_back(static_cast<float>(c.real(i)));
      else n.push_back(to == onnx::TensorProto::BOOL ? c.real(i) != 0 : as<std::int64_t>(c.real(i)));
    if (whole) return {c.dims, std::move(n)};
    return {c.dims, std::move(x)};
  }
  onnx_constant transposed(const onnx_node& n, const onnx_constant& c) {
    const std::vector<std::size_t> order = order_of(n, c.dims.size());
    const onnx_dims strides = strides_of(c.dims);
    onnx_dims dims;
    onnx_dims steps;
    for (const std::size_t d : order) {
      dims.push_back(c.dims[d]);
      steps.push_back(strides[d]);
    }
    return walked(c, dims, steps);
  }
  onnx_constant sliced(const onnx_constant& c, const slice& part) {
    onnx_dims strides = strides_of(c.dims);
    onnx_dims dims = c.dims;
    dims[part.axis] = part.count;
    const std::int64_t first = part.first * strides[part.axis];
    strides[part.axis] *= part.step;
    return walked(c, dims, strides, first);
  }
  onnx_constant gathered(const onnx_constant& c, const onnx_constant& index, std::size_t axis) {
    std::vector<onnx_constant> parts;
    if (index.size() == 0 || index.dims.size() > 1) throw onnx_refusal{"indices of " + dims_text(index.dims), "a list"};
    onnx_dims dims = c.dims;
    for (const std::int64_t i : index.whole()) {
      const std::int64_t at = i < 0 ? i + dims[axis] : i;
      if (at < 0 || at >= dims[axis]) throw onnx_refusal{"index " + std::to_string(i), "one of " + dims_text(dims)};
      parts.push_back(sliced(c, {axis, at, 1, 1}));
    }
    onnx_constant all = join(parts, axis);
    if (index.dims.empty()) all.dims.erase(all.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    return all;
  }
  onnx_constant joined(const onnx_node& n, std::span<const shared_constant> in) {
    std::vector<onnx_constant> parts;
    for (const shared_constant& c : in)
      if (c) parts.push_back(*c);
    if (parts.empty()) throw onnx_refusal{"nothing to join", "one or more"};
    return join(parts, axis_of(n.integer("axis", 0), parts.front().dims.size()));
  }
  onnx_constant join(const std::vector<onnx_constant>& parts, std::size_t axis) {
    onnx_constant all = parts.front();
    onnx_dims dims = all.dims;
    dims[axis] = 0;
    for (const onnx_constant& part : parts) {
      onnx_dims like = part.dims;
      if (like.size() == dims.size()) like[axis] = 0;
      if (like != dims || part.is_whole() != all.is_whole()) throw onnx_refusal{"parts that do not fit", "equal sizes"};
    }
    for (const onnx_constant& part : parts) dims[axis] += part.dims[axis];
    count(dims);
    const std::int64_t rows = count_of(std::span(dims).first(axis));
    all.dims = dims;
    std::visit(
        [&](auto& numbers) {
          using list = std::decay_t<decltype(numbers)>;
          numbers.clear();
          for (std::int64_t row = 0; row < rows; ++row)
            for (const onnx_constant& part : parts) {
              const auto& from = std::get<list>(part.numbers);
              const auto each = static_cast<std::ptrdiff_t>(from.size()) / static_cast<std::ptrdiff_t>(rows);
              numbers.insert(numbers.end(), from.begin() + row * each, from.begin() + (row + 1) * each);
            }
        },
        all.numbers);
    return all;
  }
  static onnx_constant range(const onnx_constant& first, const onnx_constant& end, const onnx_constant& step) {
    onnx_dims all;
    if (first.whole().size() != 1 || end.whole().size() != 1 || step.whole().size() != 1 || step.whole()[0] != 1 ||
        std::abs(end.real(std::size_t{0}) - first.real(std::size_t{0})) > 0x1p20)
      throw onnx_refusal{"a range", "whole numbers with a step of 1, up to 2^20 of them"};
    for (std::int64_t i = first.whole()[0]; i < end.whole()[0]; ++i) all.push_back(i);
    return {{static_cast<std::int64_t>(all.size())}, all};
  }
  template <class F>
  onnx_constant paired(const onnx_constant& a, const onnx_constant& b, F f) {
    const onnx_dims dims = repeated_sizes(a.dims, b.dims);
    const onnx_constant x = expanded(a, dims);
    const onnx_constant y = expanded(b, dims);
    onnx_constant all = x;
    std::visit(
        [&](auto& numbers) {
          using number = typename std::decay_t<decltype(numbers)>::value_type;
          for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = as<number>(f(x.real(i), y.real(i)));
        },
        all.numbers);
    return all;
  }
  onnx_constant chosen(const onnx_constant& which, const onnx_constant& yes, const onnx_constant& no) {
    const onnx_dims dims = repeated_sizes(which.dims, repeated_sizes(yes.dims, no.dims));
    const onnx_constant w = expanded(which, dims);
    const onnx_constant x = expanded(yes, dims);
    onnx_constant all = expanded(no, dims);
    if (x.is_whole() != all.is_whole()) throw onnx_refusal{"a choice of two types", "one type"};
    std::visit(
        [&](auto& numbers) {
          const auto& from = std::get<std::decay_t<decltype(numbers)>>(x.numbers);
          for (std::size_t i = 0; i < numbers.size(); ++i)
            if (w.real(i) != 0) numbers[i] = from[i];
        },
        all.numbers);
    return all;
  }

 public:
  /// Where each dimension of a transposed tensor comes from.
  static std::vector<std::size_t> order_of(const onnx_node& n, std::size_t rank) {
    std::vector<std::size_t> order;
    if (const auto given = n.integers("perm")) {
      static_cast<void>(axes_of(*given, rank));
      for (const std::int64_t axis : *given) order.push_back(axis_of(axis, rank));
    } else {
      for (std::size_t i = rank; i-- > 0;) order.push_back(i);
    }
    if (order.size() != rank) throw onnx_refusal{"an order of other dimensions", "each dimension once"};
    return order;
  }

 private:
  std::int64_t left_;
};

}  // namespace nascent::detail
