// SPDX-License-Identifier: Apache-2.0
/// \file
/// The one place that knows that oneDNN 2 and oneDNN 3 have different interfaces: everything else calls these
/// functions. All throw dnnl::error where the library refuses.
#pragma once

#include <string>
#include <vector>

#include <dnnl.hpp>

#include "nascent/base/language.hpp"

namespace nascent::onednn::api {

using desc = dnnl::memory::desc;
using dims = dnnl::memory::dims;

inline constexpr auto inference = dnnl::prop_kind::forward_inference;
inline dnnl::normalization_flags scaled_and_shifted() {
  return dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
}

/// "oneDNN 2.6.3": of the library that is loaded, not of the headers.
inline std::string library_version() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

/// A window that slides over a map. `dilation` is 1 for none, unlike oneDNN's own.
struct window {
  dims stride;
  dims dilation;
  dims before;  ///< padding
  dims after;

  dims holes() const {
    dims result;
    for (const auto d : dilation) result.push_back(d - 1);
    return result;
  }
};

/// An element-wise function with oneDNN's parameters.
struct eltwise {
  dnnl::algorithm algorithm;
  float alpha = 0;
  float beta = 0;
};

#if DNNL_VERSION_MAJOR >= 3

/// clip(x / 6 + 1 / 2, 0, 1): one function since oneDNN 3, before a line that a clip has to follow.
inline constexpr bool has_hard_sigmoid = true;
inline constexpr eltwise hard_sigmoid{dnnl::algorithm::eltwise_hardsigmoid, 1.0F / 6, 0.5F};

inline constexpr auto no_isa = dnnl::cpu_isa::isa_default;
inline constexpr auto isa_avx2_vnni_2 = dnnl::cpu_isa::avx2_vnni_2;
inline constexpr auto isa_avx512_core_fp16 = dnnl::cpu_isa::avx512_core_fp16;
inline constexpr auto isa_avx512_core_amx_fp16 = dnnl::cpu_isa::avx512_core_amx_fp16;

inline dnnl::memory::data_type type_of(const desc& d) { return d.get_data_type(); }

/// Scales are arguments of a primitive since oneDNN 3, and a bias is added after them.
inline constexpr bool scales_are_arguments = true;
constexpr int scale_argument(int argument) { return DNNL_ARG_ATTR_SCALES | argument; }
inline constexpr bool bias_is_scaled = true;

/// Every output channel of a convolution or matrix product times a factor of its own.
inline void scale_channels(dnnl::primitive_attr& attr, const std::vector<float>&, bool grouped) {
  attr.set_scales_mask(DNNL_ARG_WEIGHTS, grouped ? 3 : 1);
}
/// An operand, or what a reorder reads, times a factor.
inline void scale_operand(dnnl::primitive_attr& attr, int argument, float) { attr.set_scales_mask(argument, 0); }
inline void scale_copy(dnnl::primitive_attr& attr, float) { attr.set_scales_mask(DNNL_ARG_FROM, 0); }

/// hardswish(x) = x * clip(alpha * x + beta, 0, 1) since oneDNN 3; before, both numbers are fixed and not read.
inline void append_eltwise(dnnl::post_ops& ops, const eltwise& f) { ops.append_eltwise(f.algorithm, f.alpha, f.beta); }

inline auto convolution(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias, const desc& dst,
                        const window& w, const dnnl::primitive_attr& attr) {
  return dnnl::convolution_forward::primitive_desc(e, inference, dnnl::algorithm::convolution_direct, src, weights,
                                                   bias, dst, w.stride, w.holes(), w.before, w.after, attr);
}

inline auto deconvolution(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias,
                          const desc& dst, const window& w, const dnnl::primitive_attr& attr) {
  return dnnl::deconvolution_forward::primitive_desc(e, inference, dnnl::algorithm::deconvolution_direct, src, weights,
                                                     bias, dst, w.stride, w.holes(), w.before, w.after, attr);
}

inline auto bilinear(const dnnl::engine& e, const desc& src, const desc& dst, const dnnl::primitive_attr& attr) {
  return dnnl::resampling_forward::primitive_desc(e, inference, dnnl::algorithm::resampling_linear, src, dst, attr);
}

inline auto inner_product(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias,
                          const desc& dst, const dnnl::primitive_attr& attr) {
  return dnnl::inner_product_forward::primitive_desc(e, inference, src, weights, bias, dst, attr);
}

inline auto pooling(const dnnl::engine& e, dnnl::algorithm algorithm, const desc& src, const desc& dst,
                    const dims& kernel, const window& w, const dnnl::primitive_attr& attr) {
  return dnnl::pooling_forward::primitive_desc(e, inference, algorithm, src, dst, w.stride, kernel, w.holes(), w.before,
                                               w.after, attr);
}

inline auto elementwise(const dnnl::engine& e, const eltwise& f, const desc& data, const dnnl::primitive_attr& attr) {
  return dnnl::eltwise_forward::primitive_desc(e, inference, f.algorithm, data, data, f.alpha, f.beta, attr);
}

/// Below 0 times a slope of its channel.
inline auto prelu(const dnnl::engine& e, const desc& data, const desc& slopes, const dnnl::primitive_attr& attr) {
  return dnnl::prelu_forward::primitive_desc(e, inference, data, slopes, data, attr);
}

inline auto binary(const dnnl::engine& e, dnnl::algorithm algorithm, const desc& a, const desc& b, const desc& dst,
                   const dnnl::primitive_attr& attr) {
  return dnnl::binary::primitive_desc(e, algorithm, a, b, dst, attr);
}

inline auto softmax(const dnnl::engine& e, const desc& data, int axis, const dnnl::primitive_attr& attr) {
  return dnnl::softmax_forward::primitive_desc(e, inference, dnnl::algorithm::softmax_accurate, data, data, axis, attr);
}

inline auto concatenation(const dnnl::engine& e, const desc& dst, int axis, const std::vector<desc>& parts,
                          const dnnl::primitive_attr& attr) {
  return dnnl::concat::primitive_desc(e, dst, axis, parts, attr);
}

inline auto matmul(const dnnl::engine& e, const desc& a, const desc& b, const desc& dst,
                   const dnnl::primitive_attr& attr) {
  return dnnl::matmul::primitive_desc(e, a, b, dst, attr);
}

/// Over the last dimension, then a factor and a summand for each of its numbers.
inline auto layer_normalization(const dnnl::engine& e, const desc& data, float epsilon,
                                const dnnl::primitive_attr& attr) {
  return dnnl::layer_normalization_forward::primitive_desc(e, inference, data, data, epsilon, scaled_and_shifted(),
                                                           attr);
}

#else

inline constexpr bool has_hard_sigmoid = false;
inline constexpr eltwise hard_sigmoid{dnnl::algorithm::eltwise_linear, 1.0F / 6, 0.5F};

inline constexpr auto no_isa = dnnl::cpu_isa::all;
inline constexpr auto isa_avx2_vnni_2 = no_isa;  // this and the two below are unknown to oneDNN 2
inline constexpr auto isa_avx512_core_fp16 = no_isa;
inline constexpr auto isa_avx512_core_amx_fp16 = no_isa;

inline dnnl::memory::data_type type_of(const desc& d) { return d.data_type(); }

/// Scales are parts of an attribute; those of channels apply to the sums with the bias in.
inline constexpr bool scales_are_arguments = false;
constexpr int scale_argument(int) { return 0; }
inline constexpr bool bias_is_scaled = false;

inline void scale_channels(dnnl::primitive_attr& attr, const std::vector<float>& factors, bool) {
  attr.set_output_scales(1 << 1, factors);
}
inline void scale_operand(dnnl::primitive_attr& attr, int argument, float factor) {
  attr.set_scales(argument, 0, {factor});
}
inline void scale_copy(dnnl::primitive_attr& attr, float factor) { attr.set_output_scales(0, {factor}); }

inline void append_eltwise(dnnl::post_ops& ops, const eltwise& f) {
  ops.append_eltwise(1.0F, f.algorithm, f.alpha, f.beta);
}

inline auto convolution(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias, const desc& dst,
                        const window& w, const dnnl::primitive_attr& attr) {
  const dnnl::convolution_forward::desc d(inference, dnnl::algorithm::convolution_direct, src, weights, bias, dst,
                                          w.stride, w.holes(), w.before, w.after);
  return dnnl::convolution_forward::primitive_desc(d, attr, e);
}

inline auto deconvolution(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias,
                          const desc& dst, const window& w, const dnnl::primitive_attr& attr) {
  const dnnl::deconvolution_forward::desc d(inference, dnnl::algorithm::deconvolution_direct, src, weights, bias, dst,
                                            w.stride, w.holes(), w.before, w.after);
  return dnnl::deconvolution_forward::primitive_desc(d, attr, e);
}

inline auto bilinear(const dnnl::engine& e, const desc& src, const desc& dst, const dnnl::primitive_attr& attr) {
  return dnnl::resampling_forward::primitive_desc({inference, dnnl::algorithm::resampling_linear, src, dst}, attr, e);
}

inline auto inner_product(const dnnl::engine& e, const desc& src, const desc& weights, const desc& bias,
                          const desc& dst, const dnnl::primitive_attr& attr) {
  return dnnl::inner_product_forward::primitive_desc({inference, src, weights, bias, dst}, attr, e);
}

inline auto pooling(const dnnl::engine& e, dnnl::algorithm algorithm, const desc& src, const desc& dst,
                    const dims& kernel, const window& w, const dnnl::primitive_attr& attr) {
  return dnnl::pooling_forward::primitive_desc({inference, algorithm, src, dst, w.stride, kernel, w.before, w.after},
                                               attr, e);
}

inline auto elementwise(const dnnl::engine& e, const eltwise& f, const desc& data, const dnnl::primitive_attr& attr) {
  return dnnl::eltwise_forward::primitive_desc({inference, f.algorithm, data, f.alpha, f.beta}, attr, e);
}

inline auto prelu(const dnnl::engine& e, const desc& data, const desc& slopes, const dnnl::primitive_attr& attr) {
  return dnnl::prelu_forward::primitive_desc({inference, data, slopes}, attr, e);
}

inline auto binary(const dnnl::engine& e, dnnl::algorithm algorithm, const desc& a, const desc& b, const desc& dst,
                   const dnnl::primitive_attr& attr) {
  return dnnl::binary::primitive_desc({algorithm, a, b, dst}, attr, e);
}

inline auto softmax(const dnnl::engine& e, const desc& data, int axis, const dnnl::primitive_attr& attr) {
  return dnnl::softmax_forward::primitive_desc({inference, data, axis}, attr, e);
}

inline auto concatenation(const dnnl::engine& e, const desc& dst, int axis, const std::vector<desc>& parts,
                          const dnnl::primitive_attr& attr) {
  return dnnl::concat::primitive_desc(dst, axis, parts, e, attr);
}

inline auto matmul(const dnnl::engine& e, const desc& a, const desc& b, const desc& dst,
                   const dnnl::primitive_attr& attr) {
  return dnnl::matmul::primitive_desc({a, b, dst}, attr, e);
}

inline auto layer_normalization(const dnnl::engine& e, const desc& data, float epsilon,
                                const dnnl::primitive_attr& attr) {
  return dnnl::layer_normalization_forward::primitive_desc({inference, data, epsilon, scaled_and_shifted()}, attr, e);
}

#endif

}  // namespace nascent::onednn::api
