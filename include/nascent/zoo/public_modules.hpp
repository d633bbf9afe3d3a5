// SPDX-License-Identifier: Apache-2.0
/// \file
/// Modules of PyTorch's public model collections that give the same outputs as models of the zoo, given the same
/// parameters: timm (huggingface/pytorch-image-models) and torchvision. tests/zoo/check_timm.py compares parameters,
/// MACs and outputs of every row.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent::zoo {

/// A module of another library that computes what a model of the zoo computes.
struct public_module {
  std::string_view model;           ///< its name in the zoo
  std::string_view library;         ///< "timm" or "torchvision"
  std::string_view name;            ///< of the module
  std::string_view arguments = {};  ///< of the call that makes it: "pad_type='same'"
  int compared_at = 64;             ///< px, of the input at which outputs are compared
  std::string_view where = {};      ///< at which inputs, where not at all
};

namespace detail {
/// PyTorch's symmetric padding and TensorFlow's are one where each strided layer meets an odd map.
inline constexpr std::string_view odd = "where all maps are odd, as at 225 px";
inline constexpr std::string_view tensorflow = "pad_type='same'";
}  // namespace detail

inline constexpr auto public_modules = std::to_array<public_module>({
    {"EfficientNet-B0", "timm", "tf_efficientnet_b0"},
    {"EfficientNet-B0", "torchvision", "efficientnet_b0", {}, 65, detail::odd},
    {"EfficientNet-B1", "timm", "tf_efficientnet_b1"},
    {"EfficientNet-B2", "timm", "tf_efficientnet_b2"},
    {"EfficientNet-B3", "timm", "tf_efficientnet_b3"},
    {"EfficientNet-B4", "timm", "tf_efficientnet_b4"},
    {"EfficientNet-B5", "timm", "tf_efficientnet_b5"},
    {"EfficientNet-B6", "timm", "tf_efficientnet_b6"},
    {"EfficientNet-B7", "timm", "tf_efficientnet_b7"},
    {"EfficientNet-Lite0", "timm", "tf_efficientnet_lite0"},
    {"EfficientNet-Lite1", "timm", "tf_efficientnet_lite1"},
    {"EfficientNet-Lite2", "timm", "tf_efficientnet_lite2"},
    {"EfficientNet-Lite3", "timm", "tf_efficientnet_lite3"},
    {"EfficientNet-Lite4", "timm", "tf_efficientnet_lite4"},
    {"MobileNetV2", "timm", "mobilenetv2_100", detail::tensorflow},
    {"MobileNetV2", "torchvision", "mobilenet_v2", {}, 65, detail::odd},
    {"MobileNetV3-Large", "timm", "tf_mobilenetv3_large_100"},
    {"MobileNetV3-Large", "torchvision", "mobilenet_v3_large", {}, 65, detail::odd},
    {"MobileNetV3-Small", "timm", "tf_mobilenetv3_small_100"},
    {"MobileNetV3-Small", "torchvision", "mobilenet_v3_small", {}, 65, detail::odd},
    {"MnasNet-A1", "timm", "semnasnet_100", detail::tensorflow},
    {"MnasNet-B1", "timm", "mnasnet_100", detail::tensorflow},
    {"MnasNet-B1", "torchvision", "mnasnet1_0", {}, 65, detail::odd},
    {"FBNetV3-B (timm)", "timm", "fbnetv3_b"},
    {"FBNetV3-D", "timm", "fbnetv3_d"},
    {"FBNetV3-G", "timm", "fbnetv3_g"},
    {"ResNet-18", "timm", "resnet18"},
    {"ResNet-18", "torchvision", "resnet18"},
    {"ResNet-34", "timm", "resnet34"},
    {"ResNet-50", "timm", "resnet50"},
    {"ResNet-50", "torchvision", "resnet50"},
    {"SE-ResNet-50", "timm", "seresnet50"},
    {"ResNet-50-D", "timm", "resnet50d"},
    {"ResNeXt-50 32x4d", "timm", "resnext50_32x4d"},
    {"ResNeXt-50 32x4d", "torchvision", "resnext50_32x4d"},
    {"ResNeSt-50", "timm", "resnest50d"},
    {"ResNeSt-101", "timm", "resnest101e"},
    {"ResNeSt-200", "timm", "resnest200e"},
    {"ResNeSt-269", "timm", "resnest269e"},
    {"RegNetX-200MF", "timm", "regnetx_002"},
    {"RegNetX-400MF", "timm", "regnetx_004"},
    {"RegNetX-600MF", "timm", "regnetx_006"},
    {"RegNetX-800MF", "timm", "regnetx_008"},
    {"RegNetX-1.6GF", "timm", "regnetx_016"},
    {"RegNetX-3.2GF", "timm", "regnetx_032"},
    {"RegNetX-4.0GF", "timm", "regnetx_040"},
    {"RegNetX-6.4GF", "timm", "regnetx_064"},
    {"RegNetX-8.0GF", "timm", "regnetx_080"},
    {"RegNetX-12GF", "timm", "regnetx_120"},
    {"RegNetX-16GF", "timm", "regnetx_160"},
    {"RegNetX-32GF", "timm", "regnetx_320"},
    {"RegNetY-200MF", "timm", "regnety_002"},
    {"RegNetY-400MF", "timm", "regnety_004"},
    {"RegNetY-600MF", "timm", "regnety_006"},
    {"RegNetY-800MF", "timm", "regnety_008"},
    {"RegNetY-1.6GF", "timm", "regnety_016"},
    {"RegNetY-3.2GF", "timm", "regnety_032"},
    {"RegNetY-4.0GF", "timm", "regnety_040"},
    {"RegNetY-6.4GF", "timm", "regnety_064"},
    {"RegNetY-8.0GF", "timm", "regnety_080"},
    {"RegNetY-12GF", "timm", "regnety_120"},
    {"RegNetY-16GF", "timm", "regnety_160"},
    {"RegNetY-32GF", "timm", "regnety_320"},
    {"Inception-v3", "timm", "inception_v3", {}, 96},
    {"Inception-v4", "timm", "inception_v4", {}, 96},
    {"ShuffleNetV2-x0.5", "torchvision", "shufflenet_v2_x0_5"},
    {"ShuffleNetV2-x1.0", "torchvision", "shufflenet_v2_x1_0"},
    {"ShuffleNetV2-x1.5", "torchvision", "shufflenet_v2_x1_5"},
    {"ShuffleNetV2-x2.0", "torchvision", "shufflenet_v2_x2_0"},
    {"DenseNet-121", "timm", "densenet121"},
    {"DenseNet-121", "torchvision", "densenet121"},
    {"ConvNeXt-T", "timm", "convnext_tiny"},
    {"MobileNetV4-Conv-S", "timm", "mobilenetv4_conv_small", {}, 96},
    {"DeiT-Ti", "timm", "deit_tiny_patch16_224", {}, 224},
    {"ViT-S/16", "timm", "vit_small_patch16_224", {}, 224},
    {"MobileViT-S", "timm", "mobilevit_s"},
});

/// The modules with the same outputs as a model, as text: "timm resnet50, torchvision resnet50"; empty where none is
/// known.
inline std::string same_outputs_as(std::string_view model) {
  std::string text;
  for (const public_module& m : public_modules) {
    if (m.model != model) continue;
    text.append(text.empty() ? "" : ", ").append(m.library).append(" ").append(m.name);
    if (!m.arguments.empty()) text.append("(").append(m.arguments).append(")");
    if (!m.where.empty()) text.append(" ").append(m.where);
  }
  return text;
}

}  // namespace nascent::zoo
