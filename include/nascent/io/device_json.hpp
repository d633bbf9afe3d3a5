// SPDX-License-Identifier: Apache-2.0
/// \file
/// Descriptions of devices as JSON: {"device": .., "library": .., "isa": .., "threads": 1, "dtype": "f32"}.
#pragma once

#include <string>
#include <utility>

#include "nascent/executor/executor.hpp"
#include "nascent/io/json.hpp"
#include "nascent/network/shape.hpp"

namespace nascent {

template <class Json>
void to_json(Json& j, const device_description& d) {
  Json made = Json::object();
  made["device"] = d.device;
  made["library"] = d.library;
  made["isa"] = d.isa;
  made["threads"] = d.threads;
  made["dtype"] = to_string(d.type);
  j = std::move(made);
}

namespace detail {

/// One of several names; `parse` gives nothing for others.
template <class Json, class Parse>
auto name_at(const json_reader<Json>& r, const char* key, Parse&& parse, const std::string& allowed) {
  const json_reader<Json> value = r.at(key);
  const auto found = parse(value.text());
  if (!found) value.fail(allowed);
  return *found;
}

template <class Json>
device_description read_device(const json_reader<Json>& r) {
  return {.device = r.at("device").text(),
          .library = r.at("library").text(),
          .isa = r.at("isa").text(),
          .threads = r.at("threads").template whole<int>({.least = 1}),
          .type = name_at(r, "dtype", parse_type, type_names("\""))};
}

}  // namespace detail

/// The device that `j` describes. \throws json_error that names the place, below `where`
template <class Json>
device_description device_from_json(const Json& j, const std::string& where = {}) {
  return detail::read_device(detail::json_reader<Json>(j, where));
}

}  // namespace nascent
