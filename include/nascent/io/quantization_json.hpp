// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a calibration found as JSON: {"network": "123..", "maps": [[-2.1, 2.6], [0, 6], ..]}; `network` is the
/// network's fingerprint, `maps` are the ranges of its input and of what each layer makes.
#pragma once

#include <limits>
#include <string>
#include <utility>

#include "nascent/base/uint128.hpp"
#include "nascent/io/json.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent {

template <class Json>
void to_json(Json& j, const activation_ranges& ranges) {
  Json made = Json::object();
  made["network"] = std::string(to_decimal(ranges.network).c_str());
  made["maps"] = Json::array();
  for (const activation_range& r : ranges.maps)
    made["maps"].push_back({static_cast<double>(r.low), static_cast<double>(r.high)});
  j = std::move(made);
}

/// The ranges that `j` has; whether they are those of a network, `quantize` asks. \throws json_error that names the
/// place, below `where`
template <class Json>
activation_ranges activation_ranges_from_json(const Json& j, const std::string& where = {}) {
  const detail::json_reader<Json> r(j, where);
  activation_ranges ranges{.network = r.at("network").decimal(~uint128{0})};
  for (const detail::json_reader<Json>& map : r.at("maps").items()) {
    const auto ends = map.items();
    if (ends.size() != 2) map.fail("two numbers, the least and the largest");
    const auto number = [](const detail::json_reader<Json>& end) {
      return static_cast<float>(
          end.real({.least = -std::numeric_limits<float>::max(), .most = std::numeric_limits<float>::max()}));
    };
    const activation_range range{number(ends[0]), number(ends[1])};
    if (range.low > range.high) map.fail("two numbers, the lower one first");
    ranges.maps.push_back(range);
  }
  return ranges;
}

}  // namespace nascent
