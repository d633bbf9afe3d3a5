// SPDX-License-Identifier: Apache-2.0
/// \file
/// Blocks as text: "mbconv filters=96 kernel=5 expand=6 act=swish stride=2", or "stride=2x1" for rows and columns.
/// Fields and what they may hold are read off the block itself: a text is judged as the same block in code is.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/read_number.hpp"
#include "nascent/base/utf8.hpp"
#include "nascent/block/library.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// A text that names no block, no field, or no value of it.
struct block_text_error : error {
  using error::error;
};

namespace detail {

/// The enumerators of a type, as far as `to_string` knows names for them.
template <class Enum>
std::vector<Enum> enumerators() {
  std::vector<Enum> all;
  for (int i = 0; std::string_view(to_string(static_cast<Enum>(i))) != "unknown"; ++i)
    all.push_back(static_cast<Enum>(i));
  return all;
}

/// "identity, relu, ...".
template <class Enum>
std::string enumerator_names() {
  std::string names;
  for (const Enum e : enumerators<Enum>()) names += (names.empty() ? "" : ", ") + std::string(to_string(e));
  return names;
}

template <class Enum>
std::optional<Enum> parse_enum(std::string_view text) {
  for (const Enum e : enumerators<Enum>())
    if (text == to_string(e)) return e;
  return std::nullopt;
}

/// The value of a field that a text stands for; nothing where it stands for none.
template <class Value>
std::optional<Value> parse_value(std::string_view text) {
  if constexpr (std::is_same_v<Value, strides>) {
    const std::size_t by = text.find('x');
    const auto height = parse_value<int>(text.substr(0, by));
    const auto width = by == std::string_view::npos ? height : parse_value<int>(text.substr(by + 1));
    return height && width ? std::optional(strides{*height, *width}) : std::nullopt;
  } else if constexpr (std::is_same_v<Value, bool>) {
    if (text == "true" || text == "1") return true;
    return text == "false" || text == "0" ? std::optional(false) : std::nullopt;
  } else if constexpr (std::is_enum_v<Value>) {
    return parse_enum<Value>(text);
  } else if constexpr (std::is_integral_v<Value>) {
    return read_whole<Value>(text, {.least = std::numeric_limits<Value>::min()});
  } else {
    return read_real(text, any_finite);
  }
}

/// What a field may hold, for errors.
template <class Value>
std::string allowed_values(const value_rule& rule) {
  if constexpr (std::is_same_v<Value, bool>) return "true, false";
  else if constexpr (std::is_enum_v<Value>) return enumerator_names<Value>();
  else if (std::is_same_v<Value, strides>) return std::string(rule.allowed) + ", or two as 2x1";
  else if (rule.allowed) return (rule.whole && !rule.strides ? "whole numbers, " : "") + std::string(rule.allowed);
  else return "numbers";
}

/// One "key=value" of a text.
struct text_field {
  std::string_view key;
  std::string_view value;
  bool used = false;
};

/// The fields of a text, and what it is called in errors.
class field_reader {
 public:
  field_reader(std::string where, std::vector<text_field> fields)
      : where_(std::move(where)), fields_(std::move(fields)) {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (fields_[i].key == fields_[j].key) refuse(fields_[i].key, "it twice", "each field once");
  }

  /// Gives `target` the value that the text has for `key`, or leaves it; in any case it must be one that the rule
  /// admits.
  template <class Value>
  void read(std::string_view key, const value_rule& rule, Value& target) {
    const auto found = std::ranges::find(fields_, key, &text_field::key);
    if (found != fields_.end()) {
      found->used = true;
      const std::optional<Value> value = parse_value<Value>(found->value);
      if (!value) refuse(key, quoted(found->value), allowed_values<Value>(rule));
      target = *value;
    }
    bool is_admitted = true;
    if constexpr (std::is_same_v<Value, strides>) is_admitted = rule.admits(target.height) && rule.admits(target.width);
    else if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>)
      is_admitted = rule.admits(static_cast<double>(target));
    if (!is_admitted)
      refuse(key, found != fields_.end() ? quoted(found->value) : "nothing", allowed_values<Value>(rule));
  }

  /// \throws block_text_error where a field was not read
  void check_all_used(const std::string& known) const {
    for (const text_field& f : fields_)
      if (!f.used) throw block_text_error("io.block", where_, "field " + quoted(f.key), known);
  }

 private:
  static std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }
  [[noreturn]] void refuse(std::string_view key, const std::string& found, const std::string& allowed) const {
    throw block_text_error("io.block", where_ + ", field " + std::string(key), found, allowed);
  }

  std::string where_;
  std::vector<text_field> fields_;
};

/// What a stage says of its block.
inline constexpr value_rule layers_rule{.allowed = "1 to 1000", .least = 1, .most = 1000, .whole = true};

template <class Block>
std::string field_list() {
  std::string names;
  for (std::size_t j = 0; j < field_count<Block>; ++j) names += std::string(detail::field_names<Block>[j]) + ", ";
  return names + "stride, layers";
}

/// Sets all fields of a block; widths that the text leaves out are `channels`.
template <class Block>
void read_fields(field_reader& reader, Block& block, int channels) {
  with_fields(block, [&](auto&... fields) {
    [[maybe_unused]] std::size_t j = 0;
    [[maybe_unused]] const auto one = [&](auto& field) {
      const field_role& role = roles_of<Block>[j];
      if constexpr (std::is_same_v<decltype(field), int&>)
        if (role.scaling == width_scaling::scaled) field = channels;
      reader.read(detail::field_names<Block>[j++], role.rule, field);
    };
    (one(fields), ...);
  });
}

}  // namespace detail

/// What a text describes: the network of `layers` blocks of the library on an input, the first one with the stride.
/// \throws block_text_error for an unknown block, field or value; network_error where shapes do not fit
inline network parse_block(const std::string& text, shape input) {
  if (!is_utf8(text)) throw block_text_error("io.block", "block", "bytes that are no UTF-8", "UTF-8");
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::vector<detail::text_field> fields;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos)
      throw block_text_error("io.block", "block '" + text + "'", "'" + words[i] + "'", "field=value");
    fields.push_back({std::string_view(words[i]).substr(0, equals), std::string_view(words[i]).substr(equals + 1)});
  }
  const std::string name = words.empty() ? "" : words[0];
  detail::field_reader reader("block " + name, std::move(fields));
  std::optional<network> result;
  std::string names;
  for_each_block([&](auto block) {
    using block_type = decltype(block);
    names += (names.empty() ? "" : ", ") + std::string(block_name<block_type>);
    if (name != block_name<block_type>) return;
    strides stride = 1;
    int layers = 1;
    reader.read("stride", role::stride::meaning.rule, stride);
    reader.read("layers", detail::layers_rule, layers);
    detail::read_fields(reader, block, input.channels);
    reader.check_all_used(detail::field_list<block_type>());
    result = make_network(text, input, [&](auto& net, auto x) {
      for (int i = 0; i < layers && !net.fault(); ++i) x = block(net, x, i == 0 ? stride : strides{1});
    });
  });
  if (!result) throw block_text_error("io.block", "block '" + text + "'", "block '" + name + "'", names);
  return *std::move(result);
}

/// "56x56x24": height, width, channels, each up to 65536. \throws block_text_error
inline shape parse_shape(const std::string& text) {
  constexpr whole_range<int> side{.least = 1, .most = network_limits::size};
  std::array<int, 3> sides{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const std::size_t end = i + 1 < sides.size() ? rest.find('x') : rest.size();
    const auto value = end == std::string_view::npos ? std::nullopt : read_whole(rest.substr(0, end), side);
    if (!value)
      throw block_text_error("io.block", "shape", "'" + text + "'",
                             "heightxwidthxchannels, such as 56x56x24, each up to 65536");
    sides[i] = *value;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {.height = sides[0], .width = sides[1], .channels = sides[2]};
}

/// "f32", "bf16", "f16" or "int8". \throws block_text_error
inline data_type parse_data_type(const std::string& text) {
  const auto type = detail::parse_enum<data_type>(text);
  if (!type) throw block_text_error("io.block", "data type", "'" + text + "'", detail::enumerator_names<data_type>());
  return *type;
}

}  // namespace nascent
