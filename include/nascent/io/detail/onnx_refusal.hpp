// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a node of an ONNX model says that no layer does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nascent/base/utf8.hpp"
#include "nascent/io/detail/onnx_graph.hpp"

namespace nascent::detail {

/// Ends the reading of one node. Not an error yet: what is wrong with the others is told with it.
struct onnx_refusal {
  std::string found;
  std::string allowed;
};

/// A text from a file, for a sentence: short, printable, UTF-8.
inline std::string plain_text(std::string_view text) {
  std::string plain(text.substr(0, 200));
  const bool any = is_utf8(plain);
  for (char& c : plain)
    if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !any)) c = '?';
  return text.size() > 200 ? plain + "..." : plain;
}

/// "1 x 3 x 224 x 224"; "one number".
inline std::string dims_text(std::span<const std::int64_t> dims) {
  if (dims.empty()) return "one number";
  std::string text;
  for (std::size_t i = 0; i < dims.size() && i < 12; ++i) text += (i == 0 ? "" : " x ") + std::to_string(dims[i]);
  return dims.size() > 12 ? text + " x ..." : text;
}

/// The name of a type of numbers.
inline std::string element_text(int type) {
  return onnx::TensorProto::DataType_IsValid(type)
             ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type))
             : std::to_string(type);
}

}  // namespace nascent::detail
