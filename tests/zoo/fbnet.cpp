// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/fbnet.hpp"

#include <cmath>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// What the public figures count: weights alone, and one more operation for each input of a global pool.
struct public_rule {
  std::int64_t weights = 0;
  std::int64_t operations = 0;
  constexpr void operator()(const layer& l) {
    weights += weight_elements(l);
    operations += macs(l) + (l.kind == layer_kind::global_average_pool ? l.input.elements() : 0);
  }
};

template <class Model>
void check_published(const Model& m) {
  CAPTURE(m.name);
  public_rule rule;
  net<public_rule> n(rule);
  build(m, n);
  REQUIRE(!n.fault());
  CHECK(rule.weights == std::llround(m.printed.params_m * 1e6));
  CHECK(rule.operations == std::llround(m.printed.macs_g * 1e9));
}

}  // namespace

// facebookresearch/mobile-vision, mobile_cv/model_zoo/models/model_info/fbnet_v2, in the printed figures of the models:
// all digits.
TEST_CASE("FBNetV2: the public weights and operations, exactly") {
  check_published(zoo::fbnet_v2_f1);
  check_published(zoo::fbnet_v2_f2);
  check_published(zoo::fbnet_v2_f3);
  check_published(zoo::fbnet_v2_f4);
  check_published(zoo::fbnet_v2_l1);
  check_published(zoo::fbnet_v2_l2);
}

TEST_CASE("FBNetV3: the public weights and operations, exactly") {
  check_published(zoo::fbnet_v3_a);
  check_published(zoo::fbnet_v3_b);
  check_published(zoo::fbnet_v3_c);
  check_published(zoo::fbnet_v3_d);
  check_published(zoo::fbnet_v3_e);
  check_published(zoo::fbnet_v3_f);
  check_published(zoo::fbnet_v3_g);
}

TEST_CASE("FBNetV3-A and -B are one network at two sizes") {
  STATIC_CHECK(count(zoo::fbnet_v3_a).params == count(zoo::fbnet_v3_b).params);
  STATIC_CHECK(count(zoo::fbnet_v3_a.at(248)) == count(zoo::fbnet_v3_b));
  STATIC_CHECK(count(zoo::fbnet_v2_f1.at(160)) == count(zoo::fbnet_v2_f2));
}

// The authors' code and timm's differ in two layers' padding.
static_assert(count(zoo::fbnet_v3_b_timm).params == count(zoo::fbnet_v3_b).params);
static_assert(count(zoo::fbnet_v3_b_timm).macs == 520'022'232);

// With normalisations and biases; counted independently of this library from the public definitions.
static_assert(count(zoo::fbnet_v3_a).params == 8'598'464 && count(zoo::fbnet_v3_a).macs == 355'514'328);
static_assert(count(zoo::fbnet_v3_d).params == 10'306'272 && count(zoo::fbnet_v3_d).macs == 642'628'864);
static_assert(count(zoo::fbnet_v2_f4).params == 7'022'864 && count(zoo::fbnet_v2_f4).macs == 237'605'592);
static_assert(count(zoo::fbnet_v2_l1).params == 8'538'776 && count(zoo::fbnet_v2_l1).macs == 325'025'344);
