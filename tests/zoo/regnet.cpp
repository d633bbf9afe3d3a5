// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/regnet.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

using stages = std::vector<zoo::regnet_stage>;

stages stages_of(const zoo::regnet_rule& rule) {
  const zoo::regnet_stages made = zoo::generate(rule);
  return {made.begin(), made.end()};
}

struct known {
  const model<zoo::regnet_body>& m;
  std::int64_t params;
  std::int64_t macs_m;  ///< as torchvision lists them, 0 where it has no such network or rounds widths otherwise
};

// Parameters: osmr/imgclsmob, which also has torchvision's counts where both have the network. MACs: torchvision.
const known all[] = {
    {zoo::regnet_x_200mf, 2'684'792, 0},      {zoo::regnet_x_400mf, 5'157'512, 0},
    {zoo::regnet_x_600mf, 6'196'040, 0},      {zoo::regnet_x_800mf, 7'259'656, 800},
    {zoo::regnet_x_1_6gf, 9'190'136, 1'603},  {zoo::regnet_x_3_2gf, 15'296'552, 3'177},
    {zoo::regnet_x_4_0gf, 22'118'248, 0},     {zoo::regnet_x_6_4gf, 26'209'256, 0},
    {zoo::regnet_x_8_0gf, 39'572'648, 7'995}, {zoo::regnet_x_12gf, 46'106'056, 0},
    {zoo::regnet_x_16gf, 54'278'536, 15'941}, {zoo::regnet_x_32gf, 107'811'560, 31'736},
    {zoo::regnet_y_200mf, 3'162'996, 0},      {zoo::regnet_y_400mf, 4'344'144, 402},
    {zoo::regnet_y_600mf, 6'055'160, 0},      {zoo::regnet_y_800mf, 6'263'168, 0},
    {zoo::regnet_y_1_6gf, 11'202'430, 1'612}, {zoo::regnet_y_3_2gf, 19'436'338, 3'176},
    {zoo::regnet_y_4_0gf, 20'646'656, 0},     {zoo::regnet_y_6_4gf, 30'583'252, 0},
    {zoo::regnet_y_8_0gf, 39'180'068, 0},     {zoo::regnet_y_12gf, 51'822'544, 0},
    {zoo::regnet_y_16gf, 83'590'140, 15'912}, {zoo::regnet_y_32gf, 145'046'770, 32'280},
};

}  // namespace

// Two independent counters agree.
static_assert(count(zoo::regnet_y_800mf).params == 6'263'168);
static_assert(count(zoo::regnet_y_800mf).macs == 797'176'832);

TEST_CASE("RegNet's rule gives the published widths, depths and groups") {
  // pycls, configs/dds_baselines: RegNetX-200MF, RegNetY-800MF (its 136 and 776 are halfway between multiples of 16),
  // RegNetX-3.2GF.
  CHECK(stages_of({24, 36.44, 2.49, 13, 8}) == stages{{24, 1, 3}, {56, 1, 7}, {152, 4, 19}, {368, 7, 46}});
  CHECK(stages_of({56, 38.84, 2.4, 14, 16}) == stages{{64, 1, 4}, {128, 3, 8}, {320, 8, 20}, {768, 2, 48}});
  CHECK(stages_of({88, 26.31, 2.25, 25, 48}) == stages{{96, 2, 2}, {192, 6, 4}, {432, 15, 9}, {1008, 2, 21}});
}

TEST_CASE("RegNet's rule at its edges") {
  CHECK(stages_of({16, 0, 2, 5, 8}) == stages{{16, 5, 2}});
  CHECK(stages_of({16, 8, 2, 1, 24}) == stages{{16, 1, 1}});
  CHECK_THROWS_AS(zoo::generate({0, 8, 2, 5, 8}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, -1, 2, 5, 8}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, 8, 1, 5, 8}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, 8, 2, 0, 8}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, 8, 2, 5, 0}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, 1e9, 2, 5, 8}), nascent::error);
  CHECK_THROWS_AS(zoo::generate({16, 16, 1.1, 30, 8}), nascent::error);  // more than eight widths
}

TEST_CASE("RegNetX and RegNetY have the parameters and MACs of public counts") {
  for (const known& k : all) {
    CAPTURE(k.m.name);
    const counts found = count(k.m);
    CHECK(found.params == k.params);
    if (k.macs_m > 0) CHECK((found.macs + 500'000) / 1'000'000 == k.macs_m);
  }
}

TEST_CASE("RegNet: a difference of more than 1 % from the printed figures has its reason beside it") {
  for (const known& k : all) check_remark(k.m);
}

TEST_CASE("RegNetY has a gate in every block, RegNetX none") {
  const auto gates = [](const auto& m) {
    const network graph = to_network(m);
    return std::ranges::count(graph.layers(), layer_kind::multiply, &layer::kind);
  };
  CHECK(gates(zoo::regnet_x_4_0gf) == 0);
  CHECK(gates(zoo::regnet_y_4_0gf) == 22);
}
