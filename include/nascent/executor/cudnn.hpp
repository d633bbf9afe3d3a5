// SPDX-License-Identifier: Apache-2.0
/// \file
/// The cuDNN executor: runs networks on NVIDIA GPUs in f16, bf16 or f32 (TF32 on matrix units), NHWC, with sums in f32.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/checks.hpp"
#include "nascent/executor/cudnn/planner.hpp"
#include "nascent/executor/cudnn/program.hpp"
#include "nascent/executor/executor.hpp"

namespace nascent::cudnn {

/// How an executor runs. Biases have the maps' type as well: cuDNN's tuned engines want it.
struct options {
  int device = 0;  ///< number of the GPU in this machine
  data_type type = data_type::f16;
  int candidates = 6;  ///< plans measured for each kernel; 1 believes cuDNN's heuristics, and only checks that the plan runs
  std::int64_t workspace_limit = std::int64_t{256} << 20;  ///< bytes, one workspace for all kernels
  std::filesystem::path plan_cache{};                      ///< file for plans, so that they are made and measured once; none where empty
};

/// A network on a device: its kernels as execution plans, its weights and maps in the device's memory, and the whole as one CUDA graph.
/// Movable. One thread may run it at a time.
class compiled {
 public:
  /// \throws executor_error, see executor::compile
  compiled(network graph, const weights& values, int batch, const cudnn::options& how, std::shared_ptr<const detail::session> device)
      : graph_(std::move(graph)), batch_(batch), type_(how.type), device_(std::move(device)) {
    nascent::detail::check_compile(graph_, values, batch_);
    device_->use();
    plan_cache cache(how.plan_cache, {.device = device_->name(), .compute_capability = device_->compute_capability(), .cudnn = library_version()});
    detail::assembler assembler({graph_, values, batch_, type_, how.workspace_limit, *device_, cache});
    for (const kernel& k : fuse(graph_)) assembler.add(k);
    steps_ = std::move(assembler.steps());
    plan_memory();
    for (detail::step& s : steps_) tune(s, how, cache);
    if (!how.plan_cache.empty()) cache.save();
    std::size_t most = 0;
    for (const detail::step& s : steps_) most = std::max(most, s.plan ? static_cast<std::size_t>(s.plan->workspace) : 0);
    reserve_workspace(most);
    for (const detail::step& s : steps_) kernels_.push_back(s.what);
    record();
  }

  /// What runs, in order. A fusion that no engine supports is two kernels.
  std::span<const kernel> kernels() const { return kernels_; }
  int batch() const { return batch_; }

  /// What runs kernel `index`, e.g. "engine 41, tensor cores". \throws executor_error past the last kernel
  const std::string& kernel_implementation(std::size_t index) const {
    nascent::detail::check_kernel(graph_, index, kernels_.size());
    return steps_[index].implementation;
  }

  /// Engines that could not be used, or failed when they ran, and what was said: the next one took their place.
  std::span<const std::string> failures() const { return failures_; }

  /// Bytes of the device's memory for maps and workspace, without weights.
  std::size_t buffer_bytes() const { return bytes_ + workspace_bytes_; }

  /// NHWC, f32 in and out. \throws executor_error where a length does not fit
  void run(std::span<const float> in, std::span<float> out) {
    nascent::detail::check_run(graph_, batch_, in.size(), out.size());
    device_->use();
    const std::vector<std::byte> bytes = detail::encode(in, type_);
    detail::check(cudaMemcpyAsync(input_, bytes.data(), bytes.size(), cudaMemcpyHostToDevice, device_->stream()), "copying the input to the device");
    launch();
    std::vector<std::byte> result(out.size() * static_cast<std::size_t>(size_of(type_)));
    detail::check(cudaMemcpyAsync(result.data(), output_, result.size(), cudaMemcpyDeviceToHost, device_->stream()), "copying the output from the device");
    device_->wait();
    detail::decode(result, type_, out);
  }

  /// Executes all kernels on the maps as they are: on the input of the last run(in, out), or on zeros.
  void run() {
    device_->use();
    launch();
    device_->wait();
  }

  /// Executes one kernel on the maps as they are, and waits for it: a clock around it sees the launch and the waiting as well, some
  /// microseconds; `time_kernels` does not. \throws executor_error past the last kernel
  void run_kernel(std::size_t index) {
    nascent::detail::check_kernel(graph_, index, kernels_.size());
    device_->use();
    detail::start(steps_[index], *device_, type_, workspace_.get());
    device_->wait();
  }

  /// Milliseconds of `launches` runs of the whole network, one after the other, by the device's own clock, divided by their number.
  double time_network(int launches = 1) {
    device_->use();
    const detail::event begin = detail::make_event();
    const detail::event end = detail::make_event();
    detail::check(cudaEventRecord(begin.get(), device_->stream()), "timing");
    for (int i = 0; i < launches; ++i) launch();
    detail::check(cudaEventRecord(end.get(), device_->stream()), "timing");
    device_->wait();
    return between(begin, end) / launches;
  }

  /// Milliseconds of each kernel within one run of the whole network, by the device's own clock. The times between the kernels belong to
  /// the kernel behind.
  std::vector<double> time_kernels() {
    device_->use();
    if (!timed_graph_) record_timed();
    detail::check(cudaGraphLaunch(timed_graph_.get(), device_->stream()), "launching the network");
    device_->wait();
    std::vector<double> ms;
    for (std::size_t i = 0; i < steps_.size(); ++i) ms.push_back(between(events_[i], events_[i + 1]));
    return ms;
  }

  /// Reads and writes over twice the device's second-level cache, so that what runs next finds nothing of its own there.
  void clear_cache() {
    device_->use();
    const std::size_t bytes = 2 * static_cast<std::size_t>(std::max(device_->properties().l2CacheSize, 1 << 20));
    if (!sweep_) sweep_ = detail::allocate(bytes, "clearing the cache");
    detail::check(cudaMemsetAsync(sweep_.get(), 0, bytes, device_->stream()), "clearing the cache");
    device_->wait();
  }

 private:
  static constexpr std::size_t alignment = 256;  ///< what cudaMalloc gives

  static double between(const detail::event& begin, const detail::event& end) {
    float ms = 0;
    detail::check(cudaEventElapsedTime(&ms, begin.get(), end.get()), "timing");
    return static_cast<double>(ms);
  }

  void launch() { detail::check(cudaGraphLaunch(whole_graph_.get(), device_->stream()), "launching the network"); }

  std::size_t tensor_bytes(int tensor) const {
    return static_cast<std::size_t>(graph_.tensor_shape(tensor).elements() * batch_ * size_of(type_));
  }

  /// Gives every map its place in one block of memory.
  void plan_memory() {
    const int last = static_cast<int>(graph_.layers().size());
    std::vector<std::size_t> bytes;
    for (int t = 0; t <= last; ++t) bytes.push_back(tensor_bytes(t));
    std::vector<buffer_use> program;
    for (const detail::step& s : steps_) program.push_back(s.use);
    const buffer_lifetimes lives = lifetimes(program, bytes);
    const buffer_plan plan = plan_buffers(lives.requests, alignment);
    bytes_ = plan.bytes;
    memory_ = detail::allocate(bytes_, "maps of '" + graph_.name() + "', batch " + std::to_string(batch_));
    detail::check(cudaMemset(memory_.get(), 0, bytes_), "clearing the maps");
    const auto at = [&](int tensor) { return memory_.get() + plan.offsets[static_cast<std::size_t>(lives.request_of[static_cast<std::size_t>(tensor)])]; };
    input_ = at(0);
    output_ = at(last);
    for (detail::step& s : steps_) {
      for (const int tensor : s.operands) s.from.push_back(at(tensor));
      if (s.what.residual) s.residual = at(s.what.residual_tensor);
      s.to = at(s.what.output_tensor);
      s.to_bytes = tensor_bytes(s.what.output_tensor);
      detail::bind(s);
    }
  }

  void reserve_workspace(std::size_t bytes) {
    if (bytes <= workspace_bytes_) return;
    workspace_.reset();
    workspace_ = detail::allocate(bytes, "workspace");
    workspace_bytes_ = bytes;
  }

  /// Replaces the plan of a step by the fastest of its proposals, measured where they will run. A plan from the cache stays if it runs: it
  /// was measured when it was kept.
  void tune(detail::step& s, const cudnn::options& how, plan_cache& cache) {
    if (!s.plan) return;
    const std::string key = detail::assembler::key(s.what, type_, batch_);
    const detail::planning_target target{.handle = device_->handle()};
    if (s.proposals.empty()) {
      if (runs(s)) return name(s);
      cache.forget(key);
      s.proposals = detail::find_configurations(std::get<detail::operation_graph>(s.work), target);
    } else if (const cached_plan* equal = cache.find(key)) {  // an equal kernel of this network was tuned before
      detail::execution_plan first = std::move(*s.plan);
      try {
        s.plan = detail::restore_plan(equal->json, equal->engine, target);
        if (runs(s)) return name(s);
      } catch (const library_error& e) {
        failures_.emplace_back(e.what());
      }
      s.plan = std::move(first);
    }
    const auto make = [&](std::size_t i) {
      detail::execution_plan p = i == 0 && s.plan ? std::move(*std::exchange(s.plan, std::nullopt)) : detail::make_plan(s.proposals[i], target);
      if (p.workspace > how.workspace_limit)
        throw executor_error("cudnn: engine " + std::to_string(p.engine.index) + ": a workspace of " + std::to_string(p.workspace) + " bytes, more than allowed");
      reserve_workspace(static_cast<std::size_t>(p.workspace));
      return p;
    };
    std::vector<std::string> failed;
    auto best = detail::choose_fastest(s.proposals.size(), static_cast<std::size_t>(how.candidates), make,
                                       [&](const detail::execution_plan& p) { return time_plan(s, p); }, failed);
    failures_.insert(failures_.end(), failed.begin(), failed.end());
    if (!best)
      throw executor_error("cudnn: " + nascent::detail::layer_place(graph_, s.what.first_layer) + ", kernel '" + s.what.signature() +
                           "': every engine failed, the last one: " + (failed.empty() ? "none was proposed" : failed.back()));
    s.plan = std::move(best->plan);
    name(s);
    try {
      cache.keep(key, {.engine = s.plan->engine, .ms = best->ms, .json = s.plan->json()});
    } catch (const library_error& e) {
      failures_.emplace_back(e.what());  // a plan that has no text runs as well; it is only not kept
    }
    s.proposals.clear();
  }

  static void name(detail::step& s) {
    const engine& e = s.plan->engine;
    s.implementation = "engine " + std::to_string(e.index) + (e.tensor_cores ? ", tensor cores" : "") + (e.runtime_compiled ? ", compiled at run time" : "");
  }

  /// True where the step's plan runs; else why not is among the failures.
  bool runs(const detail::step& s) try {
    reserve_workspace(static_cast<std::size_t>(s.plan->workspace));
    detail::run_plan(s, *s.plan, *device_, workspace_.get());
    device_->wait();
    return true;
  } catch (const executor_error& e) {
    failures_.emplace_back(e.what());
    return false;
  }

  /// The shortest of a few runs, ms.
  double time_plan(const detail::step& s, const detail::execution_plan& plan) const {
    constexpr int runs = 8;  // the first one loads the kernel
    const detail::event begin = detail::make_event();
    const detail::event end = detail::make_event();
    double shortest = 0;
    for (int i = 0; i < runs; ++i) {
      detail::check(cudaEventRecord(begin.get(), device_->stream()), "timing");
      detail::run_plan(s, plan, *device_, workspace_.get());
      detail::check(cudaEventRecord(end.get(), device_->stream()), "timing");
      device_->wait();
      const double ms = between(begin, end);
      if (i > 0) shortest = i == 1 ? ms : std::min(shortest, ms);
    }
    return shortest;
  }

  /// What `work` starts on the stream, as one graph.
  template <class Work>
  detail::runnable_graph capture(Work&& work) const {
    detail::check(cudaStreamBeginCapture(device_->stream(), cudaStreamCaptureModeThreadLocal), "recording the network");
    cudaGraph_t raw = nullptr;
    try {
      work();
    } catch (...) {
      static_cast<void>(cudaStreamEndCapture(device_->stream(), &raw));  // else the stream would be of no use any more
      const detail::cuda_graph unfinished(raw);
      throw;
    }
    detail::check(cudaStreamEndCapture(device_->stream(), &raw), "recording the network");
    const detail::cuda_graph recorded(raw);
    cudaGraphExec_t runnable = nullptr;
    detail::check(cudaGraphInstantiate(&runnable, recorded.get(), 0), "making a graph of the network");
    return detail::runnable_graph(runnable);
  }

  void record() {
    whole_graph_ = capture([&] {
      for (const detail::step& s : steps_) detail::start(s, *device_, type_, workspace_.get());
    });
  }

  void record_timed() {
    for (std::size_t i = 0; i <= steps_.size(); ++i) events_.push_back(detail::make_event());
    const auto mark = [&](std::size_t i) {
      detail::check(cudaEventRecordWithFlags(events_[i].get(), device_->stream(), cudaEventRecordExternal), "timing");
    };
    timed_graph_ = capture([&] {
      mark(0);
      for (std::size_t i = 0; i < steps_.size(); ++i) {
        detail::start(steps_[i], *device_, type_, workspace_.get());
        mark(i + 1);
      }
    });
  }

  network graph_;
  int batch_;
  data_type type_;
  std::shared_ptr<const detail::session> device_;
  std::vector<detail::step> steps_;
  std::vector<kernel> kernels_;
  std::vector<std::string> failures_;
  detail::device_memory memory_;
  detail::device_memory workspace_;
  detail::device_memory sweep_;
  std::size_t bytes_ = 0;
  std::size_t workspace_bytes_ = 0;
  std::byte* input_ = nullptr;
  std::byte* output_ = nullptr;
  std::vector<detail::event> events_;
  detail::runnable_graph whole_graph_;
  detail::runnable_graph timed_graph_;
};

/// Compiles networks for a GPU of this machine: `cudnn::executor gpu{{.type = data_type::f16}}`.
class executor {
 public:
  /// \throws device_error where there is no driver, no such device, or the device is too old for the type or for cuDNN
  explicit executor(const cudnn::options& how = {}) : options_(how), device_(std::make_shared<const detail::session>(how.device)) {
    device_properties p;
    p.name = device_->name();
    p.compute_capability = device_->compute_capability();
    planner::check_device(p, how.type);
    if (how.candidates < 1) throw executor_error("cudnn: candidates " + std::to_string(how.candidates) + ", must be at least 1");
  }

  device_description description() const {
    return {.device = device_->name(),
            .library = "cuDNN " + library_version(),
            .isa = "sm_" + std::to_string(device_->compute_capability() / 10),
            .threads = 1,
            .type = options_.type};
  }

  const cudnn::options& options() const { return options_; }

  /// \throws executor_error where the weights do not belong to the network, the batch is below 1, or cuDNN cannot run a layer; the text names
  /// the layer. memory_error where the device's memory does not do, plan_cache_error where the cache is of another device
  compiled compile(const network& graph, const weights& values, int batch = 1) const { return {graph, values, batch, options_, device_}; }

 private:
  cudnn::options options_;
  std::shared_ptr<const detail::session> device_;
};

static_assert(nascent::executor<executor>);

}  // namespace nascent::cudnn
