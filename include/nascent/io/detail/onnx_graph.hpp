// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes and constants of an ONNX graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#ifndef ONNX_ML
// NOLINTNEXTLINE(readability-identifier-naming): theirs
#define ONNX_ML 1  // with the operators for machine learning, as every package has it; ONNX's CMake files say the same
#endif
#include <onnx/onnx_pb.h>

#include "nascent/io/detail/number_bytes.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::detail {

inline onnx::AttributeProto& attribute(onnx::NodeProto& node, const char* name,
                                       onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}
inline void set(onnx::NodeProto& node, const char* name, std::int64_t value) {
  attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}
inline void set(onnx::NodeProto& node, const char* name, float value) {
  attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}
inline void set(onnx::NodeProto& node, const char* name, const char* value) {
  attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}
inline void set(onnx::NodeProto& node, const char* name, std::initializer_list<int> values) {
  onnx::AttributeProto& a = attribute(node, name, onnx::AttributeProto::INTS);
  for (const int v : values) a.add_ints(v);
}

/// Adds to a graph whose numbers are of one type.
class onnx_graph {
 public:
  onnx_graph(onnx::GraphProto& graph, data_type type) : graph_(&graph), type_(type) {}

  onnx::TensorProto::DataType element() const {
    return type_ == data_type::f32   ? onnx::TensorProto::FLOAT
           : type_ == data_type::f16 ? onnx::TensorProto::FLOAT16
                                     : onnx::TensorProto::BFLOAT16;
  }

  /// A node of one output, named like it.
  onnx::NodeProto& node(const char* kind, const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& node = *graph_->add_node();
    node.set_op_type(kind);
    node.set_name(output);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  /// The last node keeps its name; its output has another.
  void rename_last(const std::string& output) { graph_->mutable_node(graph_->node_size() - 1)->set_output(0, output); }

  /// The first number that the type does not have, or nothing.
  std::optional<float> constant(const std::string& name, std::initializer_list<int> dimensions,
                                std::span<const float> numbers) {
    onnx::TensorProto& t = *graph_->add_initializer();
    t.set_name(name);
    t.set_data_type(element());
    for (const int d : dimensions) t.add_dims(d);
    std::string& bytes = *t.mutable_raw_data();
    bytes.reserve(numbers.size() * static_cast<std::size_t>(size_of(type_)));
    for (const float number : numbers)
      if (!append_number(bytes, number, type_)) return number;
    return std::nullopt;
  }

  /// Always f32, whatever the maps are.
  void floats(const std::string& name, std::initializer_list<float> numbers) {
    onnx::TensorProto& t = *graph_->add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::FLOAT);
    t.add_dims(static_cast<std::int64_t>(numbers.size()));
    for (const float n : numbers) append_number(*t.mutable_raw_data(), n, data_type::f32);
  }

  void integers(const std::string& name, std::initializer_list<std::int64_t> numbers) {
    onnx::TensorProto& t = *graph_->add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::INT64);
    t.add_dims(static_cast<std::int64_t>(numbers.size()));
    for (const std::int64_t n : numbers) append_integer(*t.mutable_raw_data(), n);
  }

 private:
  onnx::GraphProto* graph_;
  data_type type_;
};

}  // namespace nascent::detail
