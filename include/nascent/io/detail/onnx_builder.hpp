// SPDX-License-Identifier: Apache-2.0
/// \file
/// From layers to ONNX nodes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/version.hpp"
#include "nascent/io/detail/channels_first.hpp"
#include "nascent/io/detail/onnx_layers.hpp"
#include "nascent/io/detail/onnx_nodes.hpp"
#include "nascent/io/layer_names.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

namespace detail {

/// Makes one model. Tensors have the names of the layers that make them; what an activation works on, and what several
/// nodes say together, has the layer's name with a suffix.
class onnx_builder : onnx_nodes {
 public:
  onnx_builder(const network& graph, const onnx_options& options)
      : onnx_nodes("ONNX, network '" + graph.name() + "'", options),
        graph_(graph),
        names_(layer_names(graph)),
        flat_(graph.layers().size() + 1, false) {
    if (options.batch < 0)
      throw onnx_error("io.onnx", place("options.batch"), std::to_string(options.batch),
                       "1 or more images, or 0 for any number");
    if (graph.layers().empty()) throw onnx_error("io.onnx", place(""), "no layer", "one or more");
    for (const network_output& o : graph.outputs()) check_name(o.name);
  }

  /// Batch normalisations folded.
  onnx::ModelProto build(const weights& values) {
    check_weights(values);
    return build_with([&](std::size_t i) { weigh(i, values[i].kernel, values[i].bias); });
  }

  /// Batch normalisations kept.
  onnx::ModelProto build(const network_parameters& values) {
    check_parameters(graph_, values);
    return build_with([&](std::size_t i) {
      const layer_parameters& p = values[i];
      const layer& l = graph_.layers()[i];
      weigh(i, p.kernel, p.bias);
      if (!l.batch_norm) return;
      const auto per_channel = [&](const char* what, const std::vector<float>& numbers) {
        return constant(name_ + what, {l.output.channels}, numbers);
      };
      const std::vector<std::string> inputs{current_, per_channel("/gamma", p.norm.gamma),
                                            per_channel("/beta", p.norm.beta), per_channel("/mean", p.norm.mean),
                                            per_channel("/variance", p.norm.variance)};
      onnx::NodeProto& node = add("BatchNormalization", inputs, "/norm");
      set(node, "epsilon", options_.epsilon);
    });
  }

 private:
  /// An output's name is that of a tensor, which no other may have.
  void check_name(const std::string& name) const {
    const auto taken = [&](const std::string& layer) { return name == layer || name.starts_with(layer + "/"); };
    if (taken("input") || std::ranges::any_of(names_, taken))
      throw onnx_error("io.onnx", place("output '" + name + "'"), "the name of another tensor", "a name of its own");
  }

  void check_weights(const weights& values) const {
    if (const auto fault = find_fault(graph_, values))
      throw network_error("network.parameters", place(fault->where), std::to_string(fault->found),
                          std::to_string(fault->allowed));
  }

  template <class Weigh>
  onnx::ModelProto build_with(Weigh weigh_layer) {
    if (options_.type == data_type::int8)
      throw onnx_error("io.onnx", place("type"), "int8", "f32, bf16, f16; quantise the file with ONNX Runtime's tools");
    const bool is_bf16 = options_.type == data_type::bf16;
    model_.set_ir_version(is_bf16 ? 10 : 8);
    model_.set_producer_name("nascent");
    model_.set_producer_version(std::string(version));
    auto* set = model_.add_opset_import();
    set->set_domain("");
    set->set_version(is_bf16 ? 22 : 17);  // the first whose convolution takes bf16
    model_.mutable_graph()->set_name(graph_.name().empty() ? "network" : graph_.name());
    declare(model_.mutable_graph()->add_input(), "input", 0, false);
    const std::vector<network_output> outputs = graph_.outputs();
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const layer& l = graph_.layers()[i];
      name_ = names_[i];
      compute(l, i, weigh_layer);
      activate(l.function());
      for (const network_output& o : outputs)
        if (o.tensor == static_cast<int>(i) + 1) {  // its last node gives an output its name
          current_ = o.name;
          out_.rename_last(current_);
        }
      tensors_.push_back(current_);
      flat_[i + 1] = is_flat_;
    }
    for (const network_output& o : outputs)
      declare(model_.mutable_graph()->add_output(), o.name, o.tensor, flat_[static_cast<std::size_t>(o.tensor)]);
    return std::move(model_);
  }

  void declare(onnx::ValueInfoProto* value, const std::string& name, int tensor, bool flat) const {
    value->set_name(name);
    auto* type = value->mutable_type()->mutable_tensor_type();
    type->set_elem_type(out_.element());
    const shape& s = graph_.tensor_shape(tensor);
    auto* first = type->mutable_shape()->add_dim();
    if (options_.batch == 0 && s.batch == 1) first->set_dim_param("N");
    else if (options_.batch > 0) first->set_dim_value(std::int64_t{options_.batch} * s.batch);
    type->mutable_shape()->add_dim()->set_dim_value(s.channels);
    if (flat) return;
    type->mutable_shape()->add_dim()->set_dim_value(s.height);
    type->mutable_shape()->add_dim()->set_dim_value(s.width);
  }

  // --- layers --------------------------------------------------------------------------------------------------------

  template <class Weigh>
  void compute(const layer& l, std::size_t i, Weigh& weigh_layer) {
    is_flat_ = false;
    switch (l.kind) {
      case layer_kind::convolution:
      case layer_kind::transposed_convolution:
      case layer_kind::dense:
      case layer_kind::scale:
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::class_token:
      case layer_kind::prelu:
      case layer_kind::position_embedding: weigh_layer(i); return;
      case layer_kind::channel_softmax:
      case layer_kind::reshape:
      case layer_kind::transpose:
      case layer_kind::scores:
      case layer_kind::matmul: arrange(l); return;
      case layer_kind::max_pool:
      case layer_kind::average_pool: {
        onnx::NodeProto& node = add(l.kind == layer_kind::max_pool ? "MaxPool" : "AveragePool", {map(l.operands[0])});
        if (l.count_padding) set(node, "count_include_pad", std::int64_t{1});
        return set_window(node, l);
      }
      case layer_kind::global_average_pool: add("GlobalAveragePool", {map(l.operands[0])}); return;
      case layer_kind::add: add("Add", operands(l)); return;
      case layer_kind::multiply: add("Mul", operands(l)); return;
      case layer_kind::concatenate: set(add("Concat", operands(l)), "axis", std::int64_t{1}); return;
      case layer_kind::slice: {
        std::vector<std::string> inputs = operands(l);
        const int last = l.first_channel() + l.output.channels;
        if (l.output.height == l.input.height && l.output.width == l.input.width) {
          inputs.push_back(integers("/from", {l.first_channel()}));
          inputs.push_back(integers("/to", {last}));
          inputs.push_back(integers("/axis", {1}));
        } else {
          inputs.push_back(integers("/from", {l.first_channel(), l.top, l.left}));
          inputs.push_back(integers("/to", {last, l.top + l.output.height, l.left + l.output.width}));
          inputs.push_back(integers("/axes", {1, 2, 3}));
        }
        add("Slice", inputs);
        return;
      }
      case layer_kind::softmax: {  // over the parts: an axis of their own
        const std::int64_t part = l.input.channels / l.groups;
        add("Reshape", {map(l.operands[0]), integers("/parts", {0, l.groups, part, l.input.height, l.input.width})},
            "/split");
        set(add("Softmax", {current_}, "/weights"), "axis", std::int64_t{1});
        add("Reshape", {current_, integers("/whole", {0, l.input.channels, l.input.height, l.input.width})});
        return;
      }
      case layer_kind::activate:
        is_flat_ = flat_[static_cast<std::size_t>(l.operands[0])];
        current_ = tensor(l.operands[0]);
        if (l.act == activation::identity) add("Identity", {current_});
        return;
      case layer_kind::space_to_depth:
        set(add("SpaceToDepth", {map(l.operands[0])}), "blocksize", std::int64_t{l.stride_height});
        return;
      case layer_kind::depth_to_space:
        set(add("DepthToSpace", {map(l.operands[0])}), "blocksize", std::int64_t{l.stride_height});
        return;
      case layer_kind::space_to_batch: {
        const std::int64_t n = l.stride_height;
        const shape& o = l.output;
        add("Reshape", {map(l.operands[0]), integers("/blocks", {0, o.channels, o.height, n, o.width, n})}, "/split");
        set(add("Transpose", {current_}, "/turned"), "perm", {0, 3, 5, 1, 2, 4});
        add("Reshape", {current_, integers("/maps", {-1, o.channels, o.height, o.width})});
        return;
      }
      case layer_kind::batch_to_space: {
        const std::int64_t n = l.stride_height;
        const shape& in = l.input;
        add("Reshape", {map(l.operands[0]), integers("/blocks", {-1, n, n, in.channels, in.height, in.width})},
            "/split");
        set(add("Transpose", {current_}, "/turned"), "perm", {0, 3, 4, 1, 5, 2});
        add("Reshape", {current_, integers("/maps", {0, in.channels, in.height * n, in.width * n})});
        return;
      }
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear: return resize(l);
      case layer_kind::pad: {
        const int bottom = l.output.height - l.input.height - l.top;
        const int right = l.output.width - l.input.width - l.left;
        add("Pad", {map(l.operands[0]), integers("/pads", {0, 0, l.top, l.left, 0, 0, bottom, right})});
        return;
      }
      case layer_kind::channel_shuffle: {
        const std::int64_t each = l.input.channels / l.groups;
        const shape& s = l.input;
        add("Reshape", {map(l.operands[0]), integers("/groups", {0, l.groups, each, s.height, s.width})}, "/split");
        set(add("Transpose", {current_}, "/turned"), "perm", {0, 2, 1, 3, 4});
        add("Reshape", {current_, integers("/whole", {0, s.channels, s.height, s.width})});
        return;
      }
    }
    throw onnx_error("io.onnx", place(names_[i]), to_string(l.kind), "a kind of layer that ONNX can say");
  }

  /// To a size; where the number of images is free, by the scale that gives it.
  void resize(const layer& l) {
    const shape& to = l.output;
    std::vector<std::string> inputs{map(l.operands[0]), "", ""};
    if (options_.batch == 0) {
      inputs.back() = current_name("/scales");
      out_.floats(inputs.back(), {1, 1, onnx_scale(l.input.height, to.height), onnx_scale(l.input.width, to.width)});
    } else {
      inputs.push_back(integers("/size", {std::int64_t{options_.batch} * to.batch, to.channels, to.height, to.width}));
    }
    set_interpolation(add("Resize", inputs), l.kind);
  }

  /// The linear part of a convolution or dense layer.
  void weigh(std::size_t i, const std::vector<float>& kernel, const std::vector<float>& bias) {
    const layer& l = graph_.layers()[i];
    if (l.scales_channels()) {
      current_ = map(l.operands[0]);
      return normalize(l, kernel, bias);
    }
    if (l.embeds()) return embed(l, kernel);
    if (l.kind == layer_kind::prelu) {
      add("PRelu", {map(l.operands[0]), constant(name_ + "/kernel", {l.output.channels, 1, 1}, kernel)});
      return;
    }
    const int depth = l.input.channels / l.groups;
    const auto with_bias = [&](std::vector<std::string> inputs) {
      if (!bias.empty()) inputs.push_back(constant(name_ + "/bias", {l.output.channels}, bias));
      return inputs;
    };
    const auto of_kernel = [&](int first, int second) {
      return constant(name_ + "/kernel", {first, second, l.kernel_height, l.kernel_width},
                      channels_first_kernel(l, kernel));
    };
    if (l.kind == layer_kind::dense) {
      const std::string units = constant(name_ + "/kernel", {l.output.channels, depth}, kernel);
      set(add("Gemm", with_bias({matrix(l.operands[0]), units})), "transB", std::int64_t{1});
      is_flat_ = true;
    } else if (l.kind == layer_kind::transposed_convolution) {
      const std::string x = map(l.operands[0]);
      set_transposed_window(
          add("ConvTranspose", with_bias({x, of_kernel(l.input.channels, l.output.channels / l.groups)})), l);
    } else {
      const std::string x = map(l.operands[0]);
      onnx::NodeProto& node = add("Conv", with_bias({x, of_kernel(l.output.channels, depth)}));
      set_window(node, l);
      set(node, "group", std::int64_t{l.groups});
    }
  }

  /// What is embedded lies as [position][channel]. A class token is as many as there are images, a free number: a row
  /// of the map times 0 is.
  void embed(const layer& l, const std::vector<float>& kernel) {
    const bool token = l.kind == layer_kind::class_token;
    const int height = token ? 1 : l.output.height;
    const int width = token ? 1 : l.output.width;
    const auto pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    const auto channels = static_cast<std::size_t>(l.output.channels);
    std::vector<float> turned(kernel.size());
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c) turned[c * pixels + p] = kernel[p * channels + c];
    const std::string x = map(l.operands[0]);
    const std::string numbers = constant(name_ + "/kernel", {l.output.channels, height, width}, turned);
    if (!token) {
      add("Add", {x, numbers});
      return;
    }
    add("Slice", {x, integers("/from", {0}), integers("/to", {1}), integers("/axis", {2})}, "/row");
    add("Mul", {current_, scalar("/nothing", 0)}, "/empty");
    add("Add", {current_, numbers}, "/token");
    set(add("Concat", {current_, x}), "axis", std::int64_t{2});
  }

  /// Layers of attention. A head's channels lie side by side in ONNX's order, too: images x heads x channels x
  /// positions.
  void arrange(const layer& l) {
    const shape& in = l.input;
    const shape& out = l.output;
    const auto split = [&](int id, const char* suffix) {
      const int depth = graph_.tensor_shape(id).channels / l.groups;
      add("Reshape", {map(id), integers("/heads", {0, l.groups, depth, -1})}, suffix);
      return current_;
    };
    const auto whole = [&] {
      add("Reshape", {current_, integers("/whole", {0, out.channels, out.height, out.width})});
    };
    switch (l.kind) {
      case layer_kind::channel_softmax:
        split(l.operands[0], "/split");
        set(add("Softmax", {current_}, "/weights"), "axis", std::int64_t{2});
        return whole();
      case layer_kind::scores: {
        const std::string queries = split(l.operands[0], "/queries");
        split(l.operands[1], "/keys");
        set(add("Transpose", {current_}, "/turned"), "perm", {0, 1, 3, 2});
        add("MatMul", {current_, queries}, "/products");
        const int depth = in.channels / l.groups;
        add("Mul", {current_, scalar("/factor", 1 / std::sqrt(static_cast<float>(depth)))}, "/scaled");
        return whole();
      }
      case layer_kind::matmul: {
        const std::string shares = split(l.operands[0], "/shares");
        split(l.operands[1], "/values");
        add("MatMul", {current_, shares}, "/products");
        return whole();
      }
      default: break;
    }
    const bool turns = l.kind == layer_kind::transpose;
    const bool mixes = in.channels != out.channels || in.batch != out.batch;
    const std::int64_t maps = in.batch == out.batch ? 0 : -1;
    if (turns || mixes) {  // the order is that of pixels, channels last
      set(add("Transpose", {map(l.operands[0])}, "/channels_last"), "perm", {0, 2, 3, 1});
    } else {
      current_ = map(l.operands[0]);
    }
    if (turns) {
      add("Reshape", {current_, integers("/rows", {0, out.channels, out.height, 1})});
    } else if (mixes) {
      add("Reshape", {current_, integers("/shape", {maps, out.height, out.width, out.channels})}, "/shaped");
      set(add("Transpose", {current_}), "perm", {0, 3, 1, 2});
    } else {
      add("Reshape", {current_, integers("/shape", {0, out.channels, out.height, out.width})});
    }
  }

  // --- tensors -------------------------------------------------------------------------------------------------------

  const std::string& tensor(int id) const { return tensors_[static_cast<std::size_t>(id)]; }

  /// A tensor as NCHW: what a dense layer made is a matrix.
  std::string map(int id) {
    if (!flat_[static_cast<std::size_t>(id)]) return tensor(id);
    std::string shaped = tensor(id) + "/map";
    if (!made_.insert(shaped).second) return shaped;
    return add_as("Reshape", {tensor(id), integers("/shape", {0, graph_.tensor_shape(id).channels, 1, 1})}, shaped);
  }
  /// A tensor as a matrix of images x channels.
  std::string matrix(int id) {
    if (flat_[static_cast<std::size_t>(id)]) return tensor(id);
    std::string shaped = tensor(id) + "/flat";
    if (!made_.insert(shaped).second) return shaped;
    return add_as("Flatten", {tensor(id)}, shaped);
  }
  /// Those of a layer that works on matrices as on maps: all of one form.
  std::vector<std::string> operands(const layer& l) {
    const std::span ids(l.operands.data(), static_cast<std::size_t>(l.operand_count));
    is_flat_ = true;
    for (const int id : ids) is_flat_ = is_flat_ && flat_[static_cast<std::size_t>(id)];
    std::vector<std::string> inputs;
    for (const int id : ids) inputs.push_back(is_flat_ ? tensor(id) : map(id));
    return inputs;
  }

  const network& graph_;
  std::vector<std::string> names_;
  std::vector<bool> flat_;  ///< which tensors are matrices
  std::vector<std::string> tensors_{"input"};
  bool is_flat_ = false;
};

}  // namespace detail
}  // namespace nascent
