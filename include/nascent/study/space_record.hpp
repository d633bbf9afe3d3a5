// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space as a study keeps it: what its decisions are, enough to tell it from others and to move its candidates into
/// another one, without the program that declared it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/uint128.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/io/space_json.hpp"
#include "nascent/space/space_view.hpp"
#include "nascent/space/view_of.hpp"
#include "nascent/study/network_identity.hpp"

namespace nascent {

namespace detail {

/// Typed values as lists: their kind, then what it needs.
inline json value_record(const typed_value& v) {
  json j = json::array({to_string(v.kind())});
  switch (v.kind()) {
    case value_kind::boolean: j.push_back(v.truth()); break;
    case value_kind::integer: j.push_back(v.integer()); break;
    case value_kind::real: j.push_back(v.number()); break;
    case value_kind::size: j.insert(j.end(), {v.height(), v.width()}); break;
    case value_kind::enumerator: j.insert(j.end(), {std::string(v.type()), std::string(v.name()), v.integer()}); break;
    case value_kind::block:
    case value_kind::name: j.push_back(std::string(v.name())); break;
    case value_kind::other: j.insert(j.end(), {std::string(v.type()), std::string(v.name())}); break;
  }
  return j;
}
inline json value_records(const std::vector<typed_value>& values) {
  json list = json::array();
  for (const typed_value& v : values) list.push_back(value_record(v));
  return list;
}
inline json field_record(const field_view& f) {
  return {{"name", f.name}, {"slot", f.slot}, {"source", f.source}, {"values", value_records(f.values)}};
}

inline json stage_record(const stage_view& s) {
  json blocks = json::array();
  for (const block_view& b : s.blocks) {
    json fields = json::array();
    for (const field_view& f : b.fields) fields.push_back(field_record(f));
    blocks.push_back({{"name", b.name}, {"fields", std::move(fields)}});
  }
  return {{"name", s.name},
          {"role", static_cast<int>(s.role)},
          {"independent", s.independent},
          {"first_layer_slot", s.first_layer_slot},
          {"slots_per_layer", s.slots_per_layer},
          {"after_layers", s.after_layers},
          {"layers", field_record(s.layers)},
          {"stride", field_record(s.stride)},
          {"skip", field_record(s.skip)},
          {"skip_kind", static_cast<int>(s.skip_kind)},
          {"blocks", std::move(blocks)}};
}

/// FNV-1a of 128 bits.
inline uint128 text_identity(std::string_view text) {
  constexpr uint128 prime = uint128{1} << 88 | 0x13b;
  uint128 hash = uint128{0x6c62272e07bb0142U} << 64 | 0x62b821756295c58dU;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return hash;
}

}  // namespace detail

/// The record of a space: its name and size, its slots, and where it describes itself its stages and constraints.
template <space Space>
json record_of(const Space& s) {
  json j{{"name", s.name()}, {"size", to_decimal(s.size()).c_str()}, {"slots", json::array()}};
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    const slot_info slot = s.slot(k);
    std::vector<typed_value> values;
    for (int option = 0; option < slot.options; ++option) values.push_back(s.value(k, option));
    j["slots"].push_back(
        {{"path", std::string(slot.path.view())}, {"parent", slot.parent}, {"values", detail::value_records(values)}});
  }
  if constexpr (described_space<Space>) {
    const space_view view = view_of(s);
    j["channels"] = view.channels;
    for (std::size_t k = 0; k < view.slots.size(); ++k) j["slots"][k]["when"] = view.slots[k].when;
    for (const stage_view& stage : view.stages) j["stages"].push_back(detail::stage_record(stage));
    j["constraints"] = json(view.constraints);
  }
  return j;
}

/// What tells spaces apart: any change of what may be decided changes it.
inline std::string fingerprint_of(const json& record) {
  return detail::hexadecimal(detail::text_identity(record.dump()));
}
template <space Space>
std::string space_fingerprint(const Space& s) {
  return fingerprint_of(record_of(s));
}

/// A record that was read: the texts that values refer to live in it.
class space_record {
 public:
  /// \throws json_error
  explicit space_record(const json& j) {
    const detail::json_reader<json> top(j, "");
    view_.name = top.at("name").text();
    view_.size = top.at("size").decimal(~uint128{0});
    for (const auto& s : top.at("slots").items()) {
      slot_view slot{.path = s.at("path").text(), .values = values(s.at("values"))};
      slot.parent = s.at("parent").whole<int>({.least = -1});
      view_.slots.push_back(std::move(slot));
    }
    if (!top.has("stages")) return;
    view_.channels = top.at("channels").whole<int>();
    for (const auto& s : top.at("stages").items()) view_.stages.push_back(stage(s));
  }
  space_record(const space_record&) = delete;
  space_record& operator=(const space_record&) = delete;

  /// Of stages and slots what `migrate` needs.
  const space_view& view() const { return view_; }
  bool has_stages() const { return !view_.stages.empty(); }

 private:
  using reader = detail::json_reader<json>;

  std::string_view kept(std::string text) { return texts_.emplace_back(std::move(text)); }

  typed_value value(const reader& j) {
    const std::vector<reader> parts = j.items();
    if (parts.empty()) j.fail("a kind and a value");
    const std::string kind = parts[0].text();
    const auto part = [&](std::size_t i) -> const reader& {
      if (i >= parts.size()) j.fail("all parts of a value of this kind");
      return parts[i];
    };
    const whole_range<std::int64_t> any{.least = std::numeric_limits<std::int64_t>::min()};
    if (kind == "boolean") return typed_value::of_boolean(part(1).truth());
    if (kind == "integer") return typed_value::of_integer(part(1).whole(any));
    if (kind == "real") return typed_value::of_real(part(1).real(any_finite));
    if (kind == "size") return typed_value::of_size(part(1).whole<int>(), part(2).whole<int>());
    if (kind == "enumerator")
      return typed_value::of_enumerator(kept(part(1).text()), kept(part(2).text()), part(3).whole(any));
    if (kind == "block") return typed_value::of_block(kept(part(1).text()));
    if (kind == "name") return typed_value::of_name(kept(part(1).text()));
    if (kind == "other") return typed_value::of_other(kept(part(1).text()), kept(part(2).text()));
    parts[0].fail("boolean, integer, real, size, enumerator, block, name, other");
  }
  std::vector<typed_value> values(const reader& j) {
    std::vector<typed_value> all;
    for (const reader& one : j.items()) all.push_back(value(one));
    return all;
  }
  field_view field(const reader& j) {
    field_view f{.name = j.at("name").text(), .values = values(j.at("values")), .source = j.at("source").text()};
    f.slot = j.at("slot").whole<int>({.least = -1});
    return f;
  }
  stage_view stage(const reader& j) {
    stage_view s{.name = j.at("name").text()};
    s.role = static_cast<stage_view::kind>(j.at("role").whole<int>({.most = 3}));
    s.independent = j.at("independent").truth();
    s.first_layer_slot = j.at("first_layer_slot").whole<int>();
    s.slots_per_layer = j.at("slots_per_layer").whole<int>();
    s.after_layers = j.at("after_layers").whole<int>();
    s.layers = field(j.at("layers"));
    s.stride = field(j.at("stride"));
    s.skip = field(j.at("skip"));
    s.skip_kind = static_cast<residual>(j.at("skip_kind").whole<int>({.most = 3}));
    for (const reader& b : j.at("blocks").items()) {
      block_view block{.name = b.at("name").text()};
      for (const reader& f : b.at("fields").items()) block.fields.push_back(field(f));
      s.blocks.push_back(std::move(block));
    }
    return s;
  }

  std::deque<std::string> texts_;
  space_view view_;
};

}  // namespace nascent
