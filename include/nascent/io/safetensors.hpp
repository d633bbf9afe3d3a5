// SPDX-License-Identifier: Apache-2.0
/// \file
/// Files of named tensors in the format safetensors (huggingface/safetensors): eight bytes with the length of a JSON
/// header, the header, the numbers, all little-endian.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/file.hpp"
#include "nascent/base/small_float.hpp"
#include "nascent/io/detail/number_bytes.hpp"
#include "nascent/io/json_reader.hpp"

namespace nascent {

/// A file that is no safetensors file, or a tensor of a type that is not read.
struct safetensors_error : error {
  using error::error;
};

/// A tensor of a file: numbers in row-major order, little-endian.
struct safetensor {
  std::string name{};
  std::string type{};  ///< "F32", "F16", "BF16", "I64" and others
  std::vector<std::int64_t> shape{};
  std::string bytes{};
};

/// "32 x 3 x 3 x 3"; of a single number "one number".
inline std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string all;
  for (const std::int64_t n : shape) all += (all.empty() ? "" : " x ") + std::to_string(n);
  return all.empty() ? "one number" : all;
}

inline safetensor make_safetensor(std::string name, std::vector<std::int64_t> shape,
                                  const std::vector<float>& numbers) {
  safetensor t{std::move(name), "F32", std::move(shape), {}};
  t.bytes.reserve(4 * numbers.size());
  for (const float x : numbers) detail::append_integer(t.bytes, std::bit_cast<std::uint32_t>(x));
  return t;
}

namespace detail {

/// Bytes of a number of a type; 0 for one that the format does not have.
constexpr std::size_t safetensor_size(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2") return 1;
  return 0;
}

inline std::uint64_t read_integer(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < size; ++i) n |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return n;
}

}  // namespace detail

/// The numbers of a tensor of 16, 32 or 64 bits floating point. \throws safetensors_error for another type
inline std::vector<float> numbers_of(const safetensor& t) {
  const std::size_t size = detail::safetensor_size(t.type);
  if (!t.type.starts_with('F') && t.type != "BF16")
    throw safetensors_error("io.safetensors", "tensor '" + t.name + "'", "numbers of type " + t.type,
                            "F64, F32, F16 or BF16");
  if (size < 2)
    throw safetensors_error("io.safetensors", "tensor '" + t.name + "'", "numbers of type " + t.type,
                            "F64, F32, F16 or BF16");
  std::vector<float> numbers(t.bytes.size() / size);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint64_t bits = detail::read_integer(t.bytes, i * size, size);
    if (t.type == "F64") numbers[i] = static_cast<float>(std::bit_cast<double>(bits));
    else if (t.type == "F32") numbers[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    else if (t.type == "F16") numbers[i] = from_f16(static_cast<std::uint16_t>(bits));
    else numbers[i] = from_bf16(static_cast<std::uint16_t>(bits));
  }
  return numbers;
}

/// What a file says beside its tensors, the format's "__metadata__": texts by name.
using safetensors_metadata = std::map<std::string, std::string>;

/// A file's content. \throws safetensors_error for a tensor whose bytes are not those of its shape, or a name twice
inline std::string to_safetensors(const std::vector<safetensor>& tensors, const safetensors_metadata& metadata = {}) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const safetensor& t : tensors) {
    std::size_t bytes = detail::safetensor_size(t.type);
    for (const std::int64_t n : t.shape) bytes *= static_cast<std::size_t>(n);
    if (bytes != t.bytes.size() || header.contains(t.name) || t.name == "__metadata__")
      throw safetensors_error("io.safetensors", "tensor '" + t.name + "'",
                              bytes != t.bytes.size() ? std::to_string(t.bytes.size()) + " bytes" : "the name twice",
                              bytes != t.bytes.size() ? std::to_string(bytes) : "each once, and no '__metadata__'");
    header[t.name] = {{"dtype", t.type}, {"shape", t.shape}, {"data_offsets", {data.size(), data.size() + bytes}}};
    data += t.bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the numbers begin at a multiple of eight
  std::string all;
  detail::append_integer(all, std::uint64_t{text.size()});
  return all + text + data;
}

namespace detail {

[[noreturn]] inline void refuse_safetensors(const std::string& source, const std::string& what,
                                            const std::string& found, const std::string& allowed) {
  throw safetensors_error(
      "io.safetensors", "safetensors" + (source.empty() ? "" : " '" + source + "'") + (what.empty() ? "" : ", " + what),
      found, allowed);
}

/// The header, and the numbers after it. \throws safetensors_error, json_error
inline std::pair<json, std::string_view> safetensors_parts(std::string_view content, const std::string& source) {
  constexpr std::size_t most_header = std::size_t{100} << 20;
  if (content.size() < 8) refuse_safetensors(source, "", std::to_string(content.size()) + " bytes", "8 or more");
  const std::uint64_t length = read_integer(content, 0, 8);
  if (length > content.size() - 8 || length > most_header)
    refuse_safetensors(source, "", "a header of " + std::to_string(length) + " bytes",
                       "at most " + std::to_string(std::min(content.size() - 8, most_header)));
  json header = parse_json(content.substr(8, static_cast<std::size_t>(length)), source);
  json_reader<json>(header, "").must_be_object();
  return {std::move(header), content.substr(8 + static_cast<std::size_t>(length))};
}

}  // namespace detail

/// The metadata of a file's content, none where it has none. \throws safetensors_error, json_error
inline safetensors_metadata parse_safetensors_metadata(std::string_view content, const std::string& source = {}) {
  const json header = detail::safetensors_parts(content, source).first;
  safetensors_metadata all;
  if (!header.contains("__metadata__")) return all;
  const detail::json_reader<json> metadata(header.at("__metadata__"), "/__metadata__");
  metadata.must_be_object();
  for (const auto& [name, value] : header.at("__metadata__").items()) all[name] = metadata.at(name).text();
  return all;
}

/// Reads a file's content: header and numbers must fit together without a gap. \throws safetensors_error, json_error
inline std::vector<safetensor> parse_safetensors(std::string_view content, const std::string& source = {}) {
  const auto refuse = [&](const std::string& what, const std::string& found, const std::string& allowed) {
    detail::refuse_safetensors(source, what, found, allowed);
  };
  const auto parts = detail::safetensors_parts(content, source);
  const json& header = parts.first;
  const std::string_view data = parts.second;
  std::vector<std::pair<std::size_t, safetensor>> all;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    const detail::json_reader<json> entry(value, "/" + name);
    safetensor t{name, entry.at("dtype").text(), {}, {}};
    std::size_t bytes = detail::safetensor_size(t.type);
    if (bytes == 0) refuse("tensor '" + name + "'", "numbers of type " + t.type, "a type of the format, such as F32");
    for (const auto& n : entry.at("shape").items()) {
      t.shape.push_back(n.whole<std::int64_t>({.least = 0}));
      const auto factor = static_cast<std::size_t>(t.shape.back());
      if (factor != 0 && bytes > data.size() / factor)
        refuse("tensor '" + name + "'", "a shape of " + shape_text(t.shape),
               std::to_string(data.size()) + " bytes at most");
      bytes *= factor;
    }
    const auto offsets = entry.at("data_offsets").items();
    if (offsets.size() != 2) entry.at("data_offsets").fail("two numbers");
    const auto begin = offsets[0].whole<std::uint64_t>();
    const auto end = offsets[1].whole<std::uint64_t>();
    if (begin > end || end > data.size() || end - begin != bytes)
      refuse("tensor '" + name + "'", "bytes " + std::to_string(begin) + " to " + std::to_string(end),
             std::to_string(bytes) + " bytes among " + std::to_string(data.size()));
    t.bytes = data.substr(static_cast<std::size_t>(begin), bytes);
    all.emplace_back(static_cast<std::size_t>(begin), std::move(t));
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tuple(a.first, a.second.bytes.size(), a.second.name) <
           std::tuple(b.first, b.second.bytes.size(), b.second.name);
  });
  std::size_t at = 0;
  std::vector<safetensor> tensors;
  for (auto& [begin, t] : all) {
    if (begin != at)
      refuse("tensor '" + t.name + "'", "bytes from " + std::to_string(begin) + " on", std::to_string(at));
    at += t.bytes.size();
    tensors.push_back(std::move(t));
  }
  if (at != data.size()) refuse("", std::to_string(data.size()) + " bytes of numbers", std::to_string(at));
  return tensors;
}

/// Writes a file, whole or not at all. \throws safetensors_error, file_error
inline void write_safetensors(const std::filesystem::path& path, const std::vector<safetensor>& tensors,
                              const safetensors_metadata& metadata = {}) {
  write_file(path, to_safetensors(tensors, metadata));
}

/// \throws safetensors_error, json_error; file_error
inline std::vector<safetensor> read_safetensors(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content;
  if (file && !std::filesystem::is_directory(path)) content.assign(std::istreambuf_iterator<char>(file), {});
  else
    throw file_error("file.read", "file '" + path.string() + "', reading", "no file that can be read",
                     "a file; check the path");
  return parse_safetensors(content, path.string());
}

}  // namespace nascent
