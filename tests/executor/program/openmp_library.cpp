// SPDX-License-Identifier: Apache-2.0
// Of static_openmp: a library that has threads of OpenMP.
#include <atomic>

#include <omp.h>

/// How many there are, by counting them; -1 where the runtime says otherwise.
int threads_of_library() {
  std::atomic<int> threads{0};
#pragma omp parallel
  ++threads;
  return omp_get_max_threads() == threads ? threads.load() : -1;
}
