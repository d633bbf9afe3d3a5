// SPDX-License-Identifier: Apache-2.0
/// \file
/// Execution plans on the disk: cuDNN's own text of each, so that engines that are compiled at run time (0.3 to 1 s
/// each) are compiled once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "nascent/base/file.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/base/read_number.hpp"
#include "nascent/executor/cudnn/engines.hpp"

namespace nascent::cudnn {

/// A plan cache that cannot be used: the text names the file, what was found and what is allowed.
struct plan_cache_error : executor_error {
  using executor_error::executor_error;
};

/// Where a plan can run: plans are kernels for one device and one cuDNN.
struct plan_place {
  std::string device{};
  std::int64_t compute_capability = 0;
  std::string cudnn{};  ///< version

  std::string text() const { return device + " (" + std::to_string(compute_capability) + "), cuDNN " + cudnn; }
  friend bool operator==(const plan_place&, const plan_place&) = default;
};

/// A plan as text, and the engine it is of.
struct cached_plan {
  nascent::cudnn::engine engine{};
  double ms = 0;  ///< what it took when it was chosen; 0 where nothing was measured
  std::string json{};
};

/// Plans by kernel, in one file. The file is text: a line that says what it is, a line with the place, then for each
/// plan a line "plan <bytes> <engine> <notes> <ms> <key>" with as many bytes of cuDNN's JSON behind it. Line ends and
/// backslashes in the place and in keys are written as `\n`, `\r` and `\\`.
class plan_cache {
 public:
  plan_cache(std::filesystem::path file, plan_place place) : file_(std::move(file)), place_(std::move(place)) {
    if (std::filesystem::exists(file_)) load(read_file(file_));
  }

  const cached_plan* find(const std::string& key) const {
    const auto place = plans_.find(key);
    return place == plans_.end() ? nullptr : &place->second;
  }

  void keep(const std::string& key, cached_plan plan) {
    plans_.insert_or_assign(key, std::move(plan));
    changed_ = true;
  }

  void forget(const std::string& key) { changed_ = plans_.erase(key) > 0 || changed_; }

  std::size_t size() const { return plans_.size(); }

  /// Writes the file whole, or leaves the old one. \throws file_error
  void save() {
    if (!changed_) return;
    std::string text = std::string(first_line) + '\n' + escaped(place_.text()) + '\n';
    for (const auto& [key, p] : plans_) {
      for (const std::string& word :
           {std::string("plan"), std::to_string(p.json.size()), std::to_string(p.engine.index),
            std::to_string(notes(p.engine)), exact_text(p.ms)})
        text += word + ' ';
      text += escaped(key) + '\n' + p.json + '\n';
    }
    write_file(file_, text);
    changed_ = false;
  }

 private:
  static constexpr std::string_view first_line = "nascent cuDNN plans 1";

  static int notes(const engine& e) {
    return (e.runtime_compiled ? 1 : 0) | (e.tensor_cores ? 2 : 0) | (e.reduced_sums ? 4 : 0) |
           (e.rounds_inputs ? 8 : 0);
  }

  static std::string escaped(std::string_view text) {
    std::string line;
    for (const char c : text) {
      if (c == '\\' || c == '\n' || c == '\r') line += '\\';
      line += c == '\n' ? 'n' : c == '\r' ? 'r' : c;
    }
    return line;
  }
  static std::string unescaped(std::string_view line) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) text += line[++i] == 'n' ? '\n' : line[i] == 'r' ? '\r' : line[i];
      else text += line[i];
    }
    return text;
  }

  /// The text up to a line end, or up to a space, both taken away with it. Nothing where there is none.
  static std::optional<std::string_view> take(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view found = text.substr(0, at);
    text.remove_prefix(at + 1);
    return found;
  }

  void load(std::string_view text) {
    const std::string_view first = take(text, '\n').value_or(text);
    if (first != first_line)
      fail("'" + std::string(first.substr(0, 40)) + "' in the first line", "'" + std::string(first_line) + "'");
    const std::string place = unescaped(take(text, '\n').value_or(""));
    if (place != place_.text())
      fail("plans for " + place,
           "plans for " + place_.text() + "; name another file for this device, or delete this one");
    while (!text.empty()) {
      const std::string_view whole = text.substr(0, text.find('\n'));
      std::string_view line = take(text, '\n').value_or("");
      const auto word = [&] { return take(line, ' ').value_or(""); };
      constexpr std::size_t most = std::size_t{64} << 20;
      const bool is_plan = word() == "plan";
      const auto bytes = read_whole<std::size_t>(word(), {.most = most});
      const auto index = read_whole(word(), whole_range<>{.least = -1});  // -1: a plan of no engine that is known
      const auto bits = read_whole<int>(word(), {.most = 15});
      const auto ms = read_real(word());
      const std::string key = unescaped(line);
      if (!is_plan || !bytes || !index || !bits || !ms || key.empty())
        fail("a broken line '" + std::string(whole.substr(0, 60)) + "'", "a file that save() wrote; delete it");
      cached_plan p{.engine = {.index = *index}, .ms = *ms};
      p.engine.runtime_compiled = (*bits & 1) != 0;
      p.engine.tensor_cores = (*bits & 2) != 0;
      p.engine.reduced_sums = (*bits & 4) != 0;
      p.engine.rounds_inputs = (*bits & 8) != 0;
      if (text.size() <= *bytes || text[*bytes] != '\n')
        fail("a plan that is cut off, of " + key, "a file that save() wrote; delete it");
      p.json = text.substr(0, *bytes);
      text.remove_prefix(*bytes + 1);
      plans_.insert_or_assign(key, std::move(p));
    }
  }

  [[noreturn]] void fail(const std::string& found, const std::string& allowed) const {
    throw plan_cache_error("executor.plan_cache", "cudnn, plan cache '" + file_.string() + "'", found, allowed);
  }

  std::filesystem::path file_;
  plan_place place_;
  std::map<std::string, cached_plan, std::less<>> plans_;
  bool changed_ = false;
};

}  // namespace nascent::cudnn
