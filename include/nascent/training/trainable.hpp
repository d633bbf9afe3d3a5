// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network that PyTorch can train: its parameters as tensors, batch normalisation kept apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nascent/network/parameters.hpp"
#include "nascent/training/detail/torch_network.hpp"
#include "nascent/training/error.hpp"
#include "nascent/training/initial_parameters.hpp"
#include "nascent/training/named_tensor.hpp"

namespace nascent {

struct trainable_options {
  float epsilon = usual_epsilon;  ///< of batch normalisation
  double averaging = 0.9;         ///< share of the old in its moving mean and variance; TensorFlow's networks have 0.99
  std::string device = "cpu";     ///< as PyTorch names devices
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
    const at::TensorOptions where = detail::tensors_on(options_.device, "training network '" + graph_.name() + "'");
    const std::vector<layer>& layers = graph_.layers();
    for (std::size_t i = 0; i < layers.size(); ++i)
      parameters_.push_back(detail::make_tensors(std::to_string(i), layers[i], values[i], where, tensors_));
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
    return forward(images, training, [](std::size_t, const at::Tensor&) {});
  }
  /// The same, and `look(i, map)` sees what each layer makes, NCHW, before the next one is computed.
  template <class Look>
  std::vector<at::Tensor> forward(const at::Tensor& images, bool training, Look&& look) const {
    detail::check_batch(graph_, images);
    detail::torch_run run(graph_, detail::as_nchw(images));
    const detail::torch_mode mode{training, static_cast<double>(options_.epsilon), 1 - options_.averaging};
    for (std::size_t i = 0; i < graph_.layers().size(); ++i) {
      run.layers(
          i, i + 1, [&](std::size_t at) -> const detail::torch_parameters& { return parameters_[at]; }, mode);
      look(i, run.map(static_cast<int>(i) + 1));
    }
    return run.outputs();
  }

  /// What the tensors hold now.
  network_parameters to_parameters() const {
    network_parameters all;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      all.push_back(detail::numbers_of(graph_.layers()[i], parameters_[i]));
    return all;
  }
  /// For executors: batch normalisations folded.
  weights to_weights() const { return fold(graph_, to_parameters(), options_.epsilon); }

 private:
  network graph_;
  trainable_options options_;
  std::vector<detail::torch_parameters> parameters_;
  std::vector<named_tensor> tensors_;
};

}  // namespace nascent
