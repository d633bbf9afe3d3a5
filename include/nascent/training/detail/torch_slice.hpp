// SPDX-License-Identifier: Apache-2.0
/// \file
/// The part of shared weights that a layer uses.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "nascent/training/detail/torch_layer.hpp"
#include "nascent/training/detail/weight_size.hpp"

namespace nascent::detail {

/// The first channels, the centre of the kernel: views, so that gradients add up in the whole. Of an embedding a copy.
inline torch_parameters slice_of(const torch_parameters& shared, const layer& whole, const layer& l) {
  const auto first = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, 0, l.output.channels) : t; };
  torch_parameters p{{}, first(shared.bias), first(shared.gamma), first(shared.beta), {}, {}};
  const at::Tensor& k = shared.kernel;
  if (!k.defined()) return p;
  if (l.has_weights())
    p.kernel = k.narrow(0, 0, l.output.channels)
                   .narrow(1, (whole.kernel_height - l.kernel_height) / 2, l.kernel_height)
                   .narrow(2, (whole.kernel_width - l.kernel_width) / 2, l.kernel_width)
                   .narrow(3, 0, filter_depth(l));
  else if (l.kind == layer_kind::position_embedding)
    p.kernel = k.view({-1, whole.output.channels}).narrow(1, 0, l.output.channels).reshape({-1});
  else p.kernel = first(k);
  return p;
}

}  // namespace nascent::detail
