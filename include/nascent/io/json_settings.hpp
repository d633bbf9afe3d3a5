// SPDX-License-Identifier: Apache-2.0
/// \file
/// Settings in JSON: a group of named values, each read as what it must be.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/io/json_reader.hpp"

namespace nascent {

/// A group of settings, such as a program keeps beside its results:
///
///     const json_settings s(parse_json(text, file));
///     s.allow({"space", "seed", "limits"});
///     const auto seed = s.whole<std::uint64_t>("seed");
///
/// Every reader throws json_error for a key that is not there and for a value that is not what it asks for; it names
/// the place ("/seed"), what was found and what is allowed.
class json_settings {
 public:
  /// \throws json_error for JSON that is no group of keys
  explicit json_settings(json values) : values_(std::move(values)) { reader().must_be_object(); }

  bool has(const std::string& key) const { return values_.contains(key); }
  std::string text(const std::string& key) const { return at(key).text(); }
  bool truth(const std::string& key) const { return at(key).truth(); }
  double real(const std::string& key, const real_range& range = {}) const { return at(key).real(range); }
  template <std::integral Integer = std::int64_t>
  Integer whole(const std::string& key, const whole_range<Integer>& range = {}) const {
    return at(key).template whole<Integer>(range);
  }
  /// A list of texts.
  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> all;
    for (const auto& item : at(key).items()) all.push_back(item.text());
    return all;
  }

  /// \throws json_error for a key that is none of these: a setting that nothing reads
  void allow(std::initializer_list<std::string_view> keys) const {
    std::string list;
    for (const std::string_view key : keys) list += (list.empty() ? "" : ", ") + std::string(key);
    for (const auto& item : values_.items())
      if (std::ranges::find(keys, std::string_view(item.key())) == keys.end())
        throw json_error("/" + item.key(), "this key", list);
  }

 private:
  detail::json_reader<json> reader() const { return {values_, ""}; }
  detail::json_reader<json> at(const std::string& key) const { return reader().at(key); }

  json values_;
};

}  // namespace nascent
