// SPDX-License-Identifier: Apache-2.0
/// \file
/// Exact sizes of published spaces. Every number comes from outside of the library: from a paper, from published data,
/// or from arithmetic on a paper's table that is written out here.
#include "../space/literature.hpp"

#include "nascent/space/constraint.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/mnasnet.hpp"
#include "nascent/zoo/nas_bench_201.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

namespace {

using namespace nascent;

constexpr uint128 power(uint128 base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

// --- Once-for-All: stages of 2, 3 or 4 layers with 3 kernels and 3 expansions each

static_assert(9 * 9 + 9 * 9 * 9 + 9 * 9 * 9 * 9 == 7371);
static_assert(zoo::once_for_all.size() == power(7371, 5));
static_assert(zoo::once_for_all.size() == uint128{21'758'655'492} * 1'000'000'000 + 572'485'851);
static_assert(zoo::once_for_all.slot_count == 5 * (4 * 2 + 1));

// --- GPUNet, Table 1: {kernels x activations x expansions x SE} x filters x layers

constexpr uint128 head = uint128{10} * 2;   // resolutions, filters of the stem
constexpr uint128 stem = 2 * 2;             // kernel, activation: printed in Table 1, not encoded in Table 2
constexpr uint128 stage_1 = 2 * 2 * 4;      // kernel, activation, layers
constexpr uint128 choices = 2 * 2 * 5 * 2;  // of stages 2 to 7
constexpr uint128 stages_2_3_4_6 = power(choices, 4) * (4 * 8) * (5 * 8) * (7 * 10) * (10 * 15);
constexpr uint128 printed_5_7 = power(choices, 2) * (8 * 16) * (10 * 16);
constexpr uint128 distinct_5_7 =
    (choices * 8 * 15 + 1) * (choices * 10 * 15 + 1);  // no layers: one network, whatever else is chosen
constexpr uint128 others = head * stage_1 * stages_2_3_4_6;

static_assert(others * printed_5_7 > 3.6e23 && others * printed_5_7 < 3.7e23);  // the paper's ranges, 41 integers
static_assert(stem * others * printed_5_7 > 1.4e24 && stem * others * printed_5_7 < 1.5e24);  // and 43
static_assert(zoo::gpunet.size() == stem * others * distinct_5_7);
static_assert(zoo::gpunet_encoded.size() == others * distinct_5_7);
static_assert(zoo::gpunet.size() == uint128{1'268'833'207'713'792'000} * 1'000'000);
static_assert(zoo::gpunet_encoded.slot_count == 1 + 1 + 3 + 6 * 6);  // Table 2
static_assert(zoo::gpunet.slot_count == 43);

// --- TuNAS (google-research/google-research tunas/ 0c1bbe5, Apache-2.0), distinct networks

static_assert(zoo::proxylessnas.size() == 664'506'689'423'701'824);
static_assert(zoo::proxylessnas_enlarged.size() == uint128{4'288'651'748'791'356} * 1'000'000'000 + 117'491'712);
static_assert(zoo::mobilenet_v3_like.size() ==
              (uint128{260'249'428'774'631} * 1'000'000'000'000 + 197'068'273'166) * 1'000'000'000'000 +
                  319'379'283'968);

// --- ordered chains and other constrained counts

constexpr auto less = [](int a, int b) { return a < b; };

constexpr auto chain = define([] {
  constexpr auto any = conv{.filters = range(1, 64)};
  return search_space("chain")
      .input(3, 32)
      .stage("0", any)
      .stage("1", any)
      .stage("2", any)
      .stage("3", any)
      .stage("4", any)
      .stage("5", any)
      .require("0.filters", "1.filters", less)
      .require("1.filters", "2.filters", less)
      .require("2.filters", "3.filters", less)
      .require("3.filters", "4.filters", less)
      .require("4.filters", "5.filters", less);
});
static_assert(chain.size() == 74'974'368);  // 64 over 6
static_assert(chain.size() == uint128{64} * 63 * 62 * 61 * 60 * 59 / (6 * 5 * 4 * 3 * 2));

template <int Apart>
struct no_attack {
  constexpr bool operator()(int a, int b) const { return a != b && a - b != Apart && b - a != Apart; }
};

// Queens on a board, one a row: 10 ways for 5, 4 for 6.
constexpr auto five_queens = define([] {
  constexpr auto row = conv{.filters = range(1, 5)};
  return search_space("queens")
      .input(3, 32)
      .stage("a", row)
      .stage("b", row)
      .stage("c", row)
      .stage("d", row)
      .stage("e", row)
      .require("a.filters", "b.filters", no_attack<1>{})
      .require("b.filters", "c.filters", no_attack<1>{})
      .require("c.filters", "d.filters", no_attack<1>{})
      .require("d.filters", "e.filters", no_attack<1>{})
      .require("a.filters", "c.filters", no_attack<2>{})
      .require("b.filters", "d.filters", no_attack<2>{})
      .require("c.filters", "e.filters", no_attack<2>{})
      .require("a.filters", "d.filters", no_attack<3>{})
      .require("b.filters", "e.filters", no_attack<3>{})
      .require("a.filters", "e.filters", no_attack<4>{});
});
static_assert(five_queens.size() == 10);

// --- benchmarks

static_assert(zoo::nas_bench_macro.size() == 6561);
static_assert(zoo::nas_bench_macro_distinct.size() == 3969);
static_assert(zoo::nas_bench_201.size() == 15'625);
static_assert(zoo::mnasnet.size() == 15'045'919'506'432);
static_assert(test::accel_nasbench.size() == 104'485'552'128);

// --- networks are spaces of one

static_assert(zoo::efficientnet_b0.size() == 1 && zoo::efficientnet_b0.slot_count == 0);
static_assert(zoo::efficientnet_x_b0.size() == 1);

}  // namespace
