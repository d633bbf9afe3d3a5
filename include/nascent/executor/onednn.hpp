// SPDX-License-Identifier: Apache-2.0
/// \file
/// The oneDNN executor: runs networks on x86-64 processors in f32 or bf16.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/onednn/assembler.hpp"
#include "nascent/executor/detail/onednn/layout.hpp"
#include "nascent/executor/detail/onednn/race.hpp"
#include "nascent/executor/detail/onednn/threads.hpp"
#include "nascent/executor/detail/onednn/weights_ahead.hpp"
#include "nascent/executor/detail/processor.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/isa.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/executor/page_memory.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::onednn {

/// How an executor runs. `threads` are OpenMP threads, at most the cores of this process; `type` is f32 or bf16 and
/// holds for maps and weights (biases, and the network's input and output at the interface, are always f32).
/// `kernels` are used in place of oneDNN's where they are faster. A batch runs in pieces of `images_at_once` images, 0
/// for all at once: maps of one image stay in the caches where those of many would not, which is often faster. `cores`
/// are the numbers of the cores that the threads run on, at least as many: as many bind each thread to one, more let
/// the threads move among them, none leaves it to the system. The calling thread computes too: it gets its own cores
/// back after each call.
struct options {
  int threads = 1;
  data_type type = data_type::f32;
  onednn::isa isa = onednn::isa::best;
  kernel_library kernels{};
  int images_at_once = 0;
  std::vector<int> cores{};
};

/// A network as a list of primitives, its weights packed and its memory planned. Movable. One thread may run it at a
/// time.
class compiled {
 public:
  /// \throws executor_error, see executor::compile
  compiled(network graph, const weights& values, int batch, const onednn::options& how,
           const detail::kernel_alternatives& others)
      : graph_(std::move(graph)),
        batch_(batch),
        piece_(how.images_at_once == 0 ? batch : how.images_at_once),
        threads_(how.threads),
        cores_(how.cores),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_) {
    nascent::detail::check_compile(graph_, values, batch_);
    if (piece_ < 1 || batch_ % piece_ != 0)
      throw executor_error("executor.option", "onednn, images_at_once", std::to_string(how.images_at_once),
                           "divisors of batch " + std::to_string(batch_) + ", or 0 for the whole batch");
    const detail::thread_scope scope = stay_on_cores();
    try {
      const auto assemble = [&] {
        detail::assembler assembler(graph_, values, piece_, how.type, threads_, engine_, others);
        for (const kernel& k : fuse(graph_)) assembler.add(k);
        return std::move(assembler.steps());
      };
      std::vector<detail::step> steps = assemble();
      if (std::ranges::any_of(steps, [](const detail::step& s) { return !s.alternatives.empty(); })) {
        others.results->add(find_winners(std::move(steps), how.type));
        steps = assemble();
      }
      bind(steps, how.type);
    } catch (const dnnl::error& e) {
      throw failure("executor.library", e.what(), "no failure of oneDNN");
    }
  }

  /// What runs, in order. A fusion that oneDNN lacks, or has only in its unoptimised implementation, is two kernels.
  std::span<const kernel> kernels() const { return kernels_; }
  int batch() const { return batch_; }

  /// The name of what runs kernel `index`: oneDNN's, e.g. "brgconv_1x1:avx512_core", or that of a
  /// library's kernel, e.g. "nascent_depthwise:avx512". \throws executor_error past the last kernel
  const std::string& kernel_implementation(std::size_t index) const {
    nascent::detail::check_kernel(graph_, index, kernels_.size());
    return implementations_[index];
  }

  /// Bytes of memory for maps and scratch, without weights.
  std::size_t buffer_bytes() const { return bytes_; }

  /// What every run does at first and takes back at last: the number of threads, and the executor's cores. Whoever
  /// times many short runs keeps one of these meanwhile, in the thread that runs: the runs within it then bind nothing.
  ///
  ///     const auto bound = program.stay_on_cores();
  ///
  /// \throws executor_error where the system refuses a core
  [[nodiscard]] detail::thread_scope stay_on_cores() const { return detail::thread_scope(threads_, cores_); }

  /// NHWC, f32 in and out. \throws executor_error where a length does not fit
  void run(std::span<const float> in, std::span<float> out) {
    nascent::detail::check_run(graph_, batch_, in.size(), out.size());
    const detail::thread_scope scope = stay_on_cores();
    const std::size_t in_step = in.size() / static_cast<std::size_t>(pieces());
    const std::size_t out_step = out.size() / static_cast<std::size_t>(pieces());
    for (std::size_t i = 0; i < static_cast<std::size_t>(pieces()); ++i) {
      // oneDNN takes a pointer to mutable memory for what it only reads.
      outside_in_.set_data_handle(const_cast<float*>(in.data() + i * in_step));
      outside_out_.set_data_handle(out.data() + i * out_step);
      execute(convert_in_);
      for (const call& c : calls_) execute(c);
      execute(convert_out_);
    }
    stream_.wait();
  }

  /// Copies the output as it is, after run() or run_kernel(). \throws executor_error for another length, or pieces
  void copy_output(std::span<float> out) {
    nascent::detail::check_run(graph_, batch_, input_size(), out.size());
    if (pieces() > 1)
      throw failure("executor.pieces", "the last of " + std::to_string(pieces()) + " pieces alone in the buffers",
                    "a batch in one piece; set images_at_once to 0");
    const detail::thread_scope scope = stay_on_cores();
    outside_out_.set_data_handle(out.data());
    execute(convert_out_);
    stream_.wait();
  }

  /// Executes all kernels on the buffers as they are: on the input of the last run(in, out), or on zeros.
  void run() {
    const detail::thread_scope scope = stay_on_cores();
    for (int i = 0; i < pieces(); ++i)
      for (const call& c : calls_) execute(c);
    stream_.wait();
  }

  /// Executes one kernel on the buffers as they are. Its numbers mean something only if the kernels before it just ran;
  /// called again and again, kernels that work in place (sums, gates, activations) let the numbers drift.
  /// \throws executor_error past the last kernel
  void run_kernel(std::size_t index) {
    nascent::detail::check_kernel(graph_, index, kernels_.size());
    const detail::thread_scope scope = stay_on_cores();
    for (int i = 0; i < pieces(); ++i) execute(calls_[index]);
    stream_.wait();
  }

 private:
  static constexpr std::size_t alignment = page_memory::line;

  int pieces() const { return batch_ / piece_; }
  std::size_t input_size() const { return static_cast<std::size_t>(graph_.input().elements() * batch_); }

  struct call {
    dnnl::primitive primitive;
    std::vector<dnnl_exec_arg_t> arguments;
    kernel_function own{};
    std::vector<kernel_function> alternatives{};  ///< while they race
    const void* in = nullptr;
    const void* other = nullptr;
    void* out = nullptr;
  };

  void execute(const call& c, const kernel_function& own) {
    detail::in_parallel(threads_, [&](int part, int parts) { own(c.in, c.other, c.out, part, parts); });
  }

  void execute(const call& c) {
    if (c.own) return execute(c, c.own);
    // The C function takes the arguments as they are kept; the C++ one would copy a map into a new vector for each
    // call.
    const dnnl_status_t status = dnnl_primitive_execute(c.primitive.get(), stream_.get(),
                                                        static_cast<int>(c.arguments.size()), c.arguments.data());
    if (status != dnnl_success)
      throw failure("executor.library", "a primitive that failed with status " + std::to_string(status), "success");
  }

  void argument(call& c, int index, const dnnl::memory& memory) {
    memories_.push_back(memory);
    c.arguments.push_back({index, memory.get()});
  }

  executor_error failure(error_code code, const std::string& found, const std::string& allowed) const {
    return {code, "onednn, '" + graph_.name() + "'", found, allowed};
  }

  /// Runs the network with all implementations that its steps have, and says which is to be taken of each kernel.
  /// Leaves nothing behind.
  std::map<std::string, std::string> find_winners(std::vector<detail::step> steps, data_type type) {
    const std::vector<int> before = detail::kernels_before(graph_, steps);
    std::vector<detail::race_kernel> entrants;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool open = !steps[i].alternatives.empty();
      entrants.push_back(
          {.key = open ? steps[i].key : std::to_string(i), .before = before[i], .implementations = {""}});
      for (const detail::alternative& a : steps[i].alternatives) entrants.back().implementations.push_back(a.name);
    }
    bind(steps, type);
    // As f32 and as bf16 numbers of about 3/4; the kernels write all but the input anew.
    std::memset(memory_.data(), 0x3F, bytes_);
    detail::race contest(entrants);
    contest.measure([&](const std::vector<std::size_t>& choice, std::vector<double>& seconds) {
      using clock = std::chrono::steady_clock;
      auto start = clock::now();
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (choice[i] == 0) execute(calls_[i]);
        else execute(calls_[i], calls_[i].alternatives[choice[i] - 1]);
        const auto now = clock::now();
        seconds[i] = std::chrono::duration<double>(now - start).count();
        start = now;
      }
      stream_.wait();
    });
    calls_.clear();
    kernels_.clear();
    implementations_.clear();
    memories_.clear();
    return contest.winners();
  }

  /// Moves all packed weights into one piece of memory.
  void gather_weights(std::vector<detail::step>& steps) {
    const auto padded = [](const dnnl::memory& m) {
      return (m.get_desc().get_size() + alignment - 1) / alignment * alignment;
    };
    std::size_t bytes = 0;
    for (const detail::step& s : steps)
      for (const auto& [index, constant] : s.constants) bytes += padded(constant);
    weights_ = page_memory(bytes);
    std::byte* to = weights_.data();
    for (detail::step& s : steps)
      for (auto& [index, constant] : s.constants) {
        const std::size_t size = constant.get_desc().get_size();
        if (size != 0) std::memcpy(to, constant.get_data_handle(), size);
        to += padded(constant);
        constant = dnnl::memory(constant.get_desc(), engine_, to - padded(constant));
      }
  }

  /// Plans the memory of all maps, allocates it, and fixes every primitive's arguments.
  void bind(std::vector<detail::step>& steps, data_type type) {
    const int last = static_cast<int>(graph_.layers().size());
    std::vector<std::size_t> tensor_bytes;
    for (int t = 0; t <= last; ++t)
      tensor_bytes.push_back(detail::nhwc(graph_.tensor_shape(t), piece_, detail::to_dnnl(type)).get_size());
    std::vector<buffer_use> program;
    std::size_t scratch = 0;
    for (const detail::step& s : steps) {
      program.push_back(s.use);
      scratch = std::max(scratch, s.scratchpad.get_size());
    }
    const buffer_lifetimes lives = lifetimes(program, tensor_bytes);
    const buffer_plan plan = plan_buffers(lives.requests, alignment);

    const std::size_t scratch_at = (plan.bytes + alignment - 1) / alignment * alignment;
    bytes_ = (scratch_at + scratch + alignment - 1) / alignment * alignment;
    gather_weights(steps);
    detail::bring_weights(steps, tensor_bytes, piece_, threads_);
    try {
      memory_ = page_memory(bytes_);
    } catch (const std::bad_alloc&) {
      throw failure("executor.memory", "no room for " + std::to_string(bytes_) + " bytes", "a batch that fits");
    }

    const auto memory_of = [&](int tensor, const api::desc& layout) {
      const auto request = static_cast<std::size_t>(lives.request_of[static_cast<std::size_t>(tensor)]);
      return dnnl::memory(layout, engine_, memory_.data() + plan.offsets[request]);
    };
    for (detail::step& s : steps) {
      call c{std::move(s.primitive), {}};
      for (const detail::tensor_argument& a : s.tensors) argument(c, a.index, memory_of(a.tensor, a.layout));
      for (const auto& [index, constant] : s.constants) argument(c, index, constant);
      argument(c, DNNL_ARG_SCRATCHPAD, dnnl::memory(s.scratchpad, engine_, memory_.data() + scratch_at));
      if (s.own.run || !s.alternatives.empty()) {
        const detail::own_operands at = detail::operands_of(s);
        const auto address = [&](int wanted) -> void* {
          for (std::size_t i = 0; i < s.tensors.size(); ++i)
            if (s.tensors[i].index == wanted)
              return memories_[memories_.size() - c.arguments.size() + i].get_data_handle();
          return nullptr;
        };
        c.in = address(at.in);
        c.other = address(at.other);
        c.out = address(at.out);
        c.own = std::move(s.own.run);
        for (detail::alternative& a : s.alternatives) c.alternatives.push_back(std::move(a.function));
      }
      calls_.push_back(std::move(c));
      kernels_.push_back(s.what);
      implementations_.push_back(std::move(s.implementation));
    }

    const auto convert = [&](const dnnl::memory& from, const dnnl::memory& to) {
      call c{dnnl::reorder(from, to), {}};
      argument(c, DNNL_ARG_FROM, from);
      argument(c, DNNL_ARG_TO, to);
      return c;
    };
    const auto outside = [&](int tensor) {
      return dnnl::memory(detail::nhwc(graph_.tensor_shape(tensor), piece_, detail::element::f32), engine_, nullptr);
    };
    const auto inside = [&](int tensor) {
      return memory_of(tensor, detail::nhwc(graph_.tensor_shape(tensor), piece_, detail::to_dnnl(type)));
    };
    outside_in_ = outside(0);
    outside_out_ = outside(last);
    convert_in_ = convert(outside_in_, inside(0));
    convert_out_ = convert(inside(last), outside_out_);
  }

  network graph_;
  int batch_;
  int piece_;  ///< images that run at once
  int threads_;
  std::vector<int> cores_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<kernel> kernels_;
  std::vector<std::string> implementations_;
  std::vector<call> calls_;
  std::vector<dnnl::memory> memories_;  ///< keeps alive what the calls point to
  page_memory memory_;
  page_memory weights_;
  std::size_t bytes_ = 0;
  dnnl::memory outside_in_;
  dnnl::memory outside_out_;
  call convert_in_;
  call convert_out_;
};

/// Compiles networks for this processor: `onednn::executor cpu{{.threads = 1, .type = data_type::bf16}}`.
class executor {
 public:
  /// \throws executor_error where the processor has fewer cores, or not these, oneDNN lacks the type or the instruction
  /// set on it, or the process already uses another instruction set
  explicit executor(const onednn::options& how = {}) : options_(how) {
    detail::check_threads(how.threads);
    detail::check_cores(how.cores, how.threads);
    if (how.type == data_type::f16) throw executor_error("executor.type", "onednn, type", "f16", "f32, bf16");
    detail::limit_isa(how.isa);
    isa_ = detail::effective_isa();
    if (const kernel_library* usable = first_usable(how.kernels)) {
      library_ = std::make_shared<const kernel_library>(*usable);
      results_ = std::make_shared<detail::race_results>();
    }
    if (how.type == data_type::bf16) detail::check_bf16();
  }

  device_description description() const {
    return {.device = nascent::detail::processor_model(),
            .library = api::library_version() + (library_ ? " + " + library_->name : ""),
            .isa = isa_,
            .threads = options_.threads,
            .type = options_.type};
  }

  const onednn::options& options() const { return options_; }

  /// \throws executor_error where the weights do not belong to the network, the batch is below 1, or oneDNN cannot run
  /// a layer; the text names the layer
  compiled compile(const network& graph, const weights& values, int batch = 1) const {
    return {graph, values, batch, options_, {.library = library_.get(), .results = results_.get()}};
  }

 private:
  /// The processor has what the library needs, the instruction set was not limited below it, and threads can run it.
  bool can_use(const kernel_library& library) const {
    return !library.implementations.empty() && nascent::detail::processor_has(library.features) &&
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

}  // namespace nascent::onednn
