// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks of ONNX models: what PyTorch and others export becomes a network with its own weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/io/detail/onnx_reader.hpp"
#include "nascent/io/detail/onnx_source.hpp"
#include "nascent/io/onnx_error.hpp"
#include "nascent/network/network.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// What a model leaves open, and the name of its network.
struct onnx_read_options {
  int height = 0;      ///< of the input, where the model does not say; 0: it has to
  int width = 0;       ///< the same
  std::string name{};  ///< of the network; empty: the graph's
};

/// A network that was read. Its maps are NHWC: an image goes in, and comes out, in this order, whatever the model's.
struct onnx_network {
  network graph;
  network_parameters parameters;   ///< batch normalisations that the model keeps are kept
  float epsilon = usual_epsilon;   ///< what these add to the variance
  std::string input;               ///< the input's name; those of outputs are `graph.outputs()`'
  std::vector<std::string> nodes;  ///< for each layer the node it was read from: "'layer1.0/conv1' (Conv)"

  /// What executors take.
  weights folded() const { return fold(graph, parameters, epsilon); }
};

namespace detail {

/// The shape of an image, and how many enter at once. \throws onnx_error for a size that is not known
inline std::pair<shape, std::int64_t> onnx_input(const onnx_source& source, const onnx_read_options& options,
                                                 onnx_dims& dims) {
  const auto& type = source.input().type().tensor_type();
  const std::string place = "input '" + plain_text(source.input().name()) + "'";
  switch (type.elem_type()) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16: break;
    default: source.refuse(place, "numbers of type " + element_text(type.elem_type()), "f32, f16, bf16, f64");
  }
  const int rank = type.shape().dim_size();
  if (rank != 4 && rank != 2)
    source.refuse(place, std::to_string(rank) + " dimensions",
                  "images x channels x height x width, or images x numbers");
  const std::array<int, 4> given{1, 0, options.height, options.width};
  for (int i = 0; i < rank; ++i) {
    const auto& d = type.shape().dim(i);
    const bool known = d.has_dim_value();
    const std::int64_t size = known ? d.dim_value() : given[static_cast<std::size_t>(i)];
    const std::string named =
        "dimension " + std::to_string(i) + (d.has_dim_param() ? " '" + plain_text(d.dim_param()) + "'" : "");
    if (!known && size == 0)
      source.refuse(place + ", " + named, "a size that is open",
                    i < 2 ? "a number" : "a number; give onnx_read_options the input's height and width");
    const int most = i == 0 ? network_limits::batch : i == 1 ? network_limits::channels : network_limits::size;
    if (size < 1 || size > most)
      source.refuse(place + ", " + named, std::to_string(size), "1 to " + std::to_string(most));
    dims.push_back(size);
  }
  const auto size = [&](std::size_t i) { return dims.size() > i ? static_cast<int>(dims[i]) : 1; };
  return {{1, size(2), size(3), size(1)}, dims[0]};
}

inline onnx_network read_onnx(const onnx_source& source, const onnx_read_options& options) {
  onnx_dims dims;
  const auto [input, images] = onnx_input(source, options, dims);
  std::string name = options.name.empty() ? plain_text(source.graph().name()) : options.name;
  onnx_network read;
  onnx_reader reader(source, std::move(name));
  onnx_draft::result made = reader.read(input, images, dims, read.epsilon);
  read.graph = std::move(made.graph);
  read.parameters = std::move(made.parameters);
  read.nodes = std::move(made.nodes);
  read.input = plain_text(source.input().name());
  return read;
}

}  // namespace detail

/// The network of an ONNX file: convolutions, pools, dense layers, normalisations, and the activations and
/// squeeze-and-excites that their parts say. Operators of version 7 to 28; weights may lie in files in the model's
/// folder. The number of images is free; other sizes must be known. \throws onnx_error "io.onnx_model" for a file that
/// is no such model, "io.onnx_node" for nodes that no layer is: all of them at once; network_error for a name that is
/// no UTF-8
inline onnx_network read_onnx(const std::filesystem::path& path, const onnx_read_options& options = {}) {
  return detail::read_onnx(detail::onnx_source(path), options);
}

/// The same from memory: no weights outside. \throws as above
inline onnx_network read_onnx_bytes(std::string_view bytes, const onnx_read_options& options = {}) {
  return detail::read_onnx(detail::onnx_source(bytes, "ONNX model"), options);
}

}  // namespace nascent
