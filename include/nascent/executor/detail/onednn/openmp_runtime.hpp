// SPDX-License-Identifier: Apache-2.0
/// \file
/// The OpenMP runtime that oneDNN uses, found in the running process.
#pragma once

#include <dlfcn.h>

#include "nascent/base/language.hpp"

namespace nascent::onednn::detail {

/// The same functions by their names in the program itself. In a static one nothing can be looked up, and these are
/// what oneDNN's archive brought along; elsewhere they are null, or what is looked up.
namespace linked {

[[gnu::weak]] void set_num_threads(int) __asm__("omp_set_num_threads");
[[gnu::weak]] int get_max_threads() __asm__("omp_get_max_threads");
[[gnu::weak]] int get_num_threads() __asm__("omp_get_num_threads");
[[gnu::weak]] int get_thread_num() __asm__("omp_get_thread_num");
[[gnu::weak]] void parallel(void (*)(void*), void*, unsigned, unsigned) __asm__("GOMP_parallel");
[[gnu::weak]] int get_thread_limit() __asm__("omp_get_thread_limit");
[[gnu::weak]] int get_dynamic() __asm__("omp_get_dynamic");
[[gnu::weak]] void set_dynamic(int) __asm__("omp_set_dynamic");

}  // namespace linked

/// The functions of the OpenMP runtime that oneDNN itself uses, or null where it was built without one. They are
/// looked up in the running process because oneDNN's runtime need not be the one that a compiler's -fopenmp would link.
struct openmp_runtime {
  void (*set_num_threads)(int);
  int (*get_max_threads)();
  int (*get_num_threads)();
  int (*get_thread_num)();
  void (*parallel)(void (*)(void*), void*, unsigned,
                   unsigned);  ///< what "#pragma omp parallel" calls; other runtimes offer it too
  int (*get_thread_limit)();
  int (*get_dynamic)();
  void (*set_dynamic)(int);

  static const openmp_runtime& get() {
    static const openmp_runtime runtime{
        find("omp_set_num_threads", linked::set_num_threads),
        find("omp_get_max_threads", linked::get_max_threads),
        find("omp_get_num_threads", linked::get_num_threads),
        find("omp_get_thread_num", linked::get_thread_num),
        find("GOMP_parallel", linked::parallel),
        find("omp_get_thread_limit", linked::get_thread_limit),
        find("omp_get_dynamic", linked::get_dynamic),
        find("omp_set_dynamic", linked::set_dynamic),
    };
    return runtime;
  }
  bool present() const { return set_num_threads != nullptr && get_max_threads != nullptr; }
  bool has_dynamic() const { return get_dynamic != nullptr && set_dynamic != nullptr; }
  bool runs_functions() const { return get_num_threads != nullptr && get_thread_num != nullptr && parallel != nullptr; }

 private:
  template <class Function>
  static Function* find(const char* name, Function* in_program) {
    void* const found = dlsym(RTLD_DEFAULT, name);
    return found != nullptr ? reinterpret_cast<Function*>(found) : in_program;
  }
};

/// Calls work(part, parts) for each of `parts` parts, on as many of oneDNN's own threads, and waits; all of the work is
/// one part where oneDNN has no such threads.
template <class Work>
void in_parallel(int parts, const Work& work) {
  struct task {
    const Work& work;
    int parts;
  } now{work, parts};
  if (parts == 1 || !openmp_runtime::get().runs_functions()) return work(0, 1);
  openmp_runtime::get().parallel(
      [](void* data) {
        const task& t = *static_cast<task*>(data);
        const openmp_runtime& runtime = openmp_runtime::get();
        // The runtime may give fewer threads than it was asked for.
        for (int part = runtime.get_thread_num(); part < t.parts; part += runtime.get_num_threads())
          t.work(part, t.parts);
      },
      &now, static_cast<unsigned>(parts), 0);
}

}  // namespace nascent::onednn::detail
