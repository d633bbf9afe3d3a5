// SPDX-License-Identifier: Apache-2.0
/// \file
/// What tests ask of the models of a family.
#pragma once

#include <cmath>

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/model.hpp"

/// Blocks of the MBConv kind: each has one linear convolution.
template <class Body>
int blocks_of(const nascent::model<Body>& m) {
  const nascent::network graph = to_network(m);
  int blocks = 0;
  for (const nascent::layer& l : graph.layers())
    blocks += l.kind == nascent::layer_kind::convolution && l.act == nascent::identity ? 1 : 0;
  return blocks;
}

template <class Body>
nascent::dimensions dimensions_of(const nascent::model<Body>& m) {
  return {.width = m.body.width, .depth = m.body.depth, .resolution = m.resolution};
}

/// As check_remark, and counts lie within 3 % (parameters) and 5 % (MACs) of what is printed.
template <class Body>
void check_printed(const nascent::model<Body>& m) {
  check_remark(m);
  CAPTURE(m.name);
  const nascent::counts found = count(m);
  CHECK(std::abs(static_cast<double>(found.params) / (m.printed.params_m * 1e6) - 1) < 0.03);
  CHECK(std::abs(static_cast<double>(found.macs) / (m.printed.macs_g * 1e9) - 1) < 0.05);
}
