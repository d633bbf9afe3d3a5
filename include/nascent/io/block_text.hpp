// SPDX-License-Identifier: Apache-2.0
/// \file
/// Blocks as text: "mbconv filters=96 kernel=5 expand=6 act=swish stride=2". Fields are found by their names in the
/// block itself.
#pragma once

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/block/block.hpp"
#include "nascent/block/detail/role_list.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/block/split_attention.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// A text that names no block, no field, or no value of it.
struct block_text_error : error {
  using error::error;
};

namespace detail {

/// The blocks that a text may name, with every field a plain value.
template <class Visit>
void for_each_named_block(Visit visit) {
  visit(conv<>{});
  visit(depthwise_conv<>{});
  visit(mbconv<int, int, double>{});
  visit(fused_mbconv<int, int, double>{});
  visit(bottleneck<>{});
  visit(split_attention<>{});
  visit(space_to_depth<>{});
  visit(space_to_depth_copy<>{});
  visit(max_pool<>{});
  visit(average_pool<>{});
}

template <class Enum>
bool parse_enum(std::string_view text, Enum& value) {
  for (int i = 0; i < 16; ++i) {
    const auto candidate = static_cast<Enum>(i);
    if (text == to_string(candidate) && text != "unknown") {
      value = candidate;
      return true;
    }
  }
  return false;
}

template <class Value>
bool parse_value(std::string_view text, Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0";
  } else if constexpr (std::is_enum_v<Value>) {
    return parse_enum(text, value);
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
  }
}

/// The largest numbers in a text. What a block computes from them are products of channels and two other numbers: they
/// fit into an int.
inline constexpr int most_channels = 1 << 16;
inline constexpr int most_of_others = 1 << 7;
inline constexpr int most_layers = 1000;

/// Refuses a number that is too large for field `key`, or none at all.
template <class Value>
void check_size(const std::string& block, std::string_view key, std::string_view text, const Value& value) {
  if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
    const int most = key == "filters" || key == "groups" ? most_channels
                     : key == "layers"                   ? most_layers
                                                         : most_of_others;
    if (!(value >= static_cast<Value>(-most) && value <= static_cast<Value>(most)))
      throw block_text_error("io.block", "block " + block + ", field " + std::string(key),
                             "'" + std::string(text) + "'", "up to " + std::to_string(most));
  }
}

template <class Block>
std::string field_list() {
  std::string names;
  [&]<std::size_t... J>(std::index_sequence<J...>) {
    ((names += (J == 0 ? "" : ", ") + std::string(field_name<Block, J>)), ...);
  }
  (std::make_index_sequence<field_count<Block>>{});
  return names + ", stride, layers";
}

/// Sets the field called `key`. False where the block has none; throws where the value makes no sense.
template <class Block>
bool set_field(Block& block, std::string_view key, std::string_view value) {
  bool known = false;
  [&]<std::size_t... J>(std::index_sequence<J...>) {
    const auto one = [&](auto j) {
      if (key != field_name<Block, j()>) return;
      known = true;
      auto& target = const_cast<std::remove_cvref_t<decltype(field<j()>(block))>&>(field<j()>(block));
      if (!parse_value(value, target))
        throw block_text_error("io.block", "block " + std::string(block_name<Block>) + ", field " + std::string(key),
                               "'" + std::string(value) + "'", "a value of this field");
      check_size(std::string(block_name<Block>), key, value, target);
    };
    (one(std::integral_constant<std::size_t, J>{}), ...);
  }
  (std::make_index_sequence<field_count<Block>>{});
  return known;
}

/// Gives the fields that are widths a value to begin with.
template <class Block>
void set_widths(Block& block, int channels) {
  with_fields(block, [&](auto&... fields) {
    std::size_t j = 0;
    const auto one = [&](auto& field) {
      if constexpr (std::is_same_v<decltype(field), int&>)
        if (roles_of<Block>[j].scaling == width_scaling::scaled) field = channels;
      ++j;
    };
    (one(fields), ...);
  });
}

}  // namespace detail

/// What a text describes: the network of `layers` blocks on an input, the first one with the stride.
/// \throws block_text_error for an unknown block, field or value; network_error where shapes do not fit
inline network parse_block(const std::string& text, shape input) {
  std::istringstream words(text);
  std::string name;
  words >> name;
  std::vector<std::pair<std::string, std::string>> fields;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw block_text_error("io.block", "block '" + text + "'", "'" + word + "'", "field=value");
    fields.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  network result;
  std::string names;
  detail::for_each_named_block([&](auto block) {
    using block_type = decltype(block);
    names += (names.empty() ? "" : ", ") + std::string(block_name<block_type>);
    if (name != block_name<block_type>) return;
    int stride = 1;
    int layers = 1;
    detail::set_widths(block, input.channels);
    for (const auto& [key, value] : fields) {
      if (key == "stride" || key == "layers") {
        int& target = key == "stride" ? stride : layers;
        if (!detail::parse_value(value, target) || target < 1)
          throw block_text_error("io.block", "block " + name + ", " + key, "'" + value + "'", "1 or more");
        detail::check_size(name, key, value, target);
      } else if (!detail::set_field(block, key, value)) {
        throw block_text_error("io.block", "block " + name, "field '" + key + "'", detail::field_list<block_type>());
      }
    }
    result = make_network(text, input, [&](auto& net, auto x) {
      for (int i = 0; i < layers; ++i) {
        x = block(net, x, i == 0 ? stride : 1);
        if (x.channels > detail::most_channels)
          throw block_text_error("io.block", "block '" + text + "'",
                                 std::to_string(x.channels) + " channels after layer " + std::to_string(i + 1),
                                 "up to " + std::to_string(detail::most_channels));
      }
    });
  });
  if (result.layers().empty())
    throw block_text_error("io.block", "block '" + text + "'", "block '" + name + "'", names);
  return result;
}

/// "56x56x24": height, width, channels, each up to 65536. \throws block_text_error
inline shape parse_shape(const std::string& text) {
  shape s;
  char x = 0;
  char y = 0;
  std::istringstream in(text);
  in >> s.height >> x >> s.width >> y >> s.channels;
  if (!in || !(in >> std::ws).eof() || x != 'x' || y != 'x' || s.height < 1 || s.width < 1 || s.channels < 1 ||
      std::max({s.height, s.width, s.channels}) > detail::most_channels)
    throw block_text_error("io.block", "shape", "'" + text + "'",
                           "heightxwidthxchannels, such as 56x56x24, each up to 65536");
  return s;
}

/// "f32", "bf16" or "f16". \throws block_text_error
inline data_type parse_data_type(const std::string& text) {
  data_type type = data_type::f32;
  if (!detail::parse_enum(text, type))
    throw block_text_error("io.block", "data type", "'" + text + "'", "f32, bf16, f16");
  return type;
}

}  // namespace nascent
