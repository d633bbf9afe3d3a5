// SPDX-License-Identifier: Apache-2.0
/// \file
/// Costs, networks and candidates as JSON. Numbers that may need more than 53 bits are decimal strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "nascent/base/file.hpp"
#include "nascent/base/utf8.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/network/layer_fields.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

template <class Json>
void to_json(Json& j, const counts& c) {
  j = Json{{"params", c.params}, {"macs", c.macs}, {"layers", c.layers}};
}

template <class Json>
void to_json(Json& j, const costs& c) {
  j = Json{{"params", c.params},
           {"macs", c.macs},
           {"activations", c.activations},
           {"layers", c.layers},
           {"traffic_bytes", c.traffic},
           {"batch", c.batch},
           {"operational_intensity", c.operational_intensity()}};
}

template <class Json>
void to_json(Json& j, const shape& s) {
  j = Json{{"batch", s.batch}, {"height", s.height}, {"width", s.width}, {"channels", s.channels}};
}

template <class Json>
void to_json(Json& j, const dimensions& d) {
  j = Json{{"width", d.width}, {"depth", d.depth}, {"resolution", d.resolution}};
}

/// A slope, a factor, or two bounds; null where a bound is none.
template <class Json>
void to_json(Json& j, const activation_numbers& n) {
  j = Json::array({n.first.value()});
  if (n.second.said()) j.push_back(n.second.value());
}

/// Everything about a layer but its place in a network: what its kind needs, and every other attribute that is not as
/// usual. `stride` is one number where rows and columns are alike, else both; `padding` is rows and columns before and
/// after the map, as ONNX orders them: top, left, bottom, right; `offset` are rows and columns before a part, before a
/// padded map, and those that a transposed convolution leaves out; `over` is what the second operand of a sum or a
/// product is repeated over.
template <class Json>
void to_json(Json& j, const layer& l) {
  const auto needed = [&](std::string_view name) {
    const bool transposed = l.kind == layer_kind::transposed_convolution;
    if (name == "kernel" || name == "stride") return l.has_window() || transposed;
    if (name == "padding") return l.has_window();
    if (name == "offset") return transposed || l.kind == layer_kind::pad;
    if (name == "batch_norm" || name == "bias") return l.has_weights() || l.scales_channels();
    if (name == "first_channel") return l.kind == layer_kind::slice;
    return name == "kind" || name == "input" || name == "output";
  };
  j = Json::object();
  for_each_field(l, [&]<class Value>(const layer_field& field, const Value& value, const Value& usual) {
    if (std::string_view(field.name) == "operand_count") return;  // the list of them says it
    if (value == usual && !needed(field.name)) return;
    if constexpr (std::is_same_v<Value, padding>)
      j[field.name] = {padding_of(l).above, padding_of(l).left, padding_of(l).below, padding_of(l).right};
    else if constexpr (std::is_same_v<Value, strides>)
      if (value.height == value.width) j[field.name] = value.height;
      else j[field.name] = {value.height, value.width};
    else if constexpr (std::is_enum_v<Value>) j[field.name] = to_string(value);
    else j[field.name] = value;
  });
  j["operands"] = Json::array();
  for (std::size_t i = 0; i < static_cast<std::size_t>(l.operand_count); ++i) j["operands"].push_back(l.operands[i]);
  j["params"] = params(l);
  j["macs"] = macs(l);
}

/// A value as what it is: a number with all its digits, a truth value, a name, a size as "3x5"; null where it is of a
/// type without a meaning.
template <class Json>
void to_json(Json& j, const typed_value& value) {
  switch (value.kind()) {
    case value_kind::boolean: j = value.truth(); return;
    case value_kind::integer: j = value.integer(); return;
    case value_kind::real: j = value.number(); return;
    case value_kind::size:
    case value_kind::enumerator:
    case value_kind::block:
    case value_kind::name: break;
    case value_kind::other:
      if (value.name().empty()) {
        j = nullptr;
        return;
      }
  }
  j = value.text().c_str();
}

/// `part_of` is the number of the block that it is a part of.
template <class Json>
void to_json(Json& j, const block_span& block) {
  j = Json{{"block", std::string(block.name)}, {"layer", block.layer}};
  if (block.parent >= 0) j["part_of"] = block.parent;
  j["first_tensor"] = block.first_layer + 1;
  j["last_tensor"] = block.end_layer();
  Json fields = Json::object();
  for (std::size_t i = 0; i < block.field_names.size(); ++i)
    fields[std::string(block.field_names[i])] = block.values[i];
  j["fields"] = std::move(fields);
}

/// The graph: `operands` of a layer are tensors, 0 is the input and `tensor` the one that it makes; `outputs` says
/// which are given out, and under which names; `blocks` which tensors each block made.
template <class Json>
void to_json(Json& j, const network& graph) {
  std::int64_t all_params = 0;
  std::int64_t all_macs = 0;
  Json layers = Json::array();
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const layer& l = graph.layers()[i];
    Json one{{"tensor", i + 1}};
    if (!graph.stage_of(i).empty()) one["stage"] = graph.stage_of(i);
    one.update(Json(l));
    layers.push_back(std::move(one));
    all_params += params(l);
    all_macs += macs(l);
  }
  j = Json{{"name", graph.name()}, {"input", graph.input()}, {"params", all_params}, {"macs", all_macs}};
  Json outputs = Json::array();
  for (const network_output& o : graph.outputs()) outputs.push_back({{"name", o.name}, {"tensor", o.tensor}});
  j["outputs"] = std::move(outputs);
  j["layers"] = std::move(layers);
  Json blocks = Json::array();
  for (const block_span& block : graph.blocks()) {
    Json one = Json::object();
    if (!graph.stage_of(block).empty()) one["stage"] = graph.stage_of(block);
    one.update(Json(block));
    blocks.push_back(std::move(one));
  }
  j["blocks"] = std::move(blocks);
}

/// A candidate of `s`: the space with its size, the rank, and every active decision with its value under the slot's
/// path.
template <class Json = json, space Space>
Json candidate_json(const Space& s, const candidate<Space>& c) {
  Json decisions = Json::object();
  for (std::size_t k = 0; k < s.slot_count; ++k)
    if (c.digits[k] >= 0) decisions[std::string(s.slot(k).path.view())] = Json(s.value(k, c.digits[k]));
  Json j{{"space", s.name()}, {"size", to_decimal(s.size()).c_str()}, {"rank", to_decimal(s.rank(c)).c_str()}};
  j["decisions"] = std::move(decisions);
  return j;
}

/// The same where the candidate's type says which space it is of.
template <class Json, stateless_space Space>
void to_json(Json& j, const candidate<Space>& c) {
  j = candidate_json<Json>(Space{}, c);
}

template <class Json, stateless_space Space>
void to_json(Json& j, const scaled_candidate<Space>& c) {
  j = Json{{"scale", c.scale}, {"candidate", c.base}};
}

/// Anything of this library that JSON is made of, such as a network, a candidate, counts or costs: `to_json(net)`.
template <class T>
requires requires(json& j, const T& what) { to_json(j, what); }
json to_json(const T& what) {
  json j;
  to_json(j, what);
  return j;
}

namespace detail {

/// Where in JSON a text or a key stands that is not UTF-8; empty where none does.
template <class Json>
std::string place_of_bad_text(const Json& j, const std::string& where = {}) {
  if (j.is_string() && !is_utf8(j.template get_ref<const std::string&>())) return where.empty() ? "/" : where;
  if (j.is_array()) {
    for (std::size_t i = 0; i < j.size(); ++i)
      if (std::string found = place_of_bad_text(j[i], where + "/" + std::to_string(i)); !found.empty()) return found;
  } else if (j.is_object()) {
    for (const auto& item : j.items()) {
      if (!is_utf8(item.key())) return where + "/ (a key)";
      if (std::string found = place_of_bad_text(item.value(), where + "/" + item.key()); !found.empty()) return found;
    }
  }
  return {};
}

/// The option of slot k that a value names. Options that read alike are told apart by `hint`, the option that the rank
/// says.
template <class Space, class Json>
digit option_of(const Space& s, std::size_t k, const json_reader<Json>& value, int hint) {
  std::string allowed;
  const int options = s.slot(k).options;
  for (int i = 0; i < options; ++i) {
    const int option = hint < 0 ? i : (hint + i) % options;
    if (value.value() == Json(s.value(k, option))) return static_cast<digit>(option);
    if (i < 24) allowed += (i == 0 ? "" : ", ") + std::string(s.value(k, i).text().view());
  }
  value.fail(allowed + (options > 24 ? ", ..." : ""));
}

/// The value that a candidate has in slot k; `none` where the slot takes no part.
template <class Space>
std::string decided_text(const Space& s, const candidate<Space>& c, std::size_t k, const char* none) {
  return c.digits[k] < 0 ? none : std::string(s.value(k, c.digits[k]).text().view());
}

/// Why slot k takes no part: what its parent decided.
template <class Space>
std::string inactive_reason(const Space& s, const candidate<Space>& c, std::size_t k) {
  const int parent = s.slot(k).parent;
  if (parent < 0) return "nothing; this decision takes no part here";
  const auto p = static_cast<std::size_t>(parent);
  return "nothing, because '" + std::string(s.slot(p).path.view()) + "' is " + decided_text(s, c, p, "inactive");
}

/// Decisions by path. \throws json_error
template <class Space, class Json>
candidate<Space> read_decisions(const Space& s, const json_reader<Json>& decisions,
                                const std::type_identity_t<candidate<Space>>* by_rank) {
  decisions.must_be_object();
  candidate<Space> c = s.undecided();
  for (const auto& [path, value] : decisions.value().items()) {
    const std::size_t k = s.find(path);
    const json_reader<Json> entry(value, decisions.where() + "/" + path);
    if (k == s.slot_count)
      throw json_error(entry.where(), "an unknown decision",
                       std::string("paths of decisions of the space '") + s.name() + "'");
    c.digits[k] = option_of(s, k, entry, by_rank == nullptr ? -1 : by_rank->digits[k]);
  }
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    const std::string where = decisions.where() + "/" + std::string(s.slot(k).path.view());
    const bool active = s.is_active(c, k);
    if (active && c.digits[k] < 0)
      throw json_error(where, "nothing", "one of its values, because this decision takes part");
    if (!active && c.digits[k] >= 0) throw json_error(where, decided_text(s, c, k, ""), inactive_reason(s, c, k));
    if (by_rank != nullptr && c.digits[k] != by_rank->digits[k])
      throw json_error(
          where, decided_text(s, c, k, "nothing"),
          decided_text(s, *by_rank, k, "nothing") + ", as the rank says; correct one of the two or remove the rank");
  }
  try {
    s.validate(c);
  } catch (const space_error& e) {
    throw json_error(decisions.where(), "decisions that do not fit together (" + std::string(e.what()) + ")",
                     "a candidate of the space");
  }
  return c;
}

template <class Space, class Json>
candidate<Space> read_candidate(const Space& s, const json_reader<Json>& j) {
  j.must_be_object();
  if (j.has("space") && j.at("space").text() != s.name()) j.at("space").fail(std::string("'") + s.name() + "'");
  const std::string size = to_decimal(s.size()).c_str();
  if (j.has("size") && j.at("size").text() != size)
    j.at("size").fail(size + ", the size of this space; the declaration has changed since the file was written");
  if (!j.has("rank") && !j.has("decisions")) throw json_error(j.where(), "neither", "'rank' or 'decisions', or both");
  if (!j.has("rank")) return read_decisions(s, j.at("decisions"), nullptr);
  const candidate<Space> by_rank = s.unrank(j.at("rank").decimal(s.size()));
  return j.has("decisions") ? read_decisions(s, j.at("decisions"), &by_rank) : by_rank;
}

}  // namespace detail

/// The candidate of `s` that `j` describes: by rank, by decisions, or by both, which then must agree. \throws
/// json_error
template <space Space, class Json>
candidate<Space> candidate_from_json(const Space& s, const Json& j) {
  return detail::read_candidate(s, detail::json_reader<Json>(j, ""));
}

/// JSON as text, `indent` spaces for each level; in one line where that is below 0. \throws json_error that names the
/// place of a text that is not UTF-8: it could not be read back
template <class Json>
std::string json_text(const Json& j, int indent = 2) {
  try {
    return j.dump(indent);
  } catch (const nlohmann::json::exception&) {
    throw json_error(detail::place_of_bad_text(j), "text that is not UTF-8", "UTF-8; give the name in it");
  }
}

/// Writes JSON, indented, whole or not at all. \throws file_error, and json_error for a text that is not UTF-8
inline void write_json(const std::filesystem::path& path, const json& j) { write_file(path, json_text(j) + "\n"); }

}  // namespace nascent
