// SPDX-License-Identifier: Apache-2.0
/// \file
/// A description of a space as JSON: docs/space_files.md has the form.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "nascent/io/json_reader.hpp"
#include "nascent/io/space_description.hpp"
#include "nascent/io/space_json.hpp"
#include "nascent/network/activation.hpp"

namespace nascent::detail {

inline json value_json(const declared_value& v) {
  return std::visit(
      []<class Value>(const Value& value) -> json {
        if constexpr (std::is_same_v<Value, image_size>)
          return std::to_string(value.height) + "x" + std::to_string(value.width);
        else return value;
      },
      v);
}

/// Whole numbers without a point.
inline json number_json(double n) {
  if (n == std::floor(n) && std::abs(n) < 9e15) return static_cast<std::int64_t>(n);
  return n;
}

inline json field_json(const described_field& f, bool independent = false) {
  json j;
  if (f.how == field_kind::tied) {
    j = json{{"tied_to", f.source}};
  } else if (f.range) {
    j = json{{"range", {f.range->first, f.range->last}}};
    if (f.range->step != 1) j["range"].push_back(f.range->step);
  } else if (f.how == field_kind::fixed) {
    j = value_json(f.values.at(0));
  } else {
    json all = json::array();
    for (const declared_value& v : f.values) all.push_back(value_json(v));
    j = json{{"one_of", std::move(all)}};
  }
  if (f.how == field_kind::shared) j = json{{"shared", std::move(j)}};
  if (independent) j = json{{"independent", std::move(j)}};
  if (f.mark == scaling_mark::fixed) j = json{{"fixed", std::move(j)}};
  if (f.mark == scaling_mark::scaled) j = json{{"scaled", std::move(j)}};
  return j;
}

inline json block_json(const described_block& b) {
  json fields = json::object();
  for (const auto& [name, field] : b.fields) fields[name] = field_json(field);
  json j = json::object();
  j[b.name] = std::move(fields);
  return j;
}

inline json stage_json(const described_stage& s) {
  json j = json::object();
  if (s.role != described_stage::kind::head) j["name"] = s.name;
  if (s.role == described_stage::kind::choice) {
    j["choice"] = field_json(s.value);
    if (!s.enumeration.empty()) j["of"] = s.enumeration;
    return j;
  }
  if (s.blocks.size() == 1) {
    j["block"] = block_json(s.blocks[0]);
  } else {
    json all = json::array();
    for (const described_block& b : s.blocks) all.push_back(block_json(b));
    j["block"] = json{{"either", std::move(all)}};
  }
  if (s.stride) j["stride"] = field_json(*s.stride);
  if (s.layers) j["layers"] = field_json(*s.layers, s.independent);
  if (s.skip) {
    j["skip"] = field_json(*s.skip);
    if (s.skip_kind != residual::project) j["skip_kind"] = to_string(s.skip_kind);
  }
  return j;
}

inline json constraint_json(const described_constraint& c) {
  constraint_view said{.kind = c.kind,
                       .paths = c.paths,
                       .compares = c.compares,
                       .bound = c.bound,
                       .condition = c.condition,
                       .terms = c.terms};
  for (const declared_value& v : c.values) {
    if (const auto* name = std::get_if<std::string>(&v)) said.values.emplace_back(std::string_view(*name));
    else said.values.emplace_back(std::get<double>(v));
  }
  json j = said;
  j.erase("slots");  // a number of the finished space
  const auto tidy = [](const auto& self, json& value) -> void {
    if (value.is_number_float()) value = number_json(value.get<double>());
    else if (value.is_structured())
      for (json& inner : value) self(self, inner);
  };
  tidy(tidy, j);
  if (c.kind == constraint_kind::count && c.condition == relation::equal) j.erase("condition");
  return j;
}

inline json description_json(const space_description& d) {
  json j{{"format", "nascent space"}, {"version", 1}, {"name", d.name}};
  if (d.size != 0) j["size"] = to_decimal(d.size).c_str();
  j["input"] = json{{"channels", d.channels}, {"resolution", field_json(d.resolution)}};
  const width_rounding usual{};
  if (d.rounding.divisor != usual.divisor || d.rounding.limit != usual.limit)
    j["round_widths"] = json{{"divisor", d.rounding.divisor}, {"limit", d.rounding.limit}};
  json stages = json::array();
  json head = json::array();
  for (const described_stage& s : d.stages)
    (s.role == described_stage::kind::head ? head : stages).push_back(stage_json(s));
  j["stages"] = std::move(stages);
  if (!head.empty()) j["head"] = std::move(head);
  json constraints = json::array();
  for (const described_constraint& c : d.constraints) constraints.push_back(constraint_json(c));
  if (!constraints.empty()) j["constraints"] = std::move(constraints);
  return j;
}

}  // namespace nascent::detail
