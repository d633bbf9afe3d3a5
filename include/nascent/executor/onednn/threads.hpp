// SPDX-License-Identifier: Apache-2.0
/// \file
/// How many threads oneDNN uses. It takes the number from its OpenMP runtime, each time it makes or executes a
/// primitive.
#pragma once

#include <string>

#include <dlfcn.h>

#include "nascent/executor/executor.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent::onednn::detail {

/// The functions of the OpenMP runtime that oneDNN itself uses, or null where it was built without one. They are
/// looked up in the running process because oneDNN's runtime need not be the one that a compiler's -fopenmp would link.
struct openmp_runtime {
  void (*set_num_threads)(int);
  int (*get_max_threads)();
  int (*get_num_threads)();
  int (*get_thread_num)();
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned);  ///< what "#pragma omp parallel" calls; other runtimes offer it too

  static const openmp_runtime& get() {
    static const openmp_runtime runtime{
        reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")),
        reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads")),
        reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_num_threads")),
        reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_thread_num")),
        reinterpret_cast<void (*)(void (*)(void*), void*, unsigned, unsigned)>(dlsym(RTLD_DEFAULT, "GOMP_parallel")),
    };
    return runtime;
  }
  bool present() const { return set_num_threads != nullptr && get_max_threads != nullptr; }
  bool runs_functions() const { return get_num_threads != nullptr && get_thread_num != nullptr && parallel != nullptr; }
};

/// Calls work(part, parts) for each of `parts` parts, on as many of oneDNN's own threads, and waits.
template <class Work>
void in_parallel(int parts, const Work& work) {
  struct task {
    const Work& work;
    int parts;
  } now{work, parts};
  if (parts == 1) return work(0, 1);
  openmp_runtime::get().parallel(
      [](void* data) {
        const task& t = *static_cast<task*>(data);
        const openmp_runtime& runtime = openmp_runtime::get();
        // The runtime may give fewer threads than it was asked for.
        for (int part = runtime.get_thread_num(); part < t.parts; part += runtime.get_num_threads()) t.work(part, t.parts);
      },
      &now, static_cast<unsigned>(parts), 0);
}

/// While it lives, parallel regions that the calling thread starts have this many threads.
class thread_scope {
 public:
  explicit thread_scope(int threads) {
    const openmp_runtime& runtime = openmp_runtime::get();
    if (!runtime.present()) return;
    before_ = runtime.get_max_threads();
    if (before_ != threads)
      runtime.set_num_threads(threads);
    else
      before_ = 0;
  }
  ~thread_scope() {
    if (before_ != 0) openmp_runtime::get().set_num_threads(before_);
  }
  thread_scope(const thread_scope&) = delete;
  thread_scope& operator=(const thread_scope&) = delete;

 private:
  int before_ = 0;
};

/// \throws executor_error where there are fewer cores, or no runtime to ask for more than one thread
inline void check_threads(int threads) {
  const int cores = nascent::detail::available_cores();
  if (threads < 1 || threads > cores)
    throw executor_error("onednn: threads " + std::to_string(threads) + ", must be from 1 to " + std::to_string(cores) +
                         ", the cores that this process may use");
  if (threads > 1 && !openmp_runtime::get().present())
    throw executor_error("onednn: threads " + std::to_string(threads) +
                         ", but oneDNN was built without OpenMP; only 1 works");
}

}  // namespace nascent::onednn::detail
