// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a network is made of, stage by stage: how many of its blocks are fused, gated, rectified. What designs for
/// different devices differ in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// An inverted bottleneck as its layers show it.
struct bottleneck_profile {
  bool fused = false;    ///< a full convolution expands (fused MBConv), not a 1x1 and a depthwise one (MBConv)
  int kernel = 0;        ///< of that convolution, or of the depthwise one
  int channels = 0;      ///< that it gives out
  double expansion = 1;  ///< channels inside over channels that enter
  double squeeze = 0;    ///< hidden channels of squeeze-and-excite over channels that enter; 0 without
  int reduction = 1;     ///< the network's input over the map that it gives out, heights
  activation act = activation::identity;  ///< of that convolution

  friend bool operator==(const bottleneck_profile&, const bottleneck_profile&) = default;
};

/// One stage of a network.
struct stage_profile {
  std::string stage{};
  std::vector<bottleneck_profile> blocks{};  ///< its inverted bottlenecks
  std::int64_t macs = 0;                     ///< of all its layers
  std::int64_t params = 0;
};

/// How many blocks, and how many of these are what.
struct block_counts {
  int blocks = 0;
  int fused = 0;
  int gated = 0;      ///< with squeeze-and-excite
  int rectified = 0;  ///< relu or relu6
  int swish = 0;

  /// 0 where there are no blocks.
  double fused_share() const { return blocks == 0 ? 0 : static_cast<double>(fused) / blocks; }
  friend bool operator==(const block_counts&, const block_counts&) = default;
};

/// A network by its stages. Stages without a name, or with one name, are one.
struct network_profile {
  std::vector<stage_profile> stages{};
  costs cost{};
  bool space_to_depth = false;  ///< behind the first convolution: trained (a block of one k x k convolution of stride
                                ///< k, that makes k x k times the channels) or a copy

  /// Of the blocks whose maps are `least` to `most` times smaller than the input, heights: 2 to 8 is early.
  block_counts count(int least = 1, int most = 1 << 30) const {
    block_counts n;
    for (const stage_profile& s : stages)
      for (const bottleneck_profile& b : s.blocks) {
        if (b.reduction < least || b.reduction > most) continue;
        ++n.blocks;
        n.fused += b.fused;
        n.gated += b.squeeze > 0;
        n.rectified += b.act == activation::relu || b.act == activation::relu6;
        n.swish += b.act == activation::swish;
      }
    return n;
  }
};

/// Milliseconds for 1e9 multiply-adds. \throws nascent::error where a figure is not above 0
inline double mac_price(double macs, double ms) {
  if (!(macs > 0 && ms > 0))
    throw error("cost.fit", "mac_price", exact_text(macs) + " MACs in " + exact_text(ms) + " ms", "both above 0");
  return ms / macs * 1e9;
}

namespace detail {

/// Reads a block's layers: none where they are no inverted bottleneck.
class bottleneck_reader {
 public:
  explicit bottleneck_reader(std::span<const layer> layers) {
    for (const layer& l : layers) read(l);
  }

  std::optional<bottleneck_profile> found() const {
    if (!spatial_ || !projected_ || other_) return std::nullopt;
    return block_;
  }

 private:
  void read(const layer& l) {
    switch (l.kind) {
      case layer_kind::convolution: return convolution(l);
      case layer_kind::global_average_pool: gating_ = true; return;
      case layer_kind::multiply: gating_ = false; return;
      case layer_kind::add:
      case layer_kind::activate:
      case layer_kind::average_pool: return;  // beside the blocks, or behind them
      case layer_kind::dense:
      case layer_kind::max_pool:
      case layer_kind::concatenate:
      case layer_kind::slice:
      case layer_kind::softmax:
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::depth_to_space:
      case layer_kind::batch_to_space:
      case layer_kind::scale:
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::reshape:
      case layer_kind::transpose:
      case layer_kind::channel_softmax:
      case layer_kind::scores:
      case layer_kind::matmul:
      case layer_kind::class_token:
      case layer_kind::position_embedding:
      case layer_kind::transposed_convolution:
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear:
      case layer_kind::pad:
      case layer_kind::channel_shuffle:
      case layer_kind::prelu: other_ = true; return;
    }
  }

  void convolution(const layer& l) {
    if (gating_) {
      if (block_.squeeze == 0) block_.squeeze = static_cast<double>(l.output.channels) / entering_;
      return;
    }
    const bool pointwise = l.kernel_height == 1 && l.kernel_width == 1 && l.groups == 1;
    if (entering_ == 0) entering_ = l.input.channels;
    if (pointwise) {
      if (!spatial_) {
        expands_ = true;
      } else if (!projected_) {
        projected_ = true;
        block_.channels = l.output.channels;
        other_ = other_ || l.act != activation::identity;
      }
      return;
    }
    // A second k x k convolution, a grouped one, or a full one behind a 1x1 is another kind of block.
    const bool full = l.groups == 1;
    other_ = other_ || spatial_ || (full && expands_) || !(full || l.is_depthwise());
    spatial_ = true;
    block_.fused = full;
    block_.kernel = l.kernel_height;
    block_.act = l.act;
    block_.expansion = static_cast<double>(l.output.channels) / entering_;
  }

  bottleneck_profile block_{};
  int entering_ = 0;  ///< channels
  bool expands_ = false;
  bool spatial_ = false;
  bool projected_ = false;
  bool gating_ = false;
  bool other_ = false;
};

/// Whether a part of a network is one layer that folds the map into channels.
inline bool folds(std::span<const layer> layers) {
  if (layers.size() != 1) return false;
  const layer& l = layers.front();
  if (l.kind == layer_kind::space_to_depth) return true;
  return l.kind == layer_kind::convolution && l.groups == 1 && l.stride_height > 1 &&
         l.stride_width == l.stride_height && l.kernel_height == l.stride_height && l.kernel_width == l.stride_height &&
         l.output.channels == l.input.channels * l.stride_height * l.stride_height;
}

}  // namespace detail

/// Reads the outermost blocks of a network by their layers, whatever their types are called: a block counts where it is
/// an inverted bottleneck, with a linear 1x1 convolution behind a k x k one, k above 1, that is depthwise or full.
inline network_profile profile_of(const network& graph, const cost_options& options = {}) {
  network_profile profile{.cost = cost(graph, options)};
  const std::span<const layer> layers = graph.layers();
  const auto stage_of = [&](std::size_t index) -> stage_profile& {
    const std::string& name = graph.stage_of(index);
    for (stage_profile& s : profile.stages)
      if (s.stage == name) return s;
    return profile.stages.emplace_back(stage_profile{.stage = name});
  };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    stage_profile& s = stage_of(i);
    s.macs += macs(layers[i]);
    s.params += params(layers[i]);
  }
  bool convolved = false;
  for (const network_part& part : graph.parts()) {
    const std::span<const layer> mine = layers.subspan(part.first_layer, part.layer_count);
    if (convolved && detail::folds(mine)) profile.space_to_depth = true;
    convolved = convolved || mine.front().kind == layer_kind::convolution;
    if (auto block = detail::bottleneck_reader(mine).found()) {
      const int height = mine.back().output.height;
      block->reduction = (graph.input().height + height / 2) / height;
      stage_of(part.first_layer).blocks.push_back(*block);
    }
  }
  return profile;
}

}  // namespace nascent
