// SPDX-License-Identifier: Apache-2.0
/// \file
/// Turns kernels of a network into oneDNN primitives, with their weights packed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/executor/buffers.hpp"
#include "nascent/executor/detail/checks.hpp"
#include "nascent/executor/detail/onednn/layout.hpp"
#include "nascent/executor/detail/onednn/plain_kernels.hpp"
#include "nascent/executor/detail/onednn/quantized_steps.hpp"
#include "nascent/executor/detail/onednn/race.hpp"
#include "nascent/executor/detail/onednn/step.hpp"
#include "nascent/executor/detail/onednn/step_maker.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::onednn::detail {

/// Makes the steps of one network, kernel after kernel.
class assembler : quantized_step_maker {
 public:
  using quantized_step_maker::quantized_step_maker;

  /// Adds a kernel; as two where oneDNN cannot fuse it, or only in its unoptimised implementation.
  /// \throws executor_error where oneDNN cannot run it at all
  void add(const kernel& k) {
    if (scheme_ != nullptr) {
      if (is_quantized(k)) return add_quantized(k);
      use_type_of(k);
    }
    const api::desc src = layout(k.core.input);
    const api::desc dst = layout(k.core.output);
    switch (k.core.kind) {
      case layer_kind::convolution: return add_convolution(k, src, dst);
      case layer_kind::dense: return add_dense(k);
      case layer_kind::max_pool:
      case layer_kind::average_pool:
      case layer_kind::global_average_pool: return add_pool(k, src, dst);
      case layer_kind::add: return add_sum(k, dst);
      case layer_kind::multiply: return add_product(k, dst);
      case layer_kind::concatenate: return add_concatenation(k, dst);
      case layer_kind::slice: return add_copy(k, slice_views(k.core, batch_, type_));
      case layer_kind::softmax: return add_softmax(k);
      case layer_kind::activate: return add_activation(k, dst);
      case layer_kind::prelu: return add_prelu(k, dst);
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::depth_to_space:
      case layer_kind::batch_to_space: return add_copy(k, move_views(k.core, batch_, type_));
      case layer_kind::scale: return add_scale(k, src);
      case layer_kind::layer_norm: return add_layer_norm(k);
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::class_token:
      case layer_kind::position_embedding:
      case layer_kind::resize_nearest:
      case layer_kind::pad:
      case layer_kind::channel_shuffle: return add_own(k);
      case layer_kind::reshape:
        return add_copy(k, {flat(k.core.input, batch_, type_), flat(k.core.output, batch_, type_)});
      case layer_kind::transpose: return add_copy(k, transposed_views(k.core, batch_, type_));
      case layer_kind::channel_softmax: return add_channel_softmax(k);
      case layer_kind::scores:
      case layer_kind::matmul: return add_product_of_maps(k);
      case layer_kind::transposed_convolution: return add_transposed(k, src, dst);
      case layer_kind::resize_bilinear: return add_resize(k, src, dst);
    }
  }

  std::vector<step>& steps() { return steps_; }
  std::vector<map_copy>& copies() { return copies_; }

 private:
  void add_split(const kernel& k) {
    const auto parts = split(k);
    add(parts->first);
    add(parts->second);
  }

  /// Adds a kernel whose primitive descriptor comes from `make(attributes)`. `finish(descriptor, step)` sets the
  /// arguments.
  template <class Make, class Finish>
  void add_fusable(const kernel& k, Make&& make, Finish&& finish) {
    auto found = attempt(k, make);
    if (const auto parts = split(k); parts && !(found && found->optimised())) {
      kernel bare = parts->first;
      bare.core.act = activation::identity;
      const auto unfused = attempt(bare, make);
      if (unfused && (!found || unfused->optimised())) return add_split(k);
    }
    if (!found) refuse(k);
    const auto descriptor = found->descriptor;
    step s = step_of(k, std::move(*found));
    finish(descriptor, s);
    choose(s);
    steps_.push_back(std::move(s));
  }

  void add_convolution(const kernel& k, const api::desc& src, const api::desc& dst) {
    if (k.residual && !sums_in_place(k)) return add_split(k);
    const layer& l = k.core;
    const api::desc kernel_any = kernel_layout(l, type_, order::any);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::convolution(engine_, src, kernel_any, vector_of(l.output.channels), dst, window_of(l), attr);
        },
        [&](const auto& descriptor, step& s) {
          pack_weights(descriptor, kernel_layout(l, dnnl::memory::data_type::f32, order::plain), s);
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          if (k.residual) s.use.reads.push_back(k.residual_tensor);
          s.use.in_place = k.residual;
          write(s, dst);
        });
  }

  void add_transposed(const kernel& k, const api::desc& src, const api::desc& dst) {
    const layer& l = k.core;
    const api::desc any = kernel_layout(l, type_, order::any);
    const auto make = [&](const dnnl::primitive_attr& attr) {
      return api::deconvolution(engine_, src, any, vector_of(l.output.channels), dst, transposed_window_of(l), attr);
    };
    kernel bare = k;
    bare.core.act = activation::identity;
    if (!attempt(bare, make)) return add_own(k);
    add_fusable(k, make, [&](const auto& descriptor, step& s) {
      pack_weights(descriptor, kernel_layout(l, element::f32, order::plain), s);
      read(s, DNNL_ARG_SRC, l.operands[0], src);
      write(s, dst);
    });
  }

  void add_resize(const kernel& k, const api::desc& src, const api::desc& dst) {
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::bilinear(engine_, src, dst, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, k.core.operands[0], src);
          write(s, dst);
        });
  }

  void add_dense(const kernel& k) {
    const layer& l = k.core;
    const api::desc src = matrix(l.input, batch_, type_);
    const api::desc dst = matrix(l.output, batch_, type_);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::inner_product(engine_, src, kernel_matrix(l, type_, order::any), vector_of(l.output.channels),
                                    dst, attr);
        },
        [&](const auto& descriptor, step& s) {
          pack_weights(descriptor, kernel_matrix(l, dnnl::memory::data_type::f32, order::plain), s);
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          write(s, dst);
        });
  }

  void add_pool(const kernel& k, const api::desc& src, const api::desc& dst) {
    const layer& l = k.core;
    const bool global = l.kind == layer_kind::global_average_pool;
    const auto algorithm = l.kind == layer_kind::max_pool ? dnnl::algorithm::pooling_max
                           : l.count_padding              ? dnnl::algorithm::pooling_avg_include_padding
                                                          : dnnl::algorithm::pooling_avg_exclude_padding;
    const api::dims size =
        global ? api::dims{l.input.height, l.input.width} : api::dims{l.kernel_height, l.kernel_width};
    const api::window window = global ? api::window{{1, 1}, {1, 1}, {0, 0}, {0, 0}} : window_of(l);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::pooling(engine_, algorithm, src, dst, size, window, attr);
        },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, l.operands[0], src);
          write(s, dst);
        });
  }

  void add_scale(const kernel& k, const api::desc& data) {
    const layer l = as_depthwise(k.core);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::convolution(engine_, data, kernel_layout(l, type_, order::any), vector_of(l.output.channels),
                                  data, window_of(l), attr);
        },
        [&](const auto& descriptor, step& s) {
          pack_weights(descriptor, kernel_layout(l, element::f32, order::plain), s);
          read(s, DNNL_ARG_SRC, l.operands[0], data);
          write(s, data);
        });
  }

  void add_layer_norm(const kernel& k) {
    const layer& l = k.core;
    const api::desc data = rows_of(l.input, batch_, type_);
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) { return api::layer_normalization(engine_, data, epsilon_of(l), attr); },
        [&](const auto&, step& s) {
          const layer_weights& w = values_[k.first_layer];
          const api::desc channels = vector_of(l.output.channels);
          s.constants.emplace_back(DNNL_ARG_SCALE, pack(w.kernel, channels, channels));
          s.constants.emplace_back(DNNL_ARG_SHIFT, pack(w.bias, channels, channels));
          read(s, DNNL_ARG_SRC, l.operands[0], data);
          write(s, data);
        });
  }

  /// What oneDNN 2.6 has no primitive for, or none for maps in this order: loops of ours, the activation apart.
  void add_own(const kernel& k) {
    if (const auto parts = split(k)) return add_split(k);
    step s{.what = k,
           .implementation = plain_implementation,
           .primitive = {},
           .scratchpad = {},
           .tensors = {},
           .constants = {},
           .use = {.reads = {}, .writes = k.output_tensor}};
    s.own = plain_kernel(k.core, values_[k.first_layer], batch_, element_);
    const own_operands at = operands_of(s);
    read(s, at.in, k.core.operands[0], layout(k.core.operands[0]));
    if (at.other >= 0) read(s, at.other, k.core.operands[1], layout(k.core.operands[1]));
    write(s, layout(k.core.output));
    steps_.push_back(std::move(s));
  }

  /// An element-wise function of two maps; into the first one's memory where that is free afterwards.
  void add_binary(const kernel& k, dnnl::algorithm algorithm, int a, int b, const api::desc& layout_b,
                  const api::desc& dst) {
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::binary(engine_, algorithm, dst, layout_b, dst, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC_1, b, layout_b);
          read(s, DNNL_ARG_SRC_0, a, dst);
          s.use.in_place = a != b && dies_in(a, k);
          write(s, dst);
        });
  }

  void add_sum(const kernel& k, const api::desc& dst) {
    int a = k.core.operands[0];
    int b = k.core.operands[1];
    if (k.core.over == broadcast::nothing && !dies_in(a, k)) std::swap(a, b);
    add_binary(k, dnnl::algorithm::binary_add, a, b, layout(second_operand(k.core)), dst);
  }

  void add_product(const kernel& k, const api::desc& dst) {
    const int gate = k.core.operands[1];
    add_binary(k, dnnl::algorithm::binary_mul, k.core.operands[0], gate, layout(second_operand(k.core)), dst);
  }

  void add_activation(const kernel& k, const api::desc& data) {
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return api::elementwise(engine_, to_dnnl(k.core.function()), data, attr);
        },
        [&](const auto&, step& s) {
          const int from = k.core.operands[0];
          read(s, DNNL_ARG_SRC, from, data);
          s.use.in_place = from == k.output_tensor || dies_in(from, k);
          write(s, data);
        });
  }

  void add_prelu(const kernel& k, const api::desc& data) {
    const api::desc slopes({1, k.core.output.channels, 1, 1}, element::f32, tag::nhwc);
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::prelu(engine_, data, slopes, attr); },
        [&](const auto&, step& s) {
          const int from = k.core.operands[0];
          s.constants.emplace_back(DNNL_ARG_WEIGHTS, pack(values_[k.first_layer].kernel, slopes, slopes));
          read(s, DNNL_ARG_SRC, from, data);
          s.use.in_place = from == k.output_tensor || dies_in(from, k);
          write(s, data);
        });
  }

  void add_concatenation(const kernel& k, const api::desc& dst) {
    constexpr int channel_axis = 1;
    std::vector<api::desc> parts;
    for (const int tensor : operands(k.core)) parts.push_back(layout(tensor));
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) { return api::concatenation(engine_, dst, channel_axis, parts, attr); },
        [&](const auto&, step& s) {
          for (std::size_t i = 0; i < parts.size(); ++i)
            read(s, DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), k.core.operands[i], parts[i]);
          write(s, dst);
        });
  }

  void add_softmax(const kernel& k) {
    const api::desc data = parts_of(k.core, batch_, type_);
    constexpr int axis_of_parts = 1;
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::softmax(engine_, data, axis_of_parts, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, k.core.operands[0], data);
          write(s, data);
        });
  }

  void add_channel_softmax(const kernel& k) {
    const layer& l = k.core;
    const api::desc data({l.input.positions() * batch_, l.groups, l.input.channels / l.groups}, type_, tag::abc);
    add_fusable(
        k, [&](const dnnl::primitive_attr& attr) { return api::softmax(engine_, data, 2, attr); },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, l.operands[0], data);
          write(s, data);
        });
  }

  /// Loops of ours where oneDNN has only its reference for these views.
  void add_product_of_maps(const kernel& k) {
    if (const auto parts = split(k)) return add_split(k);
    const layer& l = k.core;
    const product_views views = views_of_product(l, batch_, type_);
    const auto make = [&](dnnl::primitive_attr attr) {
      if (l.kind == layer_kind::scores) {
        dnnl::post_ops ops;
        const int depth = l.input.channels / l.groups;
        api::append_eltwise(ops, {dnnl::algorithm::eltwise_linear, 1 / std::sqrt(static_cast<float>(depth)), 0});
        attr.set_post_ops(ops);
      }
      return api::matmul(engine_, views.a, views.b, views.result, attr);
    };
    if (const auto found = attempt(k, make); !found || !found->optimised()) return add_own(k);
    add_fusable(k, make, [&](const auto&, step& s) {
      read(s, DNNL_ARG_SRC, l.operands[0], views.a);
      read(s, DNNL_ARG_WEIGHTS, l.operands[1], views.b);
      write(s, views.result);
    });
  }

  /// space_to_depth, slice and their like: a copy between two views of the same numbers.
  void add_copy(const kernel& k, const std::pair<api::desc, api::desc>& views) {
    add_fusable(
        k,
        [&](const dnnl::primitive_attr& attr) {
          return dnnl::reorder::primitive_desc(engine_, views.first, engine_, views.second, attr);
        },
        [&](const auto&, step& s) {
          read(s, DNNL_ARG_SRC, k.core.operands[0], views.first);
          write(s, views.second);
        });
  }
};

}  // namespace nascent::onednn::detail
