// SPDX-License-Identifier: Apache-2.0
/// \file
/// The smallest network of a space, for the check of its shapes: the least resolution, the largest strides, every stage
/// present, the first option of everything else. Most of it is compiled once for a type of stage, whatever space it is
/// in.
#pragma once

#include "nascent/space/build.hpp"

namespace nascent::detail {

/// `Step` is int or `strides`.
template <class Block, class Step = int>
inline constexpr bool takes_a_net = requires(const Block& b, net<null_interpreter>& n, const tensor& x) {
  b(n, x, Step{1});
};
template <class Block, class Step = int>
using built_type = decltype(std::declval<const Block&>()(std::declval<net<null_interpreter>&>(),
                                                         std::declval<const tensor&>(), Step{1}));

/// The largest of several strides, or the one. Where a choice trades rows for columns, the first that leaves fewest
/// pixels; what another one leaves is seen when it is built.
template <class Stride>
constexpr step_of<Stride> largest_stride(const Stride& stride) {
  if constexpr (choice<Stride>) {
    step_of<Stride> largest{1};
    for (std::size_t o = 0; o < stride.size(); ++o) {
      const step_of<Stride> other = stride[o];
      if constexpr (std::is_same_v<step_of<Stride>, strides>)
        largest = other.height * other.width > largest.height * largest.width ? other : largest;
      else largest = other > largest ? other : largest;
    }
    return largest;
  } else if constexpr (std::is_convertible_v<Stride, step_of<Stride>>) {
    return stride;
  } else {
    return 1;
  }
}

/// Calls `visit` with the images that no other one is smaller than.
template <class Resolution, class Visit>
constexpr void for_each_smallest(const Resolution& resolution, Visit visit) {
  if constexpr (!choice<Resolution>) {
    visit(image_size_of(resolution));
  } else if constexpr (std::is_convertible_v<typename Resolution::value_type, int>) {
    int least = resolution[0];
    for (std::size_t o = 1; o < resolution.size(); ++o) {
      const int other = resolution[o];
      least = other < least ? other : least;
    }
    visit(image_size_of(least));
  } else {
    for (std::size_t o = 0; o < resolution.size(); ++o) {
      const image_size image = resolution[o];
      bool is_smallest = true;
      for (std::size_t p = 0; p < resolution.size() && is_smallest; ++p) {
        const image_size other = resolution[p];
        is_smallest = other == image || other.height > image.height || other.width > image.width;
      }
      if (is_smallest) visit(image);
    }
  }
}

/// Equal layers one after another, until one leaves the shape as it is: those after it would, too.
template <class Block, class Step>
constexpr tensor build_layers(const Block& block, net<null_interpreter>& n, tensor x, int layers, Step stride) {
  for (int j = 0; j < layers; ++j) {
    const tensor y = block(n, x, j == 0 ? stride : Step{1});
    if (j == 0) n.check_stride(x, y, stride, block_name<Block>);
    const bool unchanged = j > 0 && y.same_shape(x);
    x = y;
    if (unchanged) break;
  }
  return x;
}

/// Adds the output of the stage that `skip` names first.
template <class Skip>
constexpr tensor connect_first([[maybe_unused]] const Skip& skip, [[maybe_unused]] net<null_interpreter>& n, tensor x,
                               [[maybe_unused]] const short_text* names, [[maybe_unused]] std::size_t number,
                               [[maybe_unused]] const tensor* outputs) {
  if constexpr (!std::is_same_v<Skip, no_skip>) {
    const int source = stage_named(names, number, first_value(skip.from));
    if (source >= 0) return connect(n, x, outputs[source], skip.kind);
  }
  return x;
}

/// The layers of a stage with ties, whose values come from other stages of the space.
using tied_layers = tensor (*)(net<null_interpreter>& n, const tensor& x, int layers, const strides& stride);
template <class F>
inline constexpr std::array<digit, slot_total<F> + 1> first_digits{};
template <class F, std::size_t I>
constexpr tensor build_tied_layers(net<null_interpreter>& n, const tensor& x, int layers, const strides& stride) {
  const auto block = decided_block<F, I, 0>(first_digits<F>.data(), 0);
  if constexpr (std::is_same_v<typename stage_layout<F, I>::step_type, strides>)
    return build_layers(block, n, x, layers, stride);
  else return build_layers(block, n, x, layers, stride.height);
}
template <class F, std::size_t... K>
constexpr std::array<tied_layers, sizeof...(K) + 1> list_tied_layers(std::index_sequence<K...>) {
  return {build_tied_layers<F, tied_stages<F>.at[K]>...};
}

/// Builds stage after stage on the outputs of those before it. Of alternatives it goes on with the first; the others
/// only have to do what the stage's stride says.
struct smallest_builder {
  net<null_interpreter>& n;
  const stage_facts* facts;
  const short_text* names;
  const tied_layers* tied;
  tensor* outputs;
  std::size_t number = 0;

  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    const std::size_t i = number++;
    if (i == 0) return;  // the input
    int layers = facts[i].layer_counts[0];
    for (std::size_t o = 1; o < facts[i].layer_options && layers == 0; ++o) layers = facts[i].layer_counts[o];
    n.stage(static_cast<int>(i));
    const auto step = largest_stride(stage.stride);
    tensor x{};
    if constexpr (has_ties<Block>) x = (*tied++)(n, outputs[i - 1], layers, step);
    else x = build_layers(first_block(alternative_of<0>(stage.block)), n, outputs[i - 1], layers, step);
    if constexpr (block_layout<Block>::alternatives > 1)
      if (step != 1) check_other_strides(stage.block, outputs[i - 1], step);
    outputs[i] = connect_first(stage.skip, n, x, names, i, outputs);
  }

  template <class Alternatives, class Step>
  constexpr void check_other_strides(const Alternatives& blocks, const tensor& x, Step step) {
    block_layout<Alternatives>::for_each_alternative([&](auto a) {
      using block = typename block_layout<Alternatives>::template alternative_type<a()>;
      if constexpr (a() > 0 && !has_ties<block> && !is_skip<block>) {
        null_interpreter sink;
        net<null_interpreter> alone(sink);
        const tensor y = first_block(alternative_of<a()>(blocks))(alone, x, step);
        if (!alone.fault()) n.check_stride(x, y, step, block_name<block>);
      }
    });
  }
};

/// What is wrong with the shapes of the smallest network, if anything.
template <class F>
constexpr fault_record build_smallest() {
  const auto tied = list_tied_layers<F>(std::make_index_sequence<tied_stages<F>.count>{});
  fault_record first{};
  for_each_smallest(stage_at<F, 0>().block.resolution, [&](const image_size& image) {
    if (first) return;
    std::array<tensor, declared<F>::stage_count> outputs{};
    null_interpreter sink;
    net<null_interpreter> n(sink);
    outputs[0] = n.input(image.height, image.width, declared<F>::value.channels());
    smallest_builder builder{n, all_stage_facts<F>.data(), stage_names<F>.data(), tied.data(), outputs.data()};
    visit_stages(builder, declared<F>::stages.items);
    first = n.fault();
  });
  return first;
}

/// The first block of stage I, alone on some map.
template <class F, std::size_t I>
constexpr tensor build_alone() {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  return decided_block<F, I, 0>(first_digits<F>.data(), 0)(n, n.input({.height = 64, .width = 64, .channels = 64}), 1);
}

}  // namespace nascent::detail
