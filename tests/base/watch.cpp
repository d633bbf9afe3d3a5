// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/watch.hpp"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using nascent::progress_style;
using nascent::stopped_error;
using nascent::watch;
using nascent::watch_job;
using nascent::watch_options;
using nascent::watch_step;

void pass(double seconds) { fake::now += static_cast<std::int64_t>(seconds * 1e9); }

watch_options quiet(double seconds = std::numeric_limits<double>::infinity()) {
  return {.seconds = seconds, .style = progress_style::quiet, .clock = fake::clocks.wall};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a watch without a limit never ends") {
  watch w(quiet());
  pass(1e9);
  CHECK(!w.ended());
  CHECK(w.seconds_left() == std::numeric_limits<double>::infinity());
  CHECK(w.seconds() == Approx(1e9));
}

TEST_CASE("a watch ends when its time is up") {
  watch w(quiet(10));
  pass(9.5);
  CHECK(!w.ended());
  CHECK(w.seconds_left() == Approx(.5));
  pass(.5);
  CHECK(w.ended());
  CHECK(w.is_late());
  CHECK(!w.is_stopped());
  CHECK_NOTHROW(w.throw_if_stopped());  // late work gives back what it has
}

TEST_CASE("a share has its part of the whole time, from when it begins, and ends with the whole") {
  watch all(quiet(100));
  pass(20);
  {
    watch part = all.share(.3);
    CHECK(part.seconds_left() == Approx(30));
    pass(29);
    CHECK(!part.ended());
    pass(2);
    CHECK(part.ended());
    CHECK(!all.ended());
  }
  watch large = all.share(.6);
  CHECK(large.seconds_left() == Approx(49));  // 51 of 100 are gone
  watch half = large.share(.5);
  CHECK(half.seconds_left() == Approx(30));
  pass(30);
  CHECK(half.ended());
  CHECK(!large.ended());
  watch last = large.share(1);
  CHECK(last.seconds_left() == Approx(19));
}

TEST_CASE("a share of no limit has none") {
  watch all(quiet());
  watch part = all.share(.1);
  pass(1e6);
  CHECK(!part.ended());
}

TEST_CASE("times and shares that make no sense are refused") {
  CHECK_THROWS_AS(watch(quiet(0)), nascent::error);
  CHECK_THROWS_AS(watch(quiet(-1)), nascent::error);
  CHECK_THROWS_AS(watch(quiet(std::nan(""))), nascent::error);
  watch w(quiet());
  CHECK(fake::message_of<nascent::error>([&] { w.share(1.5); }) ==
        "nascent: watch, share: found 1.5; allowed: above 0, 1 at most");
  CHECK_THROWS_AS(w.share(0), nascent::error);
}

TEST_CASE("a request to stop reaches all shares, but not the whole from a share") {
  watch all(quiet());
  watch first = all.share(.5, "the first half");
  watch second_half = all.share(.5);
  first.stop();
  CHECK(first.ended());
  CHECK(!all.ended());
  CHECK(!second_half.ended());
  std::thread([&] { all.stop(); }).join();
  CHECK(second_half.is_stopped());
  try {
    first.throw_if_stopped();
    FAIL("goes on");
  } catch (const stopped_error& e) {
    CHECK(e.where() == "the first half");
    CHECK(e.code() == "watch.stopped");
  }
}

TEST_CASE("what has enough ends as if its time were up") {
  watch all(quiet());
  watch part = all.share(.5);
  part.end();
  CHECK(part.is_late());
  CHECK(!part.is_stopped());
  CHECK(!all.ended());
  all.end();
  watch next = all.share(.5);
  CHECK(next.ended());
  CHECK_NOTHROW(next.throw_if_stopped());
}

TEST_CASE("a flag from outside stops") {
  std::atomic<int> flag = 0;
  watch_options how = quiet();
  how.stop = &flag;
  watch all(how);
  watch part = all.share(.5);
  CHECK(!part.ended());
  flag = 2;
  CHECK(part.is_stopped());
  CHECK(all.is_stopped());
}

TEST_CASE("a job shows its steps and notes, under the name of its share") {
  std::ostringstream out;
  watch all({.style = progress_style::lines,
             .write = [&](std::string_view text) { out << text; },
             .clock = fake::clocks.wall});
  {
    watch part = all.share(.5, "filling the table");
    watch_job job = part.begin("measuring kernels", 10);
    for (int i = 0; i < 4; ++i) {
      pass(6);
      job.advance(1, "best " + std::to_string(i));
    }
  }
  CHECK(contains(out.str(), "filling the table: 0/10\n"));
  CHECK(contains(out.str(), "filling the table: 3/10, 30 %, best 2, 0:42 left\n"));
  CHECK(contains(out.str(), "filling the table: 4/10 in 0:24\n"));
  { watch_job job = all.begin("scaling", 3); }
  CHECK(contains(out.str(), "scaling: 0/3\n"));
}

TEST_CASE("a job within a job is part of its steps") {
  std::ostringstream out;
  watch all({.style = progress_style::lines,
             .write = [&](std::string_view text) { out << text; },
             .clock = fake::clocks.wall});
  {
    watch_job outer = all.begin("searching", 2);
    {
      watch part = all.share(.5);
      watch_job inner = part.begin("measuring", 100);
      pass(10);
      inner.advance(50);
    }
    outer.advance(2);
  }
  CHECK(!contains(out.str(), "measuring"));
  CHECK(contains(out.str(), "searching: 2/2 in 0:10\n"));
  { watch_job next = all.begin("scaling", 1); }
  CHECK(contains(out.str(), "scaling"));
}

TEST_CASE("a job that an exception ends leaves no line that says it is done") {
  std::ostringstream out;
  watch all(
      {.style = progress_style::bar, .write = [&](std::string_view text) { out << text; }, .clock = fake::clocks.wall});
  try {
    watch_job job = all.begin("measuring", 5);
    throw std::runtime_error("no power");
  } catch (const std::runtime_error&) {
  }
  CHECK(!contains(out.str(), " in 0:0"));
  CHECK(out.str().back() == '\n');
  out.str("");
  { watch_job next = all.begin("again", 1); }
  CHECK(contains(out.str(), "again: 0/1 in 0:00"));
}

TEST_CASE("every step is told, and may stop the work") {
  std::string told;
  watch* own = nullptr;
  watch_options how = quiet();
  how.each_step = [&](const watch_step& s) {
    told += std::string(s.job) + " " + std::to_string(s.done) + "/" + std::to_string(s.total) + " " +
            std::string(s.note) + ";";
    if (s.done == 2) own->stop();
  };
  watch all(how);
  own = &all;
  watch_job job = all.begin("searching", 9);
  while (!all.ended()) job.advance(1, "fine");
  CHECK(told == "searching 1/9 fine;searching 2/9 fine;");
}

}  // namespace
