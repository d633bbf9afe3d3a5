// SPDX-License-Identifier: Apache-2.0
/// \file
/// The oneDNN executor: runs networks on x86-64 processors in f32, bf16 or int8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/onednn/affinity.hpp"
#include "nascent/executor/detail/onednn/openmp_runtime.hpp"
#include "nascent/executor/detail/onednn/program.hpp"
#include "nascent/executor/detail/onednn/race.hpp"
#include "nascent/executor/detail/onednn/threads.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/isa.hpp"
#include "nascent/executor/onednn/options.hpp"
#include "nascent/executor/onednn/thread_binding.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/executor/processor.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::onednn {

/// A network as a list of primitives, its weights packed and its memory planned: what `executor::compile` returns.
/// Movable. One thread may run it at a time.
class compiled {
 public:
  /// What runs, in order. A fusion that oneDNN lacks, or has only in its unoptimised implementation, is two kernels.
  std::span<const kernel> kernels() const { return program_.kernels(); }
  int batch() const { return batch_; }

  /// The name of what runs kernel `index`: oneDNN's, e.g. "brgconv_1x1:avx512_core", or that of a
  /// library's kernel, e.g. "nascent_depthwise:avx512". \throws executor_error past the last kernel
  const std::string& kernel_implementation(std::size_t index) const {
    nascent::detail::check_kernel(program_.graph(), index, kernels().size());
    return program_.implementation(index);
  }

  /// The types of the maps that kernel `index` reads and writes: "f32 > f32", "u8 u8 > s8". \throws executor_error past
  /// the last kernel
  const std::string& kernel_types(std::size_t index) const {
    nascent::detail::check_kernel(program_.graph(), index, kernels().size());
    return program_.types(index);
  }

  /// Bytes of memory for maps and scratch, without weights.
  std::size_t buffer_bytes() const { return program_.buffer_bytes(); }

  /// What every run does at first and takes back at last: the number of threads, and the executor's cores. Whoever
  /// times many short runs keeps one of these meanwhile, in the thread that runs: the runs within it then bind nothing.
  ///
  ///     const auto bound = program.stay_on_cores();
  ///
  /// \throws executor_error where the system refuses a core
  [[nodiscard]] thread_binding stay_on_cores() const { return thread_binding(threads_, cores_); }

  /// NHWC, f32 in and out, outputs one after another (`split_outputs`). \throws executor_error where a length does not
  /// fit
  void run(std::span<const float> in, std::span<float> out) {
    nascent::detail::check_run(program_.graph(), batch_, in.size(), out.size());
    const thread_binding bound = stay_on_cores();
    const std::size_t in_step = in.size() / static_cast<std::size_t>(pieces_);
    for (int i = 0; i < pieces_; ++i) {
      program_.copy_in(in.data() + static_cast<std::size_t>(i) * in_step);
      program_.execute();
      program_.copy_out(out.data(), i, pieces_);
    }
    program_.wait();
  }

  /// Copies the outputs as they are, after run() or run_kernel(). \throws executor_error for another length, or pieces
  void copy_output(std::span<float> out) {
    const std::int64_t input = program_.graph().input().elements() * batch_;
    nascent::detail::check_run(program_.graph(), batch_, static_cast<std::size_t>(input), out.size());
    if (pieces_ > 1)
      throw program_.failure("executor.pieces",
                             "the last of " + std::to_string(pieces_) + " pieces alone in the buffers",
                             "a batch in one piece; set images_at_once to 0");
    const thread_binding bound = stay_on_cores();
    program_.copy_out(out.data(), 0, 1);
    program_.wait();
  }

  /// Executes all kernels on the buffers as they are: on the input of the last run(in, out), or on zeros.
  void run() {
    const thread_binding bound = stay_on_cores();
    for (int i = 0; i < pieces_; ++i) program_.execute();
    program_.wait();
  }

  /// Executes one kernel on the buffers as they are. Its numbers mean something only if the kernels before it just ran;
  /// called again and again, kernels that work in place (sums, gates, activations) let the numbers drift.
  /// \throws executor_error past the last kernel
  void run_kernel(std::size_t index) {
    nascent::detail::check_kernel(program_.graph(), index, kernels().size());
    const thread_binding bound = stay_on_cores();
    for (int i = 0; i < pieces_; ++i) program_.execute(index);
    program_.wait();
  }

 private:
  friend class executor;

  compiled(const network& graph, const weights& values, int batch, const onednn::options& how,
           const detail::kernel_alternatives& others, std::optional<quantization> scheme = {})
      : batch_(batch),
        pieces_(pieces_of(graph, values, batch, how)),
        threads_(how.threads),
        cores_(how.cores),
        program_(graph, values, batch / pieces_, how, others, std::move(scheme)) {}

  /// In how many pieces a batch runs, after a look at all that is to be compiled.
  static int pieces_of(const network& graph, const weights& values, int batch, const onednn::options& how) {
    const int piece = how.images_at_once == 0 ? batch : how.images_at_once;
    nascent::detail::check_compile(graph, values, batch, piece);
    if (piece < 1 || batch % piece != 0)
      throw executor_error("executor.option", "onednn, images_at_once", std::to_string(how.images_at_once),
                           "divisors of batch " + std::to_string(batch) + ", or 0 for the whole batch");
    return batch / piece;
  }

  int batch_;
  int pieces_;
  int threads_;
  std::vector<int> cores_;
  detail::program program_;
};

/// Compiles networks for this processor: `onednn::executor cpu{{.threads = 1, .type = data_type::bf16}}`.
class executor {
 public:
  /// \throws executor_error where the processor has fewer cores, or not these, oneDNN lacks the type or the instruction
  /// set on it, or the process already uses another instruction set
  explicit executor(const onednn::options& how = {}) : options_(how) {
    detail::check_threads(how.threads);
    detail::check_cores(how.cores, how.threads);
    if (how.type == data_type::f16) throw executor_error("executor.type", "onednn, type", "f16", "f32, bf16, int8");
    detail::limit_isa(how.isa);
    isa_ = detail::effective_isa();
    // Libraries have no kernels in int8.
    if (const kernel_library* usable = how.type == data_type::int8 ? nullptr : first_usable(how.kernels)) {
      library_ = std::make_shared<const kernel_library>(*usable);
      results_ = std::make_shared<detail::race_results>();
    }
    if (how.type == data_type::bf16) detail::check_bf16();
    if (how.type == data_type::int8) detail::check_int8();
  }

  device_description description() const {
    return {.device = processor_model(),
            .library = api::library_version() + (library_ ? " + " + library_->name : ""),
            .isa = isa_,
            .threads = options_.threads,
            .type = options_.type};
  }

  const onednn::options& options() const { return options_; }

  /// \throws executor_error where the weights do not belong to the network, the batch is below 1, or oneDNN cannot run
  /// a layer; the text names the layer
  compiled compile(const network& graph, const weights& values, int batch = 1) const {
    if (options_.type == data_type::int8) {
      if (options_.uncalibrated == uncalibrated_networks::assume_ranges)
        return compile(graph, values, assumed_ranges(graph), batch);
      throw executor_error("executor.calibration", "onednn, '" + graph.name() + "'",
                           "a network for int8 that was never calibrated",
                           "compile(network, weights, calibrate(...)); for times alone options.uncalibrated = "
                           "uncalibrated_networks::assume_ranges");
    }
    return {graph, values, batch, options_, {.library = library_.get(), .results = results_.get()}};
  }

  /// For int8. \throws network_error where the ranges are not the network's; executor_error for an executor of another
  /// type, and as the other does
  compiled compile(const network& graph, const weights& values, const activation_ranges& ranges, int batch = 1) const {
    if (options_.type != data_type::int8)
      throw executor_error("executor.type", "onednn, '" + graph.name() + "', ranges for int8",
                           std::string("an executor of type ") + to_string(options_.type), "int8");
    nascent::detail::check_compile(graph, values, batch, 1);
    return {graph, values, batch, options_, {}, quantize(graph, ranges)};
  }

 private:
  /// The processor has what the library needs, the instruction set was not limited below it, and threads can run it.
  bool can_use(const kernel_library& library) const {
    return !library.implementations.empty() && processor_has(library.features) &&
           detail::isa_allows(library.features) &&
           (options_.threads == 1 || detail::openmp_runtime::get().runs_functions());
  }

  /// The library, or what stands in for it; null where nothing can.
  const kernel_library* first_usable(const kernel_library& library) const {
    if (can_use(library)) return &library;
    for (const kernel_library& other : library.otherwise)
      if (const kernel_library* usable = first_usable(other)) return usable;
    return nullptr;
  }

  onednn::options options_;
  std::string isa_;
  std::shared_ptr<const kernel_library>
      library_;  ///< these two are shared by copies of the executor; null where oneDNN alone computes
  std::shared_ptr<detail::race_results> results_;
};

static_assert(nascent::executor<executor>);
static_assert(core_bound_network<compiled>);

}  // namespace nascent::onednn
