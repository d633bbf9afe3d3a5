// SPDX-License-Identifier: Apache-2.0
/// \file
/// Execution plans on the disk: cuDNN's own text of each, so that engines that are compiled at run time (0.3 to 1 s
/// each) are compiled once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

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
/// plan a line "plan <bytes> <engine> <notes> <ms> <key>" with as many bytes of cuDNN's JSON behind it.
class plan_cache {
 public:
  plan_cache(std::filesystem::path file, plan_place place) : file_(std::move(file)), place_(std::move(place)) {
    std::ifstream in(file_, std::ios::binary);
    if (in) load(in);
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

  /// Writes the file whole, or leaves the old one. \throws plan_cache_error
  void save() {
    if (!changed_) return;
    std::filesystem::path temporary = file_;
    temporary += ".nascent-" + std::to_string(::getpid()) + ".tmp";
    {
      std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
      out << first_line << '\n' << place_.text() << '\n';
      for (const auto& [key, p] : plans_)
        out << "plan " << p.json.size() << ' ' << p.engine.index << ' ' << notes(p.engine) << ' ' << p.ms << ' ' << key
            << '\n'
            << p.json << '\n';
      out.flush();
      if (!out) fail("it cannot be written", "a path in a folder that exists and may be written");
    }
    std::error_code error;
    std::filesystem::rename(temporary, file_, error);
    if (error) {
      std::filesystem::remove(temporary, error);
      fail("it cannot be replaced", "a path in a folder that may be written");
    }
    changed_ = false;
  }

 private:
  static constexpr std::string_view first_line = "nascent cuDNN plans 1";

  static int notes(const engine& e) {
    return (e.runtime_compiled ? 1 : 0) | (e.tensor_cores ? 2 : 0) | (e.reduced_sums ? 4 : 0) |
           (e.rounds_inputs ? 8 : 0);
  }

  void load(std::istream& in) {
    std::string line;
    std::getline(in, line);
    if (line != first_line) fail("'" + line.substr(0, 40) + "' in the first line", "'" + std::string(first_line) + "'");
    std::getline(in, line);
    if (line != place_.text())
      fail("plans for " + line,
           "plans for " + place_.text() + "; name another file for this device, or delete this one");
    while (std::getline(in, line)) {
      std::string_view rest = line;
      const auto word = [&] {
        const std::string_view first = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(first.size() + 1, rest.size()));
        return first;
      };
      constexpr std::size_t most = std::size_t{64} << 20;
      const bool is_plan = word() == "plan";
      const auto bytes = read_whole<std::size_t>(word(), {.most = most});
      const auto index = read_whole(word(), whole_range<>{.least = -1});  // -1: a plan of no engine that is known
      const auto bits = read_whole<int>(word(), {.most = 15});
      const auto ms = read_real(word());
      const std::string key(rest);
      if (!is_plan || !bytes || !index || !bits || !ms || key.empty())
        fail("a broken line '" + line.substr(0, 60) + "'", "a file that save() wrote; delete it");
      cached_plan p{.engine = {.index = *index}, .ms = *ms};
      p.engine.runtime_compiled = (*bits & 1) != 0;
      p.engine.tensor_cores = (*bits & 2) != 0;
      p.engine.reduced_sums = (*bits & 4) != 0;
      p.engine.rounds_inputs = (*bits & 8) != 0;
      p.json.resize(*bytes);
      in.read(p.json.data(), static_cast<std::streamsize>(*bytes));
      if (!in || in.get() != '\n') fail("a plan that is cut off, of " + key, "a file that save() wrote; delete it");
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
