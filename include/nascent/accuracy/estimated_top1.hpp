// SPDX-License-Identifier: Apache-2.0
/// \file
/// The accuracy model as searches and scaling ask it.
#pragma once

#include <optional>

#include "nascent/accuracy/model.hpp"
#include "nascent/network/net.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// Estimated top-1 in per cent of a candidate, a candidate at other dimensions, a model of the zoo or a network; none
/// outside the model's domain, and for what cannot be built. No graph is made of what builds itself.
struct estimated_top1 {
  accuracy_model model{};

  template <class Buildable>
  requires requires(const Buildable& c, net<accuracy_collector>& n) { build(c, n); }
  std::optional<double> operator()(const Buildable& c) const {
    accuracy_collector collector;
    net builder(collector);
    build(c, builder);
    return builder.fault() ? std::nullopt : within_domain(model(collector));
  }
  std::optional<double> operator()(const network& graph) const { return within_domain(model(graph)); }

 private:
  static std::optional<double> within_domain(const accuracy_estimate& e) {
    return e.in_domain ? std::optional(e.top1) : std::nullopt;
  }
};

}  // namespace nascent
