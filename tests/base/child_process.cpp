// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/child_process.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("a command takes its input and gives its lines") {
  std::vector<std::string> lines;
  const auto keep = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  child_options options{.input = "one\ntwo", .each_line = keep};
  CHECK(run_child("cat; echo; printf 'the last has no end'", options).is_good());
  CHECK(lines == std::vector<std::string>{"one", "two", "the last has no end"});

  const std::string large(1 << 20, 'x');
  lines.clear();
  options.input = large;
  CHECK(run_child("cat", options).is_good());
  CHECK(lines == std::vector{large});
  CHECK(run_child("true", options).is_good());  // reads nothing of it
}

TEST_CASE("how a command ends") {
  const child_result status = run_child("echo a text >&2; exit 3");
  CHECK(status.how == child_result::end::exited);
  CHECK(status.code == 3);
  CHECK(status.error == "a text\n");
  const child_result signalled = run_child("kill -9 $$");
  CHECK(signalled.how == child_result::end::signalled);
  CHECK(signalled.code == SIGKILL);
  CHECK(run_child("no-such-command-anywhere").code == 127);
  CHECK(run_child("sleep 1000", {.time_limit_s = 0.05}).how == child_result::end::time_limit);
  CHECK(run_child("sleep 1000 > /dev/null 2>&1", {.time_limit_s = 0.05}).how == child_result::end::time_limit);
  CHECK(run_child("exec 1>&- 2>&-; sleep 1000", {.time_limit_s = 0.05}).how == child_result::end::time_limit);
  CHECK(run_child("trap '' TERM; sleep 1000", {.time_limit_s = 0.05}).how == child_result::end::time_limit);
  CHECK(run_child("yes", {.most_output = 100000}).how == child_result::end::too_much_output);
  CHECK(run_child("sleep 1000", {.is_stopped = [] { return true; }}).how == child_result::end::stopped);
  child_options first{.each_line = [](std::string_view) { return false; }};
  CHECK(run_child("echo 1; echo 2; sleep 1000", first).how == child_result::end::enough);
}

TEST_CASE("what a command leaves behind does not hold it up") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(run_child("sleep 1000 & echo done").is_good());  // holds the pipe
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(500));
}

TEST_CASE("any text is one word of the shell") {
  std::string said;
  child_options options{.each_line = [&](std::string_view line) {
    said = line;
    return true;
  }};
  const std::string text = "it's $HOME `id` \"\\ *";
  run_child("printf %s " + shell_word(text), options);
  CHECK(said == text);
}
