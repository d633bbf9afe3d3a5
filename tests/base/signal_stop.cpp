// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/signal_stop.hpp"

#include <csignal>
#include <sstream>
#include <string>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

// Whatever is sent is sent in a process of its own: signals are the process's.

namespace {

using nascent::progress_style;
using nascent::signal_stop;
using nascent::until_signal;
using nascent::watch;

TEST_CASE("the first signal asks, the exit code says which it was") {
  for (const int number : {SIGINT, SIGTERM}) {
    CHECK(fake::in_child([&] {
            const signal_stop signals;
            watch all({.style = progress_style::quiet, .stop = &signals.received()});
            if (signals || all.ended() || signals.exit_code() != 0) return 1;
            ::raise(number);
            if (!signals || !all.is_stopped()) return 2;
            std::ostringstream out;
            const int code = signals.leave("run it again", out);
            const std::string name = number == SIGINT ? "SIGINT" : "SIGTERM";
            return out.str() == "nascent: stopped by " + name + "; run it again\n" ? code : 3;
          }) == 128 + number);
  }
}

TEST_CASE("the second signal ends the process at once, with the exit code of a shell") {
  CHECK(fake::in_child([] {
          const signal_stop signals;
          ::raise(SIGINT);
          ::raise(SIGINT);
          return 1;
        }) == 130);
  CHECK(fake::in_child([] {
          const signal_stop signals;
          ::raise(SIGINT);
          ::raise(SIGTERM);
          return 1;
        }) == 143);
}

TEST_CASE("a signal from another process ends a loop that asks its watch") {
  int ready[2] = {};
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = fake::start_child([&] {
    return until_signal("run it again", [&](const signal_stop& signals) {
      watch all({.seconds = 60, .style = progress_style::quiet, .stop = &signals.received()});
      if (::write(ready[1], "!", 1) != 1) return 2;
      while (!all.ended()) ::usleep(1000);
      return all.is_late() ? 1 : 0;
    });
  });
  char got = 0;
  CHECK(::read(ready[0], &got, 1) == 1);
  ::kill(child, SIGTERM);
  CHECK(fake::wait_for(child) == 143);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("work that throws stopped_error after a signal leaves in the same way, without one it is an error") {
  CHECK(fake::in_child([] {
          return until_signal("run it again", [](const signal_stop& signals) {
            watch all({.style = progress_style::quiet, .stop = &signals.received()});
            ::raise(SIGINT);
            all.throw_if_stopped();
            return 0;
          });
        }) == 130);
  CHECK(fake::in_child([] {
          try {
            return until_signal("run it again", [](const signal_stop& signals) {
              watch all({.style = progress_style::quiet, .stop = &signals.received()});
              all.stop();
              all.throw_if_stopped();
              return 0;
            });
          } catch (const nascent::stopped_error&) {
            return 7;
          }
        }) == 7);
  CHECK(fake::in_child([] { return until_signal("", [](const signal_stop&) { return 5; }); }) == 5);
}

TEST_CASE("the handlers from before come back, and ignored signals stay ignored") {
  CHECK(fake::in_child([] {
          std::signal(SIGINT, SIG_DFL);
          {
            const signal_stop signals;
            ::raise(SIGINT);
          }
          ::raise(SIGINT);
          return 0;
        }) == -SIGINT);
  CHECK(fake::in_child([] {
          std::signal(SIGINT, SIG_IGN);
          const signal_stop signals;
          ::raise(SIGINT);
          return signals ? 1 : 0;
        }) == 0);
}

TEST_CASE("a process has one signal_stop at a time") {
  {
    const signal_stop first;
    CHECK_THROWS_AS(signal_stop(), nascent::error);
  }
  CHECK_NOTHROW(signal_stop());
}

}  // namespace
