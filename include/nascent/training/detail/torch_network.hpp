// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network's layers one after another, and where their tensors come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "nascent/base/number_text.hpp"
#include "nascent/network/parameters.hpp"
#include "nascent/training/detail/torch_layer.hpp"
#include "nascent/training/error.hpp"
#include "nascent/training/named_tensor.hpp"

namespace nascent::detail {

/// Where tensors are made. \throws training_error for a device that there is not
inline at::TensorOptions tensors_on(const std::string& device, const std::string& of) {
  try {
    const auto where = at::TensorOptions().device(at::Device(device)).dtype(at::kFloat);
    at::empty({1}, where);
    return where;
  } catch (const c10::Error& error) {
    throw training_error("training.device", of, "device '" + device + "': " + error.what_without_backtrace(),
                         "cpu, or a device that this libtorch and this machine have");
  }
}

/// Tensors with the parameters of a layer, of those that there are. They are appended to `all` as "prefix.kernel" and
/// so on.
inline torch_parameters make_tensors(const std::string& prefix, const layer& l, const layer_parameters& values,
                                     const at::TensorOptions& where, std::vector<named_tensor>& all) {
  const auto tensor = [&](const char* name, parameter_role role, const std::vector<float>& from,
                          const std::vector<std::int64_t>& sizes) -> at::Tensor {
    if (from.empty()) return {};
    at::Tensor t = at::from_blob(const_cast<float*>(from.data()), sizes).clone().to(where.device());
    t.set_requires_grad(role != parameter_role::statistic);
    all.push_back({prefix + "." + name, role, t});
    return t;
  };
  const std::int64_t channels = l.output.channels;
  std::vector<std::int64_t> sizes{static_cast<std::int64_t>(values.kernel.size())};
  if (l.has_weights()) sizes = {channels, l.kernel_height, l.kernel_width, l.input.channels / l.groups};
  const parameter_role role = l.has_weights() ? parameter_role::kernel : parameter_role::factor;
  torch_parameters p;
  p.kernel = tensor("kernel", role, values.kernel, sizes);
  p.bias = tensor("bias", parameter_role::summand, values.bias, {channels});
  p.gamma = tensor("gamma", parameter_role::factor, values.norm.gamma, {channels});
  p.beta = tensor("beta", parameter_role::summand, values.norm.beta, {channels});
  p.mean = tensor("mean", parameter_role::statistic, values.norm.mean, {channels});
  p.variance = tensor("variance", parameter_role::statistic, values.norm.variance, {channels});
  return p;
}

/// What tensors hold; where there are no statistics, mean 0 and variance 1.
inline layer_parameters numbers_of(const layer& l, const torch_parameters& p) {
  const auto numbers = [](const at::Tensor& t) -> std::vector<float> {
    if (!t.defined()) return {};
    const at::Tensor here = t.detach().to(at::kCPU).contiguous();
    return {here.data_ptr<float>(), here.data_ptr<float>() + here.numel()};
  };
  layer_parameters all{
      numbers(p.kernel), numbers(p.bias), {numbers(p.gamma), numbers(p.beta), numbers(p.mean), numbers(p.variance)}};
  const std::size_t channels = l.batch_norm ? static_cast<std::size_t>(l.output.channels) : 0;
  all.norm.mean.resize(channels, 0.0F);
  all.norm.variance.resize(channels, 1.0F);
  return all;
}

inline std::string sizes_text(const at::Tensor& t) {
  std::string text;
  for (const std::int64_t size : t.sizes()) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

/// \throws training_error for images that are not NHWC of the network's input
inline void check_batch(const network& graph, const at::Tensor& images) {
  const shape& in = graph.input();
  if (images.dim() != 4 || images.size(1) != in.height || images.size(2) != in.width || images.size(3) != in.channels ||
      images.size(0) % in.batch != 0)
    throw training_error("training.images", "input of network '" + graph.name() + "'", sizes_text(images),
                         "images x " + std::to_string(in.height) + " x " + std::to_string(in.width) + " x " +
                             std::to_string(in.channels));
}

/// A network on its way: maps NCHW, each of which is let go after its last reader.
class torch_run {
 public:
  torch_run(const network& graph, at::Tensor input)
      : graph_(&graph), readers_(graph.readers()), maps_(graph.layers().size() + 1) {
    maps_[0] = std::move(input);
  }

  /// Layers `first` up to `end`; `parameters(i)` are those of layer i.
  template <class Parameters>
  void layers(std::size_t first, std::size_t end, Parameters&& parameters, const torch_mode& mode) {
    std::vector<at::Tensor> inputs;
    for (std::size_t i = first; i < end; ++i) {
      const layer& l = graph_->layers()[i];
      inputs.clear();
      for (std::size_t k = 0; k < l.operand_count; ++k) {
        inputs.push_back(maps_[static_cast<std::size_t>(l.operands[k])]);
        leave(l.operands[k]);
      }
      maps_[i + 1] = torch_layer(l, parameters(i), inputs, mode);
    }
  }
  /// Layers that something else stands in for: `step` makes their output from their input.
  template <class Step>
  void replace(std::size_t first, std::size_t end, int input, int output, Step&& step) {
    const at::Tensor x = maps_[static_cast<std::size_t>(input)];
    for (std::size_t i = first; i < end; ++i)
      for (std::size_t k = 0; k < graph_->layers()[i].operand_count; ++k) leave(graph_->layers()[i].operands[k]);
    maps_[static_cast<std::size_t>(output)] = step(x);
  }
  const at::Tensor& map(int tensor) const { return maps_[static_cast<std::size_t>(tensor)]; }
  /// NHWC.
  std::vector<at::Tensor> outputs() const {
    std::vector<at::Tensor> all;
    for (const int tensor : graph_->output_tensors()) all.push_back(as_nhwc(map(tensor)));
    return all;
  }

 private:
  void leave(int tensor) {
    const auto t = static_cast<std::size_t>(tensor);
    if (--readers_[t] == 0) maps_[t].reset();  // its memory, where no gradient needs it
  }

  const network* graph_;
  std::vector<int> readers_;
  std::vector<at::Tensor> maps_;
};

}  // namespace nascent::detail
