// SPDX-License-Identifier: Apache-2.0
/// \file
/// Device descriptions as text: the JSON that cuDNN reads and writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cudnn_graph.h>

#include "nascent/base/read_number.hpp"
#include "nascent/executor/cudnn/device_properties.hpp"

namespace nascent::cudnn {

/// A description that cuDNN could not plan with: the text names the device, the key, what was found and what is
/// allowed.
struct device_properties_error : executor_error {
  device_properties_error(std::string_view device, std::string the_key, const std::string& found,
                          const std::string& allowed)
      : executor_error("executor.description",
                       "cudnn, device description" +
                           (device.empty() ? std::string() : " '" + std::string(device) + "'") + ", key '" + the_key +
                           "'",
                       found, allowed),
        key(std::move(the_key)) {}
  std::string key;
};

namespace detail {

inline constexpr std::string_view version_key = "cudnnVersion";

/// Splits one flat JSON object into its keys and their values, still as text. Lists of numbers are the only nesting.
class flat_json {
 public:
  explicit flat_json(std::string_view text) : rest_(text) {}

  std::vector<std::pair<std::string, std::string>> read() {
    std::vector<std::pair<std::string, std::string>> members;
    expect('{', "the start of an object");
    if (next() == '}') return members;
    do {
      std::string key = read_string();
      key_ = key;
      expect(':', "a colon behind the key");
      members.emplace_back(std::move(key), std::string(read_value()));
    } while (accept(','));
    expect('}', "a comma or the end of the object");
    if (next() != '\0') fail("text behind the object");
    return members;
  }

 private:
  char next() {
    while (!rest_.empty() &&
           (rest_.front() == ' ' || rest_.front() == '\n' || rest_.front() == '\r' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool accept(char c) {
    if (next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c, const std::string& allowed) {
    if (!accept(c)) fail(rest_.empty() ? "the end of the text" : "'" + std::string(1, rest_.front()) + "'", allowed);
  }
  /// Names of devices need no escapes: one is refused, not misread.
  std::string read_string() {
    expect('"', "a string");
    const std::size_t end = rest_.find_first_of("\"\\");
    if (end == std::string_view::npos || rest_[end] == '\\')
      fail("a string that does not end, or with an escape", "plain characters in quotes");
    std::string result(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return result;
  }
  std::string_view read_value() {
    const char first = next();
    const std::string_view begin = rest_;
    if (first == '"') {
      read_string();
    } else if (first == '[') {
      const std::size_t end = rest_.find(']');
      if (end == std::string_view::npos) fail("a list that does not end", "numbers in brackets");
      rest_.remove_prefix(end + 1);
    } else {
      const std::size_t end = rest_.find_first_of(",} \n\r\t");
      if (end == 0 || end == std::string_view::npos) fail("no value");
      rest_.remove_prefix(end);
    }
    return begin.substr(0, begin.size() - rest_.size());
  }
  [[noreturn]] void fail(const std::string& found, const std::string& allowed = "one flat JSON object") const {
    throw device_properties_error("", key_.empty() ? "/" : key_, found, allowed);
  }

  std::string_view rest_;
  std::string key_;
};

inline void read_member(std::string_view text, const std::string& key, std::int64_t& into) {
  if (text == "true" || text == "false") {  // a newer cuDNN may say so what is 1 and 0 here
    into = text == "true" ? 1 : 0;
    return;
  }
  const auto value = read_whole(text, whole_range<>{.least = std::numeric_limits<std::int64_t>::min()});
  if (!value) throw device_properties_error("", key, std::string(text), "an integer");
  into = *value;
}
inline void read_member(std::string_view text, const std::string& key, std::array<std::int64_t, 3>& into) {
  const std::string all(text);
  const auto refuse = [&] { throw device_properties_error("", key, all, "a list of 3 integers"); };
  if (!text.starts_with('[') || !text.ends_with(']')) refuse();
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::size_t end = text.find(',');
    if ((end == std::string_view::npos) != (i + 1 == into.size())) refuse();
    std::string_view one = text.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    read_member(one, key, into[i]);
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
}
inline void read_member(std::string_view text, const std::string& key, std::string& into) {
  if (text.size() < 2 || text.front() != '"') throw device_properties_error("", key, std::string(text), "a string");
  into = text.substr(1, text.size() - 2);
}

inline std::string member_text(std::int64_t value) { return std::to_string(value); }
inline std::string member_text(const std::string& value) { return '"' + value + '"'; }
inline std::string member_text(const std::array<std::int64_t, 3>& v) {
  return "[" + std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " + std::to_string(v[2]) + "]";
}

}  // namespace detail

/// The JSON that cuDNN reads, and that `parse_device_properties` reads back.
inline std::string to_json(const device_properties& p) {
  std::string text = "{";
  const auto add = [&](std::string_view key, const std::string& value) {
    text += (text.size() > 1 ? ",\n \"" : "\"") + std::string(key) + "\": " + value;
  };
  for_each_property(p, [&](std::string_view key, const auto& member) { add(key, detail::member_text(member)); });
  for (const auto& [key, value] : p.others) add(key, value);
  if (p.cudnn_version != 0) add(detail::version_key, std::to_string(p.cudnn_version));
  return text + "}\n";
}

/// A description from a file that `to_json` or cuDNN wrote. Keys that this library does not know are kept: a newer
/// cuDNN may want them. \throws device_properties_error that names the key: missing, given twice, not of its type, or
/// of a newer cuDNN than the one in use
inline device_properties parse_device_properties(std::string_view text) {
  const auto members = detail::flat_json(text).read();
  device_properties p;
  std::vector<bool> used(members.size(), false);
  const auto find = [&](std::string_view key) {
    std::size_t found = members.size();
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].first != key) continue;
      if (found != members.size()) throw device_properties_error(p.name, std::string(key), "it twice", "it once");
      used[found = i] = true;
    }
    return found;
  };
  if (const std::size_t i = find("deviceName"); i != members.size())
    detail::read_member(members[i].second, "deviceName", p.name);
  for_each_property(p, [&](const char* key, auto& member) {
    const std::size_t i = find(key);
    if (i == members.size())
      throw device_properties_error(p.name, key, "no such key",
                                    "every key that cuDNN reads; nascent::cudnn::to_json(devices::h200()) shows all");
    detail::read_member(members[i].second, key, member);
  });
  if (const std::size_t i = find(detail::version_key); i != members.size()) {
    detail::read_member(members[i].second, std::string(detail::version_key), p.cudnn_version);
    const auto in_use = static_cast<std::int64_t>(cudnnGetVersion());
    if (p.cudnn_version / 100 > in_use / 100)
      throw device_properties_error(p.name, std::string(detail::version_key), members[i].second,
                                    "up to " + std::to_string(in_use / 100 * 100) +
                                        ", the cuDNN in use; use that cuDNN, or write the description with this one");
  }
  for (std::size_t i = 0; i < members.size(); ++i)
    if (!used[i]) p.others.push_back(members[i]);
  return p;
}

namespace detail {

/// The description as cuDNN takes it. \throws device_properties_error where cuDNN refuses it
inline descriptor describe(const device_properties& p) {
  const auto demand = [&](bool ok, const char* key, std::int64_t found, const char* allowed) {
    if (!ok) throw device_properties_error(p.name, key, std::to_string(found), allowed);
  };
  demand(p.compute_capability >= 500 && p.compute_capability < 10000, "deviceVer", p.compute_capability,
         "100 times major + 10 times minor, as 900 for 9.0");
  demand(p.multiprocessors >= 1, "multiProcessorCount", p.multiprocessors, "at least 1");
  demand(p.memory_bytes >= 1, "totalGlobalMem", p.memory_bytes, "at least 1");
  descriptor d(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  try {
    device_properties plain = p;
    plain.cudnn_version = 0;
    d.set_text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, to_json(plain)).finalise();
  } catch (const library_error& e) {
    throw device_properties_error(
        p.name, "/",
        std::string("a description that cuDNN ") + library_version() + " refuses (" + std::string(e.found()) + ")",
        "one written for this version");
  }
  return d;
}

}  // namespace detail

/// What cuDNN says of device number `index` of this machine, in its own words. \throws device_error without a device,
/// library_error where cuDNN cannot
inline std::string read_device_text(int index = 0) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || index < 0 || index >= count) {
    static_cast<void>(cudaGetLastError());
    throw device_error("executor.device", "cudnn, device " + std::to_string(index),
                       status == cudaSuccess ? std::to_string(count) + " devices"
                                             : std::string("no device (") + cudaGetErrorString(status) + ")",
                       "devices of this machine, from 0");
  }
  detail::descriptor d(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  d.set(CUDNN_ATTR_DEVICEPROP_DEVICE_ID, std::int32_t{index}).finalise();
  return d.get_text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
}

/// The same, to plan with elsewhere. \throws device_properties_error too, where this library does not understand
/// cuDNN's words
inline device_properties read_device(int index = 0) {
  device_properties p = parse_device_properties(read_device_text(index));
  p.cudnn_version = static_cast<std::int64_t>(cudnnGetVersion());
  return p;
}

/// One property that two descriptions say differently, as JSON.
struct property_difference {
  std::string key;
  std::string first;
  std::string second;
};

/// What the descriptions differ in, in the order of the properties. Keys that only one of them has are compared with
/// nothing.
inline std::vector<property_difference> differences(const device_properties& first, const device_properties& second) {
  std::vector<property_difference> result;
  std::vector<std::string> of_second;
  for_each_property(second, [&](const char*, const auto& member) { of_second.push_back(detail::member_text(member)); });
  std::size_t i = 0;
  for_each_property(first, [&](const char* key, const auto& member) {
    if (const std::string text = detail::member_text(member); text != of_second[i])
      result.push_back({key, text, of_second[i]});
    ++i;
  });
  const auto value_in = [](const device_properties& p, const std::string& key) {
    for (const auto& [name, value] : p.others)
      if (name == key) return value;
    return std::string();
  };
  for (const auto& [key, value] : first.others)
    if (const std::string other = value_in(second, key); other != value) result.push_back({key, value, other});
  for (const auto& [key, value] : second.others)
    if (value_in(first, key).empty()) result.push_back({key, "", value});
  return result;
}

}  // namespace nascent::cudnn
