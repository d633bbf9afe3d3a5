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

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nascent/executor/executor.hpp"
#include "../temporary_folder.hpp"
#include "nascent/latency/clock.hpp"

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
