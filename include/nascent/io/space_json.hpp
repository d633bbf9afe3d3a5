// SPDX-License-Identifier: Apache-2.0
/// \file
/// Descriptions of spaces as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "nascent/io/json.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent {

template <class Json>
void to_json(Json& j, const constraint_value& v) {
  if (v.is_number()) j = v.number;
  else j = std::string(v.text);
}

/// A constraint: its kind, the paths as declared, what they are compared with, and what its kind needs beside: `prices`
/// of terms, `values` that are counted or compared with, `rows` of a table by value. Of a predicate `allowed` is the
/// options that it leaves, row after row, in the order of `slots`; null where there are too many to try.
template <class Json>
void to_json(Json& j, const constraint_view& c) {
  using enum constraint_kind;
  const auto rows_of = [](const auto& all, std::size_t width) {
    Json rows = Json::array();
    for (std::size_t i = 0; i + width <= all.size() && width > 0; i += width) {
      Json& row = rows.emplace_back(Json::array());
      for (std::size_t k = 0; k < width; ++k) row.push_back(all[i + k]);
    }
    return rows;
  };
  j = Json{{"kind", to_string(c.kind)}, {"paths", c.paths}, {"slots", c.slots}};
  if (c.kind != predicate && c.kind != all_equal && c.kind != table) j["compares"] = to_string(c.compares);
  if (c.kind == sum || c.kind == product || c.kind == count) j["bound"] = c.bound;
  if (c.kind == count) j["condition"] = to_string(c.condition);
  if ((c.kind == sum || c.kind == product) && !c.values.empty()) {
    Json terms = Json::array();
    for (const constraint_term& t : c.terms) {
      Json& one = terms.emplace_back(Json{{"paths", t.paths}, {"prices", Json::array()}});
      for (std::size_t i = 0; i < t.prices; ++i) one["prices"].push_back(c.values[t.first_price + i]);
    }
    j["terms"] = std::move(terms);
  }
  if ((c.kind == compare || c.kind == count) && !c.values.empty()) j["values"] = c.values;
  if (c.kind == table) j["rows"] = rows_of(c.values, c.paths.size());
  if (c.kind == predicate) {
    if (c.rows.empty()) j["allowed"] = nullptr;
    else j["allowed"] = rows_of(c.rows, c.slots.size());
  }
}

}  // namespace nascent
