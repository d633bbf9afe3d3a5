// SPDX-License-Identifier: Apache-2.0
// A static program, in which no function can be looked up by its name, finds the OpenMP runtime that a library in it
// uses, and sets how many threads that library has. Compiled with -fopenmp and -static.
#include <atomic>
#include <cstdio>
#include <initializer_list>

#include "nascent/executor/detail/onednn/openmp_runtime.hpp"

int threads_of_library();

int main() {
  using namespace nascent::onednn::detail;
  const openmp_runtime& runtime = openmp_runtime::get();
  if (!runtime.present() || !runtime.runs_functions() || !runtime.has_dynamic() || runtime.get_thread_limit == nullptr)
    return std::puts("found no runtime"), 1;
  for (const int threads : {1, 3}) {
    runtime.set_num_threads(threads);
    if (threads_of_library() != threads) return std::puts("the library has another number of threads"), 1;
  }
  std::atomic<int> parts{0};
  in_parallel(3, [&](int part, int of) { parts += 10 * of + part; });
  return parts == 3 * 30 + 0 + 1 + 2 ? 0 : (std::puts("parts are missing"), 1);
}
