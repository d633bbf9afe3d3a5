// SPDX-License-Identifier: Apache-2.0
/// \file
/// Costs, networks and candidates as JSON. Numbers that may need more than 53 bits are decimal strings.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "nascent/base/file.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// Keeps the order in which keys are written: files read from top to bottom.
using json = nlohmann::ordered_json;

/// JSON that does not say what it should: the text names the place ("/decisions/2.kernel"), what was found and what is
/// allowed.
class json_error : public std::runtime_error {
 public:
  json_error(std::string where, const std::string& found, const std::string& allowed)
      : std::runtime_error("nascent: JSON at '" + (where.empty() ? "/" : where) + "': found " + found +
                           "; allowed: " + allowed),
        where_(std::move(where)) {}
  /// The place, as a JSON pointer whose keys are not escaped.
  const std::string& where() const { return where_; }

 private:
  std::string where_;
};

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

/// Everything about a layer but its place in a network. `padding` is rows and columns before and after the map, as ONNX
/// orders them: top, left, bottom, right.
template <class Json>
void to_json(Json& j, const layer& l) {
  j = Json{{"kind", to_string(l.kind)}};
  if (l.act != activation::identity) j["act"] = to_string(l.act);
  const bool window =
      l.kind == layer_kind::convolution || l.kind == layer_kind::max_pool || l.kind == layer_kind::average_pool;
  if (window) j["kernel"] = {l.kernel_height, l.kernel_width};
  if (window || l.stride != 1) j["stride"] = l.stride;
  if (l.groups != 1) j["groups"] = l.groups;
  if (l.dilation != 1) j["dilation"] = l.dilation;
  if (window)
    j["padding"] = {padding_before(l.input.height, l.kernel_height, l.stride, l.dilation, l.pad),
                    padding_before(l.input.width, l.kernel_width, l.stride, l.dilation, l.pad),
                    padding_after(l.input.height, l.kernel_height, l.stride, l.dilation, l.pad),
                    padding_after(l.input.width, l.kernel_width, l.stride, l.dilation, l.pad)};
  if (l.kind == layer_kind::slice) j["first_channel"] = l.first_channel;
  if (l.has_weights()) {
    j["batch_norm"] = l.batch_norm;
    j["bias"] = l.bias;
  }
  j["operands"] = Json::array();
  for (std::size_t i = 0; i < static_cast<std::size_t>(l.operand_count); ++i) j["operands"].push_back(l.operands[i]);
  j["input"] = l.input;
  j["output"] = l.output;
  j["params"] = params(l);
  j["macs"] = macs(l);
}

/// The graph: `operands` of a layer are tensors, 0 is the input and `tensor` the one that it makes.
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
  j["layers"] = std::move(layers);
}

namespace detail {

/// The value behind an option: a number where it reads like one.
template <class Json, class Space>
Json option_json(std::size_t slot, int option) {
  const auto value = Space::value(slot, option);
  const char* end = value.chars + value.length;
  std::int64_t whole = 0;
  if (const auto r = std::from_chars(value.chars, end, whole); r.ec == std::errc{} && r.ptr == end) return whole;
  double number = 0;
  if (const auto r = std::from_chars(value.chars, end, number); r.ec == std::errc{} && r.ptr == end) return number;
  return std::string(value.view());
}

}  // namespace detail

/// A candidate: its space with the size, its rank, and every active decision with its value under the slot's path.
template <class Json, class Space>
void to_json(Json& j, const candidate<Space>& c) {
  Json decisions = Json::object();
  for (std::size_t k = 0; k < Space::slot_count; ++k)
    if (c.digits[k] >= 0)
      decisions[std::string(Space::slot(k).path.view())] = detail::option_json<Json, Space>(k, c.digits[k]);
  j = Json{{"space", Space{}.name()},
           {"size", to_decimal(Space::size()).c_str()},
           {"rank", to_decimal(Space::rank(c)).c_str()}};
  j["decisions"] = std::move(decisions);
}

template <class Json, class Space>
void to_json(Json& j, const scaled_candidate<Space>& c) {
  j = Json{{"scale", c.scale}, {"candidate", c.base}};
}

namespace detail {

/// Reads values, and says where one is not what it should be.
template <class Json>
class json_reader {
 public:
  json_reader(const Json& value, std::string where) : value_(value), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  const Json& value() const { return value_; }

  [[noreturn]] void fail(const std::string& allowed) const { throw json_error(where_, found(), allowed); }
  std::string found() const {
    const std::string dumped = value_.dump(-1, ' ', false, Json::error_handler_t::replace);
    return dumped.size() > 60 ? std::string("a ") + (value_.is_string()  ? "long text"
                                                     : value_.is_array() ? "list"
                                                                         : "group")
                              : dumped;
  }

  void must_be_object() const {
    if (!value_.is_object()) fail("a group of keys");
  }
  bool has(const std::string& key) const { return value_.contains(key); }
  json_reader at(const std::string& key) const {
    must_be_object();
    if (!value_.contains(key)) throw json_error(where_ + "/" + key, "nothing", "a value");
    return {value_[key], where_ + "/" + key};
  }
  std::string text_at(const std::string& key) const {
    const json_reader r = at(key);
    if (!r.value_.is_string()) r.fail("a text");
    return r.value_.template get<std::string>();
  }
  double number_at(const std::string& key) const {
    const json_reader r = at(key);
    if (!r.value_.is_number()) r.fail("a number");
    return r.value_.template get<double>();
  }
  std::int64_t whole_at(const std::string& key) const {
    const json_reader r = at(key);
    if (!r.value_.is_number_integer() ||
        (r.value_.is_number_unsigned() && r.value_.template get<std::uint64_t>() > INT64_MAX))
      r.fail("a whole number");
    return r.value_.template get<std::int64_t>();
  }
  /// A 128-bit number in decimal digits below `limit`.
  uint128 decimal_at(const std::string& key, uint128 limit) const {
    const json_reader r = at(key);
    const std::string allowed = "a decimal number below " + std::string(to_decimal(limit).c_str()) + ", as a text";
    if (!r.value_.is_string()) r.fail(allowed);
    const auto digits = r.value_.template get<std::string>();
    checked_uint128 number;
    for (const char c : digits) {
      if (c < '0' || c > '9') r.fail(allowed);
      number = checked_add(checked_multiply(number, {10}), {static_cast<unsigned>(c - '0')});
    }
    if (digits.empty() || number.overflow || number.value >= limit) r.fail(allowed);
    return number.value;
  }

 private:
  const Json& value_;
  std::string where_;
};

/// The option of slot k that a value names. Options that read alike are told apart by `hint`, the option that the rank
/// says.
template <class Space, class Json>
digit option_of(std::size_t k, const json_reader<Json>& value, int hint) {
  std::string allowed;
  const int options = Space::slot(k).options;
  for (int i = 0; i < options; ++i) {
    const int option = hint < 0 ? i : (hint + i) % options;
    if (value.value() == option_json<Json, Space>(k, option)) return static_cast<digit>(option);
    if (i < 24) allowed += (i == 0 ? "" : ", ") + std::string(Space::value(k, i).view());
  }
  value.fail(allowed + (options > 24 ? ", ..." : ""));
}

/// Why slot k takes no part: what its parent decided.
template <class Space>
std::string inactive_reason(const candidate<Space>& c, std::size_t k) {
  const int parent = Space::slot(k).parent;
  if (parent < 0) return "nothing; this decision takes no part here";
  const auto p = static_cast<std::size_t>(parent);
  const std::string value = c.digits[p] < 0 ? "inactive" : std::string(Space::value(p, c.digits[p]).view());
  return "nothing, because '" + std::string(Space::slot(p).path.view()) + "' is " + value;
}

/// Decisions by path. \throws json_error
template <class Space, class Json>
candidate<Space> read_decisions(const json_reader<Json>& decisions, const candidate<Space>* by_rank) {
  decisions.must_be_object();
  candidate<Space> c;
  c.digits.fill(inactive);
  for (const auto& [path, value] : decisions.value().items()) {
    const std::size_t k = Space::find(path);
    const json_reader<Json> entry(value, decisions.where() + "/" + path);
    if (k == Space::slot_count)
      throw json_error(entry.where(), "an unknown decision",
                       std::string("paths of decisions of the space '") + Space{}.name() + "'");
    c.digits[k] = option_of<Space>(k, entry, by_rank == nullptr ? -1 : by_rank->digits[k]);
  }
  for (std::size_t k = 0; k < Space::slot_count; ++k) {
    const std::string where = decisions.where() + "/" + std::string(Space::slot(k).path.view());
    const bool active = Space::is_active(c, k);
    if (active && c.digits[k] < 0)
      throw json_error(where, "nothing", "one of its values, because this decision takes part");
    if (!active && c.digits[k] >= 0)
      throw json_error(where, std::string(Space::value(k, c.digits[k]).view()), inactive_reason(c, k));
    if (by_rank != nullptr && c.digits[k] != by_rank->digits[k])
      throw json_error(where, c.digits[k] < 0 ? "nothing" : std::string(Space::value(k, c.digits[k]).view()),
                       by_rank->digits[k] < 0 ? "nothing, as the rank says; correct one of the two or remove the rank"
                                              : std::string(Space::value(k, by_rank->digits[k]).view()) +
                                                    ", as the rank says; correct one of the two or remove the rank");
  }
  try {
    Space::validate(c);
  } catch (const space_error& e) {
    throw json_error(decisions.where(), "decisions that do not fit together (" + std::string(e.what()) + ")",
                     "a candidate of the space");
  }
  return c;
}

template <class Space, class Json>
candidate<Space> read_candidate(const json_reader<Json>& j) {
  j.must_be_object();
  if (j.has("space") && j.text_at("space") != Space{}.name())
    j.at("space").fail(std::string("'") + Space{}.name() + "'");
  const std::string size = to_decimal(Space::size()).c_str();
  if (j.has("size") && j.text_at("size") != size)
    j.at("size").fail(size + ", the size of this space; the declaration has changed since the file was written");
  if (!j.has("rank") && !j.has("decisions")) throw json_error(j.where(), "neither", "'rank' or 'decisions', or both");
  if (!j.has("rank")) return read_decisions<Space>(j.at("decisions"), nullptr);
  const candidate<Space> by_rank = Space::unrank(j.decimal_at("rank", Space::size()));
  return j.has("decisions") ? read_decisions<Space>(j.at("decisions"), &by_rank) : by_rank;
}

}  // namespace detail

/// The candidate that `j` describes: by rank, by decisions, or by both, which then must agree. \throws json_error
template <space Space, class Json>
typename Space::candidate_type candidate_from_json(const Space&, const Json& j) {
  return detail::read_candidate<Space>(detail::json_reader<Json>(j, ""));
}

/// The JSON in a file. \throws file_error where it cannot be read, json_error where it is no JSON
inline json read_json(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  try {
    return json::parse(content);
  } catch (const json::parse_error& e) {
    throw json_error("", "no JSON in '" + path.string() + "' (" + e.what() + ")", "a JSON file");
  }
}

/// Writes JSON, indented, whole or not at all. \throws file_error
inline void write_json(const std::filesystem::path& path, const json& j) {
  write_file(path, j.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace nascent
