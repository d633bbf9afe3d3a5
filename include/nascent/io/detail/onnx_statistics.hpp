// SPDX-License-Identifier: Apache-2.0
/// \file
/// Normalisations of an ONNX model in their parts: means over the channels, and what is divided by them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/detail/onnx_tokens.hpp"

namespace nascent::detail {

/// Values that are no maps yet have numbers below 0: means over channels, and maps less them.
class onnx_statistics : protected onnx_tokens {
 protected:
  using onnx_tokens::onnx_tokens;

  static bool is_statistic(const onnx_value& v) {
    const auto* m = std::get_if<onnx_map>(&v);
    return m != nullptr && m->view.map.id < 0;
  }

  /// The mean of one dimension, where that is the channels; nothing where it is not.
  std::optional<onnx_map> mean_of_channels(const onnx_map& m, const onnx_dims& axes) {
    if (axes.size() != 1) return std::nullopt;
    const std::size_t axis = axis_of(axes[0], m.view.dims.size());
    if (m.view.map.channels == 1 || !is_channels(m.view.dims[axis], m.view.map)) return std::nullopt;
    const bool plain = m.curve == onnx_curve();
    const bool square = m.curve.close_to(onnx_curve().then([](double x) { return x * x; }));
    const bool centred = m.view.map.id < 0 && statistic_of(m).what == centred_map;
    if (m.view.map.id < 0 ? !(centred && square) : !(plain || square)) return std::nullopt;
    strided_view source = m.view;
    if (centred) source.map.id = statistic_of(m).of;
    return made(centred ? variance : square ? mean_square : mean_value, source, axis);
  }

  /// A map less its mean, or divided by the root of one, which makes it a normalisation.
  onnx_map normalized(const onnx_node& n, const onnx_value& a, const onnx_value& b) {
    const auto unknown = [] { return onnx_refusal{"a mean over channels", "one in a layer or RMS normalisation"}; };
    if (const auto* c = std::get_if<shared_constant>(&b); c != nullptr && is_statistic(a) && (*c)->size() == 1)
      return paired(n, a, b);
    if (const auto* c = std::get_if<shared_constant>(&a); c != nullptr && is_statistic(b) && (*c)->size() == 1)
      return paired(n, a, b);
    const auto* x = std::get_if<onnx_map>(&a);
    const auto* y = std::get_if<onnx_map>(&b);
    if (x == nullptr || y == nullptr) throw unknown();
    if (x->view.map.id == y->view.map.id && x->view.dims == y->view.dims) return paired(n, a, b);
    if (n.kind() == "Mul" && x->view.map.id < 0 && (y->view.map.id >= 0 || statistic_of(*y).what == centred_map))
      std::swap(x, y);
    if (y->view.map.id >= 0 || !(x->curve == onnx_curve())) throw unknown();
    const statistic& s = statistic_of(*y);
    const int base = x->view.map.id < 0 ? statistic_of(*x).of : x->view.map.id;
    const strided_runs reduced = s.axis < x->view.dims.size() ? x->view.dims[s.axis] : strided_runs{};
    if (base != s.of || x->view.dims.size() != y->view.dims.size() || !is_channels(reduced, x->view.map))
      throw unknown();
    if (n.kind() == "Sub" && s.what == mean_value && x->view.map.id >= 0 && y->curve == onnx_curve())
      return made(centred_map, x->view, s.axis, true);
    const bool divides = n.kind() == "Div";
    if ((!divides && n.kind() != "Mul") || (s.what != variance && s.what != mean_square) ||
        (s.what == variance) != (x->view.map.id < 0))
      throw unknown();
    const int digits = digits_of(epsilon_in(y->curve, divides));
    strided_view v = x->view;
    v.map.id = base;
    const bool layer_wise = s.what == variance;
    const tensor normal = add(
        [&](auto& net) {
          return layer_wise ? net.layer_norm(v.map, {.epsilon_digits = digits, .bias = false})
                            : net.rms_norm(v.map, {.epsilon_digits = digits});
        },
        {std::vector<float>(static_cast<std::size_t>(v.map.channels), 1.0F), {}, {}}, onnx_part::bare);
    v.map = normal;
    return plain(std::move(v));
  }

 private:
  enum statistic_kind : std::uint8_t { mean_value, mean_square, variance, centred_map };
  struct statistic {
    statistic_kind what;
    int of;            ///< map
    std::size_t axis;  ///< over which it is a mean
  };

  const statistic& statistic_of(const onnx_map& m) const {
    return statistics_[static_cast<std::size_t>(-1 - m.view.map.id)];
  }
  onnx_map made(statistic_kind what, strided_view v, std::size_t axis, bool whole = false) {
    statistics_.push_back({what, v.map.id, axis});
    v.map.id = -static_cast<int>(statistics_.size());
    if (!whole) v.dims[axis].clear();
    return plain(std::move(v));
  }

  /// What is added under the root: f(x) = sqrt(x + epsilon), or one over it.
  static double epsilon_in(const onnx_curve& f, bool root) {
    double epsilon = -1;
    for (std::size_t i = 0; i < onnx_curve::places && epsilon < 0; ++i)
      if (const double x = onnx_curve::place(i); x > 0 && x < 0.1)  // where it weighs most
        epsilon = (root ? f[i] * f[i] : 1 / (f[i] * f[i])) - x;
    for (std::size_t i = 0; i < onnx_curve::places; ++i) {
      const double x = onnx_curve::place(i);
      const double expected = std::sqrt(x + epsilon);
      if (x > 0 && !(std::abs(f[i] - (root ? expected : 1 / expected)) <= 1e-5 * (1 + std::abs(f[i]))))
        throw onnx_refusal{"a function of a mean over channels", "the root of it plus an epsilon"};
    }
    return epsilon;
  }

  std::vector<statistic> statistics_;
};

}  // namespace nascent::detail
