// SPDX-License-Identifier: Apache-2.0
/// \file
/// Steps of a network that are computed again where their gradient is asked for, so that what is inside takes no memory
/// in between.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nascent/base/language.hpp"

namespace nascent::detail {

/// Several ways from a map to another, which are added up.
struct parallel_steps final : torch::CustomClassHolder {
  std::size_t count = 0;
  std::function<at::Tensor(std::size_t, const at::Tensor&)> run{};

  parallel_steps(std::size_t n, std::function<at::Tensor(std::size_t, const at::Tensor&)> step)
      : count(n), run(std::move(step)) {}

  at::Tensor sum(const at::Tensor& x) const {
    at::Tensor all;
    for (std::size_t i = 0; i < count; ++i) all = i == 0 ? run(0, x) : all + run(i, x);
    return all;
  }
};

/// Keeps the input alone. Backwards one step at a time runs again; the gradients of what it reads beside its input are
/// added to theirs directly, so these have to be leaves, or views of leaves.
struct rematerialized : torch::autograd::Function<rematerialized> {
  static at::Tensor forward(torch::autograd::AutogradContext* kept, const at::Tensor& x, const at::Tensor& /*anchor*/,
                            const c10::intrusive_ptr<parallel_steps>& steps) {
    kept->save_for_backward({x});
    kept->saved_data["steps"] = c10::IValue::make_capsule(steps);
    return steps->sum(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* kept,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor x = kept->get_saved_variables()[0];
    const auto capsule = kept->saved_data["steps"].toCapsule();
    const auto& steps = static_cast<const parallel_steps&>(*capsule);
    at::Tensor all;
    for (std::size_t i = 0; i < steps.count; ++i) {
      const at::AutoGradMode on(true);
      const at::Tensor again = x.detach().requires_grad_(true);
      steps.run(i, again).backward(gradients[0]);
      all = i == 0 ? again.grad() : all + again.grad();
    }
    return {all, {}, {}};
  }
};

/// The sum of the steps, kept or computed again.
inline at::Tensor run_steps(bool again, const at::Tensor& x, std::size_t count,
                            std::function<at::Tensor(std::size_t, const at::Tensor&)> step) {
  if (!again || !at::GradMode::is_enabled()) return parallel_steps(count, std::move(step)).sum(x);
  // Something has to ask for a gradient, or none is ever wanted of the first block: images ask for none.
  const at::Tensor anchor = at::zeros({1}, x.options()).requires_grad_(true);
  return rematerialized::apply(x, anchor, c10::make_intrusive<parallel_steps>(count, std::move(step)));
}

}  // namespace nascent::detail
