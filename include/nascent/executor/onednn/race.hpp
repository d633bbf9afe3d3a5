// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which of two implementations of a kernel runs: the one that is faster here, measured once for each kernel of an executor.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
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

/// What an executor has found: by kernel and batch, true where the library's was faster. Networks of one executor run the same
/// implementation of the same kernel.
class race_results {
 public:
  template <class Race>
  bool library_wins(const std::string& key, Race&& race) {
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(key);
    return found != results_.end() ? found->second : results_.emplace(key, race()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, bool> results_;
};

/// The memory that a step runs on in a race: every tensor apart, filled with ones.
class race_track {
 public:
  race_track(step& s, const dnnl::engine& engine) {
    for (const tensor_argument& a : s.tensors) add(a.index, dnnl::memory(a.layout, engine), 0x3F);
    for (const auto& [index, constant] : s.constants) add(index, constant);
    add(DNNL_ARG_SCRATCHPAD, dnnl::memory(s.scratchpad, engine));
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
  void add(int index, const dnnl::memory& memory, int byte) {
    std::memset(memory.get_data_handle(), byte, memory.get_desc().get_size());
    add(index, memory);
  }

  std::vector<dnnl::memory> memories_;
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

/// True where `own` is faster than the step's primitive: the minimum of interleaved runs, and by enough that noise does not decide.
inline bool is_faster(const compiled_kernel& own, step& s, const dnnl::engine& engine, const dnnl::stream& stream,
                      int threads) {
  constexpr double margin = 0.98;
  constexpr int min_rounds = 4;
  constexpr int max_rounds = 20;
  constexpr double budget_s = 4e-3;
  using clock = std::chrono::steady_clock;
  const auto seconds = [](clock::duration d) { return std::chrono::duration<double>(d).count(); };
  race_track track(s, engine);
  const own_operands at = operands_of(s);
  double theirs = std::numeric_limits<double>::infinity();
  double ours = theirs;
  double used = 0;
  for (int round = 0; round <= max_rounds && (round <= min_rounds || used < budget_s); ++round) {
    const auto start = clock::now();
    dnnl_primitive_execute(s.primitive.get(), stream.get(), static_cast<int>(track.arguments().size()), track.arguments().data());
    const auto middle = clock::now();
    in_parallel(threads, [&](int part, int parts) { own.run(track.address(at.in), track.address(at.other), track.address(at.out), part, parts); });
    const auto end = clock::now();
    if (round == 0) continue;  // nothing is in the caches yet
    theirs = std::min(theirs, seconds(middle - start));
    ours = std::min(ours, seconds(end - middle));
    used += seconds(end - start);
  }
  return ours < margin * theirs;
}

}  // namespace nascent::onednn::detail
