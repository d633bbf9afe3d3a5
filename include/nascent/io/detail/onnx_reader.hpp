// SPDX-License-Identifier: Apache-2.0
/// \file
/// From the nodes of an ONNX model to layers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/io/detail/onnx_shaping.hpp"
#include "nascent/io/detail/onnx_source.hpp"

namespace nascent::detail {

/// Reads one model, node after node in their order. What a node says that no layer does is collected, and told at the
/// end.
class onnx_reader : onnx_shaping {
 public:
  onnx_reader(const onnx_source& source, std::string name)
      : onnx_shaping(std::move(name)), source_(source), folding_(source.numbers()) {
    epsilon_ = source.least_epsilon();
    draft_.limit(16 * source.numbers() + (std::size_t{1} << 24));
    for (const auto& [name_of, tensor] : source.constants()) {
      try {
        values_[name_of] = constant_of(*tensor, source.folder());
      } catch (const onnx_refusal& r) {
        values_[name_of] = std::monostate();
        source.refuse("weights '" + plain_text(name_of) + "'", r.found, r.allowed);
      }
    }
  }

  onnx_draft::result read(const shape& input, std::int64_t images, const onnx_dims& dims, float& epsilon) {
    images_ = images;
    draft_.begin(input);
    const strided_view v = first({input.batch, input.height, input.width, input.channels, 0});
    onnx_map in{v, {}, "the input", 0, {}};
    if (dims.size() == 2) in.view.dims.resize(2);
    values_[source_.input().name()] = in;
    for (const onnx::NodeProto& node : source_.graph().node()) read(onnx_node(node, source_.operators()));
    if (problems_.empty()) read_outputs();
    if (!problems_.empty()) refuse_all();
    epsilon = epsilon_;
    return draft_.tidied();
  }

 private:
  void read(const onnx_node& n) {
    node_ = n.text();
    std::vector<onnx_value> in;
    bool readable = true;
    bool all_constant = true;
    for (const std::string& name : n.proto().input()) {
      if (name.empty()) {
        in.emplace_back(shared_constant());
        continue;
      }
      const auto found = values_.find(name);
      if (found == values_.end())
        source_.refuse("node " + node_ + ", input '" + plain_text(name) + "'", "made by no node before it",
                       "tensors in the order in which they are made");
      in.push_back(found->second);
      readable = readable && found->second.index() != 0;
      all_constant = all_constant && found->second.index() == 1;
    }
    std::vector<onnx_value> out;
    if (readable) try {
        const std::string& domain = n.proto().domain();
        if (!domain.empty() && domain != "ai.onnx")
          throw onnx_refusal{"an operator of '" + plain_text(domain) + "'", "ONNX's own"};
        if (n.kind().ends_with("uantizeLinear") || n.kind().ends_with("Integer") || n.kind().starts_with("QLinear"))
          throw quantized(in);
        if (all_constant) out = folded(n, in);
        else out = converted(n, in);
      } catch (const onnx_refusal& r) {
        problems_.push_back(node_ + ": found " + r.found + "; allowed: " + r.allowed);
        out.clear();
        readable = false;
      }
    for (int i = 0; i < n.proto().output_size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::string& name = n.proto().output(i);
      if (name.empty() || (readable && at >= out.size())) continue;
      if (!values_.try_emplace(name, readable ? out[at] : onnx_value()).second)
        source_.refuse("node " + node_ + ", output '" + plain_text(name) + "'", "a name twice",
                       "a name for each tensor");
    }
  }

  /// Why a node of a quantised model is refused. Networks are quantised after they were read, by scales alone.
  static onnx_refusal quantized(std::span<const onnx_value> in) {
    const auto* zero = in.size() == 3 ? std::get_if<shared_constant>(&in[2]) : nullptr;  // of the two that convert
    return {zero != nullptr && *zero != nullptr && has_zero_point(**zero)
                ? "quantised numbers with a zero point that is not 0"
                : "quantised numbers",
            "the model in f32 (or f16, bf16), to be read and then calibrated: int8 has scales and no zero points"};
  }
  static bool has_zero_point(const onnx_constant& zero) {
    return std::visit([](const auto& numbers) { return std::ranges::any_of(numbers, [](auto x) { return x != 0; }); },
                      zero.numbers);
  }

  std::vector<onnx_value> folded(const onnx_node& n, std::span<const onnx_value> in) {
    if (n.kind() == "Constant") return {constant(n)};
    std::vector<shared_constant> inputs;
    for (const onnx_value& v : in) inputs.push_back(std::get<shared_constant>(v));
    const auto made = folding_(n, inputs);
    if (!made) throw onnx_refusal{"an operator on constants that is not known", "the operators of docs/onnx.md"};
    return {made->begin(), made->end()};
  }

  shared_constant constant(const onnx_node& n) const {
    if (const auto* a = n.find("value")) return constant_of(a->t(), source_.folder());
    const auto make = [](onnx_constant c) { return std::make_shared<const onnx_constant>(std::move(c)); };
    if (n.has("value_float")) return make({{}, std::vector<float>{static_cast<float>(n.real("value_float", 0))}});
    if (n.has("value_int")) return make({{}, onnx_dims{n.integer("value_int", 0)}});
    if (const auto* a = n.find("value_floats"))
      return make({{a->floats_size()}, std::vector<float>(a->floats().begin(), a->floats().end())});
    if (const auto* a = n.find("value_ints"))
      return make({{a->ints_size()}, onnx_dims(a->ints().begin(), a->ints().end())});
    throw onnx_refusal{"a constant of another kind", "numbers"};
  }

  /// A node that images reach.
  std::vector<onnx_value> converted(const onnx_node& n, std::span<const onnx_value> in) {
    const std::string& kind = n.kind();
    const auto given = [&](std::size_t i) -> const onnx_constant* {
      const auto* c = i < in.size() ? std::get_if<shared_constant>(&in[i]) : nullptr;
      return c == nullptr ? nullptr : c->get();
    };
    const auto constant = [&](std::size_t i) -> const onnx_constant& {
      if (given(i) == nullptr)
        throw onnx_refusal{"input " + std::to_string(i) + " that is computed from the image, or none", "a constant"};
      return *given(i);
    };
    const auto map = [&](std::size_t i) -> const onnx_map& {
      const auto* m = i < in.size() ? std::get_if<onnx_map>(&in[i]) : nullptr;
      if (m == nullptr) throw onnx_refusal{"input " + std::to_string(i) + " that is a constant, or none", "a map"};
      return *m;
    };
    const auto list = [&](std::size_t i, const char* name) {
      return given(i) != nullptr ? given(i)->whole() : n.integers(name).value_or(onnx_dims{});
    };
    if (kind == "Conv") return {convolution(n, map(0), constant(1), given(2))};
    if (kind == "ConvTranspose") return {transposed_convolution(n, map(0), constant(1), given(2))};
    if (kind == "Gemm") return {gemm(n, map(0), constant(1), given(2))};
    if (kind == "MatMul" && given(1) != nullptr) return {product(map(0), {given(1)}, {})};
    if (kind == "MatMul") return {product_of_maps(map(0), map(1))};
    if (kind == "BatchNormalization")
      return {batch_norm(n, map(0), constant(1), constant(2), constant(3), constant(4), epsilon_)};
    if (kind == "LayerNormalization") return {layer_norm(n, map(0), constant(1), given(2))};
    if (kind == "RMSNormalization") return {rms_norm(n, map(0), constant(1))};
    if (kind == "InstanceNormalization") return {instance_norm(n, map(0), constant(1), constant(2))};
    if (kind == "GroupNormalization") return {group_norm(n, map(0), constant(1), constant(2))};
    if (kind == "MaxPool" || kind == "AveragePool") return {pool(n, map(0), kind == "MaxPool")};
    if (kind == "GlobalAveragePool") return {global_mean(map(0), {2, 3}, true)};
    if (kind == "ReduceMean") return {mean(n, map(0), list(1, "axes"))};
    if (kind == "ReduceSum") return {sum(n, map(0), list(1, "axes"))};
    if (kind == "Concat") return {concatenated(n, in)};
    if (kind == "Slice") return {sliced(n, map(0), constants_of(in))};
    if (kind == "Split") return split(n, map(0), list(1, "split"));
    if (kind == "Gather") return {gathered(n, map(0), constant(1))};
    if (kind == "Pad") return {padded(n, map(0), given(1), given(2))};
    if (kind == "Resize" || kind == "Upsample") return {resized(n, map(0), constants_of(in))};
    if (kind == "Softmax") return {softmax(n, map(0))};
    if (kind == "SpaceToDepth") return {space_to_depth(n, map(0))};
    if (kind == "DepthToSpace") return {depth_to_space(n, map(0))};
    if (kind == "PRelu") return {prelu(map(0), constant(1))};
    if (kind == "Reshape")
      return {regrouped(map(0), meant_sizes(map(0).view.sizes(), constant(1).whole(), n.integer("allowzero", 0) != 0))};
    if (kind == "Flatten" || kind == "Squeeze" || kind == "Unsqueeze")
      return {regrouped(map(0), onnx_folding::regrouped_sizes(n, map(0).view.sizes(), list(1, "axes")))};
    if (kind == "Expand") return {expanded(map(0), constant(1).whole())};
    if (kind == "Transpose") return {transposed(n, map(0))};
    if (kind == "Shape") return {std::make_shared<const onnx_constant>(onnx_folding::shape_of(n, map(0).view.sizes()))};
    if (kind == "Identity" || kind == "Dropout") return {map(0)};
    if (kind == "Cast") return {cast(n, map(0))};
    if (kind == "Clip") return {clipped(n, map(0), given(1), given(2))};
    if (binary_of(n) != nullptr && in.size() == 2) {
      if (is_statistic(in[0]) || is_statistic(in[1])) return {normalized(n, operand(in[0]), operand(in[1]))};
      if (std::optional<onnx_value> c = constant_sum(n, operand(in[0]), operand(in[1]))) return {std::move(*c)};
      return {paired(n, in[0], in[1])};
    }
    if (const unary_function f = unary_of(n)) return {then(map(0), f)};
    throw onnx_refusal{"an operator that no layer is", "the operators of docs/onnx.md"};
  }

  static const onnx_value& operand(const onnx_value& v) {
    if (const auto* c = std::get_if<shared_constant>(&v); c != nullptr && *c == nullptr)
      throw onnx_refusal{"an operand that is left out", "two"};
    return v;
  }

  static std::vector<shared_constant> constants_of(std::span<const onnx_value> in) {
    std::vector<shared_constant> all;
    for (const onnx_value& v : in) {
      const auto* c = std::get_if<shared_constant>(&v);
      all.push_back(c == nullptr ? nullptr : *c);
    }
    return all;
  }

  static onnx_map cast(const onnx_node& n, const onnx_map& m) {
    switch (n.integer("to", 1)) {
      case onnx::TensorProto::FLOAT:
      case onnx::TensorProto::DOUBLE:
      case onnx::TensorProto::FLOAT16:
      case onnx::TensorProto::BFLOAT16: return m;
      default: throw onnx_refusal{"maps of " + element_text(static_cast<int>(n.integer("to", 1))), "real numbers"};
    }
  }

  onnx_map gemm(const onnx_node& n, const onnx_map& in, const onnx_constant& units, const onnx_constant* bias) {
    if (n.integer("transA", 0) != 0) throw onnx_refusal{"transA", "0: images x inputs"};
    if (units.dims.size() != 2) throw onnx_refusal{"weights of " + dims_text(units.dims), "a matrix"};
    const matrix m{&units, n.integer("transB", 0) != 0, static_cast<float>(n.real("alpha", 1))};
    std::vector<float> summands;
    if (bias != nullptr) {
      const std::vector<float>& numbers = bias->real();
      const auto outputs = static_cast<std::size_t>(m.outputs());
      if (numbers.size() != 1 && numbers.size() != outputs)
        throw onnx_refusal{"a bias of " + dims_text(bias->dims), std::to_string(outputs)};
      for (std::size_t i = 0; i < outputs; ++i)
        summands.push_back(numbers[numbers.size() == 1 ? 0 : i] * static_cast<float>(n.real("beta", 1)));
    }
    return product(in, m, std::move(summands));
  }

  void read_outputs() {
    for (const onnx::ValueInfoProto& o : source_.graph().output()) {
      node_ = "output '" + plain_text(o.name()) + "'";
      const auto found = values_.find(o.name());
      if (found == values_.end()) source_.refuse(node_, "made by no node", "a tensor of the model");
      try {
        const auto* m = std::get_if<onnx_map>(&found->second);
        if (m == nullptr) throw onnx_refusal{"a constant", "what is computed from an image"};
        draft_.words().output(output_of(settled(*m)), o.name());
      } catch (const onnx_refusal& r) {
        problems_.push_back(node_ + ": found " + r.found + "; allowed: " + r.allowed);
      } catch (const network_error& e) {
        problems_.push_back(node_ + ": found " + std::string(e.found()) + "; allowed: " + std::string(e.allowed()));
      }
    }
  }

  [[noreturn]] void refuse_all() const {
    constexpr std::size_t most = 20;
    std::string all =
        std::to_string(problems_.size()) + (problems_.size() == 1 ? " node" : " nodes") + " that no layers say:";
    for (std::size_t i = 0; i < problems_.size() && i < most; ++i) all += (i == 0 ? " " : " | ") + problems_[i];
    if (problems_.size() > most) all += " | and " + std::to_string(problems_.size() - most) + " more";
    throw onnx_error("io.onnx_node", source_.where(), all, "models of the operators and patterns in docs/onnx.md");
  }

  const onnx_source& source_;
  onnx_folding folding_;
  std::map<std::string, onnx_value, std::less<>> values_;
  std::vector<std::string> problems_;
  float epsilon_ = usual_epsilon;
};

}  // namespace nascent::detail
