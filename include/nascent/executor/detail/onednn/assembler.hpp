// SPDX-License-Identifier: Apache-2.0
/// \file
/// Turns kernels of a network into oneDNN primitives, with their weights packed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/onednn/layout.hpp"
#include "nascent/executor/detail/onednn/race.hpp"
#include "nascent/executor/detail/onednn/step.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::onednn::detail {

/// Which kernels there are beside oneDNN's, and what is known of their speed.
struct kernel_alternatives {
  const kernel_library* library = nullptr;  ///< null: none
  race_results* results = nullptr;
};

/// Makes the steps of one network, kernel after kernel.
class assembler {
 public:
  assembler(const network& graph, const weights& values, int batch, data_type type, int threads, dnnl::engine engine,
            const kernel_alternatives& others)
      : graph_(graph),
        values_(values),
        batch_(batch),
        element_(type),
        threads_(threads),
        others_(others),
        type_(to_dnnl(type)),
        engine_(std::move(engine)),
        stream_(engine_),
        last_reader_(graph.layers().size() + 1, -1) {
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      for (const int tensor : operands(graph.layers()[i])) last_reader_[index(tensor)] = static_cast<int>(i);
    for (const network_output& o : graph.outputs())
      last_reader_[index(o.tensor)] = static_cast<int>(graph.layers().size());
  }

  /// Adds a kernel; as two where oneDNN cannot fuse it, or only in its unoptimised implementation.
  /// \throws executor_error where oneDNN cannot run it at all
  void add(const kernel& k) {
    const api::desc src = layout(k.core.input);
    const api::desc dst = layout(k.core.output);
    switch (k.core.kind) {
      case layer_kind::convolution: return add_convolution(k, src, dst);
      case layer_kind::dense: return add_dense(k);
      case layer_kind::max_pool:
      case layer_kind::average_pool:
      case layer_kind::global_average_pool: return add_pool(k, src, dst);
      case layer_kind::add: return add_sum(k, dst);
      case layer_kind::multiply: return add_product(k, dst);
      case layer_kind::concatenate: return add_concatenation(k, dst);
      case layer_kind::slice: return add_copy(k, slice_views(k.core, batch_, type_));
      case layer_kind::softmax: return add_softmax(k);
      case layer_kind::activate: return add_activation(k, dst);
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::batch_to_space: return add_copy(k, move_views(k.core, batch_, type_));
    }
  }

  std::vector<step>& steps() { return steps_; }

 private:
  static std::size_t index(int tensor) { return static_cast<std::size_t>(tensor); }

  static std::vector<int> operands(const layer& l) {
    return {l.operands.begin(), l.operands.begin() + l.operand_count};
  }

  api::desc layout(const shape& s) const { return nhwc(s, batch_, type_); }
  api::desc layout(int tensor) const { return layout(graph_.tensor_shape(tensor)); }

  /// True where `k` may write over a tensor that it reads: nobody needs it later, and it is not the network's input.
  bool dies_in(int tensor, const kernel& k) const {
    return tensor != 0 && last_reader_[index(tensor)] <= static_cast<int>(k.last_layer);
  }

  /// True where the residual sum of `k` may go into the residual tensor's own memory. The convolution writes there
  /// while it still reads its input, so the two must differ. Other sums are not fused: a binary post-op is not faster
  /// than a convolution and a sum, and oneDNN 2.6.3 gets some wrong (x64:gemm:jit; jit_bf16_1x1 with partial blocks).
  bool sums_in_place(const kernel& k) const {
    return dies_in(k.residual_tensor, k) && !std::ranges::count(operands(k.core), k.residual_tensor);
  }

  dnnl::primitive_attr attributes(const kernel& k) const {
    dnnl::post_ops ops;
    if (k.core.act != activation::identity && k.core.kind != layer_kind::activate)
      api::append_eltwise(ops, to_dnnl(k.core.act));
    if (k.residual) ops.append_sum();
    if (k.residual_act != activation::identity) api::append_eltwise(ops, to_dnnl(k.residual_act));
    dnnl::primitive_attr attr;
    attr.set_post_ops(ops);
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attr;
  }

  void add_split(const kernel& k) {
    const auto parts = split(k);
    add(parts->first);
    add(parts->second);
  }

  template <class Descriptor>
  struct described_primitive {
    Descriptor descriptor;
    dnnl::primitive primitive;
    std::string_view implementation() const { return descriptor.impl_info_str(); }
    bool optimised() const { return !implementation().starts_with("ref"); }
  };

  /// What `make` describes, or nothing where oneDNN refuses; then `refusal_` says why. Some primitives are refused only
  /// when their code is generated, so a description alone proves nothing.
  template <class Make>
  auto attempt(const kernel& k, Make&& make)
      -> std::optional<described_primitive<decltype(make(dnnl::primitive_attr{}))>> {
    try {
      auto descriptor = make(attributes(k));
      dnnl::primitive primitive(descriptor.get());
      return described_primitive<decltype(descriptor)>{std::move(descriptor), std::move(primitive)};
    } catch (const dnnl::error& e) {
      if (e.status == dnnl_out_of_memory) throw;
      refusal_ = e.what();
      return std::nullopt;
    }
  }

  /// Adds a kernel whose primitive descriptor comes from `make(attributes)`. `finish(descriptor, step)` sets the
  /// arguments.
  template <class Make, class Finish>
  void add_fusable(const kernel& k, Make&& make, Finish&& finish) {
    auto found = attempt(k, make);
    if (const auto parts = split(k); parts && !(found && found->optimised())) {
      kernel bare = parts->first;
      bare.core.act = activation::identity;
      const auto unfused = attempt(bare, make);
      if (unfused && (!found || unfused->optimised())) return add_split(k);
    }
    if (!found)
      throw executor_error(
          "executor.kernel",
          "onednn, " + nascent::detail::layer_place(graph_, k.first_layer) + ", kernel '" + k.signature() + "'",
          "a refusal (" + refusal_ + ")", "kernels that " + api::library_version() + " can run");
    step s{.what = k,
           .implementation = std::string(found->implementation()),
           .primitive = std::move(found->primitive),
           .scratchpad = found->descriptor.scratchpad_desc(),
           .tensors = {},
           .constants = {},
           .use = {.reads = {}, .writes = k.output_tensor}};
    finish(found->descriptor, s);
    choose(s);
    steps_.push_back(std::move(s));
  }

  /// Puts an implementation of the library in the place of a step's primitive where it is always preferred or has won a
  /// race; lists all where the race is still to come.
  void choose(step& s) {
    if (others_.library == nullptr) return;
    const kernel_request request{s.what, values_[s.what.first_layer], element_, batch_, threads_};
    std::vector<const kernel_implementation*> able;
    for (const kernel_implementation& i : others_.library->implementations)
      if (i.supports(request)) able.push_back(&i);
    if (able.empty()) return;
    std::string name = able.front()->name;
    if (others_.library->preference == kernel_preference::fastest) {
      s.key = s.what.signature() + " x" + std::to_string(batch_);
      const auto winner = others_.results->find(s.key);
      if (!winner) {
        for (const kernel_implementation* i : able) s.alternatives.push_back({i->name, i->compile(request).run});
        return;
      }
      name = *winner;
    }
    const auto chosen = std::ranges::find(able, name, &kernel_implementation::name);
    if (chosen == able.end()) return;
    s.own = (*chosen)->compile(request);
    s.implementation = name;
    s.constants.clear();
  }

  static void read(step& s, int argument, int tensor, const api::desc& layout) {
    s.tensors.push_back({argument, tensor, layout});
    s.use.reads.push_back(tensor);
  }

  static void write(step& s, const api::desc& layout) {
    s.tensors.push_back({DNNL_ARG_DST, s.what.output_tensor, layout});
  }

  dnnl::memory pack(const std::vector<float>& numbers, const api::desc& plain, const api::desc& packed) {
    // oneDNN takes a pointer to mutable memory for what it only reads.
    dnnl::memory from(plain, engine_, const_cast<float*>(numbers.data()));
    dnnl::memory to(packed, engine_);
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
    return to;
  }

  template <class Descriptor>
  void pack_weights(const Descriptor& descriptor, const api::desc& plain_kernel, step& s) {
    const layer_weights& w = values_[s.what.first_layer];
    const api::desc bias = vector_of(static_cast<int>(w.bias.size()));
    s.constants.emplace_back(DNNL_ARG_WEIGHTS, pack(w.kernel, plain_kernel, descriptor.weights_desc()));
    s.constants.emplace_back(DNNL_ARG_BIAS, pack(w.bias, bias, bias));
  }

  void add_convolution(const kernel& k, const api::desc& src, const api::desc& dst) {
    if (k.residual && !sums_in_place(k)) return add_split(k);
    const layer& l = k.core;
    const api::desc kernel_any = kernel_layout(l, type_, order::any);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::convolution(engine_, src, kernel_any, vector_of(l.output.channels), dst, window_of(l), attr);
        },
        [&](const auto& descriptor, step& s) {
          pack_weights(descriptor, kernel_layout(l, dnnl::memory::data_type::f32, order::plain), s);
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          if (k.residual) s.use.reads.push_back(k.residual_tensor);
          s.use.in_place = k.residual;
          write(s, dst);
        });
  }

  void add_dense(const kernel& k) {
    const layer& l = k.core;
    const api::desc src = matrix(l.input, batch_, type_);
    const api::desc dst = matrix(l.output, batch_, type_);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::inner_product(engine_, src, kernel_matrix(l, type_, order::any), vector_of(l.output.channels),
                                    dst, attr);
        },
        [&](const auto& descriptor, step& s) {
          pack_weights(descriptor, kernel_matrix(l, dnnl::memory::data_type::f32, order::plain), s);
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          write(s, dst);
        });
  }

  void add_pool(const kernel& k, const api::desc& src, const api::desc& dst) {
    const layer& l = k.core;
    const bool global = l.kind == layer_kind::global_average_pool;
    const auto algorithm =
        l.kind == layer_kind::max_pool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
    const api::dims size =
        global ? api::dims{l.input.height, l.input.width} : api::dims{l.kernel_height, l.kernel_width};
    const api::window window = global ? api::window{{1, 1}, {1, 1}, {0, 0}, {0, 0}} : window_of(l);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::pooling(engine_, algorithm, src, dst, size, window, attr);
        },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          write(s, dst);
        });
  }

  /// An element-wise function of two maps; into the first one's memory where that is free afterwards.
  void add_binary(const kernel& k, dnnl::algorithm algorithm, int a, int b, const api::desc& layout_b,
                  const api::desc& dst) {
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::binary(engine_, algorithm, dst, layout_b, dst, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC_1, b, layout_b);
          read(s, DNNL_ARG_SRC_0, a, dst);
          s.use.in_place = a != b && dies_in(a, k);
          write(s, dst);
        });
  }

  void add_sum(const kernel& k, const api::desc& dst) {
    int a = k.core.operands[0];
    int b = k.core.operands[1];
    if (!dies_in(a, k)) std::swap(a, b);
    add_binary(k, dnnl::algorithm::binary_add, a, b, dst, dst);
  }

  void add_product(const kernel& k, const api::desc& dst) {
    const int gate = k.core.operands[1];
    add_binary(k, dnnl::algorithm::binary_mul, k.core.operands[0], gate, layout(gate), dst);
  }

  void add_activation(const kernel& k, const api::desc& data) {
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::elementwise(engine_, to_dnnl(k.core.act), data, attr); },
        [&](const auto&, step& s) {
          const int from = k.core.operands[0];
          read(s, DNNL_ARG_SRC, from, data);
          s.use.in_place = from == k.output_tensor || dies_in(from, k);
          write(s, data);
        });
  }

  void add_concatenation(const kernel& k, const api::desc& dst) {
    constexpr int channel_axis = 1;
    std::vector<api::desc> parts;
    for (const int tensor : operands(k.core)) parts.push_back(layout(tensor));
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) { return api::concatenation(engine_, dst, channel_axis, parts, attr); },
        [&](const auto&, step& s) {
          for (std::size_t i = 0; i < parts.size(); ++i)
            read(s, DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), k.core.operands[i], parts[i]);
          write(s, dst);
        });
  }

  void add_softmax(const kernel& k) {
    const api::desc data = parts_of(k.core, batch_, type_);
    constexpr int axis_of_parts = 1;
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::softmax(engine_, data, axis_of_parts, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, k.core.operands[0], data);
          write(s, data);
        });
  }

  /// space_to_depth, slice and their like: a copy between two views of the same numbers.
  void add_copy(const kernel& k, const std::pair<api::desc, api::desc>& views) {
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return dnnl::reorder::primitive_desc(engine_, views.first, engine_, views.second, attr);
        },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, k.core.operands[0], views.first);
          write(s, views.second);
        });
  }

  const network& graph_;
  const weights& values_;
  int batch_;
  data_type element_;
  int threads_;
  kernel_alternatives others_;
  dnnl::memory::data_type type_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<int> last_reader_;  ///< by tensor: the last layer that reads it
  std::vector<step> steps_;
  std::string refusal_;
};

}  // namespace nascent::onednn::detail
