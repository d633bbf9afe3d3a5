// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network as a list of primitives that are bound to memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/detail/onednn/assembler.hpp"
#include "nascent/executor/detail/onednn/layout.hpp"
#include "nascent/executor/detail/onednn/openmp_runtime.hpp"
#include "nascent/executor/detail/onednn/race.hpp"
#include "nascent/executor/detail/onednn/sampled_outputs.hpp"
#include "nascent/executor/detail/onednn/step.hpp"
#include "nascent/executor/detail/onednn/weights_ahead.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/options.hpp"
#include "nascent/executor/onednn/thread_binding.hpp"
#include "nascent/executor/page_memory.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::onednn::detail {

/// The primitives of a network, its weights packed and its memory planned, for `piece` images at once. Movable. Whoever
/// runs it holds a `thread_binding` for the options' threads and cores, and waits at last.
class program {
 public:
  /// `scheme` is there where the network runs in int8. \throws executor_error where the system refuses a core, or
  /// oneDNN cannot run a layer
  program(network graph, const weights& values, int piece, const onednn::options& how,
          const kernel_alternatives& others, std::optional<quantization> scheme)
      : graph_(std::move(graph)),
        piece_(piece),
        threads_(how.threads),
        scheme_(std::move(scheme)),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_) {
    const thread_binding bound(how.threads, how.cores);
    try {
      const auto assemble = [&] {
        assembler assembler(graph_, values, piece_, how.type, threads_, engine_, others, scheme_ ? &*scheme_ : nullptr);
        for (const kernel& k : fuse(graph_)) assembler.add(k);
        copies_ = std::move(assembler.copies());
        return std::move(assembler.steps());
      };
      std::vector<step> steps = assemble();
      if (std::ranges::any_of(steps, [](const step& s) { return !s.alternatives.empty(); })) {
        others.results->add(find_winners(std::move(steps), how.type, values));
        steps = assemble();
      }
      bind(steps, how.type);
    } catch (const dnnl::error& e) {
      throw failure("executor.library", e.what(), "no failure of oneDNN");
    }
  }

  const network& graph() const { return graph_; }
  std::span<const kernel> kernels() const { return kernels_; }
  const std::string& implementation(std::size_t index) const { return implementations_[index]; }
  const std::string& types(std::size_t index) const { return types_[index]; }
  std::size_t buffer_bytes() const { return bytes_; }

  /// NHWC, f32: to the first buffer.
  void copy_in(const float* from) {
    // oneDNN takes a pointer to mutable memory for what it only reads.
    outside_in_.set_data_handle(const_cast<float*>(from));
    execute(convert_in_);
  }
  /// NHWC, f32: to where piece `i` of `pieces` lies among all images' outputs, which come one after another.
  void copy_out(float* to, int i, int pieces) {
    for (exit& e : exits_) {
      e.outside.set_data_handle(to + static_cast<std::size_t>(i) * e.elements);
      execute(e.convert);
      to += static_cast<std::size_t>(pieces) * e.elements;
    }
  }
  void execute() {
    for (const call& c : calls_) execute(c);
  }
  /// With what converts the maps that the kernel reads.
  void execute(std::size_t index) {
    for (std::size_t i = index == 0 ? 0 : last_calls_[index - 1] + 1; i <= last_calls_[index]; ++i) execute(calls_[i]);
  }
  void wait() { stream_.wait(); }

  /// An error of this network.
  executor_error failure(error_code code, const std::string& found, const std::string& allowed) const {
    return {code, "onednn, '" + graph_.name() + "'", found, allowed};
  }

 private:
  static constexpr std::size_t alignment = page_memory::line;

  struct call {
    dnnl::primitive primitive;
    std::vector<dnnl_exec_arg_t> arguments;
    kernel_function own{};
    std::vector<kernel_function> alternatives{};  ///< while they race
    const void* in = nullptr;
    const void* other = nullptr;
    void* out = nullptr;
  };

  /// An output on its way out of the network's memory.
  struct exit {
    dnnl::memory outside;
    call convert;
    std::size_t elements;  ///< of a piece
  };

  void execute(const call& c, const kernel_function& own) {
    in_parallel(threads_, [&](int part, int parts) { own(c.in, c.other, c.out, part, parts); });
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

  /// Runs the network with all implementations that its steps have, and says which is to be taken of each kernel.
  /// Leaves nothing behind.
  std::map<std::string, std::string> find_winners(std::vector<step> steps, data_type type, const weights& values) {
    const std::vector<int> before = kernels_before(graph_, steps);
    std::vector<race_kernel> entrants;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool open = !steps[i].alternatives.empty();
      entrants.push_back(
          {.key = open ? steps[i].key : std::to_string(i), .before = before[i], .implementations = {""}});
      for (const alternative& a : steps[i].alternatives) entrants.back().implementations.push_back(a.name);
    }
    bind(steps, type);
    // As f32 and as bf16 numbers of about 3/4; the kernels write all but the input anew.
    std::memset(memory_.data(), 0x3F, bytes_);
    for (std::size_t i = 0; i < calls_.size(); ++i)
      if (!calls_[i].alternatives.empty() && kernels_[i].core.kind == layer_kind::convolution)
        for (const std::string& name : inexact(i, entrants[i].implementations, type, values))
          exclude(entrants, i, name);
    race contest(entrants);
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
    last_calls_.clear();
    kernels_.clear();
    types_.clear();
    implementations_.clear();
    memories_.clear();
    std::map<std::string, std::string> winners = contest.winners();
    for (const step& s : steps)
      if (!s.alternatives.empty()) winners.try_emplace(s.key);  // where all others were inexact
    return winners;
  }

  /// Which alternatives of a convolution, of those with these names behind the first, are further than `most_error`
  /// times as far from double precision as oneDNN's own kernel, on random maps.
  std::vector<std::string> inexact(std::size_t i, const std::vector<std::string>& names, data_type type,
                                   const weights& values) {
    if (type == data_type::f32) return inexact<float>(calls_[i], kernels_[i], names, values);
    return inexact<nascent::detail::own::bfloat16>(calls_[i], kernels_[i], names, values);
  }
  template <class T>
  std::vector<std::string> inexact(const call& c, const kernel& k, const std::vector<std::string>& names,
                                   const weights& values) {
    T* const in = static_cast<T*>(const_cast<void*>(c.in));  // the network's memory, which nobody needs yet
    T* const out = static_cast<T*>(c.out);
    fill_at_random(in, k.core.input.elements() * piece_, 1);
    fill_at_random(out, k.core.output.elements() * piece_, 2);
    const sampled_outputs<T> expected(k, values[k.first_layer], piece_, in, out);
    execute(c);
    stream_.wait();
    const double limit = most_error * std::max(expected.error(out), expected.rounding());
    std::vector<std::string> far;
    for (std::size_t a = 0; a < c.alternatives.size(); ++a) {
      fill_at_random(out, k.core.output.elements() * piece_, 2);
      execute(c, c.alternatives[a]);
      if (!(expected.error(out) <= limit)) far.push_back(names[a + 1]);
    }
    return far;
  }

  /// Takes an implementation out of the race of all kernels that are like kernel `i`.
  void exclude(std::vector<race_kernel>& entrants, std::size_t i, const std::string& name) {
    const std::string key = entrants[i].key;
    for (std::size_t j = 0; j < entrants.size(); ++j) {
      std::vector<std::string>& names = entrants[j].implementations;
      const auto at = std::ranges::find(names, name);
      if (entrants[j].key != key || at == names.end()) continue;
      calls_[j].alternatives.erase(calls_[j].alternatives.begin() + (at - names.begin() - 1));
      names.erase(at);
    }
  }

  /// Moves all packed weights into one piece of memory.
  void gather_weights(std::vector<step>& steps) {
    const auto padded = [](const dnnl::memory& m) {
      return (m.get_desc().get_size() + alignment - 1) / alignment * alignment;
    };
    std::size_t bytes = 0;
    for (const step& s : steps)
      for (const auto& [index, constant] : s.constants) bytes += padded(constant);
    weights_ = page_memory(bytes);
    std::byte* to = weights_.data();
    for (step& s : steps)
      for (auto& [index, constant] : s.constants) {
        const std::size_t size = constant.get_desc().get_size();
        if (size != 0) std::memcpy(to, constant.get_data_handle(), size);
        to += padded(constant);
        constant = dnnl::memory(constant.get_desc(), engine_, to - padded(constant));
      }
  }

  element stored(int tensor, data_type type) const { return scheme_ ? stored_type(*scheme_, tensor) : to_dnnl(type); }

  /// "u8 s8 > s8": what a step reads and writes.
  static std::string types_of(const step& s) {
    std::string text;
    for (const tensor_argument& a : s.tensors) {
      if (a.index == DNNL_ARG_DST) text += " >";
      text += std::string(text.empty() ? "" : " ") + to_text(api::type_of(a.layout));
    }
    return text;
  }

  /// Plans the memory of all maps, allocates it, and fixes every primitive's arguments.
  void bind(std::vector<step>& steps, data_type type) {
    const int last = static_cast<int>(graph_.layers().size());
    std::vector<std::size_t> tensor_bytes;
    for (int t = 0; t <= last; ++t)
      tensor_bytes.push_back(nhwc(graph_.tensor_shape(t), piece_, stored(t, type)).get_size());
    for (const map_copy& c : copies_)
      tensor_bytes.push_back(nhwc(graph_.tensor_shape(c.tensor), piece_, c.type).get_size());
    std::vector<buffer_use> uses;
    std::size_t scratch = 0;
    for (const step& s : steps) {
      uses.push_back(s.use);
      scratch = std::max(scratch, s.scratchpad.get_size());
    }
    const std::vector<network_output> outputs = graph_.outputs();
    const buffer_lifetimes lives = lifetimes(uses, tensor_bytes, graph_.output_tensors());
    const buffer_plan plan = plan_buffers(lives.requests, alignment);

    const std::size_t scratch_at = (plan.bytes + alignment - 1) / alignment * alignment;
    bytes_ = (scratch_at + scratch + alignment - 1) / alignment * alignment;
    gather_weights(steps);
    bring_weights(steps, tensor_bytes, piece_, threads_);
    try {
      memory_ = page_memory(bytes_);
    } catch (const std::bad_alloc&) {
      throw failure("executor.memory", "no room for " + std::to_string(bytes_) + " bytes", "a batch that fits");
    }

    const auto memory_of = [&](int tensor, const api::desc& layout) {
      const auto request = static_cast<std::size_t>(lives.request_of[static_cast<std::size_t>(tensor)]);
      return dnnl::memory(layout, engine_, memory_.data() + plan.offsets[request]);
    };
    for (step& s : steps) {
      call c{std::move(s.primitive), {}};
      for (const tensor_argument& a : s.tensors) argument(c, a.index, memory_of(a.tensor, a.layout));
      for (const auto& [index, constant] : s.constants) argument(c, index, constant);
      argument(c, DNNL_ARG_SCRATCHPAD, dnnl::memory(s.scratchpad, engine_, memory_.data() + scratch_at));
      if (s.own.run || !s.alternatives.empty()) {
        const own_operands at = operands_of(s);
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
        for (alternative& a : s.alternatives) c.alternatives.push_back(std::move(a.function));
      }
      calls_.push_back(std::move(c));
      if (s.begins_next) continue;
      last_calls_.push_back(calls_.size() - 1);
      kernels_.push_back(s.what);
      implementations_.push_back(std::move(s.implementation));
      types_.push_back(types_of(s));
    }

    const auto convert = [&](const dnnl::memory& from, const dnnl::memory& to, int tensor) {
      const auto t = static_cast<std::size_t>(tensor);
      const bool whole = scheme_ && scheme_->maps[t].stored;
      const api::desc source = from.get_desc();
      const float factor = whole ? conversion_factor(scheme_->maps[t], api::type_of(source)) : 1;
      call c{dnnl::reorder(conversion(engine_, source, to.get_desc(), factor)), {}};
      argument(c, DNNL_ARG_FROM, from);
      argument(c, DNNL_ARG_TO, to);
      if (api::scales_are_arguments && factor != 1) {
        const dnnl::memory scale(vector_of(1), engine_);
        *static_cast<float*>(scale.get_data_handle()) = factor;
        argument(c, api::scale_argument(DNNL_ARG_FROM), scale);
      }
      return c;
    };
    const auto outside = [&](int tensor) {
      return dnnl::memory(nhwc(graph_.tensor_shape(tensor), piece_, element::f32), engine_, nullptr);
    };
    const auto inside = [&](int tensor) {
      return memory_of(tensor, nhwc(graph_.tensor_shape(tensor), piece_, stored(tensor, type)));
    };
    outside_in_ = outside(0);
    convert_in_ = convert(outside_in_, inside(0), 0);
    exits_.clear();
    for (const network_output& o : outputs) {
      const dnnl::memory to = outside(o.tensor);
      exits_.push_back({to, convert(inside(o.tensor), to, o.tensor),
                        static_cast<std::size_t>(graph_.tensor_shape(o.tensor).elements() * piece_)});
    }
  }

  network graph_;
  int piece_;  ///< images that run at once
  int threads_;
  std::optional<quantization> scheme_;  ///< of int8
  std::vector<map_copy> copies_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<kernel> kernels_;
  std::vector<std::string> implementations_;
  std::vector<std::string> types_;
  std::vector<call> calls_;
  std::vector<std::size_t> last_calls_;  ///< of each kernel: what it reads may be converted by calls before
  std::vector<dnnl::memory> memories_;   ///< keeps alive what the calls point to
  page_memory memory_;
  page_memory weights_;
  std::size_t bytes_ = 0;
  dnnl::memory outside_in_;
  call convert_in_;
  std::vector<exit> exits_;  ///< one for each output
};

}  // namespace nascent::onednn::detail
