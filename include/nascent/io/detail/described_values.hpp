// SPDX-License-Identifier: Apache-2.0
/// \file
/// Values that are read at run time, in the types that the checks of declarations take.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "nascent/io/space_description.hpp"
#include "nascent/network/strides.hpp"
#include "nascent/space/detail/fault_finder.hpp"

namespace nascent::detail {

/// "activation" of "nascent::activation".
constexpr std::string_view last_word(std::string_view qualified) {
  const std::size_t colon = qualified.rfind(':');
  return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

/// A choice whose values are known at run time.
template <class Value>
struct value_list {
  using value_type = Value;
  std::vector<Value> values{};

  std::size_t size() const { return values.size(); }
  Value operator[](std::size_t i) const { return values[i]; }
};

template <class Value>
constexpr bool is_declared_as(const declared_value& v) {
  return std::holds_alternative<Value>(v);
}
inline bool all_numbers(const std::vector<declared_value>& values) {
  return std::ranges::all_of(
      values, [](const declared_value& v) { return is_declared_as<std::int64_t>(v) || is_declared_as<double>(v); });
}
inline double number_of(const declared_value& v) {
  const auto* whole = std::get_if<std::int64_t>(&v);
  return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(v);
}

/// Calls `visit` with values as a `value_list` of the one type that C++ would give them all; nothing where they have
/// none in common.
template <class Natural, class Visit>
bool visit_values(const std::vector<declared_value>& values, const Visit& visit) {
  const auto each = [&]<class From, class To>(std::type_identity<From>, std::type_identity<To>, const auto& convert) {
    if (!std::ranges::all_of(values, is_declared_as<From>)) return false;
    value_list<To> list;
    for (const declared_value& v : values) list.values.push_back(convert(std::get<From>(v)));
    visit(list);
    return true;
  };
  const auto same = [](const auto& v) { return v; };
  if (values.empty()) return visit(value_list<int>{}), true;
  if (each(std::type_identity<bool>{}, std::type_identity<bool>{}, same)) return true;
  if (each(std::type_identity<std::int64_t>{}, std::type_identity<int>{},
           [](std::int64_t v) { return static_cast<int>(v); }))
    return true;
  if (each(std::type_identity<image_size>{}, std::type_identity<image_size>{}, same)) return true;
  if (all_numbers(values)) {
    value_list<double> list;
    for (const declared_value& v : values) list.values.push_back(number_of(v));
    return visit(list), true;
  }
  if (!std::ranges::all_of(values, is_declared_as<std::string>)) return false;
  if constexpr (std::is_enum_v<Natural>) {
    value_list<Natural> list;
    for (const declared_value& v : values)
      for (int i = 0; std::string_view(to_string(static_cast<Natural>(i))) != "unknown"; ++i)
        if (to_string(static_cast<Natural>(i)) == std::get<std::string>(v))
          list.values.push_back(static_cast<Natural>(i));
    if (list.values.size() == values.size()) return visit(list), true;
  }
  value_list<const char*> list;  // not of string views, which are choices of characters
  for (const declared_value& v : values) list.values.push_back(std::get<std::string>(v).c_str());
  return visit(list), true;
}

/// The checks of a choice of a field, in the same words as the compiler's.
template <class Natural>
void check_described_values(fault_finder& finder, const place& where, const value_rule& rule,
                            const described_field& f) {
  if (f.range) return finder.check_values<Natural>(where, rule, *f.range);
  visit_values<Natural>(f.values, [&](const auto& list) { finder.check_values<Natural>(where, rule, list); });
}
/// The same of whatever stands in a field; ties wait.
template <class Natural>
void check_described_field(fault_finder& finder, const place& where, const value_rule& rule, const described_field& f,
                           bool independent) {
  const auto choice = [&]<class Values>(const Values& values) {
    if (f.how == field_kind::shared)
      finder.check_field<Natural>(where, rule, shared_choice<Values>{values}, independent);
    else finder.check_field<Natural>(where, rule, values, independent);
  };
  if (f.how == field_kind::tied) return;
  if (f.range) return choice(*f.range);
  visit_values<Natural>(f.values, [&](const auto& list) {
    if (f.how == field_kind::fixed) finder.check_field<Natural>(where, rule, list[0], independent);
    else choice(list);
  });
}

/// How many options there are, 1 where nothing is chosen.
inline std::size_t options_of(const described_field& f) { return f.range ? f.range->size() : f.values.size(); }

/// A whole number of a choice, or the one. Others are 0.
inline int whole_option(const described_field& f, std::size_t option) {
  if (f.range) return (*f.range)[option];
  const auto* whole = std::get_if<std::int64_t>(&f.values[option]);
  return whole == nullptr ? 0 : static_cast<int>(*whole);
}

/// A stride of a choice, or the one.
inline strides stride_option(const described_field& f, std::size_t option) {
  if (!f.range)
    if (const auto* both = std::get_if<image_size>(&f.values[option])) return {both->height, both->width};
  return whole_option(f, option);
}

}  // namespace nascent::detail
