// SPDX-License-Identifier: Apache-2.0
/// \file
/// Python text with holes: what the classes of similar blocks have in common, and what becomes an argument.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/network/activation_function.hpp"

namespace nascent::detail {

/// What a number or a name in the text is for. Only those of one kind can become one argument.
enum class hole_kind : std::uint8_t { channels, kernel, stride, padding, margin, act, groups, number };

struct hole {
  hole_kind kind = hole_kind::number;
  std::string value{};
  bool in_forward = false;
};

/// A text in which `mark` stands for each hole, in their order.
struct python_template {
  static constexpr char mark = '\x01';

  std::string text{};
  std::vector<hole> holes{};

  python_template& operator+=(std::string_view more) {
    text += more;
    return *this;
  }
  python_template& operator+=(const python_template& more) {
    text += more.text;
    holes.insert(holes.end(), more.holes.begin(), more.holes.end());
    return *this;
  }
  python_template& add(hole_kind kind, std::string value) {
    text += mark;
    holes.push_back({kind, std::move(value)});
    return *this;
  }
  python_template& add(hole_kind kind, int value) { return add(kind, std::to_string(value)); }
  /// Height and width: one number where they are equal.
  python_template& add(hole_kind kind, int height, int width) {
    return add(kind, height == width ? std::to_string(height)
                                     : "(" + std::to_string(height) + ", " + std::to_string(width) + ")");
  }
};

/// What follows a map in the call of its activation: nothing where the numbers are PyTorch's usual ones.
inline void add_numbers(python_template& t, const activation_function& f) {
  const auto next = [&](double number) {
    t += ", ";
    t.add(hole_kind::number, std::isinf(number) ? std::string("None") : exact_text(number));
  };
  if (f.act == activation::clamp) {
    next(f.low());
    next(f.high());
  } else if (f.numbers.said()) {
    next(f.numbers.first.value());
  }
}

/// A template with these texts in its holes.
inline std::string filled(std::string_view text, const std::vector<std::string>& values) {
  std::string all;
  std::size_t next = 0;
  for (const char c : text) {
    if (c == python_template::mark) all += values[next++];
    else all += c;
  }
  return all;
}

/// Takes arguments of nn.Conv2d and its inverse out that say what PyTorch does anyway.
inline void drop_usual_arguments(std::string& text) {
  std::string all;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::string line = text.substr(begin, end - begin);
    begin = end;
    if (line.find(" = nn.Conv") != std::string::npos)
      for (const std::string_view usual :
           {", stride=1", ", padding=0", ", output_padding=0", ", dilation=1", ", groups=1"})
        if (const std::size_t at = line.find(usual); at != std::string::npos)
          if (const char next = line[at + usual.size()]; next == ',' || next == ')') line.erase(at, usual.size());
    all += line;
  }
  text = std::move(all);
}

// --- names -----------------------------------------------------------------------------------------------------------

inline bool is_word(char c) { return c == '_' || (static_cast<unsigned char>(c) < 0x80 && std::isalnum(c) != 0); }

/// "EfficientNet-X-B0" as the name of a class: EfficientNetXB0.
inline std::string class_name(std::string_view name) {
  std::string camel;
  bool first = true;
  for (const char c : name) {
    if (!is_word(c) || c == '_') {
      first = true;
      continue;
    }
    camel += first ? static_cast<char>(std::toupper(c)) : c;
    first = false;
  }
  if (camel.empty()) return "Network";
  return std::isdigit(static_cast<unsigned char>(camel.front())) != 0 ? "Network" + camel : camel;
}

/// The name of an attribute; one that would begin with a digit gets `prefix`.
inline std::string attribute_name(std::string_view name, std::string_view prefix) {
  std::string word;
  for (const char c : name) word += is_word(c) ? static_cast<char>(std::tolower(c)) : '_';
  if (word.empty() || std::isdigit(static_cast<unsigned char>(word.front())) != 0)
    word = std::string(prefix) + "_" + word;
  return word;
}

/// Names that are given once.
class unique_names {
 public:
  explicit unique_names(std::set<std::string> taken = {}) : taken_(std::move(taken)) {}
  /// The name, or with a number behind it.
  std::string take(const std::string& name, std::string_view between = "") {
    std::string free = name;
    for (int i = 2; !taken_.insert(free).second; ++i) free = name + std::string(between) + std::to_string(i);
    return free;
  }

 private:
  std::set<std::string> taken_;
};

/// What a module has already, or Python keeps for itself.
inline std::set<std::string> reserved_attributes() {
  return {"and",          "apply",      "as",         "assert",     "async",    "await",         "bfloat16",
          "break",        "buffers",    "call",       "children",   "class",    "compile",       "continue",
          "cpu",          "cuda",       "def",        "del",        "double",   "dump_patches",  "elif",
          "else",         "eval",       "except",     "extra_repr", "finally",  "float",         "for",
          "forward",      "from",       "global",     "half",       "if",       "import",        "in",
          "ipu",          "is",         "lambda",     "modules",    "mtia",     "named_modules", "nonlocal",
          "not",          "or",         "parameters", "pass",       "raise",    "return",        "self",
          "share_memory", "state_dict", "to",         "train",      "training", "try",           "type",
          "while",        "with",       "xpu",        "yield",      "zero_grad"};
}

// --- arguments -------------------------------------------------------------------------------------------------------

/// How a class is written whose instances differ in some holes: the arguments of its constructor, and what stands in
/// each hole.
struct class_arguments {
  std::vector<std::string> names{};
  std::vector<std::size_t> holes{};  ///< one of those that each argument fills
  std::vector<std::string> texts{};  ///< of every hole, in the class
  std::vector<std::string> kept{};   ///< arguments that `forward` needs
};

/// `members[i]` are the holes of instance i; all have as many. `in` and `out` are the channels of each instance.
inline class_arguments find_arguments(const std::vector<std::vector<hole>>& members, const std::vector<std::string>& in,
                                      const std::vector<std::string>& out) {
  class_arguments all;
  const std::size_t count = members.front().size();
  const auto column = [&](std::size_t h) {
    std::vector<std::string> values;
    for (const auto& m : members) values.push_back(m[h].value);
    return values;
  };
  struct argument {
    hole_kind kind;
    std::vector<std::string> values;
    std::string name;
  };
  std::vector<argument> found;
  unique_names names(reserved_attributes());
  const auto name_of = [&](hole_kind kind, const std::vector<std::string>& values) -> std::string {
    switch (kind) {
      case hole_kind::channels:
        if (values == in) return in == out ? "channels" : "in_channels";
        return values == out ? "out_channels" : names.take("hidden");
      case hole_kind::kernel: return names.take("kernel");
      case hole_kind::stride: return names.take("stride");
      case hole_kind::padding: return names.take("padding");
      case hole_kind::margin: return names.take("margin");
      case hole_kind::act: return names.take("act");
      case hole_kind::groups: return names.take("groups");
      case hole_kind::number: break;
    }
    return names.take("number");
  };
  /// Half of a kernel, rounded down.
  const auto halves = [&](const std::vector<std::string>& values) {
    for (const argument& a : found) {
      if (a.kind != hole_kind::kernel) continue;
      bool all_halves = true;
      for (std::size_t i = 0; i < values.size() && all_halves; ++i)
        all_halves = a.values[i].front() != '(' && std::to_string(std::stoi(a.values[i]) / 2) == values[i];
      if (all_halves) return a.name;
    }
    return std::string();
  };
  for (std::size_t h = 0; h < count; ++h) {
    const std::vector<std::string> values = column(h);
    if (std::ranges::all_of(values, [&](const std::string& v) { return v == values.front(); })) {
      all.texts.push_back(values.front());
      continue;
    }
    const hole& first = members.front()[h];
    std::string name, ending;
    if (first.kind == hole_kind::padding) name = halves(values);
    if (!name.empty()) ending = " // 2";
    for (const argument& a : found)
      if (name.empty() && a.kind == first.kind && a.values == values) name = a.name;
    if (name.empty()) {
      name = name_of(first.kind, values);
      found.push_back({first.kind, values, name});
      all.names.push_back(name);
      all.holes.push_back(h);
    }
    if (first.in_forward && std::ranges::find(all.kept, name) == all.kept.end()) all.kept.push_back(name);
    all.texts.push_back((first.in_forward ? "self." : "") + name + ending);
  }
  // in_channels and out_channels come first, as in PyTorch's own words.
  for (const std::string_view first : {"out_channels", "in_channels", "channels"})
    if (const auto at = std::ranges::find(all.names, first); at != all.names.end()) {
      const auto n = at - all.names.begin();
      std::rotate(all.names.begin(), at, at + 1);
      std::rotate(all.holes.begin(), all.holes.begin() + n, all.holes.begin() + n + 1);
    }
  return all;
}

}  // namespace nascent::detail
