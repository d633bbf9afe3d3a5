// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes and constants of an ONNX graph under the names of layers, and the activations in its words.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// A network that ONNX cannot say.
struct onnx_error : error {
  using error::error;
};

struct onnx_options {
  data_type type = data_type::f32;  ///< of maps and weights
  int batch = 1;                    ///< images; 0 leaves it free, as "N"
  float epsilon = usual_epsilon;    ///< of batch normalisations that are kept
};

namespace detail {

/// Adds nodes layer after layer: `name_` is the present layer's.
class onnx_nodes {
 protected:
  onnx_nodes(std::string where, const onnx_options& options)
      : where_(std::move(where)), options_(options), out_(*model_.mutable_graph(), options.type) {}

  std::string place(const std::string& what) const { return where_ + (what.empty() ? "" : ", " + what); }

  std::string add_as(const char* kind, const std::vector<std::string>& inputs, const std::string& output) {
    out_.node(kind, inputs, output);
    return output;
  }
  /// A node of the present layer, whose output comes next.
  onnx::NodeProto& add(const char* kind, const std::vector<std::string>& inputs, const char* suffix = "") {
    current_ = name_ + suffix;
    return out_.node(kind, inputs, current_);
  }

  std::string constant(const std::string& name, std::initializer_list<int> dimensions, std::span<const float> numbers) {
    if (const auto wrong = out_.constant(name, dimensions, numbers))
      throw onnx_error(
          "io.onnx", place(name), rounded_text(static_cast<double>(*wrong), 6),
          "finite numbers" + std::string(options_.type == data_type::f16 ? " up to 65504, as f16 has them" : ""));
    return name;
  }
  std::string scalar(const char* suffix, float number) {
    return constant(current_name(suffix), {}, std::array{number});
  }
  std::string integers(const char* suffix, std::initializer_list<std::int64_t> numbers) {
    const std::string name = current_name(suffix);
    out_.integers(name, numbers);
    return name;
  }
  /// Names of constants are the layer's with a suffix; a layer that shapes two operands has two of one suffix.
  std::string current_name(const char* suffix) {
    std::string name = name_ + suffix;
    for (int i = 2; !made_.insert(name).second; ++i) name = name_ + suffix + "_" + std::to_string(i);
    return name;
  }

  // --- activations ---------------------------------------------------------------------------------------------------

  void activate(activation act) {
    switch (act) {
      case activation::identity: return;
      case activation::relu: add("Relu", {current_}, "/relu"); return;
      case activation::relu6: add("Clip", {current_, scalar("/from", 0), scalar("/to", 6)}, "/relu6"); return;
      case activation::swish: {
        const std::string x = current_;
        add("Sigmoid", {x}, "/gate");
        add("Mul", {x, current_}, "/swish");
        return;
      }
      case activation::hswish: add("HardSwish", {current_}, "/hswish"); return;
      case activation::sigmoid: add("Sigmoid", {current_}, "/sigmoid"); return;
      case activation::zero: add("Mul", {current_, scalar("/nothing", 0)}, "/zero"); return;
      case activation::hsigmoid: {
        onnx::NodeProto& node = add("HardSigmoid", {current_}, "/hsigmoid");
        set(node, "alpha", 1.0F / 6);
        set(node, "beta", 0.5F);
        return;
      }
      case activation::leaky_relu: set(add("LeakyRelu", {current_}, "/leaky_relu"), "alpha", 0.01F); return;
      case activation::elu: add("Elu", {current_}, "/elu"); return;
      case activation::tanh: add("Tanh", {current_}, "/tanh"); return;
      case activation::softplus: add("Softplus", {current_}, "/softplus"); return;
      case activation::mish: {  // a node of its own since operator set 18
        const std::string x = current_;
        add("Softplus", {x}, "/soft");
        add("Tanh", {current_}, "/gate");
        add("Mul", {x, current_}, "/mish");
        return;
      }
      case activation::gelu: {  // and these since 20
        const std::string x = current_;
        add("Mul", {x, scalar("/root", std::numbers::sqrt2_v<float> / 2)}, "/scaled");
        add("Erf", {current_}, "/erf");
        finish_gelu(x);
        return;
      }
      case activation::gelu_tanh: {
        const std::string x = current_;
        add("Mul", {x, x}, "/square");
        add("Mul", {current_, scalar("/cubic", 0.044715F)}, "/small");
        add("Add", {current_, scalar("/linear", 1)}, "/factor");
        add("Mul", {x, current_}, "/bent");
        add("Mul", {current_, scalar("/root", std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>)},
            "/scaled");
        add("Tanh", {current_}, "/tanh");
        finish_gelu(x);
        return;
      }
    }
    throw onnx_error("io.onnx", place(name_), to_string(act), "an activation that ONNX can say");
  }

  /// x / 2 * (1 + what has been made so far)
  void finish_gelu(const std::string& x) {
    add("Add", {current_, scalar("/one", 1)}, "/twice");
    add("Mul", {current_, scalar("/half", 0.5F)}, "/gate");
    add("Mul", {x, current_}, "/gelu");
  }

  std::string where_;
  onnx_options options_;
  std::set<std::string> made_;  ///< reshaped tensors and their shapes
  onnx::ModelProto model_;
  onnx_graph out_;
  std::string name_;     ///< of the present layer
  std::string current_;  ///< what it has made so far
};

}  // namespace detail
}  // namespace nascent
