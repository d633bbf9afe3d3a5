// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes and constants of an ONNX graph under the names of layers; normalisations and activations in its words.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/io/onnx_error.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

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

  // --- normalisations

  /// A scale or a normalisation, in the words of operator set 17. What is trained as a batch normalisation has no
  /// kernel.
  void normalize(const layer& l, const std::vector<float>& kernel, const std::vector<float>& bias) {
    const int channels = l.output.channels;
    const float epsilon = epsilon_of(l);
    if (l.kind == layer_kind::layer_norm) {  // over the last dimension, which has to be the channels
      set(add("Transpose", {current_}, "/channels_last"), "perm", {0, 2, 3, 1});
      std::vector<std::string> inputs{current_, constant(name_ + "/kernel", {channels}, kernel)};
      if (!bias.empty()) inputs.push_back(constant(name_ + "/bias", {channels}, bias));
      onnx::NodeProto& node = add("LayerNormalization", inputs, "/norm");
      set(node, "axis", std::int64_t{-1});
      set(node, "epsilon", epsilon);
      set(add("Transpose", {current_}), "perm", {0, 3, 1, 2});
      return;
    }
    if (l.kind == layer_kind::group_norm) {  // of instances, the groups: a node of its own since operator set 18
      const std::vector<float> ones(static_cast<std::size_t>(l.groups), 1.0F);
      const std::vector<float> zeros(ones.size(), 0.0F);
      add("Reshape", {current_, integers("/groups", {0, l.groups, -1})}, "/split");
      onnx::NodeProto& node =
          add("InstanceNormalization",
              {current_, constant(name_ + "/ones", {l.groups}, ones), constant(name_ + "/zeros", {l.groups}, zeros)},
              "/norm");
      set(node, "epsilon", epsilon);
      add("Reshape", {current_, integers("/whole", {0, channels, l.output.height, l.output.width})}, "/joined");
    }
    if (l.kind == layer_kind::rms_norm) {
      const std::string x = current_;
      add("Mul", {x, x}, "/squares");
      // The axes are an input since operator set 18.
      if (options_.type == data_type::bf16) add("ReduceMean", {current_, integers("/axis", {1})}, "/mean");
      else set(add("ReduceMean", {current_}, "/mean"), "axes", {1});
      add("Add", {current_, scalar("/epsilon", epsilon)}, "/above_zero");
      add("Sqrt", {current_}, "/deviation");
      add("Div", {x, current_}, "/norm");
    }
    if (!kernel.empty()) add("Mul", {current_, constant(name_ + "/kernel", {channels, 1, 1}, kernel)}, "/weighted");
    if (!bias.empty()) add("Add", {current_, constant(name_ + "/bias", {channels, 1, 1}, bias)}, "/biased");
  }

  // --- activations ---------------------------------------------------------------------------------------------------

  void activate(const activation_function& f) {
    const auto single = [](double number) { return static_cast<float>(number); };
    switch (f.act) {
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
      case activation::leaky_relu: set(add("LeakyRelu", {current_}, "/leaky_relu"), "alpha", single(f.slope())); return;
      case activation::elu: set(add("Elu", {current_}, "/elu"), "alpha", single(f.factor())); return;
      case activation::clamp: clip(single(f.low()), single(f.high())); return;
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
    throw onnx_error("io.onnx", place(name_), to_string(f.act), "an activation that ONNX can say");
  }

  /// A bound that is none is left out.
  void clip(float low, float high) {
    const bool above = std::isfinite(high);
    std::vector<std::string> inputs{current_, std::isfinite(low) ? scalar("/from", low) : std::string()};
    if (above) inputs.push_back(scalar("/to", high));
    add("Clip", inputs, "/clamp");
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
