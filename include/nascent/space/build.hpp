// SPDX-License-Identifier: Apache-2.0
/// \file
/// Building a candidate into a net: the one place where stages, layers, strides and connections between stages become
/// layers.
#pragma once

#include <array>
#include <string_view>

#include "nascent/block/squeeze_excite.hpp"
#include "nascent/network/net.hpp"
#include "nascent/space/detail/scaling.hpp"

namespace nascent {

namespace detail {

/// No scaling: a type of its own, so that hot paths compile without it.
struct unscaled {};

inline constexpr std::array<std::string_view, 2> skip_field_names{"from", "residual"};

/// The stride from one map to a smaller one: the least power of two, as strides of stages are, else the least number.
/// SAME sizes under strides one after another are those under their product. One for rows and columns where one fits,
/// else one for each; 1 where no stride fits: the sum then is at fault.
template <class Fits>
constexpr int least_stride(int largest, Fits fits) {
  for (int stride = 1; stride <= network_limits::stride; stride *= 2)
    if (fits(stride)) return stride;
  for (int stride = 3; stride <= largest && stride <= network_limits::stride; ++stride)
    if (fits(stride)) return stride;
  return 0;
}
constexpr strides stride_between(const tensor& from, const tensor& to) {
  const auto high = [&](int stride) { return same_size(from.height, stride) == to.height; };
  const auto wide = [&](int stride) { return same_size(from.width, stride) == to.width; };
  if (const int both = least_stride(from.height, [&](int stride) { return high(stride) && wide(stride); })) return both;
  const strides each{least_stride(from.height, high), least_stride(from.width, wide)};
  return each.height > 0 && each.width > 0 ? each : strides{1};
}

/// Adds the output of another stage, `source` by name: a block of its own.
template <class Interpreter>
constexpr tensor connect(net<Interpreter>& n, const tensor& x, const tensor& from, residual kind,
                         std::string_view source = {}) {
  if constexpr (net<Interpreter>::keeps_blocks) {
    const typed_value fields[] = {typed_value::of_name(source), make_value(kind)};
    n.begin_block({"skip_connection", skip_field_names, fields});
  }
  const tensor sum = kind == residual::identity ? n.add(x, from)  // a mismatch is a fault that names the stage
                                                : add_residual(n, x, from, kind, stride_between(from, x));
  n.end_block();
  return sum;
}

template <class F>
struct candidate_builder {
  static constexpr std::size_t stages = declared<F>::stage_count;

  /// The block of a layer of stage I, its widths scaled.
  template <std::size_t I, class Block>
  static constexpr Block scale_block(Block block, std::size_t alternative, const dimensions& scale) {
    const unsigned scaled = stage_scalings<F, I>[alternative].scaled;
    if (scale.width != 1 && scaled != 0)
      with_fields(block, field_scaler{scaled, scale.width, declared<F>::value.rounding()});
    return block;
  }

  template <std::size_t I>
  using step = typename stage_layout<F, I>::step_type;

  template <std::size_t I>
  static constexpr step<I> stride(const digit* digits) {
    using layout = stage_layout<F, I>;
    if constexpr (layout::stride_chosen)
      return layout::declared_stage.stride[static_cast<std::size_t>(digits[stage_slots<F>[I] + layout::stride_slot])];
    else if constexpr (std::is_convertible_v<typename layout::stride_type, step<I>>)
      return layout::declared_stage.stride;
    else return 1;
  }

  template <std::size_t I, class Net, class Scale>
  static constexpr tensor one_layer(const digit* digits, int layer, Net& n, tensor x, step<I> by, const Scale& scale) {
    const int own = stage_layout<F, I>::independent ? layer : 0;
    return visit_block<F, I>(digits, own, [&](const auto& block) -> tensor {
      const auto add = [&](const auto& b) -> tensor {
        // Not through `place` where nobody asks: a function less for each type of block.
        tensor y{};
        if constexpr (Net::keeps_blocks) y = place(n, b, x, by);
        else y = b(n, x, by);
        n.check_stride(x, y, by, block_name<std::remove_cvref_t<decltype(b)>>);
        return y;
      };
      if constexpr (std::is_same_v<Scale, dimensions>)
        return add(scale_block<I>(block, chosen_alternative<F, I>(digits, own), scale));
      else return add(block);
    });
  }

  /// The layers of stage I after one another. Once a layer leaves its input's shape unchanged, equal layers after it
  /// need not be built one by one for an interpreter whose results add up.
  template <std::size_t I, class Interpreter, class Scale>
  static constexpr tensor build_stage(const digit* digits, net<Interpreter>& n, tensor x, const Scale& scale) {
    using layout = stage_layout<F, I>;
    int layers = stage_counter<F, I>::layers(digits + stage_slots<F>[I]);
    if (layers <= 0) return x;
    if constexpr (std::is_same_v<Scale, dimensions> && !std::is_same_v<typename layout::layers_type, single_layer>)
      if (!layout::declared_stage.keeps_depth()) layers = scale_depth(layers, scale.depth);
    if constexpr (std::is_same_v<Scale, dimensions> || all_stage_facts<F>[I].max_layers > network_limits::layers)
      layers = n.repetitions(layers);
    x = one_layer<I>(digits, 0, n, x, stride<I>(digits), scale);
    if constexpr (!std::is_same_v<typename layout::layers_type, single_layer>) {
      for (int j = 1; j < layers; ++j) {
        if constexpr (additive_interpreter<Interpreter> && !layout::independent) {
          const Interpreter before = n.sink();
          const int first = n.layer_count();
          const tensor y = one_layer<I>(digits, j, n, x, 1, scale);
          if (y.same_shape(x) && j + 1 < layers) {
            n.sink().repeat(before, layers - j - 1);
            n.skip_ids(n.layer_count() - first, layers - j - 1);
            return y;
          }
          x = y;
        } else {
          // Depth scaling adds layers past the declared ones: they repeat the last configuration.
          const int last = stage_counter<F, I>::layers(digits + stage_slots<F>[I]) - 1;
          x = one_layer<I>(digits, layout::independent && j > last ? last : j, n, x, 1, scale);
        }
      }
    }
    return x;
  }

  /// Index of the stage that a skip connection comes from, or -1.
  template <std::size_t I>
  static constexpr int skip_source(const digit* digits) {
    using layout = stage_layout<F, I>;
    const char* from = "none";
    if constexpr (layout::skip_chosen)
      from = layout::declared_stage.skip.from[static_cast<std::size_t>(digits[stage_slots<F>[I] + layout::skip_slot])];
    else from = layout::declared_stage.skip.from;
    return stage_named(stage_names<F>.data(), I, from);
  }
  /// The whole network, its input included.
  template <class Interpreter, class Scale>
  static constexpr tensor build(const digit* digits, net<Interpreter>& n, const Scale& scale) {
    image_size image = image_size_of(decided_block<F, 0, 0>(digits, 0).resolution);
    if constexpr (std::is_same_v<Scale, dimensions>)
      if (scale.resolution > 0) image = at_resolution(image, scale.resolution);
    return build_on<false>(digits, n, n.input(image.height, image.width, declared<F>::value.channels()), scale);
  }

  /// The stages after the input, on `input`. `Named` tells the net their names: it need not be a net of this space
  /// alone.
  template <bool Named, class Interpreter, class Scale>
  static constexpr tensor build_on(const digit* digits, net<Interpreter>& n, const tensor& input, const Scale& scale) {
    std::array<tensor, stages> outputs{};
    tensor x = input;
    const auto one = [&](auto i) {
      constexpr std::size_t at = i();
      using layout = stage_layout<F, at>;
      if constexpr (at > 0) {
        if constexpr (Named) n.stage(stage_names<F>[at].view());
        else n.stage(static_cast<int>(at));
        x = build_stage<at>(digits, n, x, scale);
        if constexpr (layout::has_skip) {
          if (stage_counter<F, at>::layers(digits + stage_slots<F>[at]) > 0) {
            const int source = skip_source<at>(digits);
            if (source >= 0)
              x = connect(n, x, outputs[static_cast<std::size_t>(source)], layout::declared_stage.skip.kind,
                          stage_names<F>[static_cast<std::size_t>(source)].view());
          }
        }
      }
      outputs[at] = x;
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (one(std::integral_constant<std::size_t, I>{}), ...); }
    (std::make_index_sequence<stages>{});
    return x;
  }
};

}  // namespace detail
}  // namespace nascent
