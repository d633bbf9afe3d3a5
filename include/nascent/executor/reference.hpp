// SPDX-License-Identifier: Apache-2.0
/// \file
/// The reference executor: slow and obviously right. It runs the network layer by layer, without any fusion, in double
/// precision; other executors are checked against it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/executor/processor.hpp"
#include "nascent/executor/reference/layers.hpp"
#include "nascent/executor/reference/quantized_layers.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::reference {

/// A network with its weights and one buffer per tensor.
class compiled {
 public:
  compiled(network graph, weights values, int batch, std::optional<quantization> scheme = {})
      : graph_(std::move(graph)), values_(std::move(values)), batch_(batch), scheme_(std::move(scheme)) {
    detail::check_compile(graph_, values_, batch_, batch_);
    const std::size_t count = graph_.layers().size();
    for (std::size_t t = 0; t <= count; ++t)
      tensors_.emplace_back(static_cast<std::size_t>(graph_.tensor_shape(static_cast<int>(t)).elements() * batch_));
    for (std::size_t i = 0; i < count; ++i)
      kernels_.push_back(
          {.core = graph_.layers()[i], .output_tensor = static_cast<int>(i) + 1, .first_layer = i, .last_layer = i});
  }

  /// The layers, each a kernel of its own.
  std::span<const kernel> kernels() const { return kernels_; }
  int batch() const { return batch_; }

  /// NHWC in and out, outputs one after another (`split_outputs`). \throws executor_error where a length does not fit
  void run(std::span<const float> in, std::span<float> out) {
    detail::check_run(graph_, batch_, in.size(), out.size());
    std::ranges::copy(in, tensors_.front().begin());
    if (scheme_)
      for (float& x : tensors_.front()) store(scheme_->maps.front(), static_cast<double>(x), x);
    run();
    for (const network_output& o : graph_.outputs()) {
      const std::vector<float>& made = tensors_[static_cast<std::size_t>(o.tensor)];
      const bool whole = scheme_ && scheme_->maps[static_cast<std::size_t>(o.tensor)].stored;
      if (whole) std::ranges::copy(dequantized(scheme_->maps[static_cast<std::size_t>(o.tensor)], made), out.begin());
      else std::ranges::copy(made, out.begin());
      out = out.subspan(made.size());
    }
  }

  void run() {
    for (std::size_t i = 0; i < kernels_.size(); ++i) run_kernel(i);
  }

  /// \throws executor_error past the last kernel
  void run_kernel(std::size_t index) {
    detail::check_kernel(graph_, index, kernels_.size());
    const layer& l = graph_.layers()[index];
    std::vector<std::span<const float>> inputs;
    std::vector<int> channels;
    for (std::size_t o = 0; o < static_cast<std::size_t>(l.operand_count); ++o) {
      inputs.emplace_back(tensors_[static_cast<std::size_t>(l.operands[o])]);
      channels.push_back(graph_.tensor_shape(l.operands[o]).channels);
    }
    if (scheme_) compute_quantized(*scheme_, index, l, values_[index], batch_, inputs, channels, tensors_[index + 1]);
    else compute(l, values_[index], batch_, inputs, channels, tensors_[index + 1]);
  }

  /// The numbers of a tensor after a run: 0 is the input, i + 1 is what layer i made. Of a map that is stored in 8 bits
  /// the whole numbers.
  std::span<const float> tensor(int id) const { return tensors_.at(static_cast<std::size_t>(id)); }

 private:
  network graph_;
  weights values_;
  int batch_;
  std::optional<quantization> scheme_;
  std::vector<kernel> kernels_;
  std::vector<std::vector<float>> tensors_;
};

/// Runs networks with plain loops and Eigen's matrix product, on one thread.
class executor {
 public:
  device_description description() const {
    return {.device = processor_model(),
            .library = "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                       "." + std::to_string(EIGEN_MINOR_VERSION),
            .isa = "any",
            .threads = 1,
            .type = data_type::f32};
  }

  /// \throws executor_error where the weights do not belong to the network, or the batch is below 1
  compiled compile(const network& graph, const weights& values, int batch = 1) const { return {graph, values, batch}; }

  /// The same in int8, in the whole numbers that a processor computes with: sums are exact, and what follows is in
  /// double precision. \throws network_error where the ranges are not the network's
  compiled compile(const network& graph, const weights& values, const activation_ranges& ranges, int batch = 1) const {
    return {graph, values, batch, quantize(graph, ranges)};
  }
};

static_assert(nascent::executor<executor>);

}  // namespace nascent::reference
