// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network that PyTorch can train: its parameters as tensors, batch normalisation kept apart.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "nascent/network/parameters.hpp"
#include "nascent/training/detail/torch_layer.hpp"
#include "nascent/training/error.hpp"
#include "nascent/training/initial_parameters.hpp"

namespace nascent {

struct trainable_options {
  float epsilon = usual_epsilon;  ///< of batch normalisation
  double averaging = 0.9;         ///< share of the old in its moving mean and variance; TensorFlow's networks have 0.99
  std::string device = "cpu";     ///< as PyTorch names devices
};

/// What a tensor of a trainable network is.
enum class parameter_role : std::uint8_t {
  kernel,     ///< weights of a convolution or a dense layer: L2 is for these
  factor,     ///< of a scale or a normalisation, what is embedded, gamma
  summand,    ///< bias, beta
  statistic,  ///< moving mean or variance: not trained
};

struct named_tensor {
  std::string name;  ///< "17.kernel": of layer 17
  parameter_role role;
  at::Tensor value;
};

/// The graph of a network with a tensor for each of its parameters, which any optimiser of PyTorch may change. Kernels
/// lie in memory as `network_parameters` have them. Every kind of layer is there.
class trainable {
 public:
  /// \throws network_error where the parameters are not those of the network; training_error for a device that there is
  /// not
  trainable(network graph, const network_parameters& values, trainable_options options = {})
      : graph_(std::move(graph)), options_(std::move(options)) {
    detail::check_parameters(graph_, values);
    if (!(options_.epsilon > 0) || !(options_.averaging >= 0 && options_.averaging < 1))
      throw training_error("training.option", "trainable_options of network '" + graph_.name() + "'",
                           "epsilon " + exact_text(static_cast<double>(options_.epsilon)) + ", averaging " +
                               exact_text(options_.averaging),
                           "an epsilon above 0, averaging from 0 to below 1");
    at::TensorOptions where;
    try {
      where = where.device(at::Device(options_.device)).dtype(at::kFloat);
      at::empty({1}, where);
    } catch (const c10::Error& error) {
      throw training_error("training.device", "training network '" + graph_.name() + "'",
                           "device '" + options_.device + "': " + error.what_without_backtrace(),
                           "cpu, or a device that this libtorch and this machine have");
    }
    const std::vector<layer>& layers = graph_.layers();
    parameters_.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) add(i, layers[i], values[i], where);
  }
  /// Begins with `initial_parameters`.
  explicit trainable(const network& graph, std::uint64_t seed = 0, trainable_options options = {})
      : trainable(graph, initial_parameters(graph, seed), std::move(options)) {}

  const network& graph() const { return graph_; }
  const trainable_options& options() const { return options_; }
  /// All tensors in the order of the layers. Changing one in place changes the network.
  std::span<const named_tensor> tensors() const { return tensors_; }

  /// The network's outputs for a batch of images, NHWC, [images * maps of an image][height][width][channels].
  /// `training` normalises by the batch's statistics and averages them. \throws training_error for images of another
  /// shape
  std::vector<at::Tensor> forward(const at::Tensor& images, bool training) const {
    const shape& in = graph_.input();
    if (images.dim() != 4 || images.size(1) != in.height || images.size(2) != in.width ||
        images.size(3) != in.channels || images.size(0) % in.batch != 0)
      throw training_error("training.images", "input of network '" + graph_.name() + "'", sizes_text(images),
                           "images x " + std::to_string(in.height) + " x " + std::to_string(in.width) + " x " +
                               std::to_string(in.channels));
    const detail::torch_mode mode{training, static_cast<double>(options_.epsilon), 1 - options_.averaging};
    std::vector<int> readers = graph_.readers();
    std::vector<at::Tensor> maps(graph_.layers().size() + 1);
    maps[0] = detail::as_nchw(images);
    std::vector<at::Tensor> inputs;
    for (std::size_t i = 0; i < graph_.layers().size(); ++i) {
      const layer& l = graph_.layers()[i];
      inputs.clear();
      for (std::size_t k = 0; k < l.operand_count; ++k) {
        const auto operand = static_cast<std::size_t>(l.operands[k]);
        inputs.push_back(maps[operand]);
        if (--readers[operand] == 0) maps[operand].reset();  // its memory, where no gradient needs it
      }
      maps[i + 1] = detail::torch_layer(l, parameters_[i], inputs, mode);
    }
    std::vector<at::Tensor> outputs;
    for (const int tensor : graph_.output_tensors())
      outputs.push_back(detail::as_nhwc(maps[static_cast<std::size_t>(tensor)]));
    return outputs;
  }

  /// What the tensors hold now.
  network_parameters to_parameters() const {
    network_parameters all(parameters_.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const detail::torch_parameters& p = parameters_[i];
      all[i] = {numbers(p.kernel),
                numbers(p.bias),
                {numbers(p.gamma), numbers(p.beta), numbers(p.mean), numbers(p.variance)}};
    }
    return all;
  }
  /// For executors: batch normalisations folded.
  weights to_weights() const { return fold(graph_, to_parameters(), options_.epsilon); }

 private:
  void add(std::size_t i, const layer& l, const layer_parameters& values, const at::TensorOptions& where) {
    const auto tensor = [&](const char* name, parameter_role role, const std::vector<float>& from,
                            const std::vector<std::int64_t>& sizes) -> at::Tensor {
      if (from.empty()) return {};
      at::Tensor t = at::from_blob(const_cast<float*>(from.data()), sizes).clone().to(where.device());
      t.set_requires_grad(role != parameter_role::statistic);
      tensors_.push_back({std::to_string(i) + "." + name, role, t});
      return t;
    };
    const std::int64_t channels = l.output.channels;
    std::vector<std::int64_t> sizes{static_cast<std::int64_t>(values.kernel.size())};
    if (l.has_weights()) sizes = {channels, l.kernel_height, l.kernel_width, l.input.channels / l.groups};
    const parameter_role role = l.has_weights() ? parameter_role::kernel : parameter_role::factor;
    detail::torch_parameters& p = parameters_[i];
    p.kernel = tensor("kernel", role, values.kernel, sizes);
    p.bias = tensor("bias", parameter_role::summand, values.bias, {channels});
    p.gamma = tensor("gamma", parameter_role::factor, values.norm.gamma, {channels});
    p.beta = tensor("beta", parameter_role::summand, values.norm.beta, {channels});
    p.mean = tensor("mean", parameter_role::statistic, values.norm.mean, {channels});
    p.variance = tensor("variance", parameter_role::statistic, values.norm.variance, {channels});
  }
  static std::vector<float> numbers(const at::Tensor& t) {
    if (!t.defined()) return {};
    const at::Tensor here = t.detach().to(at::kCPU).contiguous();
    return {here.data_ptr<float>(), here.data_ptr<float>() + here.numel()};
  }
  static std::string sizes_text(const at::Tensor& t) {
    std::string text;
    for (const std::int64_t size : t.sizes()) text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
  }

  network graph_;
  trainable_options options_;
  std::vector<detail::torch_parameters> parameters_;
  std::vector<named_tensor> tensors_;
};

}  // namespace nascent
