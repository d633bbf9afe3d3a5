// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which of several implementations of a kernel runs: the one that is fastest here, measured once for each kernel of an executor.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/step.hpp"
#include "nascent/executor/onednn/threads.hpp"
#include "nascent/executor/onednn/version.hpp"

namespace nascent::onednn::detail {

/// What an executor has found: by kernel and batch, the name of the fastest implementation, empty for oneDNN's. Networks of one executor
/// run the same implementation of the same kernel.
class race_results {
 public:
  template <class Race>
  std::string winner(const std::string& key, Race&& race) {
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(key);
    return found != results_.end() ? found->second : results_.emplace(key, race()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> results_;
};

/// The memory that a step runs on in a race: every tensor apart, filled with ones.
class race_track {
 public:
  race_track(step& s, const dnnl::engine& engine) {
    for (const tensor_argument& a : s.tensors) {
      add(a.index, dnnl::memory(a.layout, engine));
      if (a.index != DNNL_ARG_DST) inputs_.push_back(memories_.back());
      fill(memories_.back());
    }
    for (const auto& [index, constant] : s.constants) add(index, constant);
    add(DNNL_ARG_SCRATCHPAD, dnnl::memory(s.scratchpad, engine));
  }

  /// What a kernel finds in a network: weights are out of the nearer caches, the input was just written.
  void enter_network() {
    std::ranges::fill(others_memory_, static_cast<char>(others_memory_.front() + 1));
    for (const dnnl::memory& input : inputs_) fill(input);
  }

  void* address(int index) const {
    for (std::size_t i = 0; i < arguments_.size(); ++i)
      if (arguments_[i].arg == index) return memories_[i].get_data_handle();
    return nullptr;
  }
  const std::vector<dnnl_exec_arg_t>& arguments() const { return arguments_; }

 private:
  void add(int index, const dnnl::memory& memory) {
    memories_.push_back(memory);
    arguments_.push_back({index, memory.get()});
  }
  /// The byte 3F again and again is about 3/4 in f32 and in bf16.
  static void fill(const dnnl::memory& memory) { std::memset(memory.get_data_handle(), 0x3F, memory.get_desc().get_size()); }

  std::vector<dnnl::memory> memories_;
  std::vector<dnnl::memory> inputs_;
  std::vector<char> others_memory_ = std::vector<char>(4 << 20);  ///< more than a second cache holds
  std::vector<dnnl_exec_arg_t> arguments_;
};

/// The operands of a library's kernel among the arguments of a step: its source or first source, its second source, its destination.
struct own_operands {
  int in;
  int other;
  int out;
};
inline own_operands operands_of(const step& s) {
  const bool product = s.what.core.kind == layer_kind::multiply;
  return {product ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC, product ? DNNL_ARG_SRC_1 : -1, DNNL_ARG_DST};
}

/// The fastest of a step's primitive (0) and other implementations (from 1 on): the least of interleaved runs, and by enough that noise
/// does not decide for another one than the primitive.
inline std::size_t fastest(const std::vector<kernel_function>& others, step& s, const dnnl::engine& engine, const dnnl::stream& stream,
                           int threads) {
  constexpr double margin = 0.98;
  constexpr int min_rounds = 4;
  constexpr int max_rounds = 20;
  constexpr double budget_s = 15e-3;
  using clock = std::chrono::steady_clock;
  race_track track(s, engine);
  const own_operands at = operands_of(s);
  std::vector<double> best(others.size() + 1, std::numeric_limits<double>::infinity());
  const auto start = clock::now();
  const auto seconds = [](clock::duration d) { return std::chrono::duration<double>(d).count(); };
  for (int round = 0; round <= max_rounds && (round <= min_rounds || seconds(clock::now() - start) < budget_s); ++round)
    for (std::size_t i = 0; i < best.size(); ++i) {
      track.enter_network();
      const auto before = clock::now();
      if (i == 0)
        dnnl_primitive_execute(s.primitive.get(), stream.get(), static_cast<int>(track.arguments().size()), track.arguments().data());
      else
        in_parallel(threads, [&](int part, int parts) {
          others[i - 1](track.address(at.in), track.address(at.other), track.address(at.out), part, parts);
        });
      if (round > 0) best[i] = std::min(best[i], seconds(clock::now() - before));  // in the first round nothing is in the caches yet
    }
  const auto least = static_cast<std::size_t>(std::ranges::min_element(best) - best.begin());
  return best[least] < margin * best[0] ? least : 0;
}

}  // namespace nascent::onednn::detail
