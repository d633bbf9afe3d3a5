// SPDX-License-Identifier: Apache-2.0
/// \file
/// On which cores the threads of an executor run.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include <sched.h>

#include "nascent/executor/detail/onednn/openmp_runtime.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent::onednn::detail {

/// \throws executor_error where a core is not this process's, is named twice, or there are fewer than threads
inline void check_cores(const std::vector<int>& cores, int threads) {
  if (cores.empty()) return;
  const auto list = [](const std::vector<int>& numbers) {
    std::string text;
    for (const int n : numbers) text += (text.empty() ? "" : ", ") + std::to_string(n);
    return text;
  };
  const auto refuse = [&](const std::string& found, const std::string& allowed) {
    throw executor_error("executor.cores", "onednn, cores {" + list(cores) + "}", found, allowed);
  };
  const std::vector<int> usable = usable_cores();
  for (auto core = cores.begin(); core != cores.end(); ++core) {
    if (!std::ranges::binary_search(usable, *core))
      refuse("core " + std::to_string(*core), "cores that this process may use, {" + list(usable) + "}");
    if (std::find(cores.begin(), core, *core) != core)
      refuse("core " + std::to_string(*core) + " twice", "each core once");
  }
  if (cores.size() < static_cast<std::size_t>(threads))
    refuse(std::to_string(cores.size()) + " for " + std::to_string(threads) + " threads",
           "as many at least, or none to leave the choice to the system");
  if (threads > 1 && !openmp_runtime::get().runs_functions())
    refuse(std::to_string(threads) + " threads of an OpenMP runtime that does not let them be bound", "1 thread");
}

/// While it lives, the calling thread and the OpenMP threads that compute for it are bound to cores: each to one of its
/// own where there are as many cores as threads, else every one to all of them. Then each gets back the cores it had.
/// Does nothing for no cores, or inside another one for the same threads and cores; the first one costs some system
/// calls per thread.
class core_scope {
 public:
  /// \throws executor_error where the system refuses a core, e.g. because it was switched off
  core_scope(const std::vector<int>& cores, int threads) {
    if (cores.empty() || (in_place().threads == threads && in_place().cores == cores)) return;
    outer_ = in_place();
    in_place() = {cores, threads};
    before_.resize(static_cast<std::size_t>(threads));
    std::atomic<bool> bound = true;
    each_thread([&](std::size_t thread) {
      if (sched_getaffinity(0, sizeof(cpu_set_t), &before_[thread]) != 0 || !bind(in_place_for(cores, thread)))
        bound = false;
    });
    if (bound) return;
    give_back();
    throw executor_error("executor.cores", "onednn, cores", "a system that refuses to run a thread on those asked for",
                         "cores that are switched on");
  }
  ~core_scope() {
    if (!before_.empty()) give_back();
  }
  core_scope(const core_scope&) = delete;
  core_scope& operator=(const core_scope&) = delete;

 private:
  struct binding {
    std::vector<int> cores;
    int threads = 0;
  };

  /// What holds for the calling thread now.
  static binding& in_place() {
    thread_local binding now;
    return now;
  }

  cpu_set_t in_place_for(const std::vector<int>& cores, std::size_t thread) const {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cores.size() == before_.size()) CPU_SET(static_cast<unsigned>(cores[thread]), &set);
    else
      for (const int core : cores) CPU_SET(static_cast<unsigned>(core), &set);
    return set;
  }

  static bool bind(const cpu_set_t& set) { return sched_setaffinity(0, sizeof set, &set) == 0; }

  /// Calls work(i) on thread i of all that compute.
  template <class Work>
  void each_thread(const Work& work) const {
    if (before_.size() == 1) return work(0);
    openmp_runtime::get().parallel(
        [](void* data) {
          (*static_cast<const Work*>(data))(static_cast<std::size_t>(openmp_runtime::get().get_thread_num()));
        },
        const_cast<Work*>(&work), static_cast<unsigned>(before_.size()), 0);
  }

  void give_back() {
    each_thread([&](std::size_t thread) {
      if (CPU_COUNT(&before_[thread]) != 0) bind(before_[thread]);
    });
    in_place() = outer_;
  }

  std::vector<cpu_set_t>
      before_;  ///< of each thread; empty where nothing was changed, none where it could not be asked
  binding outer_;
};

}  // namespace nascent::onednn::detail
