// SPDX-License-Identifier: Apache-2.0
/// \file
/// A device that pretends: each kernel takes a time that follows from its signature, on a clock that only it advances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../temporary_folder.hpp"
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nascent/base/clock.hpp"
#include "nascent/executor/executor.hpp"

namespace fake {

// Time, in ns, that passes when somebody says so.
inline std::int64_t now = 0;            // wall
inline std::int64_t cpu = 0;            // of this thread
inline std::int64_t other_threads = 0;  // processor time of the process beside this thread
inline std::int64_t switches = 0;

inline constexpr nascent::clock_set clocks{.wall = []() noexcept { return now; },
                                           .thread_cpu = []() noexcept { return cpu; },
                                           .process_cpu = []() noexcept { return cpu + other_threads; },
                                           .thread_switches = []() noexcept { return switches; },
                                           .process_switches = []() noexcept { return switches; }};

/// Work of one thread: wall and processor time pass alike.
inline void work(std::int64_t ns) {
  now += ns;
  cpu += ns;
}

/// Another program has the processor for a while.
inline void preempted(std::int64_t ns) {
  now += ns;
  ++switches;
}

/// 1 to 1000 us.
inline std::int64_t kernel_ns(const std::string& signature) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : signature) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(1000 + hash % 1'000'000);
}

/// What a kernel is made to do. Place: its position in the network.
using behaviour = std::function<void(const nascent::kernel&, std::size_t place)>;

class compiled {
 public:
  compiled(std::vector<nascent::kernel> kernels, int batch, behaviour act)
      : kernels_(std::move(kernels)), batch_(batch), act_(std::move(act)) {}
  std::span<const nascent::kernel> kernels() const { return kernels_; }
  int batch() const { return batch_; }
  void run(std::span<const float>, std::span<float>) { run(); }
  void run() {
    for (std::size_t i = 0; i < kernels_.size(); ++i) run_kernel(i);
  }
  void run_kernel(std::size_t i) { act_(kernels_[i], i); }

 private:
  std::vector<nascent::kernel> kernels_;
  int batch_;
  behaviour act_;
};

struct executor {
  behaviour act = [](const nascent::kernel& k, std::size_t) { work(kernel_ns(k.signature())); };
  std::function<void(const nascent::network&)> on_compile = [](const nascent::network&) {};
  std::function<std::vector<nascent::kernel>(const nascent::network&)> plan = nascent::fuse;
  nascent::device_description device{.device = "fake", .library = "fake 1.0", .isa = "any"};

  const nascent::device_description& description() const { return device; }
  compiled compile(const nascent::network& graph, const nascent::weights&, int batch) const {
    on_compile(graph);
    return {plan(graph), batch, act};
  }
};

static_assert(nascent::compiled_network<compiled>);
static_assert(nascent::executor<executor>);

/// A network on a device with a clock of its own: kernels take their time there, and none on the host but what a launch
/// costs.
class self_timed {
 public:
  explicit self_timed(compiled inner) : inner_(std::move(inner)) {}
  std::span<const nascent::kernel> kernels() const { return inner_.kernels(); }
  int batch() const { return inner_.batch(); }
  void run(std::span<const float>, std::span<float>) { run(); }
  void run() { work(launch_ns), ++runs; }
  void run_kernel(std::size_t) { throw std::logic_error("by the host's clock: never asked for"); }

  nascent::device_time time_network() {
    const bool disturbed = next();
    double sum = 0;
    for (std::size_t i = 0; i < kernels().size(); ++i) sum += ms_of(i, nascent::cache_context::in_network);
    return {.ms = sum, .disturbed = disturbed};
  }
  nascent::device_times time_kernels(nascent::cache_context context) {
    nascent::device_times times{.ms = {}, .disturbed = next()};
    for (std::size_t i = 0; i < kernels().size(); ++i) times.ms.push_back(ms_of(i, context));
    times.ms.resize(times.ms.size() - missing);
    return times;
  }

  /// Of each kernel; colder caches, longer times.
  double ms_of(std::size_t i, nascent::cache_context context) const {
    const double factor = context == nascent::cache_context::hot       ? .5
                          : context == nascent::cache_context::cold    ? 3
                          : context == nascent::cache_context::evicted ? 2
                                                                       : 1;
    return factor * slow * 1e-6 * static_cast<double>(kernel_ns(kernels()[i].signature()));
  }

  static constexpr std::int64_t launch_ns = 7000;
  int runs = 0;
  int passes = 0;
  int disturbed_of_4 = 0;   ///< of four passes, so many find the device too hot, and take three times as long
  std::size_t missing = 0;  ///< times that a pass lacks
  double slow = 1;

 private:
  bool next() {
    work(launch_ns);
    const bool disturbed = passes++ % 4 < disturbed_of_4;
    slow = disturbed ? 3 : 1;
    return disturbed;
  }
  compiled inner_;
};

struct self_timed_executor {
  executor inner{};

  const nascent::device_description& description() const { return inner.device; }
  self_timed compile(const nascent::network& graph, const nascent::weights& values, int batch) const {
    return self_timed(inner.compile(graph, values, batch));
  }
};

static_assert(nascent::self_timed_network<self_timed>);
static_assert(!nascent::self_timed_network<compiled>);
static_assert(nascent::executor<self_timed_executor>);

/// A residual network of `layers` 1x1 convolutions; `width` sets every signature apart from those of other widths.
inline nascent::network residual_network(int width, int layers) {
  return nascent::make_network("w" + std::to_string(width), {.height = 4, .width = 4, .channels = 3},
                               [&](auto& net, auto x) {
                                 x = net.conv(x, {.filters = width, .kernel = 3, .act = nascent::relu});
                                 for (int i = 0; i < layers; ++i) {
                                   const auto before = x;
                                   x = net.conv(x, {.filters = width, .kernel = 1 + 2 * (i % 3)});
                                   x = net.add(x, before);
                                 }
                                 x = net.global_pool(x);
                                 net.dense(x, {.units = width});
                               });
}

/// A folder that is gone at the end. Everybody may write to it.
struct folder : test::temporary_folder {
  folder() { std::filesystem::permissions(path(), std::filesystem::perms::all); }
};

/// Runs something in a process of its own. Its exit status: what `action` returns, or 99 if it throws.
template <class Action>
pid_t start_child(Action&& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 99;
    try {
      status = action();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
    }
    ::_exit(status);
  }
  return child;
}

/// Waits for a child: its exit status, or minus the signal that ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <class Action>
int in_child(Action&& action) {
  return wait_for(start_child(std::forward<Action>(action)));
}

/// The message that an action fails with; empty if it does not fail with `Error`.
template <class Error, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace fake
