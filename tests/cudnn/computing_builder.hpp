// SPDX-License-Identifier: Apache-2.0
/// \file
/// Takes the place of cuDNN's graph builder and computes, in plain loops over sizes and strides, what the graph says.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nascent/executor/detail/cudnn/graph.hpp"

namespace test {

namespace cd = nascent::cudnn::detail;

/// A tensor of a graph with room for its numbers.
struct computed_tensor {
  cd::tensor_view view;
  cd::role what = cd::role::inside;
  std::vector<double> numbers;

  double& at(const std::vector<std::int64_t>& position) { return numbers[offset(position)]; }
  /// Dimensions of size 1 are broadcast.
  std::size_t offset(const std::vector<std::int64_t>& position) const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < position.size(); ++i) sum += (view.sizes[i] == 1 ? 0 : position[i]) * view.strides[i];
    return static_cast<std::size_t>(sum);
  }
};

/// What a finished graph is here: tensors and work on them, in order.
struct computed_graph {
  std::vector<computed_tensor> tensors;
  std::vector<std::function<void(std::vector<computed_tensor>&)>> work;

  computed_tensor* find(cd::role what) {
    const auto place = std::ranges::find(tensors, what, &computed_tensor::what);
    return place == tensors.end() ? nullptr : &*place;
  }
  void run() {
    for (const auto& w : work) w(tensors);
  }
};

template <class Visit>
void for_each_position(const std::vector<std::int64_t>& sizes, Visit&& visit) {
  std::vector<std::int64_t> position(sizes.size(), 0);
  for (;;) {
    visit(std::as_const(position));
    std::size_t i = sizes.size();
    while (i > 0 && ++position[i - 1] == sizes[i - 1]) position[--i] = 0;
    if (i == 0) return;
  }
}

class computing_builder {
 public:
  explicit computing_builder(nascent::data_type, cudnnHandle_t = nullptr) {}

  std::int64_t tensor(const cd::tensor_view& view, cd::role what) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < view.sizes.size(); ++i) last += (view.sizes[i] - 1) * view.strides[i];
    graph_.tensors.push_back({view, what, std::vector<double>(static_cast<std::size_t>(last) + 1)});
    return static_cast<std::int64_t>(graph_.tensors.size());
  }
  std::int64_t constant(float value) {
    const std::int64_t id = tensor({{1, 1, 1, 1}, {1, 1, 1, 1}}, cd::role::constant);
    graph_.tensors.back().numbers.front() = static_cast<double>(value);
    return id;
  }

  void convolution(std::int64_t x, std::int64_t weights, std::int64_t y, const cd::graph_window& w) {
    add([=](auto& t) {
      computed_tensor& in = t[at(x)];
      computed_tensor& kernel = t[at(weights)];
      computed_tensor& out = t[at(y)];
      const auto& k = kernel.view.sizes;
      const std::int64_t filters = k[0] / (in.view.sizes[1] / k[1]);  // of a group
      for (std::size_t d = 0; d < 2; ++d)                             // the size that cuDNN demands
        if ((in.view.sizes[d + 2] + w.before[d] + w.after[d] - (k[d + 2] - 1) * w.dilation[d] - 1) / w.stride[d] + 1 !=
            out.view.sizes[d + 2])
          throw std::logic_error("the output's size does not fit the window");
      for_each_position(out.view.sizes, [&](const auto& o) {
        double sum = 0;
        for (std::int64_t ky = 0; ky < k[2]; ++ky)
          for (std::int64_t kx = 0; kx < k[3]; ++kx) {
            const std::int64_t iy = o[2] * w.stride[0] + ky * w.dilation[0] - w.before[0];
            const std::int64_t ix = o[3] * w.stride[1] + kx * w.dilation[1] - w.before[1];
            if (iy < 0 || ix < 0 || iy >= in.view.sizes[2] || ix >= in.view.sizes[3]) continue;
            for (std::int64_t c = 0; c < k[1]; ++c)
              sum += in.numbers[offset(in, {o[0], o[1] / filters * k[1] + c, iy, ix})] *
                     kernel.numbers[offset(kernel, {o[1], c, ky, kx})];
          }
        out.at(o) = sum;
      });
    });
  }

  void pointwise(cudnnPointwiseMode_t mode, std::int64_t x, std::int64_t b, std::int64_t y) {
    elementwise(x, b, y, [mode](double u, double v) {
      switch (mode) {
        case CUDNN_POINTWISE_ADD: return u + v;
        case CUDNN_POINTWISE_MUL: return u * v;
        case CUDNN_POINTWISE_MIN: return std::min(u, v);
        case CUDNN_POINTWISE_MAX: return std::max(u, v);
        case CUDNN_POINTWISE_IDENTITY: return u;
        case CUDNN_POINTWISE_RELU_FWD: return std::max(u, 0.0);
        case CUDNN_POINTWISE_SIGMOID_FWD: return 1 / (1 + std::exp(-u));
        case CUDNN_POINTWISE_SWISH_FWD: return u / (1 + std::exp(-u));
        case CUDNN_POINTWISE_ELU_FWD: return u < 0 ? std::expm1(u) : u;
        case CUDNN_POINTWISE_TANH_FWD: return std::tanh(u);
        case CUDNN_POINTWISE_SOFTPLUS_FWD: return std::log1p(std::exp(u));
        case CUDNN_POINTWISE_GELU_FWD: return u * std::erfc(-u / std::sqrt(2.0)) / 2;
        case CUDNN_POINTWISE_GELU_APPROX_TANH_FWD:
          return u / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (u + 0.044715 * u * u * u)));
        default: throw std::logic_error("no such function here");
      }
    });
  }
  void clamp(std::int64_t x, std::int64_t y, double low, double high) {
    elementwise(x, 0, y, [=](double u, double) { return std::clamp(u, low, high); });
  }

  void pool(cudnnResampleMode_t how, std::int64_t x, std::int64_t y, const cd::graph_window& w) {
    add([=](auto& t) {
      computed_tensor& in = t[at(x)];
      computed_tensor& out = t[at(y)];
      for_each_position(out.view.sizes, [&](const auto& o) {
        double sum = 0;
        double largest = -std::numeric_limits<double>::infinity();
        int count = 0;
        for (std::int64_t ky = 0; ky < w.size[0]; ++ky)
          for (std::int64_t kx = 0; kx < w.size[1]; ++kx) {
            const std::int64_t iy = o[2] * w.stride[0] + ky - w.before[0];
            const std::int64_t ix = o[3] * w.stride[1] + kx - w.before[1];
            if (iy < 0 || ix < 0 || iy >= in.view.sizes[2] || ix >= in.view.sizes[3]) continue;
            const double value = in.numbers[offset(in, {o[0], o[1], iy, ix})];
            sum += value;
            largest = std::max(largest, value);
            ++count;
          }
        const auto taps = static_cast<double>(w.size[0] * w.size[1]);
        out.at(o) = how == CUDNN_RESAMPLE_MAXPOOL
                        ? largest
                        : sum / (how == CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING ? count : taps);
      });
    });
  }

  computed_graph finish() { return std::move(graph_); }

 private:
  static std::size_t at(std::int64_t id) { return static_cast<std::size_t>(id - 1); }
  static std::size_t offset(const computed_tensor& t, const std::array<std::int64_t, 4>& p) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += p[i] * t.view.strides[i];
    return static_cast<std::size_t>(sum);
  }

  template <class Function>
  void elementwise(std::int64_t x, std::int64_t b, std::int64_t y, Function f) {
    add([=](auto& t) {
      for_each_position(t[at(y)].view.sizes,
                        [&](const auto& p) { t[at(y)].at(p) = f(t[at(x)].at(p), b == 0 ? 0 : t[at(b)].at(p)); });
    });
  }

  void add(std::function<void(std::vector<computed_tensor>&)> work) { graph_.work.push_back(std::move(work)); }

  computed_graph graph_;
};

}  // namespace test
