// SPDX-License-Identifier: Apache-2.0
/// \file
/// GPUNet-0, 1 and 2 (Wang et al., 2022, "GPUNet: Searching the Deployable Convolution Neural Networks for GPUs"), as
/// released, and where they lie in the printed search space.
///
/// By the released configurations and their builder: NVIDIA/DeepLearningExamples, PyTorch/Classification/GPUNet,
/// 729963d (Apache-2.0).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// The decisions that the layers of one stage share (Table 1). Without layers there is no stage.
struct gpunet_stage {
  int layers = 0;
  int filters = 0;
  int kernel = 3;
  int expand = 1;  ///< of stages 2 to 7
  double se = 0;   ///< hidden channels of the squeeze-and-excite relative to the block's input: 0 or 0.25
  activation act = relu;
};

/// One released network: stages 1 to 7 between a stem and the head. Convolutions pad symmetrically, but for the strided
/// ones of fused blocks: the released builder asks for SAME there and loses it on the way, so that they run without
/// padding, and the printed MACs are those. The printed head of 1792 filters has 1280 in all three.
struct gpunet_body {
  int stem = 32;
  std::array<gpunet_stage, 7> stages{};

  /// The first layer of stages 2, 3, 4 and 6 halves the map.
  static constexpr std::array<int, 7> strides{1, 2, 2, 2, 1, 2, 1};
  static constexpr std::array<std::string_view, 7> names{"1", "2", "3", "4", "5", "6", "7"};

  constexpr tensor operator()(auto& net, tensor x) const {
    x = add_stage(net, x, "stem", conv{.filters = stem, .act = swish, .pad = padding::symmetric}, 1, 2);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const gpunet_stage& s = stages[i];
      if (s.layers == 0) continue;
      net.stage(names[i]);
      if (i == 0) x = repeat(net, x, plain(s), s.layers, strides[i]);
      else if (i <= 2)
        x = repeat(net, place(net, fused(s, padding::valid), x, strides[i]), fused(s, padding::symmetric),
                   s.layers - 1);
      else x = repeat(net, x, inverted(s), s.layers, strides[i]);
    }
    x = add_stage(net, x, "head", conv{.filters = 1280, .kernel = 1});
    return classify(net, x);
  }

 private:
  static constexpr conv<> plain(const gpunet_stage& s) {
    return {.filters = s.filters, .kernel = s.kernel, .act = s.act, .pad = padding::symmetric};
  }
  static constexpr fused_mbconv<> fused(const gpunet_stage& s, padding pad) {
    return {.filters = s.filters, .kernel = s.kernel, .expand = s.expand, .se = s.se, .act = s.act, .pad = pad};
  }
  static constexpr mbconv<> inverted(const gpunet_stage& s) {
    return {.filters = s.filters,
            .kernel = s.kernel,
            .expand = s.expand,
            .se = s.se,
            .act = s.act,
            .always_expand = true,
            .pad = padding::symmetric};
  }
};

/// GPUNet-0, 1, 2, from the released configurations 0.65ms, 0.85ms and 1.75ms for batch 1 on a GV100. Printed figures:
/// GPUNet paper, Table 3.
inline constexpr std::array<model<gpunet_body>, 3> gpunet_models = [] {
  constexpr std::string_view table = "GPUNet paper, Table 3";
  constexpr gpunet_stage absent{};
  return std::array<model<gpunet_body>, 3>{{
      // layers, filters, kernel, expansion, squeeze-and-excite, activation
      {"GPUNet-0",
       320,
       {32,
        {{{2, 32, 3, 1, 0, relu},
          {2, 32, 3, 5, 0, relu},
          {3, 64, 3, 5, 0, relu},
          {3, 256, 3, 5, 0, swish},
          absent,
          {2, 704, 3, 5, .25, relu},
          absent}}},
       {11.9, 3.25, table}},
      {"GPUNet-1",
       288,
       {24,
        {{{1, 24, 3, 1, 0, relu},
          {2, 64, 3, 4, 0, swish},
          {2, 96, 3, 4, 0, swish},
          {1, 160, 3, 2, .25, swish},
          {4, 288, 3, 5, 0, relu},
          {4, 448, 3, 4, .25, relu},
          absent}}},
       {12.7, 3.3, table}},
      {"GPUNet-2",
       384,
       {32,
        {{{3, 32, 3, 1, 0, relu},
          {1, 32, 5, 6, .25, swish},
          {3, 112, 3, 3, 0, swish},
          {6, 144, 3, 6, 0, swish},
          {4, 160, 5, 3, 0, relu},
          {8, 224, 3, 3, .25, swish},
          {7, 832, 5, 2, 0, relu}}}},
       {25.8, 8.38, table}},
  }};
}();

/// A network in the encoding of Table 2.
struct gpunet_position {
  /// For `gpunet_encoded.decode`. -1 where a stage has no layers, and where the printed ranges lack the value.
  std::array<int, decltype(gpunet_encoded)::slot_count> vector{};
  /// What the printed ranges lack: "4.filters = 256". Empty where the network is one of the space.
  std::vector<std::string> outside{};
};

/// Where a network of this kind lies in the printed space, decision by decision. The head takes no part: Table 2 does
/// not encode it. A template so that only programs that call it pay for the space's paths and values.
template <class Space = decltype(gpunet_encoded)>
gpunet_position locate(const model<gpunet_body>& m) {
  const auto value = [&m](std::string_view path) -> std::optional<typed_value> {
    if (path == "input.resolution") return make_value(m.resolution);
    if (path == "stem.filters") return make_value(m.body.stem);
    const gpunet_stage& s = m.body.stages[static_cast<std::size_t>(path.front() - '1')];
    const std::string_view field = path.substr(2);
    if (field == "layers") return make_value(s.layers);
    if (s.layers == 0) return std::nullopt;
    if (field == "filters") return make_value(s.filters);
    if (field == "kernel") return make_value(s.kernel);
    if (field == "expand") return make_value(s.expand);
    return field == "se" ? make_value(s.se) : make_value(s.act);
  };
  gpunet_position found;
  for (std::size_t k = 0; k < found.vector.size(); ++k) {
    const slot_info slot = Space::slot(k);
    const std::optional<typed_value> wanted = value(slot.path.view());
    found.vector[k] = -1;
    for (int option = 0; option < slot.options; ++option)
      if (wanted == Space::value(k, option)) found.vector[k] = option;
    if (found.vector[k] < 0 && wanted)
      found.outside.push_back(std::string(slot.path.view()) + " = " + wanted->text().c_str());
  }
  return found;
}

}  // namespace nascent::zoo
