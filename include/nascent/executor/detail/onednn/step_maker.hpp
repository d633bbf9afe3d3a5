// SPDX-License-Identifier: Apache-2.0
/// \file
/// What all steps of a compiled network have in common: attributes, arguments, packed weights, kernels of a library.
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
#include "nascent/network/quantization.hpp"

namespace nascent::onednn::detail {

/// Which kernels there are beside oneDNN's, and what is known of their speed.
struct kernel_alternatives {
  const kernel_library* library = nullptr;  ///< null: none
  race_results* results = nullptr;
};

/// A map once more, in another type: its number is that of the last tensor and its place among the copies, from 1 on.
struct map_copy {
  int tensor;
  element type;
  bool rounded = true;  ///< else what has yet to become the map
};

/// In which type a map is stored.
inline element stored_type(const quantization& scheme, int tensor) {
  const map_format& f = scheme.maps[static_cast<std::size_t>(tensor)];
  return f.stored ? to_dnnl(f.type) : element::f32;
}

/// Copies a map times a factor, to another type.
inline dnnl::reorder::primitive_desc conversion(const dnnl::engine& engine, const api::desc& from, const api::desc& to,
                                                float factor) {
  dnnl::primitive_attr attr;
  if (factor != 1) api::scale_copy(attr, factor);
  return {engine, from, engine, to, attr};
}
/// By which a conversion multiplies: to 8 bits, or back.
inline float conversion_factor(const map_format& f, element from) {
  return from == element::f32 ? 1 / f.scale : f.scale;
}

/// Knows a network's tensors, and finishes steps. The assembler makes them.
class step_maker {
 public:
  /// `scheme` is null but for int8, where maps are of the types that it says.
  step_maker(const network& graph, const weights& values, int batch, data_type type, int threads, dnnl::engine engine,
             const kernel_alternatives& others, const quantization* scheme)
      : graph_(graph),
        values_(values),
        batch_(batch),
        element_(scheme == nullptr ? type : data_type::f32),
        threads_(threads),
        others_(others),
        scheme_(scheme),
        type_(to_dnnl(element_)),
        engine_(std::move(engine)),
        stream_(engine_),
        last_reader_(graph.layers().size() + 1, -1) {
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      for (const int tensor : operands(graph.layers()[i])) last_reader_[index(tensor)] = static_cast<int>(i);
    for (const network_output& o : graph.outputs())
      last_reader_[index(o.tensor)] = static_cast<int>(graph.layers().size());
  }

 protected:
  static std::size_t index(int tensor) { return static_cast<std::size_t>(tensor); }

  static std::vector<int> operands(const layer& l) {
    return {l.operands.begin(), l.operands.begin() + l.operand_count};
  }

  api::desc layout(const shape& s) const { return nhwc(s, batch_, type_); }
  api::desc layout(int tensor) const { return layout(graph_.tensor_shape(tensor)); }

  /// The map in the type that is wanted: itself, or a copy that is made once.
  int in_type(int tensor, element wanted) {
    if (scheme_ == nullptr || stored_type(*scheme_, tensor) == wanted) return tensor;
    for (std::size_t i = 0; i < copies_.size(); ++i)
      if (copies_[i].tensor == tensor && copies_[i].type == wanted && copies_[i].rounded) return number_of_copy(i);
    const int copy = new_copy({tensor, wanted});
    const shape& s = graph_.tensor_shape(tensor);
    const api::desc from = nhwc(s, batch_, stored_type(*scheme_, tensor));
    const api::desc to = nhwc(s, batch_, wanted);
    const float factor = conversion_factor(scheme_->maps[index(tensor)], api::type_of(from));
    const auto descriptor = conversion(engine_, from, to, factor);
    step convert{.what = {},
                 .implementation = {},
                 .primitive = dnnl::reorder(descriptor),
                 .scratchpad = {},
                 .tensors = {{DNNL_ARG_FROM, tensor, from}, {DNNL_ARG_TO, copy, to}},
                 .constants = {},
                 .use = {.reads = {tensor}, .writes = copy},
                 .begins_next = true};
    add_scales(convert, DNNL_ARG_FROM, {factor});
    steps_.push_back(std::move(convert));
    return copy;
  }

  int number_of_copy(std::size_t place) const { return static_cast<int>(graph_.layers().size() + 1 + place); }
  int new_copy(const map_copy& c) {
    copies_.push_back(c);
    return number_of_copy(copies_.size() - 1);
  }

  /// Factors that a primitive of oneDNN 3 reads beside its maps.
  void add_scales(step& s, int argument, const std::vector<float>& factors) {
    if constexpr (api::scales_are_arguments) {
      const api::desc all = vector_of(static_cast<int>(factors.size()));
      s.constants.emplace_back(api::scale_argument(argument), pack(factors, all, all));
    }
  }

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
    const auto append = [&](const activation_function& f, bool whole) {
      if (f.act == activation::identity) return;
      if (whole) api::append_eltwise(ops, to_dnnl(f));
      if (const auto rest = second_half(f)) api::append_eltwise(ops, *rest);
    };
    append(k.core.function(), k.core.kind != layer_kind::activate);  // else the primitive itself is the first half
    if (k.residual) ops.append_sum();
    append(k.residual_act, true);
    dnnl::primitive_attr attr;
    attr.set_post_ops(ops);
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attr;
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
  auto attempt(const kernel& k, Make&& make) {
    return attempt(attributes(k), make);
  }
  template <class Make>
  auto attempt(const dnnl::primitive_attr& attr, Make&& make)
      -> std::optional<described_primitive<decltype(make(dnnl::primitive_attr{}))>> {
    try {
      auto descriptor = make(attr);
      dnnl::primitive primitive(descriptor.get());
      return described_primitive<decltype(descriptor)>{std::move(descriptor), std::move(primitive)};
    } catch (const dnnl::error& e) {
      if (e.status == dnnl_out_of_memory) throw;
      refusal_ = e.what();
      return std::nullopt;
    }
  }

  [[noreturn]] void refuse(const kernel& k) const {
    throw executor_error(
        "executor.kernel",
        "onednn, " + nascent::detail::layer_place(graph_, k.first_layer) + ", kernel '" + k.signature() + "'",
        "a refusal (" + refusal_ + ")", "kernels that " + api::library_version() + " can run");
  }

  /// A step without arguments.
  template <class Descriptor>
  static step step_of(const kernel& k, described_primitive<Descriptor>&& found) {
    return {.what = k,
            .implementation = std::string(found.implementation()),
            .primitive = std::move(found.primitive),
            .scratchpad = found.descriptor.scratchpad_desc(),
            .tensors = {},
            .constants = {},
            .use = {.reads = {}, .writes = k.output_tensor}};
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

  void read(step& s, int argument, int tensor, const api::desc& layout) {
    tensor = in_type(tensor, api::type_of(layout));
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

  const network& graph_;
  const weights& values_;
  int batch_;
  data_type element_;  ///< of the maps of the kernel at work
  int threads_;
  kernel_alternatives others_;
  const quantization* scheme_;
  dnnl::memory::data_type type_;  ///< the same, as oneDNN has it: 8 bits with a sign, or without
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<int> last_reader_;  ///< by tensor: the last layer that reads it
  std::vector<step> steps_;
  std::vector<map_copy> copies_;
  std::string refusal_;
};

}  // namespace nascent::onednn::detail
