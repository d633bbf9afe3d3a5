// SPDX-License-Identifier: Apache-2.0
/// \file
/// Figures of the literature beside counts.
#pragma once

#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/model.hpp"

/// A printed figure has a source, and a remark if and only if a count differs from it by more than 1 %.
template <class Body>
void check_remark(const nascent::model<Body>& m) {
  CAPTURE(m.name);
  const nascent::counts found = count(m);
  const auto differs = [](std::int64_t count, double printed, double unit) {
    return std::abs(static_cast<double>(count) / (printed * unit) - 1) > 0.01;
  };
  const bool params = differs(found.params, m.printed.params_m, 1e6);
  const bool macs = differs(found.macs, m.printed.macs_g, 1e9);
  CAPTURE(found.params, found.macs);
  CHECK(m.printed.params_m > 0);
  CHECK(m.printed.macs_g > 0);
  CHECK_FALSE(m.printed.source.empty());
  CHECK(m.printed.remark.empty() != (params || macs));
}
