// SPDX-License-Identifier: Apache-2.0
/// \file
/// How many threads oneDNN uses. It takes the number from its OpenMP runtime, each time it makes or executes a
/// primitive.
#pragma once

#include <algorithm>
#include <string>

#include "nascent/executor/detail/onednn/openmp_runtime.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent::onednn::detail {

/// Parallel regions that the calling thread starts have this many threads as long as it lives, not fewer where the
/// machine is busy (OMP_DYNAMIC).
class thread_count_scope {
 public:
  explicit thread_count_scope(int threads) {
    const openmp_runtime& runtime = openmp_runtime::get();
    if (!runtime.present()) return;
    before_ = runtime.get_max_threads();
    if (before_ != threads) runtime.set_num_threads(threads);
    else before_ = 0;
    if (threads == 1 || !runtime.has_dynamic() || runtime.get_dynamic() == 0) return;
    was_dynamic_ = true;
    runtime.set_dynamic(0);
  }
  ~thread_count_scope() {
    if (before_ != 0) openmp_runtime::get().set_num_threads(before_);
    if (was_dynamic_) openmp_runtime::get().set_dynamic(1);
  }
  thread_count_scope(const thread_count_scope&) = delete;
  thread_count_scope& operator=(const thread_count_scope&) = delete;

 private:
  int before_ = 0;
  bool was_dynamic_ = false;
};

/// How many threads run where so many are asked for: the environment may hold the runtime to fewer.
inline int threads_that_run(int threads) {
  const openmp_runtime& runtime = openmp_runtime::get();
  if (!runtime.runs_functions())
    return runtime.get_thread_limit == nullptr ? threads : std::min(threads, runtime.get_thread_limit());
  const thread_count_scope scope(threads);
  int ran = 0;
  runtime.parallel(
      [](void* data) {
        const openmp_runtime& here = openmp_runtime::get();
        if (here.get_thread_num() == 0) *static_cast<int*>(data) = here.get_num_threads();
      },
      &ran, static_cast<unsigned>(threads), 0);
  return ran;
}

/// \throws executor_error where there are fewer cores, no runtime to ask for more than one thread, or one that gives
/// fewer
inline void check_threads(int threads) {
  const int cores = available_cores();
  if (threads < 1 || threads > cores)
    throw executor_error("executor.option", "onednn, threads", std::to_string(threads),
                         "1 to " + std::to_string(cores) + ", the cores that this process may use");
  if (threads == 1) return;
  if (!openmp_runtime::get().present())
    throw executor_error("executor.option", "onednn, threads", std::to_string(threads),
                         "1, because oneDNN was built without OpenMP");
  if (const int ran = threads_that_run(threads); ran != threads)
    throw executor_error("executor.option", "onednn, threads",
                         std::to_string(threads) + ", of which OpenMP runs " + std::to_string(ran),
                         "as many as run; unset OMP_THREAD_LIMIT and OMP_MAX_ACTIVE_LEVELS, or ask for fewer");
}

}  // namespace nascent::onednn::detail
