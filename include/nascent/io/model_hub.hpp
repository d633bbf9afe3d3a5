// SPDX-License-Identifier: Apache-2.0
/// \file
/// The model hub (GPUNet): the best networks known for each tier of latency, device, data type and batch, in one file
/// that later runs extend.
///
///     {"format": 1, "kind": "nascent model hub", "entries": [
///       {"device": {"device": .., "library": .., "isa": .., "threads": 1, "dtype": "f32"}, "tier_ms": 12,
///        "added": "2026-11-29T12:00:00Z", "by": "model_hub add ..", "network": {a level of a family.json}}]}
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nascent/base/file_lock.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/io/device_json.hpp"
#include "nascent/io/family.hpp"

namespace nascent {

/// A question that a hub has no single answer to, or an entry that does not belong where it says.
struct hub_error : error {
  using error::error;
};

/// A network of a hub: where it was priced, for which tier, and what it is.
class hub_entry {
 public:
  /// `level` is a level of a family as JSON, which says candidate, costs (for their batch), latency and accuracy.
  /// \throws json_error for a level that is none; hub_error for a network without a latency or slower than its tier
  hub_entry(device_description device, double tier_ms, json level, std::string by, std::string added,
            const std::string& where = "/network")
      : device_(std::move(device)),
        tier_ms_(tier_ms),
        network_(std::move(level)),
        by_(std::move(by)),
        added_(std::move(added)),
        facts_(detail::read_level_facts(detail::json_reader<json>(network_, where))) {
    const detail::json_reader<json> r(network_, where);
    space_ = r.at("candidate").at("space").text();
    rank_ = r.at("candidate").at("rank").text();
    if (!facts_.latency.measured_ms && !facts_.latency.predicted_ms)
      throw hub_error("io.hub_entry", "model hub, network '" + facts_.name + "'", "no latency",
                      "one that is measured or predicted");
    if (!(tier_ms > 0) || !std::isfinite(tier_ms) || !(ms() > 0) || ms() > tier_ms)
      throw hub_error("io.hub_entry", "model hub, network '" + facts_.name + "'",
                      exact_text(ms()) + " ms in the tier up to " + exact_text(tier_ms) + " ms",
                      "networks that keep the limit of their tier");
  }
  template <class Space>
  hub_entry(device_description device, double tier_ms, const family_level<Space>& level, std::string by,
            std::string added)
      : hub_entry(std::move(device), tier_ms, json(level), std::move(by), std::move(added)) {}

  const device_description& device() const { return device_; }
  /// Device and batch in one line.
  std::string place() const { return describe(device_) + ", batch " + std::to_string(batch()); }
  double tier_ms() const { return tier_ms_; }
  int batch() const { return facts_.cost.batch; }
  const std::string& by() const { return by_; }        ///< the command that added it
  const std::string& added() const { return added_; }  ///< when, in UTC

  const std::string& name() const { return facts_.name; }
  const std::string& space() const { return space_; }
  const std::string& rank() const { return rank_; }
  const dimensions& scale() const { return facts_.scale; }
  const costs& cost() const { return facts_.cost; }
  const latency_record& latency() const { return facts_.latency; }
  const accuracy_record& accuracy() const { return facts_.accuracy; }
  /// Measured where it was, else predicted.
  double ms() const { return facts_.latency.measured_ms ? *facts_.latency.measured_ms : *facts_.latency.predicted_ms; }
  bool is_measured() const { return facts_.latency.measured_ms.has_value(); }

  const json& network() const { return network_; }
  /// The network as a candidate of its space at its dimensions. \throws json_error for another space
  template <class Space>
  family_level<Space> level(const Space& of) const {
    return detail::read_level(of, detail::json_reader<json>(network_, "/network"));
  }

  /// Whether two compete: same device, batch and tier, and accuracy from the same source.
  bool competes_with(const hub_entry& o) const {
    return device_ == o.device_ && batch() == o.batch() && tier_ms_ == o.tier_ms_ &&
           facts_.accuracy.source == o.facts_.accuracy.source;
  }
  bool same_network(const hub_entry& o) const {
    return space_ == o.space_ && rank_ == o.rank_ && facts_.scale == o.facts_.scale;
  }
  /// More accurate, or as accurate and faster.
  bool better_than(const hub_entry& o) const {
    return facts_.accuracy.top1 != o.facts_.accuracy.top1 ? facts_.accuracy.top1 > o.facts_.accuracy.top1
                                                          : ms() < o.ms();
  }

 private:
  device_description device_;
  double tier_ms_ = 0;
  json network_;
  std::string by_;
  std::string added_;
  detail::level_facts facts_;
  std::string space_;
  std::string rank_;
};

template <class Json>
void to_json(Json& j, const hub_entry& e) {
  Json made = Json::object();
  made["device"] = e.device();
  made["tier_ms"] = e.tier_ms();
  made["added"] = e.added();
  made["by"] = e.by();
  made["network"] = e.network();
  j = std::move(made);
}

/// What an addition changed.
enum class hub_change : std::uint8_t {
  first,       ///< of its tier on its device
  better,      ///< than the best one before, which stays in the history
  worse,       ///< than the best one: it is in the history
  remeasured,  ///< a network that was there, with other numbers; the old ones stay in the history
  known,       ///< the same network with the same numbers: nothing was added
};
constexpr const char* to_string(hub_change change) {
  switch (change) {
    case hub_change::first: return "the first of its tier";
    case hub_change::better: return "better than the best before, which stays in the history";
    case hub_change::worse: return "not better than the best, kept in the history";
    case hub_change::remeasured:
      return "there already, with other numbers: the new ones count, the old ones stay in the history";
    case hub_change::known: return "there already, with the same numbers: nothing added";
  }
  return "unknown";
}

/// Which entries a question is about; what is not said matches all.
struct hub_filter {
  std::string device{};  ///< a part of its description, such as "EPYC" or "avx512"
  std::string dtype{};   ///< "f32", "bf16", "f16", "int8"
  int batch = 0;         ///< 0: any
  std::string source{};  ///< of the accuracy: "accuracy model", "trained"

  bool matches(const hub_entry& e) const {
    return describe(e.device()).find(device) != std::string::npos &&
           (dtype.empty() || dtype == to_string(e.device().type)) && (batch == 0 || batch == e.batch()) &&
           (source.empty() || source == e.accuracy().source);
  }
};

/// All networks that were ever added, in their order. Nothing is overwritten: the best of each tier is found, not kept.
class model_hub {
 public:
  static constexpr int format = 1;
  static constexpr const char* kind = "nascent model hub";

  std::span<const hub_entry> entries() const { return entries_; }

  hub_change add(hub_entry e) {
    const hub_entry* before = best_of(e);
    hub_change change = before == nullptr        ? hub_change::first
                        : e.better_than(*before) ? hub_change::better
                                                 : hub_change::worse;
    for (const hub_entry& old : entries_)
      if (old.competes_with(e) && old.same_network(e) && is_current(old)) {
        if (old.network() == e.network()) return hub_change::known;
        change = hub_change::remeasured;
      }
    entries_.push_back(std::move(e));
    return change;
  }

  /// The best of each tier: by device, batch, source of accuracy, tier.
  std::vector<const hub_entry*> best(const hub_filter& filter = {}) const {
    std::vector<const hub_entry*> found;
    for (const hub_entry& e : entries_)
      if (filter.matches(e) && best_of(e) == &e) found.push_back(&e);
    const auto key = [](const hub_entry* e) {
      return std::tuple(describe(e->device()), e->batch(), e->accuracy().source, e->tier_ms());
    };
    std::ranges::sort(found, {}, key);
    return found;
  }

  /// The most accurate network of at most `ms` for one device, data type, batch and source of accuracy. \throws
  /// hub_error where there is none (the fastest one is named), where the hub knows no such device (it lists those that
  /// it knows), and where the filter leaves several: their accuracies or latencies do not compare
  const hub_entry& best_under(double ms, const hub_filter& filter = {}) const {
    std::vector<const hub_entry*> all;
    for (const hub_entry& e : entries_)
      if (filter.matches(e)) all.push_back(&e);
    return best_of_these(ms, all, filter.device);
  }
  template <std::same_as<device_description> Device>
  const hub_entry& best_under(double ms, const Device& device, int batch = 1) const {
    std::vector<const hub_entry*> all;
    for (const hub_entry& e : entries_)
      if (e.device() == device && e.batch() == batch) all.push_back(&e);
    return best_of_these(ms, all, describe(device) + ", batch " + std::to_string(batch));
  }

 private:
  /// Whether a later entry has the same network with newer numbers.
  bool is_current(const hub_entry& e) const {
    const auto from = static_cast<std::size_t>(&e - entries_.data()) + 1;
    return std::none_of(entries_.begin() + static_cast<std::ptrdiff_t>(from), entries_.end(),
                        [&](const hub_entry& o) { return o.competes_with(e) && o.same_network(e); });
  }
  /// The best of those that compete with an entry, which need not be one of the hub; null where there is none.
  const hub_entry* best_of(const hub_entry& of) const {
    const hub_entry* best = nullptr;
    for (const hub_entry& e : entries_)
      if (e.competes_with(of) && is_current(e) && (best == nullptr || e.better_than(*best))) best = &e;
    return best;
  }

  static std::string group_of(const hub_entry& e) { return e.place() + ", accuracy by '" + e.accuracy().source + "'"; }
  static std::string list_of(std::span<const hub_entry* const> entries) {
    std::vector<std::string> groups;
    for (const hub_entry* e : entries) groups.push_back(group_of(*e));
    std::ranges::sort(groups);
    const auto [first, last] = std::ranges::unique(groups);
    groups.erase(first, last);
    std::string text;
    for (const std::string& g : groups) text += (text.empty() ? "" : "; ") + g;
    return text;
  }

  const hub_entry& best_of_these(double ms, const std::vector<const hub_entry*>& all, const std::string& device) const {
    if (all.empty()) {
      std::vector<const hub_entry*> everything;
      for (const hub_entry& e : entries_) everything.push_back(&e);
      throw hub_error(
          "io.hub_filter", "model hub, device '" + device + "'", "no network",
          everything.empty() ? "a hub that is not empty; model_hub add extends it" : "one of: " + list_of(everything));
    }
    const hub_entry* best = nullptr;
    const hub_entry* fastest = nullptr;
    for (const hub_entry* e : all) {
      if (group_of(*e) != group_of(*all.front()))
        throw hub_error("io.hub_filter", "model hub, device '" + device + "'", "several: " + list_of(all),
                        "one of these");
      if (!is_current(*e)) continue;
      if (fastest == nullptr || e->ms() < fastest->ms()) fastest = e;
      if (e->ms() <= ms && (best == nullptr || e->better_than(*best))) best = e;
    }
    if (best == nullptr)
      throw hub_error("io.hub_target", "model hub, " + group_of(*fastest), "nothing under " + exact_text(ms) + " ms",
                      exact_text(fastest->ms()) + " ms or more: the fastest one is '" + fastest->name() + "', rank " +
                          fastest->rank() + " of '" + fastest->space() + "'");
    return *best;
  }

  std::vector<hub_entry> entries_;
};

template <class Json>
void to_json(Json& j, const model_hub& hub) {
  Json made = Json::object();
  made["format"] = model_hub::format;
  made["kind"] = model_hub::kind;
  made["entries"] = Json::array();
  for (const hub_entry& e : hub.entries()) made["entries"].push_back(Json(e));
  j = std::move(made);
}

namespace detail {

inline void refuse_other_keys(const json_reader<json>& r, std::initializer_list<std::string_view> known) {
  r.must_be_object();
  for (const auto& [key, value] : r.value().items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    std::string allowed;
    for (const std::string_view k : known) allowed += (allowed.empty() ? "" : ", ") + std::string(k);
    throw json_error(r.where() + "/" + key, "an unknown key", allowed);
  }
}

}  // namespace detail

/// The hub that `j` describes. \throws json_error that names the place, also for a newer version of the format and for
/// unknown keys; hub_error
inline model_hub hub_from_json(const json& j) {
  const detail::json_reader<json> top(j, "");
  if (top.at("kind").text() != model_hub::kind) top.at("kind").fail(std::string("\"") + model_hub::kind + "\"");
  if (const auto found = top.at("format").whole(); found != model_hub::format)
    top.at("format").fail(std::to_string(model_hub::format) +
                          (found > model_hub::format ? "; a newer nascent wrote this: use that one" : ""));
  detail::refuse_other_keys(top, {"format", "kind", "entries"});
  model_hub hub;
  for (const detail::json_reader<json>& r : top.at("entries").items()) {
    detail::refuse_other_keys(r, {"device", "tier_ms", "added", "by", "network"});
    detail::refuse_other_keys(r.at("device"), {"device", "library", "isa", "threads", "dtype"});
    detail::refuse_other_keys(r.at("network"), {"name", "dimensions", "candidate", "costs", "latency", "accuracy"});
    hub_entry e(detail::read_device(r.at("device")), r.at("tier_ms").real(), r.at("network").value(), r.at("by").text(),
                r.at("added").text(), r.where() + "/network");
    if (hub.add(std::move(e)) == hub_change::known) r.fail("each network with its numbers once");
  }
  return hub;
}

/// Reads a hub's file. \throws file_error, json_error, hub_error
inline model_hub read_hub(const std::filesystem::path& path) { return hub_from_json(read_json(path)); }

/// Reads a hub's file, or begins one where there is none, lets `change(hub)` extend it, and writes it, whole or not at
/// all; other processes that do so wait. Returns what `change` returns. \throws file_error, json_error, hub_error; then
/// the file is as it was
template <class Change>
auto update_hub(const std::filesystem::path& path, Change&& change) {
  const file_lock alone(path);
  model_hub hub;
  if (std::filesystem::exists(path)) hub = read_hub(path);
  const std::size_t before = hub.entries().size();
  auto result = change(hub);
  if (hub.entries().size() != before) write_json(path, json(hub));
  return result;
}

}  // namespace nascent
