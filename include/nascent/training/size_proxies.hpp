// SPDX-License-Identifier: Apache-2.0
/// \file
/// The size of a network in the place of its accuracy: what every cleverer stand-in has to beat.
#pragma once

#include "nascent/cost/cost.hpp"

namespace nascent {

/// How many parameters a candidate or a network has.
struct parameter_count {
  template <class Network>
  double operator()(const Network& n) const {
    return static_cast<double>(cost(n).params);
  }
};

/// How many multiply-adds it takes for one image.
struct mac_count {
  template <class Network>
  double operator()(const Network& n) const {
    return static_cast<double>(cost(n).macs);
  }
};

}  // namespace nascent
