// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency tables as JSON.
///
///     {"format": "nascent latency table", "version": 2, "environments": [
///       {"device": .., "library": .., "isa": .., "threads": 1, "dtype": "f32", "batch": 1, "context": "in_network",
///       "kernels": [
///         {"signature": .., "placements": [{"placement": "0", "median_ms": .., "estimated": false, ..}]}]}]}
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "nascent/io/device_json.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/latency/exchange.hpp"

namespace nascent {

namespace detail {

inline constexpr const char* latency_format = "nascent latency table";

template <class Json>
[[noreturn]] void refuse(const json_reader<Json>& r, const row_fault& fault) {
  throw json_error(r.where() + "/" + fault.column, fault.found, fault.allowed);
}

template <class Json>
latency_entry read_entry(const json_reader<Json>& r, const std::string& signature) {
  latency_entry e{.signature = signature,
                  .estimated = r.at("estimated").truth(),
                  .network = r.at("network").text(),
                  .measured_at = r.at("measured_at").text()};
  for_each_time([&](const char* key, double sample_summary::*field) { e.time.*field = r.at(key).real(); });
  e.time.count = r.at("samples").template whole<std::size_t>();
  e.time.spoilt = r.at("spoilt").template whole<std::size_t>();
  e.time.involuntary_switches = r.at("switches").whole();
  e.time.source = name_at(r, "source", parse_time_source, R"("wall", "thread_cpu", "device")");
  e.placement = name_at(
      r, "placement", [](const std::string& text) { return read_whole(text); },
      "a whole number of 0 or more, as a string");
  if (r.has("network_weights")) e.network_weights = r.at("network_weights").whole();
  if (r.has("network_ms")) e.network_ms = r.at("network_ms").real();
  if (const auto fault = find_fault(e)) refuse(r, *fault);
  return e;
}

template <class Json>
store_key read_key(const json_reader<Json>& r) {
  store_key key{.device = read_device(r),
                .batch = r.at("batch").whole(environment_counts),
                .context = name_at(r, "context", parse_cache_context, R"("in_network", "evicted", "hot", "cold")")};
  if (const auto fault = find_fault(key.device, key.batch)) refuse(r, *fault);
  return key;
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
    if (i == 0 || !same(rows[i - 1], row)) {
      json environment = row.key.device;
      environment["batch"] = row.key.batch;
      environment["context"] = to_string(row.key.context);
      environment["kernels"] = json::array();
      environments.push_back(std::move(environment));
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
  const detail::json_reader<json> top(from, "");
  if (top.at("format").text() != detail::latency_format)
    top.at("format").fail(std::string("\"") + detail::latency_format + "\"");
  if (!whole_range<>{.least = 2, .most = detail::table_schema}.admits(top.at("version").whole()))
    top.at("version").fail("2 to " + std::to_string(detail::table_schema));
  std::vector<table_row> rows;
  for (const auto& environment : top.at("environments").items()) {
    const store_key key = detail::read_key(environment);
    for (const auto& kernel : environment.at("kernels").items()) {
      const std::string signature = kernel.at("signature").text();
      for (const auto& placement : kernel.at("placements").items())
        rows.push_back({key, detail::read_entry(placement, signature)});
    }
  }
  return add_rows(into, rows, "import from JSON");
}

}  // namespace nascent
