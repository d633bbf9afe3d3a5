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
#include "nascent/executor/cudnn/network_clock.hpp"
#include "nascent/executor/cudnn/options.hpp"
#include "nascent/executor/cudnn/planner.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/cudnn/prepare.hpp"
#include "nascent/executor/detail/cudnn/program.hpp"
#include "nascent/executor/executor.hpp"

namespace nascent::cudnn {

/// A network on a device: its kernels as execution plans, its weights and maps in the device's memory, and the whole as
/// one CUDA graph. Movable. All that one executor compiled shares its stream, so that one thread may use them at a
/// time.
class compiled final {
 public:
  compiled(compiled&&) = default;
  /// What was here ends before its device does.
  compiled& operator=(compiled&& other) noexcept {
    if (this != &other) {
      std::destroy_at(this);
      std::construct_at(this, std::move(other));
    }
    return *this;
  }
  ~compiled() = default;

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
    detail::check(cudaMemcpyAsync(input_, bytes.data(), bytes.size(), cudaMemcpyHostToDevice, device_->stream()),
                  "copying the input to the device");
    launch();
    std::vector<std::byte> result(out.size() * static_cast<std::size_t>(size_of(type_)));
    std::byte* to = result.data();
    for (const auto& [from, size] : outputs_) to = device_->copy_from(from, size, to);
    device_->wait();
    detail::decode(result, type_, out);
  }

  /// Executes all kernels on the maps as they are: on the input of the last run(in, out), or on zeros.
  void run() {
    device_->use();
    launch();
    device_->wait();
  }

  /// Executes one kernel on the maps as they are, and waits for it: a clock around it sees the launch and the waiting
  /// as well, some microseconds; `time_kernels` does not. \throws executor_error past the last kernel
  void run_kernel(std::size_t index) {
    nascent::detail::check_kernel(graph_, index, kernels_.size());
    device_->use();
    detail::start(steps_[index], *device_, type_, workspace_.get());
    device_->wait();
  }

  /// One run of the whole network by the device's own clock, without the launch.
  device_time time_network() {
    device_->use();
    return clock_.time_network(launcher(), lowest_clock_);
  }

  /// Each kernel within one run of the whole network, by the device's own clock: they add up to the network's time. The
  /// times between the kernels belong to the kernel behind. In other contexts than `in_network` the second-level cache
  /// is swept before each kernel, in the same graph, or the kernel runs twice (`hot`).
  device_times time_kernels(cache_context context = cache_context::in_network) {
    device_->use();
    return clock_.time_kernels(launcher(), context, lowest_clock_);
  }

  /// What reading the clock between two kernels costs the device, ms; `time_kernels` has taken it off.
  double event_ms() {
    device_->use();
    return clock_.mark_ms(launcher(), lowest_clock_);
  }

  /// Milliseconds of `launches` runs of the whole network, one after the other, by the device's own clock, divided by
  /// their number: the rate that a queue of work runs at.
  double time_launches(int launches) {
    if (launches < 1) throw executor_error("executor.option", "cudnn, launches", std::to_string(launches), "1 or more");
    device_->use();
    const detail::event begin = detail::make_event();
    const detail::event end = detail::make_event();
    launch();  // so that the first event does not wait for the host
    detail::check(cudaEventRecord(begin.get(), device_->stream()), "recording an event");
    for (int i = 0; i < launches; ++i) launch();
    detail::check(cudaEventRecord(end.get(), device_->stream()), "recording an event");
    device_->wait();
    return detail::between(begin, end) / launches;
  }

  /// One run seen from the host: what launching and waiting cost, beside the device's time.
  launch_times time_launch() {
    device_->use();
    return clock_.time_launch(launcher(), lowest_clock_);
  }

  /// Writes over twice the device's second-level cache, so that what runs next finds nothing of its own there.
  void clear_cache() {
    device_->use();
    clock_.sweep(*device_);
    device_->wait();
  }

 private:
  friend class executor;

  /// \throws executor_error, see executor::compile
  compiled(network graph, const weights& values, int batch, const cudnn::options& how,
           std::shared_ptr<const detail::session> device, plan_cache& cache)
      : graph_(std::move(graph)),
        batch_(batch),
        type_(how.type),
        lowest_clock_(how.lowest_clock),
        device_(std::move(device)) {
    nascent::detail::check_compile(graph_, values, batch_, batch_);
    device_->use();
    if (how.compile_threads > 1)
      detail::prepare_plans(graph_, type_, batch_, how.workspace_limit, how.device, how.compile_threads, cache,
                            [&](const kernel& k) { return detail::assembler::key(k, type_, batch_); });
    detail::assembler assembler({graph_, values, batch_, type_, how.workspace_limit, *device_, cache});
    for (const kernel& k : fuse(graph_)) assembler.add(k);
    steps_ = std::move(assembler.steps());
    plan_memory();
    for (detail::step& s : steps_) tune(s, how, cache);
    if (!how.plan_cache.empty()) cache.save();
    std::size_t most = 0;
    for (const detail::step& s : steps_)
      most = std::max(most, s.plan ? static_cast<std::size_t>(s.plan->workspace) : 0);
    if (most < workspace_bytes_) release_workspace();  // a proposal that lost wanted more
    reserve_workspace(most);
    for (const detail::step& s : steps_) kernels_.push_back(s.what);
    record();
  }

  static constexpr std::size_t alignment = 256;  ///< what cudaMalloc gives

  detail::launcher launcher() const { return {*device_, steps_, type_, workspace_.get()}; }

  void launch() { detail::launch(whole_graph_, *device_); }

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
    const std::vector<int> given_out = graph_.output_tensors();
    const buffer_lifetimes lives = lifetimes(program, bytes, given_out);
    const buffer_plan plan = plan_buffers(lives.requests, alignment);
    bytes_ = plan.bytes;
    memory_ = detail::allocate(bytes_, "maps of '" + graph_.name() + "', batch " + std::to_string(batch_));
    device_->clear(memory_.get(), bytes_, "clearing the maps");
    const auto at = [&](int tensor) {
      return memory_.get() + plan.offsets[static_cast<std::size_t>(lives.request_of[static_cast<std::size_t>(tensor)])];
    };
    input_ = at(0);
    for (const int tensor : given_out) outputs_.emplace_back(at(tensor), tensor_bytes(tensor));
    for (detail::step& s : steps_) {
      for (const int tensor : s.operands) s.from.push_back(at(tensor));
      if (s.what.residual) s.residual = at(s.what.residual_tensor);
      s.to = at(s.what.output_tensor);
      s.to_bytes = tensor_bytes(s.what.output_tensor);
      detail::bind(s);
    }
  }

  /// Nothing runs when this is called.
  void release_workspace() {
    workspace_.reset();
    workspace_bytes_ = 0;  // what follows may find no memory
  }

  void reserve_workspace(std::size_t bytes) {
    if (bytes <= workspace_bytes_) return;
    release_workspace();
    workspace_ = detail::allocate(bytes, "workspace");
    workspace_bytes_ = bytes;
  }

  /// Replaces the plan of a step by the fastest of its proposals, measured where they will run. A plan from the cache
  /// stays if it runs: it was measured when it was kept.
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
    // First those that are wanted, then, in place of what fails, those that would take long to make.
    std::vector<std::size_t> order;
    std::vector<std::size_t> others;
    int compiled_ones = 0;
    for (std::size_t i = 0; i < s.proposals.size(); ++i)
      (s.proposals[i].engine.runtime_compiled && ++compiled_ones > how.compiled_candidates ? others : order)
          .push_back(i);
    const std::size_t wanted = std::min(static_cast<std::size_t>(how.candidates), order.size());
    order.insert(order.end(), others.begin(), others.end());
    const auto make = [&](std::size_t at) {
      const std::size_t i = order[at];
      detail::execution_plan p = i == 0 && s.plan ? std::move(*std::exchange(s.plan, std::nullopt))
                                                  : detail::make_plan(s.proposals[i], target);
      if (p.workspace > how.workspace_limit)
        throw executor_error("executor.memory", "cudnn, engine " + std::to_string(p.engine.index),
                             "a workspace of " + std::to_string(p.workspace) + " bytes",
                             "up to " + std::to_string(how.workspace_limit));
      reserve_workspace(static_cast<std::size_t>(p.workspace));
      return p;
    };
    std::vector<std::string> failed;
    auto best = detail::choose_fastest(
        order.size(), wanted, make, [&](const detail::execution_plan& p) { return time_plan(s, p); }, failed);
    failures_.insert(failures_.end(), failed.begin(), failed.end());
    if (!best)
      throw executor_error(
          "executor.kernel",
          "cudnn, " + nascent::detail::layer_place(graph_, s.what.first_layer) + ", kernel '" + s.what.signature() +
              "'",
          "that every engine failed, the last one: " + (failed.empty() ? "none was proposed" : failed.back()),
          "1 engine that runs");
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
    s.implementation = "engine " + std::to_string(e.index) + (e.tensor_cores ? ", tensor cores" : "") +
                       (e.runtime_compiled ? ", compiled at run time" : "");
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

  /// The shortest of a few runs, ms. As a graph, as it will run: what cannot be recorded fails here, and the host's
  /// work on a launch, which is longer than a small kernel, lies outside.
  double time_plan(const detail::step& s, const detail::execution_plan& plan) const {
    constexpr int runs = 8;
    detail::run_plan(s, plan, *device_, workspace_.get());  // loads the kernel
    device_->wait();
    const detail::timed_graph graph =
        detail::capture_timed(*device_, [&] { detail::run_plan(s, plan, *device_, workspace_.get()); });
    double shortest = 0;
    for (int i = 0; i <= runs; ++i) {
      detail::launch(graph.graph, *device_);
      device_->wait();
      const double ms = graph.read().front();
      if (i > 0) shortest = i == 1 ? ms : std::min(shortest, ms);
    }
    return shortest;
  }

  void record() {
    launcher().start_all();  // what was never run loads its kernels now: that cannot be recorded
    device_->wait();
    whole_graph_ = detail::capture(*device_, [&] { launcher().start_all(); });
  }

  network graph_;
  int batch_;
  data_type type_;
  double lowest_clock_;
  std::shared_ptr<const detail::session> device_;
  std::vector<detail::step> steps_;
  std::vector<kernel> kernels_;
  std::vector<std::string> failures_;
  detail::device_memory memory_;
  detail::device_memory workspace_;
  std::size_t bytes_ = 0;
  std::size_t workspace_bytes_ = 0;
  std::byte* input_ = nullptr;
  std::vector<std::pair<std::byte*, std::size_t>> outputs_;  ///< where each lies, and its bytes
  detail::runnable_graph whole_graph_;
  detail::network_clock clock_;
};

/// Compiles networks for a GPU of this machine: `cudnn::executor gpu{{.type = data_type::f16}}`.
class executor {
 public:
  /// \throws device_error where there is no driver, no such device, or the device is too old for the type or for cuDNN
  explicit executor(const cudnn::options& how = {})
      : options_(how), device_(std::make_shared<const detail::session>(how.device)) {
    device_properties p;
    p.name = device_->name();
    p.compute_capability = device_->compute_capability();
    planner::check_device(p, how.type);
    if (how.candidates < 1)
      throw executor_error("executor.option", "cudnn, candidates", std::to_string(how.candidates), "1 or more");
    if (how.compile_threads < 1)
      throw executor_error("executor.option", "cudnn, compile_threads", std::to_string(how.compile_threads),
                           "1 or more");
    if (how.compiled_candidates < 1)
      throw executor_error("executor.option", "cudnn, compiled_candidates", std::to_string(how.compiled_candidates),
                           "1 or more");
  }

  /// Times are good for the driver and the clock that they were taken with, so that both are part of it.
  device_description description() const {
    return {.device = device_->name(),
            .library = "cuDNN " + library_version() + ", " + device_->driver(),
            .isa = "sm_" + std::to_string(device_->compute_capability() / 10) + ", " +
                   std::to_string(device_->highest_mhz()) + " MHz",
            .threads = 1,
            .type = options_.type};
  }

  const cudnn::options& options() const { return options_; }

  /// The device's clocks, now or after some work.
  const clock_monitor& clocks() const { return device_->clocks(); }

  /// \throws executor_error where the weights do not belong to the network, the batch is below 1, or cuDNN cannot run a
  /// layer; the text names the layer. memory_error where the device's memory does not do, plan_cache_error where the
  /// cache is of another device
  compiled compile(const network& graph, const weights& values, int batch = 1) const {
    if (!*plans_)
      *plans_ = std::make_unique<plan_cache>(options_.plan_cache,
                                             plan_place{.device = device_->name(),
                                                        .compute_capability = device_->compute_capability(),
                                                        .cudnn = library_version()});
    return {graph, values, batch, options_, device_, **plans_};
  }

 private:
  cudnn::options options_;
  std::shared_ptr<const detail::session> device_;
  /// Of all networks: a kernel runs with one plan wherever it is, else a latency table would not hold for it. Read when
  /// it is first wanted.
  std::shared_ptr<std::unique_ptr<plan_cache>> plans_ = std::make_shared<std::unique_ptr<plan_cache>>();
};

static_assert(nascent::executor<executor>);
static_assert(self_timed_network<compiled>);

}  // namespace nascent::cudnn
