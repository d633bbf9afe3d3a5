// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/progress.hpp"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>

namespace {

using nascent::progress;
using nascent::progress_style;

constexpr std::int64_t second = 1'000'000'000;
constexpr auto fake_wall = fake::clocks.wall;

std::size_t lines_in(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("plain lines come at tenths of the way") {
  std::ostringstream out;
  progress p(
      {.style = progress_style::lines, .write = [&](std::string_view text) { out << text; }, .clock = fake_wall});
  p.begin("measuring", 1000);
  for (int i = 0; i < 1000; ++i) {
    fake::now += second / 50;  // 20 s in all: a tenth takes 2 s
    p.advance();
  }
  p.finish();
  CHECK(lines_in(out.str()) == 12);  // begin, ten tenths, end
  CHECK(contains(out.str(), "measuring: 0/1000\n"));
  CHECK(contains(out.str(), "measuring: 500/1000, 50 %, 0:10 left\n"));
  CHECK(contains(out.str(), "measuring: 1000/1000 in 0:20\n"));
  CHECK(!contains(out.str(), "\r"));
}

TEST_CASE("plain lines of a fast job are at most one per second, of a slow one at least one per five") {
  std::ostringstream fast;
  progress p(
      {.style = progress_style::lines, .write = [&](std::string_view text) { fast << text; }, .clock = fake_wall});
  p.begin("fast", 100);
  for (int i = 0; i < 100; ++i) {
    fake::now += second / 1000;
    p.advance();
  }
  p.finish();
  CHECK(lines_in(fast.str()) == 2);

  std::ostringstream slow;
  progress q(
      {.style = progress_style::lines, .write = [&](std::string_view text) { slow << text; }, .clock = fake_wall});
  q.begin("slow", 100000);
  for (int i = 0; i < 60; ++i) {
    fake::now += second;
    q.advance();
  }
  CHECK(lines_in(slow.str()) == 13);  // begin, and one per five seconds
  CHECK(contains(slow.str(), "60/100000, 0 %, 27:45:40 left"));
}

TEST_CASE("a bar rewrites one line, at most ten times a second, and shows its end") {
  std::ostringstream out;
  progress p({.style = progress_style::bar, .write = [&](std::string_view text) { out << text; }, .clock = fake_wall});
  p.begin("measuring", 10000);
  for (int i = 0; i < 10000; ++i) {
    fake::now += second / 1000;
    p.advance();
  }
  CHECK(contains(out.str(), "[##############################] 10000/10000, 100 %"));
  CHECK(contains(out.str(), "[###############...............] 5000/10000, 50 %, 0:05 left"));
  CHECK(lines_in(out.str()) == 0);
  CHECK(std::ranges::count(out.str(), '\r') <= 102);
  p.finish();
  CHECK(lines_in(out.str()) == 1);
  CHECK(contains(out.str(), "measuring: 10000/10000 in 0:10\n"));
}

TEST_CASE("a quiet progress says nothing") {
  std::ostringstream out;
  progress p(
      {.style = progress_style::quiet, .write = [&](std::string_view text) { out << text; }, .clock = fake_wall});
  p.begin("measuring", 10);
  fake::now += 100 * second;
  p.advance(10);
  p.finish();
  CHECK(out.str().empty());
}

TEST_CASE("steps past the end, no steps at all and calls without a job do no harm") {
  std::ostringstream out;
  progress p({.style = progress_style::bar, .write = [&](std::string_view text) { out << text; }, .clock = fake_wall});
  p.advance();
  p.finish();
  CHECK(out.str().empty());
  p.begin("none", 0);
  p.finish();
  CHECK(contains(out.str(), "none: 0/0 in 0:00\n"));
  p.begin("two", 2);
  CHECK(p.seconds_left() < 0);
  p.advance(5);
  CHECK(p.seconds_left() == 0);
}

TEST_CASE("a job that was left leaves the cursor on a fresh line") {
  std::ostringstream out;
  {
    progress p(
        {.style = progress_style::bar, .write = [&](std::string_view text) { out << text; }, .clock = fake_wall});
    p.begin("interrupted", 10);
  }
  CHECK(out.str().ends_with('\n'));
}

TEST_CASE("without a terminal the automatic style is plain lines") {
  const int status = fake::in_child([] {
    std::FILE* const moved = std::freopen("/dev/null", "w", stderr);
    return moved != nullptr && progress().style() == progress_style::lines ? 0 : 1;
  });
  CHECK(status == 0);
}

}  // namespace
