// SPDX-License-Identifier: Apache-2.0
/// \file
/// cuDNN's operation graphs: a few operations over tensors that one engine runs together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <cudnn_graph.h>

#include "nascent/executor/detail/cudnn/descriptor.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::cudnn::detail {

/// What a tensor is to the kernel, and so where its memory comes from when the graph is run.
enum class role : std::uint8_t {
  inside,  ///< between two operations of the graph: never in memory
  input,   ///< the layer's first operand
  second,  ///< the layer's second operand, or the residual tensor
  weights,
  bias,
  output,
  constant,  ///< one number, given with the call
};

/// Sizes and strides in elements. cuDNN names dimensions in the order NCHW, whatever the layout.
struct tensor_view {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

/// A map of `maps` images in NHWC order.
inline tensor_view nhwc(std::int64_t maps, std::int64_t height, std::int64_t width, std::int64_t channels) {
  return {{maps, channels, height, width}, {height * width * channels, 1, width * channels, channels}};
}

constexpr cudnnDataType_t to_cudnn(data_type type) {
  switch (type) {
    case data_type::f32: return CUDNN_DATA_FLOAT;
    case data_type::bf16: return CUDNN_DATA_BFLOAT16;
    case data_type::f16: return CUDNN_DATA_HALF;
    case data_type::int8: return CUDNN_DATA_INT8;  // no network gets here: planner::check_device
  }
  return CUDNN_DATA_FLOAT;
}

/// A tensor that a call must give an address for.
struct graph_argument {
  std::int64_t id = 0;
  role what = role::inside;
  float value = 0;  ///< of a constant
};

/// A finished graph with all that it is made of.
struct operation_graph {
  std::vector<descriptor> parts;
  std::vector<graph_argument> arguments;
  descriptor graph{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

/// The window of a convolution or a pool over height and width.
struct graph_window {
  std::vector<std::int64_t> size;
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> dilation;
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> after;
};

/// Builds a graph operation by operation. Tensors are numbered from 1 in the order in which they are made. Arithmetic
/// is f32 whatever the maps are.
class graph_builder {
 public:
  /// With a handle the graph is for that handle's device; without, for a described one.
  explicit graph_builder(data_type type, cudnnHandle_t handle = nullptr) : type_(to_cudnn(type)), handle_(handle) {}

  /// A map in memory, or, `inside`, a map that only this graph sees: in f32.
  std::int64_t tensor(const tensor_view& view, role what) {
    return add(view, what, what == role::inside ? CUDNN_DATA_FLOAT : type_);
  }

  std::int64_t constant(float value) {
    const std::int64_t id = add({{1, 1, 1, 1}, {1, 1, 1, 1}}, role::constant, CUDNN_DATA_FLOAT);
    result_.arguments.back().value = value;
    return id;
  }

  void convolution(std::int64_t x, std::int64_t weights, std::int64_t y, const graph_window& w) {
    descriptor c(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    c.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
        .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
        .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
        .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, w.dilation)
        .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, w.stride)
        .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, w.before)
        .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, w.after)
        .finalise();
    descriptor o(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    o.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, keep(std::move(c)))
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, at(x))
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, at(weights))
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, at(y))
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1.0F)
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0.0F);
    operations_.push_back(std::move(o.finalise()));
  }

  /// y = mode(x), or mode(x, b) where there is a b. A clipped relu is clamp(x, low, high).
  void pointwise(cudnnPointwiseMode_t mode, std::int64_t x, std::int64_t b, std::int64_t y) {
    finish_pointwise(function(mode), x, b, y);
  }
  void clamp(std::int64_t x, std::int64_t y, double low, double high) {
    descriptor p = function(CUDNN_POINTWISE_RELU_FWD);
    p.set(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, low).set(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, high);
    finish_pointwise(std::move(p), x, 0, y);
  }

  void pool(cudnnResampleMode_t how, std::int64_t x, std::int64_t y, const graph_window& w) {
    const auto fractions = [](const std::vector<std::int64_t>& values) {
      std::vector<cudnnFraction_t> result;
      for (const std::int64_t v : values) result.push_back({v, 1});
      return result;
    };
    descriptor r(CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
    r.set(CUDNN_ATTR_RESAMPLE_MODE, how)
        .set(CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_DATA_FLOAT)
        .set(CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, std::int64_t{2})
        .set(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, fractions(w.size))
        .set(CUDNN_ATTR_RESAMPLE_STRIDES, fractions(w.stride))
        .set(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, fractions(w.before))
        .set(CUDNN_ATTR_RESAMPLE_POST_PADDINGS, fractions(w.after))
        .set(CUDNN_ATTR_RESAMPLE_PADDING_MODE, how == CUDNN_RESAMPLE_MAXPOOL ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD)
        .finalise();
    descriptor o(CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR);
    o.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, keep(std::move(r)))
        .set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, at(x))
        .set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC, at(y));
    operations_.push_back(std::move(o.finalise()));
  }

  /// \throws library_error where cuDNN does not take the operations as one graph
  operation_graph finish() {
    if (handle_ != nullptr) result_.graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle_);
    result_.graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations_).finalise();
    for (descriptor& d : operations_) result_.parts.push_back(std::move(d));
    return std::move(result_);
  }

 private:
  std::int64_t add(const tensor_view& view, role what, cudnnDataType_t type) {
    constexpr std::int64_t alignment = 16;  // bytes: what vector instructions need; every buffer starts at 256
    const std::int64_t id = static_cast<std::int64_t>(tensors_.size()) + 1;
    descriptor t(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    t.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, view.sizes)
        .set(CUDNN_ATTR_TENSOR_STRIDES, view.strides)
        .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
        .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, what == role::inside)
        .set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, what == role::constant)
        .finalise();
    tensors_.push_back(result_.parts.size());
    result_.parts.push_back(std::move(t));
    if (what != role::inside) result_.arguments.push_back({.id = id, .what = what});
    return id;
  }

  const descriptor& at(std::int64_t id) const { return result_.parts[tensors_[static_cast<std::size_t>(id - 1)]]; }

  const descriptor& keep(descriptor d) { return result_.parts.emplace_back(std::move(d)); }

  static descriptor function(cudnnPointwiseMode_t mode) {
    descriptor p(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    p.set(CUDNN_ATTR_POINTWISE_MODE, mode).set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    return p;
  }

  void finish_pointwise(descriptor p, std::int64_t x, std::int64_t b, std::int64_t y) {
    p.finalise();
    descriptor o(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    o.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, keep(std::move(p)))
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(x))
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(y));
    if (b != 0) o.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, at(b));
    operations_.push_back(std::move(o.finalise()));
  }

  cudnnDataType_t type_;
  cudnnHandle_t handle_;
  operation_graph result_;
  std::vector<std::size_t> tensors_;  ///< where each lies in the parts
  std::vector<descriptor> operations_;
};

}  // namespace nascent::cudnn::detail
