// SPDX-License-Identifier: Apache-2.0
/// \file
/// Evaluates networks by a command for each, in whatever language: JSON in, JSON out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "nascent/base/child_process.hpp"
#include "nascent/base/file.hpp"
#include "nascent/io/json.hpp"
#include "nascent/study/run_study.hpp"

namespace nascent {

struct command_options {
  double time_limit_s = std::numeric_limits<double>::infinity();          ///< for one attempt
  int attempts = 1;                                                       ///< so often is it run where it fails
  std::filesystem::path folder = std::filesystem::temp_directory_path();  ///< for the files
};

/// `command_evaluator("python3 train.py {file}", {.time_limit_s = 3600, .attempts = 2})`.
///
/// `{file}` is the path of a JSON file with the trial's number, the candidate and its network; without it the JSON
/// comes on standard input. `{trial}` is the number. Lines of the command's standard output that are JSON objects
/// count, all others are its own affair: {"step": 3, "accuracy": 71.2} is a partial result, {"accuracy": 76.3,
/// "latency_ms": 8.1} the result (the last one), {"error": "..."} says why there is none; "cost" is kept apart. A
/// command that fails, runs too long or says nothing of the kind makes a failed trial.
class command_evaluator {
 public:
  /// \throws study_error for options out of range
  explicit command_evaluator(std::string command, command_options options = {})
      : command_(std::move(command)), options_(std::move(options)) {
    if (command_.find_first_not_of(" \t\n") == std::string::npos)
      throw study_error("study.option", "command_evaluator", "no command", "a command of the shell");
    if (!(options_.time_limit_s > 0))
      throw study_error("study.option", "command_options.time_limit_s", exact_text(options_.time_limit_s), "above 0");
    if (options_.attempts < 1)
      throw study_error("study.option", "command_options.attempts", std::to_string(options_.attempts), "1 or more");
  }

  template <class Study>
  evaluation operator()(running_trial<Study>& running) const {
    json task{{"trial", running.id()}, {"candidate", candidate_json(running.space(), running.candidate())}};
    if constexpr (network_space<typename Study::space_type>)
      task["network"] = to_network(running.space(), running.candidate());
    const std::string text = json_text(task, 1) + "\n";
    evaluation result;
    for (int attempt = 1; attempt <= options_.attempts; ++attempt) {
      result = run_once(running, text);
      result.attempts = attempt;
      if (result.failure.empty()) break;
    }
    return result;
  }

 private:
  /// The file of one attempt.
  struct task_file {
    std::filesystem::path path;
    explicit task_file(std::filesystem::path where, std::string_view text) : path(std::move(where)) {
      write_file(path, text);
    }
    task_file(const task_file&) = delete;
    task_file& operator=(const task_file&) = delete;
    ~task_file() {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  };

  static void replace_all(std::string& text, std::string_view what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
      text.replace(at, what.size(), by);
  }

  template <class Study>
  evaluation run_once(running_trial<Study>& running, const std::string& text) const {
    std::string command = command_;
    std::optional<task_file> file;
    child_options child{.time_limit_s = options_.time_limit_s};
    if (command.find("{file}") != std::string::npos) {
      file.emplace(options_.folder / ("nascent-" + std::to_string(process_number()) + "-trial-" +
                                      std::to_string(running.id()) + ".json"),
                   text);
      replace_all(command, "{file}", shell_word(file->path.string()));
    } else {
      child.input = text;
    }
    replace_all(command, "{trial}", std::to_string(running.id()));

    evaluation result;
    bool answered = false;
    std::string last_line;
    std::string wrong;  ///< why a line that looks like JSON is none
    child.is_stopped = [&] { return running.watch().is_stopped(); };
    child.each_line = [&](std::string_view line) {
      const std::size_t begin = line.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) return true;
      last_line = line.substr(begin, 200);
      if (line[begin] != '{') return true;
      try {
        return take(running, parse_json(line.substr(begin)), result, answered);
      } catch (const json_error& e) {
        wrong = e.what();
      } catch (const study_error& e) {
        if (e.code() != "study.metric") throw;
        wrong = e.what();
      }
      return true;
    };
    const child_result ended = run_child(command, child);
    if (ended.how == child_result::end::stopped) running.watch().throw_if_stopped();
    if (ended.how == child_result::end::enough) return result;
    const std::string complaint = last_line_of(ended.error);
    if (const std::string why = reason(ended); !why.empty())
      return evaluation::failed(why + (complaint.empty() ? "" : ": " + complaint));
    if (!result.failure.empty() || answered) return result;
    if (!wrong.empty()) return evaluation::failed(wrong);
    return evaluation::failed("no JSON object on its standard output" +
                              (last_line.empty() ? "" : ", the last line of which is '" + last_line + "'") +
                              (complaint.empty() ? "" : "; standard error: " + complaint));
  }

  /// False where the command is to be ended.
  template <class Study>
  static bool take(running_trial<Study>& running, const json& j, evaluation& result, bool& answered) {
    const detail::json_reader<json> said(j, "");
    if (said.has("error")) {
      result =
          evaluation::failed(said.at("error").text().empty() ? "an error without a text" : said.at("error").text());
      return true;
    }
    metric_map metrics;
    double cost = 0;
    for (const auto& [name, value] : j.items()) {
      const detail::json_reader<json> number(value, "/" + name);
      if (name == "step") continue;
      if (name == "cost") cost = number.real();
      else metrics[name] = number.real(any_finite);
    }
    if (said.has("step")) {
      if (running.report(said.at("step").whole(), metrics)) return true;
      result = {.metrics = running.last_report(), .stopped = true, .cost = cost};
      return false;
    }
    result = {.metrics = std::move(metrics), .cost = cost};
    answered = true;
    return true;
  }

  std::string reason(const child_result& r) const {
    switch (r.how) {
      case child_result::end::exited:
        return r.code == 0 ? "" : "the command ended with status " + std::to_string(r.code);
      case child_result::end::signalled: return "the command was ended by signal " + std::to_string(r.code);
      case child_result::end::time_limit:
        return "the command ran longer than " + rounded_text(options_.time_limit_s) + " s";
      case child_result::end::too_much_output: return "the command wrote more than 16 MiB";
      case child_result::end::enough:
      case child_result::end::stopped: break;
    }
    return "the command was ended";
  }

  static std::string last_line_of(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    const std::size_t begin = text.rfind('\n');
    if (begin != std::string_view::npos) text.remove_prefix(begin + 1);
    return std::string(text.substr(0, 300));
  }

  std::string command_;
  command_options options_;
};

}  // namespace nascent
