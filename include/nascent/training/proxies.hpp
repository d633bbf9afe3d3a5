// SPDX-License-Identifier: Apache-2.0
/// \file
/// Zero-cost proxies: numbers that order networks before anybody trains them, asked as an accuracy is. **They are no
/// accuracies.** Before ZiCo no proxy was consistently better than the number of parameters (Li et al., 2023), and
/// which one is best depends on the space: compare them with `parameter_count` and `mac_count` on some networks of the
/// space that were trained.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/slogdet.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "nascent/network/network.hpp"
#include "nascent/training/resized.hpp"
#include "nascent/training/trainer.hpp"

namespace nascent {

struct proxy_options {
  int images = 64;         ///< of a batch
  int batches = 2;         ///< of `zico`, 2 or more
  std::uint64_t seed = 0;  ///< of which images, and of the parameters
  bool resize = false;     ///< images become as large as a network's input
  /// Parameters of a network that was not trained.
  std::function<network_parameters(const network&, std::uint64_t)> initialize = initial_parameters;
  trainable_options network{};
};

namespace detail {

/// The images that proxies look at, and the gradients of the loss there.
class proxy_batches {
 public:
  /// \throws training_error for options out of range, or too few images
  proxy_batches(const image_set& from, proxy_options options, int batches)
      : options_(std::move(options)), pixels_(standardize(from)) {
    const auto refuse = [&](const char* name, int found, const std::string& allowed) {
      throw training_error("training.option", std::string("proxy_options.") + name, std::to_string(found), allowed);
    };
    if (options_.images < 2) refuse("images", options_.images, "2 or more");
    const std::size_t count = static_cast<std::size_t>(options_.images) * static_cast<std::size_t>(batches);
    if (count > from.size())
      refuse("images", options_.images,
             std::to_string(from.size() / static_cast<std::size_t>(batches)) + " at most: '" + from.name + "' has " +
                 std::to_string(from.size()) + " for " + std::to_string(batches) +
                 (batches == 1 ? " batch" : " batches"));
    random_engine rng(options_.seed);
    std::vector<std::size_t> numbers = shuffled_numbers(from.size(), rng);
    numbers.resize(count);
    images_ = select(from, numbers);
  }

  trainable begin(const network& graph) const {
    return {graph, options_.initialize(graph, options_.seed), options_.network};
  }

  /// Batch `number` at the network's size, and its labels.
  std::pair<at::Tensor, at::Tensor> batch(const network& graph, int number) const {
    const auto count = static_cast<std::size_t>(options_.images);
    std::vector<std::size_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), count * static_cast<std::size_t>(number));
    image_set few = select(images_, numbers);
    if (options_.resize) few = resized(few, graph.input().height, graph.input().width);
    check_fit(graph, few);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    random_engine unused;
    return make_batch(few, numbers, pixels_, {}, unused, options_.network.device);
  }

  /// The gradient of the mean cross-entropy by each kernel: of convolutions and dense layers, and of nothing else.
  std::vector<at::Tensor> gradients(const trainable& model, int number) const {
    const auto [x, labels] = batch(model.graph(), number);
    for (const named_tensor& t : model.tensors()) t.value.mutable_grad().reset();
    at::cross_entropy_loss(model.forward(x, true).front().reshape({options_.images, -1}), labels).backward();
    std::vector<at::Tensor> all;
    for (const named_tensor& t : model.tensors())
      if (t.role == parameter_role::kernel && t.value.grad().defined()) all.push_back(t.value.grad().clone());
    return all;
  }

  int images() const { return options_.images; }

 private:
  proxy_options options_;
  standardization pixels_;
  image_set images_;
};

inline std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

/// Whether a layer's numbers are above 0 where what its activation was given is: then they tell a linear region.
inline bool tells_region(const layer& l) {
  switch (l.act) {
    case activation::relu:
    case activation::relu6:
    case activation::swish:
    case activation::hswish:
    case activation::leaky_relu:
    case activation::elu:
    case activation::mish:
    case activation::gelu:
    case activation::gelu_tanh:
    case activation::clamp: return true;
    case activation::identity: return l.kind == layer_kind::prelu;
    case activation::sigmoid:
    case activation::hsigmoid:
    case activation::zero:
    case activation::tanh:
    case activation::softplus: return false;
  }
  return false;
}

}  // namespace detail

/// Grad-norm (Abdelfattah et al., 2021): the Euclidean norms of the loss' gradient by each kernel, added up, for one
/// batch.
class gradient_norm {
 public:
  /// \throws training_error
  explicit gradient_norm(const image_set& training, const proxy_options& options = {})
      : batches_(training, options, 1) {}

  /// None where it is no finite number. \throws training_error where the images do not fit the network
  std::optional<double> operator()(const network& graph) const {
    const trainable model = batches_.begin(graph);
    double sum = 0;
    for (const at::Tensor& g : batches_.gradients(model, 0)) sum += g.norm().item<double>();
    return detail::finite(sum);
  }

 private:
  detail::proxy_batches batches_;
};

/// ZiCo (Li et al., 2023): of each kernel the sum, over its weights, of the mean absolute gradient over the deviation
/// of the gradient between batches; the logarithms of these sums, added up. Deviations are of gradients with their
/// signs, as in the authors' program; weights without any are left out.
class zico {
 public:
  /// \throws training_error
  explicit zico(const image_set& training, const proxy_options& options = {})
      : batches_(training, options, std::max(options.batches, 2)), count_(options.batches) {
    if (count_ < 2)
      throw training_error("training.option", "proxy_options.batches", std::to_string(count_), "2 or more");
  }

  /// None where it is no finite number. \throws as gradient_norm
  std::optional<double> operator()(const network& graph) const {
    const trainable model = batches_.begin(graph);
    std::vector<std::vector<at::Tensor>> by_kernel;
    for (int b = 0; b < count_; ++b) {
      std::vector<at::Tensor> gradients = batches_.gradients(model, b);
      by_kernel.resize(gradients.size());
      for (std::size_t k = 0; k < gradients.size(); ++k) by_kernel[k].push_back(gradients[k].to(at::kDouble).flatten());
    }
    double sum = 0;
    for (const std::vector<at::Tensor>& of : by_kernel) {
      const at::Tensor all = at::stack(of);
      const at::Tensor deviation = all.std(0, false);
      const at::Tensor varies = deviation > 0;
      const double kernel =
          (all.abs().mean(0).masked_select(varies) / deviation.masked_select(varies)).sum().item<double>();
      if (kernel > 0) sum += std::log(kernel);
    }
    return detail::finite(sum);
  }

 private:
  detail::proxy_batches batches_;
  int count_;
};

/// NASWOT (Mellor et al., 2021): each image has a code, which units are above 0 of all that rectify; the logarithm of
/// the determinant of the matrix that counts in how many units two images agree. Units of smooth activations count as
/// ReLUs do.
class naswot {
 public:
  /// \throws training_error
  explicit naswot(const image_set& training, const proxy_options& options = {}) : batches_(training, options, 1) {}

  /// None where the matrix is singular: where two images have the same code, as equal images have, or nothing
  /// rectifies. \throws as gradient_norm
  std::optional<double> operator()(const network& graph) const {
    const at::NoGradGuard off;
    const trainable model = batches_.begin(graph);
    const at::Tensor x = batches_.batch(graph, 0).first;
    const std::int64_t n = batches_.images();
    at::Tensor agree = at::zeros({n, n}, x.options().dtype(at::kDouble));
    model.forward(x, true, [&](std::size_t i, const at::Tensor& map) {
      if (!detail::tells_region(graph.layers()[i])) return;
      const at::Tensor code = (map > 0).reshape({n, -1}).to(at::kFloat);  // counts below 2^24 are exact
      const at::Tensor rest = 1 - code;
      agree += code.mm(code.t()) + rest.mm(rest.t());
    });
    return detail::finite(std::get<1>(at::slogdet(agree)).item<double>());
  }

 private:
  detail::proxy_batches batches_;
};

/// Synflow (Tanaka et al., 2020; as a proxy Abdelfattah et al., 2021): with the absolute values of all parameters, no
/// batch normalisation and an image of ones, the outputs' sum by each kernel's weights, times these, added up; in
/// double precision. The logarithm of that, as deep networks have sums that nobody can read.
struct synflow {
  proxy_options options{};

  /// None where nothing flows. \throws training_error
  std::optional<double> operator()(const network& graph) const {
    const trainable model(graph, options.initialize(graph, options.seed), options.network);
    {
      const at::NoGradGuard off;
      for (const named_tensor& t : model.tensors()) {
        at::Tensor value = t.value.detach().abs().to(at::kDouble);
        if (t.name.ends_with(".gamma")) value.fill_(1);  // normalisations do nothing
        if (t.name.ends_with(".beta") || t.name.ends_with(".mean")) value.fill_(0);
        if (t.name.ends_with(".variance")) value.fill_(1 - static_cast<double>(options.network.epsilon));
        t.value.set_data(value);
      }
    }
    const shape& in = graph.input();
    const at::TensorOptions where = at::TensorOptions().dtype(at::kDouble).device(at::Device(options.network.device));
    at::Tensor flow = at::zeros({1}, where);
    for (const at::Tensor& out : model.forward(at::ones({in.batch, in.height, in.width, in.channels}, where), false))
      flow = flow + out.sum();
    flow.sum().backward();
    double sum = 0;
    for (const named_tensor& t : model.tensors())
      if (t.role == parameter_role::kernel && t.value.grad().defined())
        sum += (t.value.detach() * t.value.grad()).abs().sum().item<double>();
    return detail::finite(std::log(sum));
  }
};

}  // namespace nascent
