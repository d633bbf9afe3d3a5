// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which residual sums join the convolution before them, seen layer after layer.
#pragma once

#include "nascent/network/layer.hpp"

namespace nascent {

/// The one rule of fusion, for interpreters of layers as they come: a sum joins the convolution directly before it that
/// makes one of its operands and has no activation of its own. Whether somebody else reads that convolution, who keeps
/// the whole network knows (`fuse`); in all blocks of the library nobody does.
class sum_fusion {
 public:
  static constexpr int none = -1;

  /// Takes the next layer; `before` is the number of the tensor made last. Gives the tensor that the sum adds to the
  /// convolution, or none where the layer is no such sum.
  constexpr int operator()(const layer& l, int before) {
    const bool joins = open_ && l.kind == layer_kind::add && l.over == broadcast::nothing &&
                       !l.act_numbers().said() &&  // libraries fuse the usual ones
                       (l.operands[0] == before) != (l.operands[1] == before);
    open_ = l.kind == layer_kind::convolution && l.act == activation::identity;
    if (!joins) return none;
    // No index that is computed: counting keeps layers in registers.
    return l.operands[0] == before ? l.operands[1] : l.operands[0];
  }

 private:
  bool open_ = false;  ///< the last layer is a convolution that a sum may join
};

}  // namespace nascent
