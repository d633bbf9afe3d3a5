// SPDX-License-Identifier: Apache-2.0
/// \file
/// Constants of an ONNX model as numbers that we compute with.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/base/small_float.hpp"
#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/io/detail/onnx_refusal.hpp"

namespace nascent::detail {

using onnx_dims = std::vector<std::int64_t>;

/// Numbers that a tensor of these sizes has. \throws onnx_refusal for sizes below 0, and for more than 2^40
inline std::int64_t count_of(std::span<const std::int64_t> dims) {
  if (dims.size() > 32) throw onnx_refusal{std::to_string(dims.size()) + " dimensions", "at most 32"};
  double count = 1;
  std::int64_t exact = 1;
  for (const std::int64_t d : dims) {
    if (d < 0) throw onnx_refusal{"a size of " + std::to_string(d), "sizes of 0 or more"};
    count *= static_cast<double>(d);
    if (count > 0x1p40) throw onnx_refusal{"a tensor of " + dims_text(dims), "at most 2^40 numbers"};
    exact *= d;
  }
  return exact;
}

/// A tensor that is known before any image: real numbers, or whole ones.
struct onnx_constant {
  onnx_dims dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>> numbers;

  bool is_whole() const { return numbers.index() == 1; }
  std::size_t size() const {
    return std::visit([](const auto& n) { return n.size(); }, numbers);
  }
  double real(std::size_t i) const {
    return std::visit([i](const auto& n) { return static_cast<double>(n[i]); }, numbers);
  }
  /// \throws onnx_refusal where they are no whole numbers
  const std::vector<std::int64_t>& whole() const {
    if (!is_whole()) throw onnx_refusal{"real numbers", "whole ones: sizes, axes"};
    return std::get<1>(numbers);
  }
  /// \throws onnx_refusal where they are no real numbers, or not finite
  const std::vector<float>& real() const {
    if (is_whole()) throw onnx_refusal{"weights that are whole numbers", "f32, f16, bf16 or f64"};
    for (const float x : std::get<0>(numbers))
      if (!std::isfinite(x)) throw onnx_refusal{"weights that are not finite", "finite numbers that f32 holds"};
    return std::get<0>(numbers);
  }
};
using shared_constant = std::shared_ptr<const onnx_constant>;

/// The bytes of a tensor that lie in a file beside the model. \throws onnx_refusal where that is not a file in the
/// model's folder, or too short
inline std::string external_bytes(const onnx::TensorProto& t, const std::filesystem::path& folder, std::size_t size) {
  namespace fs = std::filesystem;
  std::string location;
  std::uint64_t offset = 0;
  const auto refuse = [&](const std::string& why) {
    throw onnx_refusal{"external data in '" + plain_text(location) + "', " + why,
                       "a file in the model's folder that holds the numbers"};
  };
  if (folder.empty()) refuse("of a model that was not read from a file");
  for (const auto& entry : t.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset") continue;
    const std::string& text = entry.value();
    if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos)
      throw onnx_refusal{"external data at '" + plain_text(text) + "'", "an offset in bytes"};
    offset = std::stoull(text);
  }
  if (location.empty() || location.find('\0') != std::string::npos) refuse("which is no name");
  std::error_code failed;
  const fs::path root = fs::canonical(folder, failed);
  if (failed) refuse("whose folder is gone");
  const fs::path path = fs::canonical(root / location, failed);  // behind links
  if (failed || !fs::is_regular_file(path, failed)) refuse("which is no file");
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  if (end != root.end()) refuse("outside");
  const std::uintmax_t there = fs::file_size(path, failed);
  if (failed || offset > there || size > there - offset) refuse("which is too short");
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.seekg(static_cast<std::streamoff>(offset)) || !in.read(bytes.data(), static_cast<std::streamsize>(size)))
    refuse("which cannot be read");
  return bytes;
}

/// Little-endian numbers of the type `Raw` in bytes, turned by `convert`.
template <class To, class Raw, class Convert>
std::vector<To> numbers_in(std::string_view bytes, Convert convert) {
  std::vector<To> all(bytes.size() / sizeof(Raw));
  for (std::size_t i = 0; i < all.size(); ++i) {
    Raw raw;
    std::memcpy(&raw, bytes.data() + i * sizeof(Raw), sizeof(Raw));
    all[i] = convert(raw);
  }
  return all;
}

/// A tensor's numbers: `Raw` as they lie in bytes, `typed` where the model has a list of them.
template <class To, class Raw, class List, class Convert>
std::vector<To> numbers_of(const onnx::TensorProto& t, const List& typed, std::size_t count,
                           const std::filesystem::path& folder, Convert convert) {
  const auto fit = [&](std::size_t found, const char* what) {
    if (found != count)
      throw onnx_refusal{std::to_string(found) + what + " for " + std::to_string(count) + " numbers", "as many"};
  };
  if (t.data_location() == onnx::TensorProto::EXTERNAL)
    return numbers_in<To, Raw>(external_bytes(t, folder, count * sizeof(Raw)), convert);
  if (t.has_raw_data()) {
    if (t.raw_data().size() % sizeof(Raw) != 0) fit(t.raw_data().size(), " bytes");
    fit(t.raw_data().size() / sizeof(Raw), " in bytes");
    return numbers_in<To, Raw>(t.raw_data(), convert);
  }
  fit(static_cast<std::size_t>(typed.size()), "");
  std::vector<To> all;
  all.reserve(count);
  for (const auto x : typed) all.push_back(convert(static_cast<Raw>(x)));
  return all;
}

/// Small floating-point numbers become f32; f64 is rounded to it. `folder` is where external data may lie.
/// \throws onnx_refusal for other types, and where the numbers are not as many as the sizes say
inline shared_constant constant_of(const onnx::TensorProto& t, const std::filesystem::path& folder) {
  onnx_constant c{{t.dims().begin(), t.dims().end()}, {}};
  const auto count = static_cast<std::size_t>(count_of(c.dims));
  const auto same = [](auto x) { return static_cast<float>(x); };
  const auto whole = [](auto x) { return static_cast<std::int64_t>(x); };
  switch (t.data_type()) {
    case onnx::TensorProto::FLOAT: c.numbers = numbers_of<float, float>(t, t.float_data(), count, folder, same); break;
    case onnx::TensorProto::DOUBLE:
      c.numbers = numbers_of<float, double>(t, t.double_data(), count, folder, same);
      break;
    case onnx::TensorProto::FLOAT16:
      c.numbers = numbers_of<float, std::uint16_t>(t, t.int32_data(), count, folder, from_f16);
      break;
    case onnx::TensorProto::BFLOAT16:
      c.numbers = numbers_of<float, std::uint16_t>(t, t.int32_data(), count, folder, from_bf16);
      break;
    case onnx::TensorProto::INT64:
      c.numbers = numbers_of<std::int64_t, std::int64_t>(t, t.int64_data(), count, folder, whole);
      break;
    case onnx::TensorProto::INT32:
      c.numbers = numbers_of<std::int64_t, std::int32_t>(t, t.int32_data(), count, folder, whole);
      break;
    case onnx::TensorProto::INT8:
      c.numbers = numbers_of<std::int64_t, std::int8_t>(t, t.int32_data(), count, folder, whole);
      break;
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      c.numbers = numbers_of<std::int64_t, std::uint8_t>(t, t.int32_data(), count, folder, whole);
      break;
    default:
      throw onnx_refusal{"numbers of type " + element_text(t.data_type()),
                         "f32, f16, bf16, f64, whole numbers of 8, 32 or 64 bits, bool"};
  }
  return std::make_shared<const onnx_constant>(std::move(c));
}

}  // namespace nascent::detail
