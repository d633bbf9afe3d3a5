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

template <class Json>
device_description read_device(const json_reader<Json>& r) {
  device_description d{.device = r.at("device").text(),
                       .library = r.at("library").text(),
                       .isa = r.at("isa").text(),
                       .threads = r.at("threads").template whole<int>({.least = 1})};
  const std::string type = r.at("dtype").text();
  for (const data_type t : data_types)
    if (type == to_string(t)) {
      d.type = t;
      return d;
    }
  r.at("dtype").fail("\"f32\", \"bf16\", \"f16\", \"int8\"");
}

}  // namespace detail

/// The device that `j` describes. \throws json_error that names the place, below `where`
template <class Json>
device_description device_from_json(const Json& j, const std::string& where = {}) {
  return detail::read_device(detail::json_reader<Json>(j, where));
}

}  // namespace nascent
