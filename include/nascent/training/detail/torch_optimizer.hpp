// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>

#include "nascent/training/trainable.hpp"
#include "nascent/training/training_options.hpp"

namespace nascent::detail {

/// Changes the tensors of a network by their gradients. PyTorch's own RMSProp has epsilon beside the root, its others
/// take decay for all parameters alike: these are written after the papers, and tested beside PyTorch's where equal.
class torch_optimizer {
 public:
  torch_optimizer(const optimizer& method, std::span<const named_tensor> tensors) : method_(method) {
    const std::size_t slots = std::holds_alternative<sgd>(method) ? 1 : 2;
    for (const named_tensor& t : tensors) {
      if (t.role == parameter_role::statistic) continue;
      trained_.push_back(t);
      for (std::size_t s = 0; s < slots; ++s)
        state_.push_back({t.name + "." + std::to_string(s), t.role,
                          s == 0 && std::holds_alternative<rmsprop>(method) ? at::ones_like(t.value).detach()
                                                                            : at::zeros_like(t.value).detach()});
    }
  }

  /// Its memory, for checkpoints; `steps` belongs to it.
  std::span<const named_tensor> state() const { return state_; }
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

  /// Uses up the gradients. `used` may say for each tensor how much of each number L2 and decay are for: undefined, not
  /// at all; by default of all kernels everything.
  void step(double rate, std::span<const at::Tensor> used = {}) {
    const at::NoGradGuard off;
    ++steps_;
    for (std::size_t i = 0; i < trained_.size(); ++i) {
      at::Tensor& w = trained_[i].value;
      const at::Tensor g = w.grad();
      if (!g.defined()) continue;  // no output stands on it
      bool is_kernel = trained_[i].role == parameter_role::kernel;
      at::Tensor regular = w;
      if (is_kernel && !used.empty()) {
        is_kernel = used[i].defined();
        if (is_kernel) regular = w * used[i];
      }
      if (const auto* m = std::get_if<sgd>(&method_)) {
        if (is_kernel && m->l2 > 0) g.add_(regular, m->l2);
        const at::Tensor& v = state_[i].value;
        v.mul_(m->momentum).add_(g);
        if (m->nesterov) w.add_(g, -rate).add_(v, -rate * m->momentum);
        else w.add_(v, -rate);
      } else if (const auto* r = std::get_if<rmsprop>(&method_)) {
        if (is_kernel && r->l2 > 0) g.add_(regular, r->l2);
        const at::Tensor& s = state_[2 * i].value;
        const at::Tensor& v = state_[2 * i + 1].value;
        s.mul_(r->decay).addcmul_(g, g, 1 - r->decay);
        v.mul_(r->momentum).addcdiv_(g, (s + r->epsilon).sqrt_(), rate);
        w.sub_(v);
      } else if (const auto* a = std::get_if<adamw>(&method_)) {
        if (is_kernel && used.empty()) w.mul_(1 - rate * a->weight_decay);
        else if (is_kernel) w.sub_(regular, rate * a->weight_decay);
        const at::Tensor& first = state_[2 * i].value;
        const at::Tensor& second = state_[2 * i + 1].value;
        first.mul_(a->beta1).add_(g, 1 - a->beta1);
        second.mul_(a->beta2).addcmul_(g, g, 1 - a->beta2);
        const double n = static_cast<double>(steps_);
        const double root = std::sqrt(1 - std::pow(a->beta2, n));
        w.addcdiv_(first, (second.sqrt() / root).add_(a->epsilon), -rate / (1 - std::pow(a->beta1, n)));
      }
    }
    for (named_tensor& t : trained_) t.value.mutable_grad().reset();
  }

 private:
  optimizer method_;
  std::vector<named_tensor> trained_;
  std::vector<named_tensor> state_;
  std::int64_t steps_ = 0;
};

}  // namespace nascent::detail
