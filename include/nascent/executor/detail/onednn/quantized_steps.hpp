// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels that compute with whole numbers of 8 bits.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/detail/onednn/layout.hpp"
#include "nascent/executor/detail/onednn/plain_kernels.hpp"
#include "nascent/executor/detail/onednn/step.hpp"
#include "nascent/executor/detail/onednn/step_maker.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::onednn::detail {

/// The function that gives f(x) in steps, `steps` to 1, of an x that is in such steps; nothing where oneDNN has none.
inline std::optional<api::eltwise> in_steps(const api::eltwise& f, float steps) {
  switch (f.algorithm) {
    case dnnl::algorithm::eltwise_relu: return f;
    case dnnl::algorithm::eltwise_clip: return api::eltwise{f.algorithm, f.alpha * steps, f.beta * steps};
    case dnnl::algorithm::eltwise_linear: return api::eltwise{f.algorithm, f.alpha, f.beta * steps};
    default: return std::nullopt;
  }
}

/// Means over all pixels of a map in 8 bits: sums of whole numbers, then one factor.
struct plain_mean {
  std::size_t maps;
  std::size_t pixels;
  std::size_t channels;
  float factor;  ///< to what the result is stored in
  element from;
  element to;

  void operator()(const void* in, void* out, std::size_t part, std::size_t parts) const {
    if (from == element::u8) run(static_cast<const std::uint8_t*>(in), out, part, parts);
    else run(static_cast<const std::int8_t*>(in), out, part, parts);
  }

 private:
  static constexpr std::size_t lanes = 32;    ///< channels that are summed together
  static constexpr std::size_t column = 128;  ///< pixels whose sum fits into 16 bits

  template <class In>
  void run(const In* in, void* out, std::size_t part, std::size_t parts) const {
    const std::size_t pieces = (channels + lanes - 1) / lanes;  // of a map
    for (std::size_t i = maps * pieces * part / parts; i < maps * pieces * (part + 1) / parts; ++i) {
      const std::size_t first = i % pieces * lanes;
      const std::size_t count = std::min(lanes, channels - first);
      const In* const source = in + i / pieces * pixels * channels + first;
      std::array<std::int32_t, lanes> sums{};
      for (std::size_t p = 0; p < pixels; p += column) {
        std::array<std::int16_t, lanes> few{};
        const std::size_t end = std::min(pixels, p + column);
        if (count == lanes) add<lanes>(source, p, end, few, lanes);
        else add<0>(source, p, end, few, count);
        for (std::size_t c = 0; c < lanes; ++c) sums[c] += few[c];
      }
      for (std::size_t c = 0; c < count; ++c)
        write(static_cast<float>(sums[c]) * factor, out, i / pieces * channels + first + c);
    }
  }

  /// `Count` is 0 where only the last argument says it.
  template <std::size_t Count, class In>
  void add(const In* source, std::size_t p, std::size_t end, std::array<std::int16_t, lanes>& sums,
           std::size_t count) const {
    for (; p < end; ++p)
      for (std::size_t c = 0; c < (Count == 0 ? count : Count); ++c)
        sums[c] = static_cast<std::int16_t>(sums[c] + source[p * channels + c]);
  }

  void write(float mean, void* out, std::size_t i) const {
    const auto rounded = [&](map_type type) { return quantized(static_cast<double>(mean), type); };
    if (to == element::f32) static_cast<float*>(out)[i] = mean;
    else if (to == element::u8) static_cast<std::uint8_t*>(out)[i] = static_cast<std::uint8_t>(rounded(map_type::u8));
    else static_cast<std::int8_t*>(out)[i] = static_cast<std::int8_t>(rounded(map_type::s8));
  }
};

/// Makes the steps of kernels that `quantize` puts into int8 and that do not merely move what is stored.
class quantized_step_maker : public step_maker {
 public:
  using step_maker::step_maker;

 protected:
  bool is_quantized(const kernel& k) const {
    return scheme_->int8_layers[k.first_layer] && !nascent::detail::shares_scale(k.core);
  }

  /// For all other kernels: they run in f32, or on what their first operand is stored in.
  void use_type_of(const kernel& k) {
    const bool moves = scheme_->int8_layers[k.first_layer];
    element_ = moves ? data_type::int8 : data_type::f32;
    type_ = moves ? stored_type(*scheme_, k.core.operands[0]) : element::f32;
  }

  /// \throws executor_error where oneDNN cannot run it
  void add_quantized(const kernel& k) {
    switch (k.core.kind) {
      case layer_kind::convolution: return add_quantized_convolution(k);
      case layer_kind::dense: return add_quantized_dense(k);
      case layer_kind::global_average_pool: return add_mean(k);
      default: return add_quantized_binary(k);
    }
  }

 private:
  const map_format& format(int tensor) const { return scheme_->maps[index(tensor)]; }
  /// A real number times this is what a map stores.
  float steps_of(int tensor) const { return format(tensor).stored ? 1 / format(tensor).scale : 1; }
  /// What a map stores times this is a real number.
  float step_of_map(int tensor) const { return format(tensor).stored ? format(tensor).scale : 1; }

  static std::vector<api::eltwise> functions_of(const activation_function& f) {
    std::vector<api::eltwise> all;
    if (f.act != activation::identity) all.push_back(to_dnnl(f));
    if (const auto rest = second_half(f)) all.push_back(*rest);
    return all;
  }

  /// Where a kernel writes.
  struct destination {
    int tensor;
    element type;
    float steps;  ///< a real number times this is what is written
  };
  destination destination_of(const kernel& k) const {
    return {k.output_tensor, stored_type(*scheme_, k.output_tensor), steps_of(k.output_tensor)};
  }

  /// What follows the sums of a kernel, up to the steps that its result is stored in.
  struct ending {
    dnnl::post_ops ops;
    float scale_of_sums;  ///< to these steps already where the functions between can be in them
  };
  ending ending_of(const kernel& k, float steps) const {
    const std::vector<api::eltwise> before = functions_of(k.core.function());
    const std::vector<api::eltwise> after = functions_of(k.residual_act);
    bool folds = true;
    for (const auto* all : {&before, &after})
      for (const api::eltwise& f : *all) folds = folds && in_steps(f, steps);
    ending e{.ops = {}, .scale_of_sums = folds ? steps : 1};
    const auto append = [&](const std::vector<api::eltwise>& all) {
      for (const api::eltwise& f : all) api::append_eltwise(e.ops, folds ? *in_steps(f, steps) : f);
    };
    append(before);
    if (k.residual)
      e.ops.append_sum(step_of_map(k.residual_tensor) * e.scale_of_sums, 0, stored_type(*scheme_, k.residual_tensor));
    append(after);
    if (!folds && steps != 1) api::append_eltwise(e.ops, {dnnl::algorithm::eltwise_linear, steps, 0});
    return e;
  }

  /// The weights of a kernel in 8 bits, and what its sums are multiplied with.
  struct product {
    std::vector<float> kernel;  ///< whole numbers
    std::vector<float> bias;
    std::vector<float> factors;
    dnnl::primitive_attr attr;
  };
  product product_of(const kernel& k, float steps) const {
    const float input_scale = format(k.core.operands[0]).scale;
    const quantized_weights q =
        quantize(values_[k.first_layer], input_scale, nascent::detail::layer_place(graph_, k.first_layer));
    const ending e = ending_of(k, steps);
    product p{.kernel = {q.kernel.begin(), q.kernel.end()}, .bias = {}, .factors = {}, .attr = {}};
    for (std::size_t c = 0; c < q.scales.size(); ++c) {
      p.factors.push_back(input_scale * q.scales[c] * e.scale_of_sums);
      p.bias.push_back(static_cast<float>(q.bias[c]) * (api::bias_is_scaled ? p.factors.back() : 1.0F));
    }
    api::scale_channels(p.attr, p.factors, k.core.groups > 1);
    p.attr.set_post_ops(e.ops);
    p.attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return p;
  }

  /// [groups], output channels, input channels, height, width: the order from which oneDNN packs weights in 8 bits.
  static std::vector<float> channels_first(const layer& l, const std::vector<float>& kernel) {
    const auto depth = static_cast<std::size_t>(l.input.channels / l.groups);
    const std::size_t taps = static_cast<std::size_t>(l.kernel_height) * static_cast<std::size_t>(l.kernel_width);
    std::vector<float> moved(kernel.size());
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      const std::size_t filter = i / (taps * depth);
      moved[(filter * depth + i % depth) * taps + i / depth % taps] = kernel[i];
    }
    return moved;
  }

  /// Adds a convolution or a dense layer that `make(attributes, destination's type)` describes. Where oneDNN has no
  /// good kernel with the activation in it, that is a step of its own, on numbers that are not rounded yet.
  template <class Make>
  void add_product(const kernel& k, const api::desc& src, const api::desc& plain, bool moves_channels, Make&& make) {
    const bool fits =
        !k.residual || (sums_in_place(k) && format(k.residual_tensor).stored == format(k.output_tensor).stored);
    destination to = destination_of(k);
    product p = product_of(k, to.steps);
    const auto describe = [&] {
      return attempt(p.attr, [&](const dnnl::primitive_attr& attr) { return make(attr, to.type); });
    };
    auto found = fits ? describe() : std::nullopt;
    if (k.residual && !(found && found->optimised())) {
      const auto parts = split(k);
      add_quantized(parts->first);
      return add_quantized(parts->second);
    }
    kernel bare = k;
    const bool apart = k.core.act != activation::identity && !(found && found->optimised());
    if (apart) {
      bare.core.set_function(activation::identity);
      to = {new_copy({k.output_tensor, element::f32, false}), element::f32, 1};
      p = product_of(bare, to.steps);
      found = describe();
    }
    if (!found) refuse(k);
    const auto descriptor = found->descriptor;
    step s = step_of(bare, std::move(*found));
    const api::desc bias = vector_of(static_cast<int>(p.bias.size()));
    s.constants.emplace_back(DNNL_ARG_WEIGHTS, pack(moves_channels ? channels_first(k.core, p.kernel) : p.kernel, plain,
                                                    descriptor.weights_desc()));
    s.constants.emplace_back(DNNL_ARG_BIAS, pack(p.bias, bias, bias));
    add_scales(s, DNNL_ARG_WEIGHTS, p.factors);
    read(s, DNNL_ARG_SRC, k.core.operands[0], src);
    if (k.residual) s.use.reads.push_back(k.residual_tensor);
    s.use.in_place = k.residual;
    write_to(s, to, descriptor.dst_desc());
    if (apart) add_function(split(k)->second, to.tensor);
  }

  void write_to(step& s, const destination& to, const api::desc& layout) {
    s.use.writes = to.tensor;
    s.tensors.push_back({DNNL_ARG_DST, to.tensor, layout});
    steps_.push_back(std::move(s));
  }

  void add_quantized_convolution(const kernel& k) {
    const layer& l = k.core;
    const api::desc src = nhwc(l.input, batch_, to_dnnl(format(l.operands[0]).type));
    const std::int64_t depth = l.input.channels / l.groups;
    const std::int64_t filters = l.output.channels / l.groups;
    const api::desc plain =
        l.groups == 1
            ? api::desc({filters, depth, l.kernel_height, l.kernel_width}, element::f32, tag::oihw)
            : api::desc({l.groups, filters, depth, l.kernel_height, l.kernel_width}, element::f32, tag::goihw);
    add_product(k, src, plain, true, [&](const dnnl::primitive_attr& attr, element to) {
      return api::convolution(engine_, src, kernel_layout(l, element::s8, order::any), vector_of(l.output.channels),
                              nhwc(l.output, batch_, to), window_of(l), attr);
    });
  }

  void add_quantized_dense(const kernel& k) {
    const layer& l = k.core;
    const api::desc src = matrix(l.input, batch_, to_dnnl(format(l.operands[0]).type));
    add_product(k, src, kernel_matrix(l, element::f32, order::plain), false,
                [&](const dnnl::primitive_attr& attr, element to) {
                  return api::inner_product(engine_, src, kernel_matrix(l, element::s8, order::any),
                                            vector_of(l.output.channels), matrix(l.output, batch_, to), attr);
                });
  }

  /// A sum, or a map times a gate: operands as they are stored, each with its scale.
  void add_quantized_binary(const kernel& k) {
    const layer& l = k.core;
    int a = l.operands[0];
    int b = l.operands[1];
    const bool sum = l.kind == layer_kind::add;
    if (sum && l.over == broadcast::nothing && !dies_in(a, k)) std::swap(a, b);
    const destination to = destination_of(k);
    const ending e = ending_of(k, to.steps);
    const bool in_place = a != b && dies_in(a, k) && format(a).stored == format(k.output_tensor).stored;
    add_binary_step(
        k, to, e, sum ? dnnl::algorithm::binary_add : dnnl::algorithm::binary_mul,
        {a, nhwc(l.output, batch_, stored_type(*scheme_, a)), step_of_map(a) * e.scale_of_sums},
        {b, nhwc(second_operand(l), batch_, stored_type(*scheme_, b)), step_of_map(b) * (sum ? e.scale_of_sums : 1)},
        in_place);
  }

  /// The activation of a map in f32, and its rounding: the larger of each number and itself, for oneDNN's functions
  /// have no other type behind them than before.
  void add_function(const kernel& k, int from) {
    const destination to = destination_of(k);
    const ending e = ending_of(k, to.steps);
    const scaled_map map{from, nhwc(k.core.output, batch_, element::f32), e.scale_of_sums};
    add_binary_step(k, to, e, dnnl::algorithm::binary_max, map, map, false);
  }

  struct scaled_map {
    int tensor;
    api::desc layout;
    float scale;
  };
  void add_binary_step(const kernel& k, const destination& to, const ending& e, dnnl::algorithm algorithm,
                       const scaled_map& a, const scaled_map& b, bool in_place) {
    const api::desc dst = nhwc(k.core.output, batch_, to.type);
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attr.set_post_ops(e.ops);
    if (a.scale != 1) api::scale_operand(attr, DNNL_ARG_SRC_0, a.scale);
    if (b.scale != 1) api::scale_operand(attr, DNNL_ARG_SRC_1, b.scale);
    auto found = attempt(attr, [&](const dnnl::primitive_attr& all) {
      return api::binary(engine_, algorithm, a.layout, b.layout, dst, all);
    });
    if (!found) refuse(k);
    step s = step_of(k, std::move(*found));
    if (a.scale != 1) add_scales(s, DNNL_ARG_SRC_0, {a.scale});
    if (b.scale != 1) add_scales(s, DNNL_ARG_SRC_1, {b.scale});
    s.tensors = {{DNNL_ARG_SRC_1, b.tensor, b.layout}, {DNNL_ARG_SRC_0, a.tensor, a.layout}};
    s.use.reads = {b.tensor, a.tensor};
    s.use.in_place = in_place;
    write_to(s, to, dst);
  }

  void add_mean(const kernel& k) {
    const layer& l = k.core;
    const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    const std::size_t pixels = size(l.input.height) * size(l.input.width);
    const int from = l.operands[0];
    const plain_mean mean{.maps = size(batch_) * size(l.input.batch),
                          .pixels = pixels,
                          .channels = size(l.input.channels),
                          .factor = step_of_map(from) * steps_of(k.output_tensor) / static_cast<float>(pixels),
                          .from = stored_type(*scheme_, from),
                          .to = stored_type(*scheme_, k.output_tensor)};
    step s{.what = k,
           .implementation = plain_implementation,
           .primitive = {},
           .scratchpad = {},
           .tensors = {},
           .constants = {},
           .use = {.reads = {}, .writes = k.output_tensor}};
    s.own = kernel_function([mean](const void* in, const void*, void* out, int part, int parts) {
      mean(in, out, static_cast<std::size_t>(part), static_cast<std::size_t>(parts));
    });
    read(s, DNNL_ARG_SRC, from, nhwc(l.input, batch_, mean.from));
    write(s, nhwc(l.output, batch_, mean.to));
    steps_.push_back(std::move(s));
  }
};

}  // namespace nascent::onednn::detail
