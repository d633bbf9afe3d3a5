// SPDX-License-Identifier: Apache-2.0
/// \file
/// Nodes of an ONNX model that mix channels: matrix products with weights, normalisations, means.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/detail/onnx_windows.hpp"

namespace nascent::detail {

class onnx_tokens : protected onnx_windows {
 protected:
  using onnx_windows::onnx_windows;

  /// A matrix of weights: [inputs][outputs] or, `turned`, [outputs][inputs].
  struct matrix {
    const onnx_constant* numbers = nullptr;
    bool turned = false;
    float factor = 1;

    std::int64_t inputs() const { return numbers->dims[turned ? 1 : 0]; }
    std::int64_t outputs() const { return numbers->dims[turned ? 0 : 1]; }
    float at(std::int64_t in, std::int64_t out) const {
      const std::int64_t place = turned ? out * inputs() + in : in * outputs() + out;
      return factor * std::get<0>(numbers->numbers)[static_cast<std::size_t>(place)];
    }
  };

  /// The last dimension of a tensor times weights: a dense layer of what is no map, else a 1x1 convolution.
  onnx_map product(const onnx_map& in, const matrix& m, std::vector<float> bias) {
    const strided_view v = settled(in);
    static_cast<void>(m.numbers->real());
    if (m.numbers->dims.size() != 2 || v.dims.size() < 2 || size_of(v.dims.back()) != m.inputs() || m.outputs() < 1 ||
        m.outputs() > network_limits::channels ||
        (!bias.empty() && static_cast<std::int64_t>(bias.size()) != m.outputs()))
      throw onnx_refusal{"a matrix of " + dims_text(m.numbers->dims) + " for " + dims_text(v.sizes()),
                         "inputs x outputs that fit"};
    const bool flat = v.dims.size() == 2 && is_images(v.dims[0], v.map);
    const strided_view x = flat ? v : with_channels_at(v, v.dims.size() - 1);
    const tensor map =
        flat ? arranged(x.map, joined({x.dims[0], {{{m.inputs(), 1}}}}), wanted(size_of(x.dims[0]), 1, 1, m.inputs()))
             : x.map;
    const auto units = static_cast<int>(m.outputs());
    const bool has_bias = !bias.empty();
    layer_parameters values{kernel_of(m, x.dims.back()), std::move(bias), {}};
    const tensor made = add(
        [&](auto& net) {
          if (map.height == 1 && map.width == 1) return net.dense(map, {.units = units, .bias = has_bias});
          return net.conv(map, {.filters = units, .kernel = 1, .bias = has_bias, .batch_norm = false});
        },
        std::move(values));
    strided_view out{made, {}};
    for (const strided_runs& d : x.dims) out.dims.push_back(with_channels(d, map.channels, units));
    out.dims.back().clear();
    append(out.dims.back(), {units, 1});
    return plain(std::move(out));
  }

  onnx_map batch_norm(const onnx_node& n, const onnx_map& in, const onnx_constant& gamma, const onnx_constant& beta,
                      const onnx_constant& mean, const onnx_constant& variance, float epsilon) {
    if (n.integer("training_mode", 0) != 0 || n.integer("spatial", 1) == 0)
      throw onnx_refusal{"statistics of the images, or of each position", "those of training, for each channel"};
    const strided_view v = with_channels_at(settled(in), std::min<std::size_t>(1, in.view.dims.size() - 1));
    for (const onnx_constant* c : {&gamma, &beta, &mean, &variance}) check_channels(*c, v.map);
    batch_norm_parameters norm{gamma.real(), beta.real(), mean.real(), variance.real()};
    const double more = n.real("epsilon", 1e-5) - static_cast<double>(epsilon);
    for (float& x : norm.variance) {
      x = static_cast<float>(static_cast<double>(x) + more);
      if (!(x >= 0)) throw onnx_refusal{"a variance below 0", "0 or more"};
    }
    return same(v, add([&](auto& net) { return net.batch_norm(v.map); }, {{}, {}, std::move(norm)}));
  }

  /// Over the last dimension.
  onnx_map layer_norm(const onnx_node& n, const onnx_map& in, const onnx_constant& scale, const onnx_constant* bias) {
    const std::size_t rank = in.view.dims.size();
    if (axis_of(n.integer("axis", -1), rank) + 1 != rank)
      throw onnx_refusal{"a norm over several dimensions", "the last one"};
    const strided_view v = with_channels_at(settled(in), rank - 1);
    check_channels(scale, v.map);
    if (bias != nullptr) check_channels(*bias, v.map);
    const int digits = digits_of(n.real("epsilon", 1e-5));
    return same(
        v, add([&](auto& net) { return net.layer_norm(v.map, {.epsilon_digits = digits, .bias = bias != nullptr}); },
               {scale.real(), bias == nullptr ? std::vector<float>() : bias->real(), {}}, bareness(scale, bias)));
  }

  onnx_map rms_norm(const onnx_node& n, const onnx_map& in, const onnx_constant& scale) {
    const std::size_t rank = in.view.dims.size();
    if (axis_of(n.integer("axis", -1), rank) + 1 != rank)
      throw onnx_refusal{"a norm over several dimensions", "the last one"};
    const strided_view v = with_channels_at(settled(in), rank - 1);
    check_channels(scale, v.map);
    const int digits = digits_of(n.real("epsilon", 1e-5));
    return same(v, add([&](auto& net) { return net.rms_norm(v.map, {.epsilon_digits = digits}); },
                       {scale.real(), {}, {}}, bareness(scale, nullptr)));
  }

  /// Instances: the images and what dimension 1 says. Groups of channels, where that is a part of the channels.
  onnx_map instance_norm(const onnx_node& n, const onnx_map& in, const onnx_constant& scale,
                         const onnx_constant& bias) {
    const strided_view v = settled(in);
    const std::int64_t groups = v.dims.size() < 2 ? 0 : size_of(v.dims[1]);
    const std::int64_t depth = groups == 0 ? 0 : v.map.channels / groups;
    const strided_runs first = groups == 1 ? strided_runs{} : strided_runs{{groups, depth}};
    if (groups < 1 || v.map.channels % groups != 0 || v.dims[1] != first || !is_images(v.dims[0], v.map) ||
        static_cast<std::int64_t>(scale.size()) != groups || static_cast<std::int64_t>(bias.size()) != groups)
      throw onnx_refusal{"instances of " + dims_text(v.sizes()), "groups of channels"};
    layer_parameters values;
    for (std::int64_t c = 0; c < v.map.channels; ++c) {
      values.kernel.push_back(scale.real()[static_cast<std::size_t>(c / depth)]);
      values.bias.push_back(bias.real()[static_cast<std::size_t>(c / depth)]);
    }
    const bool summed = std::ranges::any_of(values.bias, [](float x) { return x != 0; });
    if (!summed) values.bias.clear();
    return grouped_norm(v, static_cast<int>(groups), n.real("epsilon", 1e-5), std::move(values),
                        bareness(scale, summed ? &bias : nullptr));
  }

  onnx_map group_norm(const onnx_node& n, const onnx_map& in, const onnx_constant& scale, const onnx_constant& bias) {
    const strided_view v = with_channels_at(settled(in), std::min<std::size_t>(1, in.view.dims.size() - 1));
    const std::int64_t groups = n.integer("num_groups", 1);
    if (n.operators() < 21 || groups < 1 || groups > v.map.channels)
      throw onnx_refusal{std::to_string(groups) + " groups",
                         "GroupNormalization of version 21 or later, with groups that divide the channels"};
    check_channels(scale, v.map);
    check_channels(bias, v.map);
    return grouped_norm(v, static_cast<int>(groups), n.real("epsilon", 1e-5), {scale.real(), bias.real(), {}},
                        onnx_part::none);
  }

  /// The mean over all positions.
  onnx_map global_mean(const onnx_map& in, const onnx_dims& over, bool keep) {
    const strided_view v = settled(in);
    const std::vector<std::size_t> axes = axes_of(over, v.dims.size());
    strided_view next;
    const auto level = [&](const strided_run& r) {
      return r.stride < v.map.channels ? 0 : r.stride < map_size(v.map) ? 1 : 2;
    };
    for (std::size_t d = 0; d < v.dims.size(); ++d) {
      const bool reduced = std::ranges::binary_search(axes, d);
      for (const strided_run& r : v.dims[d])
        if (reduced != (level(r) == 1))
          throw onnx_refusal{"a mean over " + dims_text(over) + " of " + dims_text(v.sizes()),
                             "the positions of a map, all of them"};
      if (!reduced || keep) next.dims.push_back(v.dims[d]);
      if (reduced && keep) next.dims.back().clear();
    }
    for (strided_runs& d : next.dims)
      for (strided_run& r : d)
        if (level(r) == 2) r.stride = r.stride / map_size(v.map) * v.map.channels;
    next.map = add([&](auto& net) { return net.global_pool(v.map); });
    return plain(std::move(next));
  }

  static int digits_of(double epsilon) {
    for (int digits = 1; digits <= 12; ++digits)
      if (std::abs(epsilon * std::pow(10.0, digits) - 1) < 1e-4) return digits;
    throw onnx_refusal{"an epsilon of " + std::to_string(epsilon), "a power of ten from 1e-1 to 1e-12"};
  }

 private:
  onnx_map grouped_norm(const strided_view& v, int groups, double epsilon, layer_parameters values, onnx_part part) {
    const int digits = digits_of(epsilon);
    const bool bias = !values.bias.empty();
    return same(v, add(
                       [&](auto& net) {
                         return net.group_norm(v.map, {.groups = groups, .epsilon_digits = digits, .bias = bias});
                       },
                       std::move(values), part));
  }

  static onnx_part bareness(const onnx_constant& scale, const onnx_constant* bias) {
    const bool ones = std::ranges::all_of(scale.real(), [](float x) { return x == 1; });
    return ones && bias == nullptr ? onnx_part::bare : onnx_part::none;
  }

  static void check_channels(const onnx_constant& c, const tensor& map) {
    if (c.size() != static_cast<std::size_t>(map.channels))
      throw onnx_refusal{"parameters of " + dims_text(c.dims), std::to_string(map.channels) + ", one for each channel"};
  }

  /// Weights in our order, [output][input], where the inputs lie in a map as these runs say.
  static std::vector<float> kernel_of(const matrix& m, const strided_runs& inputs) {
    onnx_dims counts;
    onnx_dims steps;
    for (const strided_run& r : inputs) {
      counts.push_back(r.size);
      steps.push_back(r.stride);
    }
    std::vector<float> kernel(static_cast<std::size_t>(m.inputs() * m.outputs()));
    std::int64_t in = 0;
    for_each_place(counts, steps, 0, [&](std::int64_t at) {
      for (std::int64_t out = 0; out < m.outputs(); ++out)
        kernel.at(static_cast<std::size_t>(out * m.inputs() + at)) = m.at(in, out);
      ++in;
    });
    return kernel;
  }
};

}  // namespace nascent::detail
