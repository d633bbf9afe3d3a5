// SPDX-License-Identifier: Apache-2.0
/// \file
/// The record of a designed family: what each of its networks is, costs, and was measured to take.
#pragma once

#include <cmath>
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

template <class Json>
Json optional_json(const std::optional<double>& value, const char* what) {
  if (!value) return nullptr;
  if (!std::isfinite(*value))
    throw json_error(what, "a number that is not finite", "finite numbers; leave out what is not known");
  return *value;
}

template <class Json>
std::optional<double> optional_at(const json_reader<Json>& r, const char* key) {
  if (!r.has(key) || r.at(key).value().is_null()) return std::nullopt;
  return r.number_at(key);
}

}  // namespace detail

// What may throw is put together first and given to `j` when it is whole: the library's constructors leak otherwise.
template <class Json>
void to_json(Json& j, const latency_record& l) {
  Json made = Json::object();
  made["predicted_ms"] = detail::optional_json<Json>(l.predicted_ms, "/latency/predicted_ms");
  made["measured_ms"] = detail::optional_json<Json>(l.measured_ms, "/latency/measured_ms");
  made["spread_ms"] = detail::optional_json<Json>(l.spread_ms, "/latency/spread_ms");
  made["samples"] = l.samples;
  j = std::move(made);
}

template <class Json>
void to_json(Json& j, const accuracy_record& a) {
  Json made = Json::object();
  made["top1"] = detail::optional_json<Json>(a.top1, "/accuracy/top1");
  made["standard_error"] = detail::optional_json<Json>(a.standard_error, "/accuracy/standard_error");
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
  return {.params = r.whole_at("params"),
          .macs = r.whole_at("macs"),
          .activations = r.whole_at("activations"),
          .layers = static_cast<int>(r.whole_at("layers")),
          .traffic = r.whole_at("traffic_bytes"),
          .batch = r.int_at("batch")};
}

template <class Space, class Json>
family_level<Space> read_level(const Space& s, const json_reader<Json>& r) {
  family_level<Space> l{.name = r.text_at("name"),
                        .network = {.base = read_candidate(s, r.at("candidate"))},
                        .cost = read_costs(r.at("costs"))};
  const json_reader<Json> scale = r.at("dimensions");
  l.network.scale = {scale.number_at("width"), scale.number_at("depth"), scale.int_at("resolution")};
  if (!(l.network.scale.width > 0)) scale.at("width").fail("above 0");
  if (!(l.network.scale.depth > 0)) scale.at("depth").fail("above 0");
  if (l.network.scale.resolution < 0) scale.at("resolution").fail("0 for the candidate's own, or more");
  const json_reader<Json> latency = r.at("latency");
  l.latency = {optional_at(latency, "predicted_ms"), optional_at(latency, "measured_ms"),
               optional_at(latency, "spread_ms"), latency.int_at("samples")};
  const json_reader<Json> accuracy = r.at("accuracy");
  l.accuracy = {accuracy.number_at("top1"), optional_at(accuracy, "standard_error"), accuracy.text_at("source")};
  return l;
}

}  // namespace detail

/// The family that `j` describes. \throws json_error that names the place
template <space Space, class Json>
family_record<Space> family_from_json(const Space& s, const Json& j) {
  const detail::json_reader<Json> r(j, "");
  if (r.whole_at("format") != family_record<Space>::format)
    r.at("format").fail(std::to_string(family_record<Space>::format));
  family_record<Space> f{.name = r.text_at("name")};
  if (r.has("about")) f.about = j["about"];
  const auto levels = r.at("levels");
  if (!levels.value().is_array()) levels.fail("a list of levels");
  for (std::size_t i = 0; i < levels.value().size(); ++i)
    f.levels.push_back(
        detail::read_level(s, detail::json_reader<Json>(levels.value()[i], "/levels/" + std::to_string(i))));
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
