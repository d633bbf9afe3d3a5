// SPDX-License-Identifier: Apache-2.0
/// \file
/// The calling thread bound to what a oneDNN executor computes with.
#pragma once

#include <vector>

#include "nascent/executor/detail/onednn/affinity.hpp"
#include "nascent/executor/detail/onednn/denormals.hpp"
#include "nascent/executor/detail/onednn/threads.hpp"

namespace nascent::onednn {

/// While it lives, the calling thread computes with this many threads, on these cores (any where there are none), and
/// denormal numbers count as zero. It gets back what it had.
class [[nodiscard]] thread_binding {
 public:
  /// \throws executor_error where the system refuses a core, e.g. because it was switched off
  explicit thread_binding(int threads, const std::vector<int>& cores = {})
      : count_(threads), denormals_(threads), cores_(cores, threads) {}

 private:
  detail::thread_count_scope count_;
  detail::denormal_scope denormals_;
  detail::core_scope cores_;
};

}  // namespace nascent::onednn
