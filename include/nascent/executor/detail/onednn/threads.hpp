// SPDX-License-Identifier: Apache-2.0
/// \file
/// How many threads oneDNN uses. It takes the number from its OpenMP runtime, each time it makes or executes a
/// primitive.
#pragma once

#include <string>

#include "nascent/executor/detail/onednn/openmp_runtime.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent::onednn::detail {

/// Parallel regions that the calling thread starts have this many threads as long as it lives.
class thread_count_scope {
 public:
  explicit thread_count_scope(int threads) {
    const openmp_runtime& runtime = openmp_runtime::get();
    if (!runtime.present()) return;
    before_ = runtime.get_max_threads();
    if (before_ != threads) runtime.set_num_threads(threads);
    else before_ = 0;
  }
  ~thread_count_scope() {
    if (before_ != 0) openmp_runtime::get().set_num_threads(before_);
  }
  thread_count_scope(const thread_count_scope&) = delete;
  thread_count_scope& operator=(const thread_count_scope&) = delete;

 private:
  int before_ = 0;
};

/// \throws executor_error where there are fewer cores, or no runtime to ask for more than one thread
inline void check_threads(int threads) {
  const int cores = available_cores();
  if (threads < 1 || threads > cores)
    throw executor_error("executor.option", "onednn, threads", std::to_string(threads),
                         "1 to " + std::to_string(cores) + ", the cores that this process may use");
  if (threads > 1 && !openmp_runtime::get().present())
    throw executor_error("executor.option", "onednn, threads", std::to_string(threads),
                         "1, because oneDNN was built without OpenMP");
}

}  // namespace nascent::onednn::detail
