// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks as ONNX models, for other runtimes and compilers: ONNX Runtime, OpenVINO, TensorRT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "nascent/base/file.hpp"
#include "nascent/io/detail/onnx_builder.hpp"
#include "nascent/io/onnx_error.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// A network as an ONNX model (operator set 17; 22 for bf16) with batch normalisations folded. `input` is NCHW, or
/// whatever the network takes in that order; outputs have the names of `graph.outputs()`, `output` where none was
/// declared, and are a matrix of images x classes where a dense layer makes them, else NCHW. Nodes have the names of
/// `layer_names`. \throws network_error where the weights are not the network's, onnx_error where a number does not fit
/// the type
inline onnx::ModelProto to_onnx(const network& graph, const weights& values, const onnx_options& options = {}) {
  return detail::onnx_builder(graph, options).build(values);
}

/// The same with batch normalisations kept, as a network is trained on. `options.epsilon` is what they add to the
/// variance. \throws network_error, onnx_error
inline onnx::ModelProto to_onnx(const network& graph, const network_parameters& values,
                                const onnx_options& options = {}) {
  return detail::onnx_builder(graph, options).build(values);
}

/// Writes a model, whole or not at all. \throws file_error; onnx_error above 2 GB, which ONNX files cannot hold
inline void write_onnx(const std::filesystem::path& path, const onnx::ModelProto& model) {
  if (const std::size_t bytes = model.ByteSizeLong(); bytes > INT32_MAX)
    throw onnx_error("io.onnx", "ONNX file '" + path.string() + "'", std::to_string(bytes) + " bytes",
                     "at most 2^31 - 1; f16 or bf16 takes half");
  write_file(path, model.SerializeAsString());
}

/// The two in one. \throws as they do
template <class Values>
void write_onnx(const std::filesystem::path& path, const network& graph, const Values& values,
                const onnx_options& options = {}) {
  write_onnx(path, to_onnx(graph, values, options));
}

}  // namespace nascent
