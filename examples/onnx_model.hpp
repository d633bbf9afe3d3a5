// SPDX-License-Identifier: Apache-2.0
/// \file
/// ONNX models as networks, for programs that take networks by name; without the component `onnx` they say so.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nascent/network/network.hpp>

#ifdef EXAMPLES_READ_ONNX
#include <nascent/io/read_onnx.hpp>
#else
#include <nascent/base/error.hpp>
#endif

namespace examples {

/// The network of a model, under the name of its file.
inline nascent::network read_model(const std::filesystem::path& path) {
#ifdef EXAMPLES_READ_ONNX
  return nascent::read_onnx(path, {.name = path.stem().string()}).graph;
#else
  throw nascent::error("example.onnx", "ONNX file '" + path.string() + "'", "a program that was built without ONNX",
                       "one that was built where libonnx-dev and libprotobuf-dev are");
#endif
}

#ifdef EXAMPLES_READ_ONNX
/// The same with what executors take of its weights.
inline std::pair<nascent::network, nascent::weights> read_trained(const std::filesystem::path& path) {
  nascent::onnx_network read = nascent::read_onnx(path, {.name = path.stem().string()});
  nascent::weights values = read.folded();
  return {std::move(read.graph), std::move(values)};
}
#endif

inline std::vector<nascent::network> read_models(const std::vector<std::string>& paths) {
  std::vector<nascent::network> all;
  for (const std::string& path : paths) all.push_back(read_model(path));
  return all;
}

}  // namespace examples
