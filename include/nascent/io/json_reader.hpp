// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reading JSON that others wrote: every value is checked, and an error says where it stands, what was found and what
/// is allowed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "nascent/base/error.hpp"
#include "nascent/base/file.hpp"
#include "nascent/base/read_number.hpp"
#include "nascent/base/uint128.hpp"

namespace nascent {

/// Keeps the order in which keys are written: files read from top to bottom.
using json = nlohmann::ordered_json;

/// JSON that does not say what it should: the text names the place ("/decisions/2.kernel"), what was found and what is
/// allowed.
struct json_error : error {
  /// `pointer` is the place, as a JSON pointer whose keys are not escaped.
  json_error(std::string_view pointer, std::string_view found, std::string_view allowed)
      : error("io.json", "JSON at '" + std::string(pointer.empty() ? "/" : pointer) + "'", found, allowed) {}
};

namespace detail {

/// A value for an error: itself where it is short, else what it is. Never a whole tree, whose printing calls itself for
/// each level.
template <class Json>
std::string found_text(const Json& value) {
  if (value.is_object()) return value.empty() ? "{}" : "a group of keys";
  if (value.is_array()) return value.empty() ? "[]" : "a list";
  const std::string dumped = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return dumped.size() > 60 ? "a long text" : dumped;
}

/// Reads values, and says where one is not what it should be.
template <class Json>
class json_reader {
 public:
  json_reader(const Json& value, std::string where) : value_(&value), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  const Json& value() const { return *value_; }

  [[noreturn]] void fail(const std::string& allowed) const { throw json_error(where_, found_text(*value_), allowed); }

  void must_be_object() const {
    if (!value_->is_object()) fail("a group of keys");
  }
  bool has(const std::string& key) const { return value_->contains(key); }
  json_reader at(const std::string& key) const {
    must_be_object();
    const auto found = value_->find(key);
    if (found == value_->end()) throw json_error(where_ + "/" + key, "nothing", "a value");
    return {*found, where_ + "/" + key};
  }
  /// The values of a list.
  std::vector<json_reader> items() const {
    if (!value_->is_array()) fail("a list");
    std::vector<json_reader> all;
    for (std::size_t i = 0; i < value_->size(); ++i) all.push_back({(*value_)[i], where_ + "/" + std::to_string(i)});
    return all;
  }

  std::string text() const {
    if (!value_->is_string()) fail("a text");
    return value_->template get<std::string>();
  }
  bool truth() const {
    if (!value_->is_boolean()) fail("true or false");
    return value_->template get<bool>();
  }
  double real(const real_range& range = {}) const {
    if (!value_->is_number() || !range.admits(value_->template get<double>())) fail(range.allowed());
    return value_->template get<double>();
  }
  template <std::integral Integer = std::int64_t>
  Integer whole(const whole_range<Integer>& range = {}) const {
    const bool fits = value_->is_number_unsigned()
                          ? range.admits(value_->template get<std::uint64_t>())
                          : value_->is_number_integer() && range.admits(value_->template get<std::int64_t>());
    if (!fits) fail(range.allowed());
    return value_->template get<Integer>();
  }
  /// A 128-bit number in decimal digits below `limit`.
  uint128 decimal(uint128 limit) const {
    const std::string allowed = "a decimal number below " + std::string(to_decimal(limit).c_str()) + ", as a text";
    if (!value_->is_string()) fail(allowed);
    const auto digits = value_->template get<std::string>();
    checked_uint128 number;
    for (const char c : digits) {
      if (c < '0' || c > '9') fail(allowed);
      number = checked_add(checked_multiply(number, {10}), {static_cast<unsigned>(c - '0')});
    }
    if (digits.empty() || number.overflow || number.value >= limit) fail(allowed);
    return number.value;
  }

 private:
  const Json* value_;
  std::string where_;
};

/// Looks at JSON while it is parsed: all that goes through it calls itself for each level, and of two equal keys the
/// parser keeps one.
class json_guard {
 public:
  static constexpr int most_levels = 100;

  explicit json_guard(std::string_view source) : source_(source) {}

  bool operator()(int depth, json::parse_event_t event, const json& value) {
    if (depth > most_levels)
      throw json_error("", "more than " + std::to_string(most_levels) + " levels" + where_from(),
                       "at most " + std::to_string(most_levels));
    const auto level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      groups_.resize(level + 2);
      groups_[level + 1] = {};
    } else if (event == json::parse_event_t::key) {
      group& mine = groups_[level];
      mine.last = value.get<std::string>();
      if (!mine.keys.insert(mine.last).second)
        throw json_error(pointer(level), "this key twice in one group" + where_from(), "each key once");
    }
    return true;
  }

 private:
  struct group {
    std::set<std::string> keys{};
    std::string last{};
  };

  std::string where_from() const { return source_.empty() ? "" : " in '" + std::string(source_) + "'"; }
  /// The keys from the top down; lists in between are not counted.
  std::string pointer(std::size_t level) const {
    std::string text;
    for (std::size_t i = 1; i <= level; ++i)
      if (!groups_[i].last.empty()) text += "/" + groups_[i].last;
    return text;
  }

  std::string_view source_;
  std::vector<group> groups_;  ///< by level, those that are open
};

}  // namespace detail

/// JSON in a text; `source` names it in errors. \throws json_error where it is no JSON, has a number that no `double`
/// holds, is nested more than 100 deep or gives a key of a group twice
inline json parse_json(std::string_view text, std::string_view source = {}) {
  detail::json_guard guard(source);
  try {
    return json::parse(
        text, [&](int depth, json::parse_event_t event, const json& value) { return guard(depth, event, value); });
  } catch (const json::exception& e) {  // parse_error, and out_of_range for a number
    throw json_error(
        "", "no JSON" + (source.empty() ? "" : " in '" + std::string(source) + "'") + " (" + e.what() + ")", "JSON");
  }
}

/// The JSON in a file. \throws file_error where it cannot be read, json_error as `parse_json`
inline json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

}  // namespace nascent
