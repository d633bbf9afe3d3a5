// SPDX-License-Identifier: Apache-2.0
/// \file
/// A node of an ONNX model that is read: its attributes, and the functions of one or two numbers that some nodes are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/io/detail/onnx_constant.hpp"
#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/io/detail/onnx_refusal.hpp"
#include "nascent/network/activation_value.hpp"

namespace nascent::detail {

/// A node with the version of the operators that it is of.
class onnx_node {
 public:
  onnx_node(const onnx::NodeProto& node, std::int64_t operators) : node_(&node), operators_(operators) {}

  const onnx::NodeProto& proto() const { return *node_; }
  std::int64_t operators() const { return operators_; }
  const std::string& kind() const { return node_->op_type(); }
  /// "'layer1/conv' (Conv)", by its first output where it has no name.
  std::string text() const {
    const bool named = !node_->name().empty() || node_->output_size() == 0;
    return "'" + plain_text(named ? node_->name() : node_->output(0)) + "' (" + plain_text(node_->op_type()) + ")";
  }

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const {
    const auto* a = find(name, onnx::AttributeProto::INT);
    return a == nullptr ? otherwise : a->i();
  }
  double real(std::string_view name, double otherwise) const {
    const auto* a = find(name, onnx::AttributeProto::FLOAT);
    return a == nullptr ? otherwise : static_cast<double>(a->f());
  }
  std::string text(std::string_view name, const std::string& otherwise) const {
    const auto* a = find(name, onnx::AttributeProto::STRING);
    return a == nullptr ? otherwise : a->s();
  }
  std::optional<onnx_dims> integers(std::string_view name) const {
    const auto* a = find(name, onnx::AttributeProto::INTS);
    if (a == nullptr) return std::nullopt;
    return onnx_dims(a->ints().begin(), a->ints().end());
  }
  /// An attribute of `count` whole numbers from `least` on that an `int` holds.
  std::vector<int> sizes(std::string_view name, std::size_t count, int otherwise, int least) const {
    const onnx_dims found = integers(name).value_or(onnx_dims(count, otherwise));
    std::vector<int> all;
    for (const std::int64_t n : found)
      if (n >= least && n <= (1 << 20)) all.push_back(static_cast<int>(n));
    if (all.size() != count || found.size() != count)
      throw onnx_refusal{std::string(name) + " of " + dims_text(found),
                         std::to_string(count) + " numbers from " + std::to_string(least) + " on"};
    return all;
  }
  const onnx::AttributeProto* find(std::string_view name) const {
    for (const auto& a : node_->attribute())
      if (a.name() == name) return &a;
    return nullptr;
  }

 private:
  const onnx::AttributeProto* find(std::string_view name, onnx::AttributeProto::AttributeType type) const {
    const auto* a = find(name);
    if (a != nullptr && a->type() != type && a->type() != onnx::AttributeProto::UNDEFINED)
      throw onnx_refusal{"attribute '" + std::string(name) + "' of another type",
                         onnx::AttributeProto::AttributeType_Name(type)};
    return a;
  }

  const onnx::NodeProto* node_;
  std::int64_t operators_;
};

/// An axis from 0 on. \throws onnx_refusal for one that a tensor of `rank` dimensions does not have
inline std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  const auto dims = static_cast<std::int64_t>(rank);
  if (axis < -dims || axis >= dims)
    throw onnx_refusal{"axis " + std::to_string(axis), "one of " + std::to_string(dims) + " dimensions"};
  return static_cast<std::size_t>(axis < 0 ? axis + dims : axis);
}

/// The axes that are listed, in order; \throws onnx_refusal for one that is there twice
inline std::vector<std::size_t> axes_of(const onnx_dims& axes, std::size_t rank) {
  std::vector<std::size_t> all;
  for (const std::int64_t axis : axes) all.push_back(axis_of(axis, rank));
  std::ranges::sort(all);
  if (std::ranges::adjacent_find(all) != all.end()) throw onnx_refusal{"an axis twice", "each axis once"};
  return all;
}

using unary_function = std::function<double(double)>;
using binary_function = double (*)(double, double);

/// The function of a node that works on each number by itself; empty for others. Bounds of a Clip, which are inputs
/// since version 11, are the caller's.
inline unary_function unary_of(const onnx_node& n) {
  const std::string& kind = n.kind();
  const auto as = [](activation act) { return [act](double x) { return activation_value(act, x); }; };
  if (kind == "Identity" || kind == "Cast") return [](double x) { return x; };
  if (kind == "Relu") return as(activation::relu);
  if (kind == "Sigmoid") return as(activation::sigmoid);
  if (kind == "Tanh") return as(activation::tanh);
  if (kind == "Softplus") return as(activation::softplus);
  if (kind == "HardSwish") return as(activation::hswish);
  if (kind == "Mish") return as(activation::mish);
  if (kind == "Gelu") return as(n.text("approximate", "none") == "tanh" ? activation::gelu_tanh : activation::gelu);
  if (kind == "Swish") return [a = n.real("alpha", 1)](double x) { return x / (1 + std::exp(-a * x)); };
  if (kind == "Elu") return [a = n.real("alpha", 1)](double x) { return x < 0 ? a * std::expm1(x) : x; };
  if (kind == "LeakyRelu") return [a = n.real("alpha", 0.01)](double x) { return x < 0 ? a * x : x; };
  if (kind == "HardSigmoid")
    return [a = n.real("alpha", 0.2), b = n.real("beta", 0.5)](double x) { return std::clamp(a * x + b, 0.0, 1.0); };
  if (kind == "Erf") return [](double x) { return std::erf(x); };
  if (kind == "Exp") return [](double x) { return std::exp(x); };
  if (kind == "Log") return [](double x) { return std::log(x); };
  if (kind == "Sqrt") return [](double x) { return std::sqrt(x); };
  if (kind == "Neg") return [](double x) { return -x; };
  if (kind == "Abs") return [](double x) { return std::abs(x); };
  if (kind == "Reciprocal") return [](double x) { return 1 / x; };
  if (kind == "Floor") return [](double x) { return std::floor(x); };
  if (kind == "Ceil") return [](double x) { return std::ceil(x); };
  return {};
}

/// The function of a node that works on pairs of numbers; null for others.
inline binary_function binary_of(const onnx_node& n) {
  const std::string& kind = n.kind();
  if (kind == "Add") return [](double a, double b) { return a + b; };
  if (kind == "Sub") return [](double a, double b) { return a - b; };
  if (kind == "Mul") return [](double a, double b) { return a * b; };
  if (kind == "Div") return [](double a, double b) { return a / b; };
  if (kind == "Pow") return [](double a, double b) { return std::pow(a, b); };
  if (kind == "Min") return [](double a, double b) { return std::min(a, b); };
  if (kind == "Max") return [](double a, double b) { return std::max(a, b); };
  return nullptr;
}

}  // namespace nascent::detail
