// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the accuracy model reads of a network, collected from its layers one at a time without memory of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "nascent/accuracy/detail/coefficients.hpp"
#include "nascent/accuracy/priors.hpp"
#include "nascent/network/net.hpp"

namespace nascent {

/// Numbers of one network. A level is a size of map: 1/2, 1/4, 1/8, 1/16, 1/32 of the input. What is counted is a block
/// of the network with a k x k convolution, depthwise (MBConv) or full (fused MBConv), whatever its type is called.
struct accuracy_features {
  static constexpr std::size_t levels = 5;

  std::array<double, levels> capacity{};  ///< sum of the blocks' values, the ends' counted more
  std::array<int, levels> blocks{};
  std::array<double, levels> narrowest{};  ///< least channels that a block of the level gives out
  std::array<double, levels> widest{};
  int height = 0;  ///< of the input
  int width = 0;
  int stem = 0;  ///< channels of the first convolution
  int head = 0;  ///< channels before the classifier
  int classes = 0;

  int fused_early = 0;  ///< fused blocks at 1/2 to 1/8
  int fused_late = 0;
  int rectified = 0;         ///< blocks with relu or relu6
  int other_activation = 0;  ///< blocks with neither these nor swish
  int kernel_7 = 0;          ///< blocks with a kernel larger than 5x5
  int small_se = 0;          ///< blocks with a squeeze-and-excite ratio clearly below 0.25
  int missing_sums = 0;      ///< blocks of equal input and output shape without a residual sum
  bool space_to_depth = false;
  const char* outside = nullptr;  ///< why the structure is not one that the model knows, or null
};

/// An interpreter (`net{collector}`, or `graph.replay(collector)`) that makes accuracy_features of the layers and the
/// blocks that they come in; a layer outside of blocks is one by itself. Blocks after a space-to-depth by n are read as
/// the ones they stand for: n times the map, n * n fewer channels, and a kernel of n (k - 1) + 1, up to the block that
/// narrows the map again.
class accuracy_collector {
 public:
  void begin_block(const block_description& /*unused*/) { ++depth_; }
  void end_block() {
    if (block_.depth == depth_) close();  // not after a part of it, such as squeeze-and-excite
    --depth_;
    expansion_output_ = 0;
  }

  void operator()(const layer& l) {
    if (found_.height == 0) {
      found_.height = l.input.height;
      found_.width = l.input.width;
    }
    read(l);
    if (depth_ == 0) {
      close();
      expansion_output_ = 0;
    }
  }

  /// What the blocks to come depend on, beside the map. Layers that follow equal contexts on equal maps add the same.
  struct context {
    int height = 0;
    int width = 0;
    int fold = 1;
    bool just_folded = false;
    bool after_stem = false;

    friend constexpr bool operator==(const context&, const context&) = default;
  };
  context present_context() const { return {found_.height, found_.width, fold_, just_folded_, found_.stem != 0}; }

  /// The features so far, without what the ends of levels count more: `ends[level]` times these values.
  const accuracy_features& so_far() const { return found_; }
  double first_value(std::size_t level) const { return first_value_[level]; }
  double last_value(std::size_t level) const { return last_value_[level]; }

  /// The features of the layers so far.
  accuracy_features finish() const {
    accuracy_collector last = *this;
    last.close();
    last.settle_sum();
    for (std::size_t i = 0; i < accuracy_features::levels; ++i)
      last.found_.capacity[i] += detail::accuracy_fit::ends[i] * (last.first_value_[i] + last.last_value_[i]);
    return last.found_;
  }

 private:
  static constexpr const char* other_block = "a block that is neither MBConv nor fused MBConv";

  /// The block that is being built, from its k x k convolution on.
  struct open_block {
    bool open = false;
    bool fused = false;
    bool reshapes = false;   ///< may be a trainable space-to-depth: one convolution alone
    bool projected = false;  ///< its last 1x1 convolution was there
    bool summed = false;
    int depth = 0;  ///< of the block in which it lies
    int input = 0;  ///< channels that enter the block
    int expanded = 0;
    int output = 0;
    int kernel = 0;
    int stride = 1;
    int map = 0;  ///< height of the output
    int se = 0;   ///< hidden channels
    activation act = activation::identity;
  };

  void reject(const char* why) {
    if (!found_.outside) found_.outside = why;
  }

  void read(const layer& l) {
    switch (l.kind) {
      case layer_kind::convolution: return convolution(l);
      case layer_kind::global_average_pool: return global_pool(l);
      case layer_kind::multiply: gating_ = false; return;
      case layer_kind::add: return sum();
      case layer_kind::dense: return dense(l);
      case layer_kind::space_to_depth: return fold(l.stride_height);
      case layer_kind::activate:
      case layer_kind::average_pool: return;
      default: return reject(other_block);  // whatever kinds there will be: the fit has seen none of them
    }
  }

  void convolution(const layer& l) {
    if (gating_) {
      if (block_.se == 0) block_.se = l.output.channels;
      return;
    }
    const bool pointwise = l.kernel_height == 1 && l.kernel_width == 1 && l.groups == 1;
    if (pointwise) return block_.open ? project(l) : expand(l);
    close();
    if (found_.stem == 0) {
      found_.stem = l.output.channels;
      if (l.groups != 1) reject(other_block);
      return;
    }
    settle_sum();
    const bool expanded = expansion_output_ == l.input.channels && expansion_output_ != 0;
    block_ = {.open = true,
              .fused = !l.is_depthwise(),
              .reshapes = l.groups == 1 && !expanded && l.stride_height > 1 && l.kernel_height == l.stride_height &&
                          l.kernel_width == l.stride_height && l.output.channels >= 2 * l.input.channels,
              .depth = depth_,
              .input = expanded ? expansion_input_ : l.input.channels,
              .expanded = l.output.channels,
              .kernel = l.kernel_height,
              .stride = l.stride_height,
              .map = l.output.height,
              .act = l.act};
    if (l.kernel_height != l.kernel_width || l.dilation != 1) reject(other_block);
    if (l.stride_height != l.stride_width) reject("strides that differ between rows and columns");
    if (!l.is_depthwise() && (l.groups != 1 || expanded)) reject(other_block);
  }

  /// A 1x1 convolution before the k x k one. A linear one projects what passes by the block.
  void expand(const layer& l) {
    if (l.act == activation::identity) return;
    expansion_input_ = l.input.channels;
    expansion_output_ = l.output.channels;
  }

  /// One after it; a second one projects what passes by.
  void project(const layer& l) {
    const bool linear = l.act == activation::identity;
    if (!linear && (block_.fused || block_.projected)) reject(other_block);
    if (block_.projected) return;
    block_.projected = true;
    block_.output = l.output.channels;
  }

  void fold(int n) {
    if (found_.stem == 0) return;  // of the image: part of the stem
    if (fold_ != 1) reject("more than one space-to-depth");
    fold_ = n;
    just_folded_ = true;
    found_.space_to_depth = true;
  }

  void global_pool(const layer& l) {
    if (block_.open) {
      gating_ = true;
    } else {
      found_.head = l.input.channels;
    }
  }

  /// Inside a block, or right after one.
  void sum() {
    block_.summed = true;
    sum_due_ = false;
  }

  void dense(const layer& l) {
    if (found_.classes != 0) reject("more than one dense layer");
    found_.classes = l.output.channels;
  }

  /// Counts the block before as one without its residual sum, if that has not come.
  void settle_sum() {
    if (sum_due_) ++found_.missing_sums;
    sum_due_ = false;
  }

  /// Sizes of map between the input and this one, less the stem's.
  int level_of(int map) const {
    int level = -1;
    for (double ratio = static_cast<double>(found_.height) / map; ratio > 1.42; ratio /= 2) ++level;
    return level;
  }

  /// Whether a block that gives out `channels` is no longer one of those that a space-to-depth folded. The first one
  /// after it has a share of the channels in any case: EfficientNet-X's stage 1, folded, 0.43 or more of them, and what
  /// is not folded, up to 0.31 (24 x 1.25 filters, rounded, after a stem of 32). Later, any narrowing is the end.
  bool unfolds(int channels) const {
    return just_folded_ ? 3 * fold_ * fold_ * channels < 4 * block_.input : channels < block_.input;
  }

  /// Enters what has been read of a block.
  void close() {
    if (!block_.open) return;
    block_.open = false;
    gating_ = false;
    if (block_.reshapes && !block_.projected && !block_.summed && block_.se == 0) return fold(block_.stride);
    if (!block_.projected) {
      reject(other_block);
      block_.output = block_.expanded;
    }
    sum_due_ = !block_.summed && block_.stride == 1 && block_.input == block_.output;
    double out = block_.output;
    double expand = static_cast<double>(block_.expanded) / block_.input;
    int kernel = block_.kernel;
    int level = level_of(block_.map);
    if (fold_ > 1 && unfolds(block_.output)) {
      expand *= fold_ * fold_;
      fold_ = 1;
    } else if (fold_ > 1) {
      out /= fold_ * fold_;
      kernel = fold_ * (kernel - 1) + 1;
      for (int n = fold_; n > 1; n /= 2) --level;
    } else if (expand > 6.5 || expand < 0.99) {
      reject("an expansion outside 1 to 6");
    }
    just_folded_ = false;
    if (level < 0) reject("a block at the resolution of the input");
    if (level >= static_cast<int>(accuracy_features::levels)) reject("a map smaller than 1/32 of the input");
    if (kernel > 7) reject("a kernel larger than 7x7");
    enter(static_cast<std::size_t>(std::clamp(level, 0, static_cast<int>(accuracy_features::levels) - 1)),
          std::clamp(expand, 0.5, 6.0), out, kernel);
  }

  void enter(std::size_t level, double expand, double out, int kernel) {
    namespace fit = detail::accuracy_fit;
    const double wide =
        kernel <= 5 ? (kernel - 3) / 2.0 : 1 + (accuracy_priors::kernel_7_gain - 1) * (kernel - 5) / 2.0;
    const double ratio = static_cast<double>(block_.se) / block_.input;
    const bool small_se = ratio > 0 && ratio < 0.2;
    const double se = ratio <= 0 ? 0.0 : small_se ? std::pow(ratio / 0.25, accuracy_priors::small_se_power) : 1.0;
    const double unit = std::pow(expand * out / fit::reference_width[level], fit::exponent[level]) *
                        (1 + fit::kernel_gain[level] * wide) * (1 + fit::se_gain[level] * se);
    found_.capacity[level] += unit;
    if (found_.blocks[level] == 0) first_value_[level] = unit;
    last_value_[level] = unit;
    found_.narrowest[level] = found_.blocks[level] == 0 ? out : std::min(found_.narrowest[level], out);
    found_.widest[level] = std::max(found_.widest[level], out);
    ++found_.blocks[level];
    if (block_.fused) ++(level <= 2 ? found_.fused_early : found_.fused_late);
    if (block_.act == activation::relu || block_.act == activation::relu6) {
      ++found_.rectified;
    } else if (block_.act != activation::swish) {
      ++found_.other_activation;
    }
    if (kernel > 5) ++found_.kernel_7;
    if (small_se) ++found_.small_se;
  }

  accuracy_features found_{};
  std::array<double, accuracy_features::levels> first_value_{};  ///< of the first and the last block of each level
  std::array<double, accuracy_features::levels> last_value_{};
  open_block block_{};
  int expansion_input_ = 0;  ///< of the block's activated 1x1 convolution
  int expansion_output_ = 0;
  int depth_ = 0;             ///< blocks that are open
  int fold_ = 1;              ///< factor of the space-to-depth in effect
  bool just_folded_ = false;  ///< no block has come since
  bool gating_ = false;       ///< inside squeeze-and-excite
  bool sum_due_ = false;      ///< the last block should be followed by a residual sum
};

}  // namespace nascent
