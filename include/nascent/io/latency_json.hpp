// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency tables as JSON.
///
///     {"format": "nascent latency table", "version": 2, "environments": [
///       {"device": .., "library": .., "isa": .., "threads": 1, "dtype": "f32", "batch": 1, "context": "in_network",
///       "kernels": [
///         {"signature": .., "placements": [{"placement": "0", "median_ms": .., "estimated": false, ..}]}]}]}
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "nascent/io/json.hpp"
#include "nascent/latency/exchange.hpp"

namespace nascent {

namespace detail {

inline constexpr const char* latency_format = "nascent latency table";

/// The numbers of a row by name.
template <class Visit>
void for_each_time(Visit&& visit) {
  visit("median_ms", &sample_summary::median_ms);
  visit("trimmed_mean_ms", &sample_summary::trimmed_mean_ms);
  visit("minimum_ms", &sample_summary::minimum_ms);
  visit("low_ms", &sample_summary::low_ms);
  visit("high_ms", &sample_summary::high_ms);
  visit("spread", &sample_summary::spread);
  visit("cpu_median_ms", &sample_summary::cpu_median_ms);
}

/// Values of an object, with the place for errors.
class latency_reader {
 public:
  latency_reader(const json& object, std::string where) : object_(&object), where_(std::move(where)) {
    if (!object.is_object()) throw json_error(where_, describe(object), "an object");
  }

  const json& at(const char* key, const char* allowed) const {
    const auto found = object_->find(key);
    if (found == object_->end()) throw json_error(place(key), "nothing", allowed);
    return *found;
  }
  std::string text(const char* key) const {
    const json& v = at(key, "a string");
    if (!v.is_string()) throw json_error(place(key), describe(v), "a string");
    return v.get<std::string>();
  }
  double number(const char* key) const {
    const json& v = at(key, "a number of 0 or more");
    if (!v.is_number() || !(v.get<double>() >= 0) || !std::isfinite(v.get<double>()))
      throw json_error(place(key), describe(v), "a number of 0 or more");
    return v.get<double>();
  }
  /// A whole number of `least` or more that `Integer` holds.
  template <class Integer = std::int64_t>
  Integer whole(const char* key, std::int64_t least) const {
    const json& v = at(key, "a whole number");
    const bool fits = v.is_number_unsigned() ? std::in_range<Integer>(v.get<std::uint64_t>())
                                             : v.is_number_integer() && std::in_range<Integer>(v.get<std::int64_t>());
    if (!fits || v.get<std::int64_t>() < least)
      throw json_error(place(key), describe(v),
                       "a whole number of " + std::to_string(least) + " or more" +
                           (sizeof(Integer) < sizeof(std::int64_t) ? ", below 2^31" : ""));
    return v.get<Integer>();
  }
  bool flag(const char* key) const {
    const json& v = at(key, "true or false");
    if (!v.is_boolean()) throw json_error(place(key), describe(v), "true or false");
    return v.get<bool>();
  }
  const json& list(const char* key) const {
    const json& v = at(key, "a list");
    if (!v.is_array()) throw json_error(place(key), describe(v), "a list");
    return v;
  }
  [[noreturn]] void refuse(const char* key, const std::string& allowed) const {
    throw json_error(place(key), describe(at(key, "")), allowed);
  }
  std::string place(const std::string& key) const { return where_ + "/" + key; }

 private:
  static std::string describe(const json& v) {
    const std::string text = v.dump();
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  }

  const json* object_;
  std::string where_;
};

inline latency_entry entry_from_json(const json& j, const std::string& signature, const std::string& where) {
  const latency_reader r(j, where);
  latency_entry e{.signature = signature,
                  .estimated = r.flag("estimated"),
                  .network = r.text("network"),
                  .measured_at = r.text("measured_at")};
  for_each_time([&](const char* key, double sample_summary::*field) { e.time.*field = r.number(key); });
  e.time.count = static_cast<std::size_t>(r.whole("samples", 0));
  e.time.spoilt = static_cast<std::size_t>(r.whole("spoilt", 0));
  e.time.involuntary_switches = r.whole("switches", 0);
  const auto source = parse_time_source(r.text("source"));
  if (!source) r.refuse("source", "\"wall\", \"thread_cpu\", \"device\"");
  e.time.source = *source;
  const std::string placement = r.text("placement");
  const auto [end, error] = std::from_chars(placement.data(), placement.data() + placement.size(), e.placement);
  if (error != std::errc() || end != placement.data() + placement.size() || e.placement < 0)
    r.refuse("placement", "a whole number of 0 or more, as a string");
  if (j.contains("network_weights")) e.network_weights = r.whole("network_weights", 0);
  if (j.contains("network_ms")) e.network_ms = r.number("network_ms");
  return e;
}

}  // namespace detail

/// All rows of a table file, of all devices. \throws latency_table_error
inline json latency_table_to_json(const std::filesystem::path& table) {
  json environments = json::array();
  const json* last = nullptr;
  const auto same = [](const table_row& a, const table_row& b) {
    return a.key.device == b.key.device && a.key.batch == b.key.batch && a.key.context == b.key.context;
  };
  const std::vector<table_row> rows = load_rows(table);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const table_row& row = rows[i];
    const device_description& d = row.key.device;
    if (i == 0 || !same(rows[i - 1], row)) {
      environments.push_back({{"device", d.device},
                              {"library", d.library},
                              {"isa", d.isa},
                              {"threads", d.threads},
                              {"dtype", to_string(d.type)},
                              {"batch", row.key.batch},
                              {"context", to_string(row.key.context)},
                              {"kernels", json::array()}});
      last = nullptr;
    }
    json& kernels = environments.back()["kernels"];
    if (last == nullptr || rows[i - 1].entry.signature != row.entry.signature)
      kernels.push_back({{"signature", row.entry.signature}, {"placements", json::array()}});
    last = &kernels.back();
    json one{{"placement", std::to_string(row.entry.placement)}};
    detail::for_each_time([&](const char* key, double sample_summary::*field) { one[key] = row.entry.time.*field; });
    one["samples"] = row.entry.time.count;
    one["spoilt"] = row.entry.time.spoilt;
    one["switches"] = row.entry.time.involuntary_switches;
    one["source"] = to_string(row.entry.time.source);
    one["estimated"] = row.entry.estimated;
    one["network"] = row.entry.network;
    one["measured_at"] = row.entry.measured_at;
    one["network_weights"] = row.entry.network_weights;
    one["network_ms"] = row.entry.network_ms;
    kernels.back()["placements"].push_back(std::move(one));
  }
  return {
      {"format", detail::latency_format}, {"version", detail::table_schema}, {"environments", std::move(environments)}};
}

/// Adds what `latency_table_to_json` wrote to a table file, which is made where there is none: all or none. Rows that
/// are there stay, except estimates where a measured one comes. \throws json_error that names the place, what was found
/// and what is allowed; latency_table_error
inline exchange_result import_latency_json(const std::filesystem::path& into, const json& from) {
  const detail::latency_reader top(from, "");
  if (top.text("format") != detail::latency_format)
    top.refuse("format", std::string("\"") + detail::latency_format + "\"");
  const std::int64_t schema = top.whole("version", 1);
  if (schema < 2 || schema > detail::table_schema)
    top.refuse("version", "2 to " + std::to_string(detail::table_schema));
  std::vector<table_row> rows;
  const json& environments = top.list("environments");
  for (std::size_t i = 0; i < environments.size(); ++i) {
    const std::string where = "/environments/" + std::to_string(i);
    const detail::latency_reader r(environments[i], where);
    const auto type = detail::parse_type(r.text("dtype"));
    if (!type) r.refuse("dtype", "\"f32\", \"bf16\", \"f16\"");
    const auto context = parse_cache_context(r.text("context"));
    if (!context) r.refuse("context", "\"in_network\", \"evicted\", \"hot\", \"cold\"");
    const store_key key{.device = {.device = r.text("device"),
                                   .library = r.text("library"),
                                   .isa = r.text("isa"),
                                   .threads = r.whole<int>("threads", 1),
                                   .type = *type},
                        .batch = r.whole<int>("batch", 1),
                        .context = *context};
    const json& kernels = r.list("kernels");
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      const std::string at = where + "/kernels/" + std::to_string(k);
      const detail::latency_reader one(kernels[k], at);
      const json& placements = one.list("placements");
      for (std::size_t p = 0; p < placements.size(); ++p)
        rows.push_back({key, detail::entry_from_json(placements[p], one.text("signature"),
                                                     at + "/placements/" + std::to_string(p))});
    }
  }
  return add_rows(into, rows, "import from JSON");
}

}  // namespace nascent
