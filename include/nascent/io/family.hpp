// SPDX-License-Identifier: Apache-2.0
/// \file
/// The record of a designed family: what each of its networks is, costs, and was measured to take.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/json.hpp"

namespace nascent {

/// Latency in ms; what is not known is absent.
struct latency_record {
  std::optional<double> predicted_ms{};
  std::optional<double> measured_ms{};
  std::optional<double> spread_ms{};
  int samples = 0;

  friend bool operator==(const latency_record&, const latency_record&) = default;
};

/// Accuracy in per cent. `source` says where it is from, such as "accuracy model" or "trained".
struct accuracy_record {
  double top1 = 0;
  std::optional<double> standard_error{};
  std::string source{};

  friend bool operator==(const accuracy_record&, const accuracy_record&) = default;
};

/// One network of a family: a candidate at its dimensions.
template <class Space>
struct family_level {
  std::string name{};
  scaled_candidate<Space> network{};
  costs cost{};
  latency_record latency{};
  accuracy_record accuracy{};

  friend bool operator==(const family_level&, const family_level&) = default;
};

/// A family. `about` holds what the caller wants to keep: device, library, seed, options, in any form.
template <class Space>
struct family_record {
  static constexpr int format = 1;

  std::string name{};
  json about = json::object();
  std::vector<family_level<Space>> levels{};

  friend bool operator==(const family_record&, const family_record&) = default;
};

namespace detail {

/// What the numbers of a record may be, where they are written and where they are read.
inline constexpr real_range record_ms{};
inline constexpr real_range record_percent{.most = 100};

template <class Json>
Json checked_json(double value, const real_range& range, const char* where) {
  if (!range.admits(value))
    throw json_error(where, exact_text(value), range.allowed() + "; leave out what is not known");
  return value;
}
template <class Json>
Json optional_json(const std::optional<double>& value, const real_range& range, const char* where) {
  return value ? checked_json<Json>(*value, range, where) : Json(nullptr);
}

template <class Json>
std::optional<double> optional_at(const json_reader<Json>& r, const char* key, const real_range& range) {
  if (!r.has(key) || r.at(key).value().is_null()) return std::nullopt;
  return r.at(key).real(range);
}

}  // namespace detail

// What may throw is put together first and given to `j` when it is whole: the library's constructors leak otherwise.
template <class Json>
void to_json(Json& j, const latency_record& l) {
  Json made = Json::object();
  made["predicted_ms"] = detail::optional_json<Json>(l.predicted_ms, detail::record_ms, "/latency/predicted_ms");
  made["measured_ms"] = detail::optional_json<Json>(l.measured_ms, detail::record_ms, "/latency/measured_ms");
  made["spread_ms"] = detail::optional_json<Json>(l.spread_ms, detail::record_ms, "/latency/spread_ms");
  made["samples"] = l.samples;
  j = std::move(made);
}

template <class Json>
void to_json(Json& j, const accuracy_record& a) {
  Json made = Json::object();
  made["top1"] = detail::checked_json<Json>(a.top1, detail::record_percent, "/accuracy/top1");
  made["standard_error"] =
      detail::optional_json<Json>(a.standard_error, detail::record_percent, "/accuracy/standard_error");
  made["source"] = a.source;
  j = std::move(made);
}

template <class Json, class Space>
void to_json(Json& j, const family_level<Space>& l) {
  Json made = Json::object();
  made["name"] = l.name;
  made["dimensions"] = l.network.scale;
  made["candidate"] = l.network.base;
  made["costs"] = l.cost;
  made["latency"] = l.latency;
  made["accuracy"] = l.accuracy;
  j = std::move(made);
}

template <class Json, class Space>
void to_json(Json& j, const family_record<Space>& f) {
  Json made = Json::object();
  made["format"] = family_record<Space>::format;
  made["name"] = f.name;
  made["about"] = f.about;
  made["levels"] = Json::array();
  for (const auto& l : f.levels) made["levels"].push_back(Json(l));
  j = std::move(made);
}

namespace detail {

template <class Json>
costs read_costs(const json_reader<Json>& r) {
  return {.params = r.at("params").whole(),
          .macs = r.at("macs").whole(),
          .activations = r.at("activations").whole(),
          .layers = r.at("layers").template whole<int>(),
          .traffic = r.at("traffic_bytes").whole(),
          .batch = r.at("batch").template whole<int>({.least = 1})};
}

template <class Json>
dimensions read_dimensions(const json_reader<Json>& scale) {
  return {scale.at("width").real({.above_least = true}), scale.at("depth").real({.above_least = true}),
          scale.at("resolution").template whole<int>()};
}

/// The candidate at its dimensions, as `scaled` judges them.
template <class Space, class Json>
scaled_candidate<Space> read_scaled(const Space& s, const json_reader<Json>& level) {
  const json_reader<Json> scale = level.at("dimensions");
  const candidate<Space> base = read_candidate(s, level.at("candidate"));
  try {
    return scaled(base, read_dimensions(scale));
  } catch (const space_error& e) {
    throw json_error(scale.where() + " (" + std::string(e.where()) + ")", e.found(), e.allowed());
  }
}

/// What a level says beside its candidate, which needs the space.
struct level_facts {
  std::string name{};
  dimensions scale{};
  costs cost{};
  latency_record latency{};
  accuracy_record accuracy{};
};

template <class Json>
level_facts read_level_facts(const json_reader<Json>& r) {
  level_facts l{
      .name = r.at("name").text(), .scale = read_dimensions(r.at("dimensions")), .cost = read_costs(r.at("costs"))};
  const json_reader<Json> latency = r.at("latency");
  l.latency = {optional_at(latency, "predicted_ms", record_ms), optional_at(latency, "measured_ms", record_ms),
               optional_at(latency, "spread_ms", record_ms), latency.at("samples").template whole<int>()};
  const json_reader<Json> accuracy = r.at("accuracy");
  l.accuracy = {accuracy.at("top1").real(record_percent), optional_at(accuracy, "standard_error", record_percent),
                accuracy.at("source").text()};
  return l;
}

template <class Space, class Json>
family_level<Space> read_level(const Space& s, const json_reader<Json>& r) {
  const level_facts l = read_level_facts(r);
  return {l.name, read_scaled(s, r), l.cost, l.latency, l.accuracy};
}

}  // namespace detail

/// The family that `j` describes. \throws json_error that names the place
template <space Space, class Json>
family_record<Space> family_from_json(const Space& s, const Json& j) {
  const detail::json_reader<Json> r(j, "");
  if (r.at("format").whole() != family_record<Space>::format)
    r.at("format").fail(std::to_string(family_record<Space>::format));
  family_record<Space> f{.name = r.at("name").text()};
  if (r.has("about")) f.about = j["about"];
  for (const auto& level : r.at("levels").items()) f.levels.push_back(detail::read_level(s, level));
  return f;
}

/// Writes a family's file, whole or not at all. \throws file_error, json_error for a number that is not finite
template <class Space>
void write_family(const std::filesystem::path& path, const family_record<Space>& f) {
  write_json(path, json(f));
}

/// Reads a family's file. \throws file_error, json_error
template <space Space>
family_record<Space> read_family(const Space& s, const std::filesystem::path& path) {
  return family_from_json(s, read_json(path));
}

}  // namespace nascent
