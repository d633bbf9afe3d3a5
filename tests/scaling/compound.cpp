// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/compound.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/scaling/published.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr auto b0 = zoo::efficientnet_b0.only();

std::vector<dimensions> dimensions_of(std::span<const published::family_member> family) {
  std::vector<dimensions> all;
  for (const auto& member : family) all.push_back(member.scale);
  return all;
}

TEST_CASE("EfficientNet-B0 at the published dimensions is B1 to B7, to the last parameter") {
  // Two counters agree on every number.
  struct row {
    std::int64_t params;
    std::int64_t macs;
  };
  constexpr std::array<row, 8> counted{{{5288548, 385814752},
                                        {7794184, 686802832},
                                        {9109994, 993561872},
                                        {12233232, 1827141392},
                                        {19341616, 4393771024},
                                        {30389784, 10266384752},
                                        {43040704, 19067593536},
                                        {66347960, 37745884192}}};
  for (std::size_t level = 0; level < counted.size(); ++level) {
    const auto& published = published::efficientnet[level];
    CAPTURE(published.name);
    const counts c = count(scaled(b0, published.scale));
    CHECK(c.params == counted[level].params);
    CHECK(c.macs == counted[level].macs);
  }
  static_assert(count(scaled(b0, published::efficientnet[7].scale)).params == 66347960);
  static_assert(resolution_of(b0) == 224);
}

TEST_CASE("dimensions are powers of one exponent, the resolution rounded") {
  const compound_coefficients efficientnet;
  CHECK(efficientnet == published::efficientnet_coefficients);
  CHECK(efficientnet.at(0, 224) == dimensions{.width = 1, .depth = 1, .resolution = 224});
  const dimensions one = efficientnet.at(1, 224);
  CHECK_THAT(one.depth, WithinRel(1.2, 1e-15));
  CHECK_THAT(one.width, WithinRel(1.1, 1e-15));
  CHECK(one.resolution == 258);  // 257.6
  CHECK(efficientnet.at(1, 224, 8).resolution == 256);
  CHECK(efficientnet.at(1, 224, 32).resolution == 256);
  CHECK(efficientnet.at(0, 225, 32).resolution == 225);  // steps start at the base
  CHECK(efficientnet.at(1, 225, 32).resolution == 257);
  CHECK(scaled(b0, efficientnet, 1.5) == scaled(b0, efficientnet.at(1.5, 224)));
}

TEST_CASE("published coefficients: what MACs grow by") {
  CHECK_THAT(published::efficientnet_coefficients.macs_factor(), WithinAbs(1.920, 5e-4));
  CHECK_THAT(published::efficientnet_x_gpu_coefficients.macs_factor(), WithinAbs(2.006, 5e-4));
  CHECK_THAT(published::efficientnet_x_tpu_coefficients.macs_factor(), WithinAbs(2.033, 5e-4));
}

TEST_CASE("the published levels of EfficientNet are near, not at, powers of its coefficients") {
  // A user's reading of phi: tensorflow/tpu#390.
  constexpr std::array<double, 8> reading{0, .5, 1, 2, 3.5, 5, 6, 7};
  for (std::size_t level = 0; level < reading.size(); ++level) {
    const phi_fit fit = fit_phi(published::efficientnet[level].scale, 224, published::efficientnet_coefficients);
    CAPTURE(level, fit.phi, fit.residual);
    CHECK_THAT(fit.phi, WithinAbs(reading[level], 0.4));
    CHECK(fit.residual < 0.08);
    if (level > 0) CHECK(fit.residual > 0.005);
  }
}

TEST_CASE("the published GPU family follows 1.29, 1.16, 1.07") {
  const auto gpu = dimensions_of(std::span(published::efficientnet_x_gpu).subspan(1));
  const compound_coefficients fit = fit_coefficients(gpu, 224, 1.07);
  CHECK_THAT(fit.alpha, WithinAbs(1.295, 0.006));
  CHECK_THAT(fit.beta, WithinAbs(1.156, 0.003));
  for (const dimensions& d : gpu) CHECK(fit_phi(d, 224, fit).residual < 0.03);
}

TEST_CASE("the published TPU family follows 1.29, 1.13, 1.09 up to B4 and something else from B5 on") {
  const auto tpu = dimensions_of(std::span(published::efficientnet_x_tpu).subspan(1));
  const compound_coefficients small = fit_coefficients(std::span(tpu).subspan(1, 3), 224, 1.09);
  CHECK_THAT(small.alpha, WithinAbs(1.2945, 0.006));
  CHECK_THAT(small.beta, WithinAbs(1.1345, 0.006));
  const compound_coefficients b5 = fit_coefficients(std::span(tpu).subspan(4, 1), 224, 1.09);
  CHECK_THAT(b5.alpha, WithinAbs(1.249, 0.002));
  CHECK_THAT(b5.beta, WithinAbs(1.159, 0.002));
  const compound_coefficients large = fit_coefficients(std::span(tpu).subspan(5), 224, 1.07);
  CHECK_THAT(large.alpha, WithinAbs(1.21, 0.01));
  CHECK_THAT(large.beta, WithinAbs(1.20, 0.01));
}

TEST_CASE("with its printed coefficients the paper's GPU family has no common phi") {
  // Supplement, Table 7, GPU: layers (floor(16 x depth)) and resolution of B1 to B7.
  constexpr std::array<std::array<int, 2>, 7> table{
      {{17, 229}, {20, 241}, {25, 258}, {36, 289}, {49, 317}, {62, 343}, {79, 368}}};
  constexpr std::array<double, 7> from_resolution{.33, 1.08, 2.09, 3.77, 5.13, 6.30, 7.34};
  constexpr std::array<double, 7> from_depth{.25, .90, 1.81, 3.28, 4.53, 5.49, 6.47};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const phi_fit fit = fit_phi({.width = 1, .depth = table[i][0] / 16.0, .resolution = table[i][1]}, 224,
                                published::efficientnet_x_gpu_coefficients);
    CHECK_THAT(fit.from_resolution, WithinAbs(from_resolution[i], 0.006));
    CHECK_THAT(fit.from_depth, WithinAbs(from_depth[i], 0.006));
  }
  // Table 5 of the paper at the level of X-B1 is consistent, the supplement's Table 6 is not.
  const dimensions b7{.width = 1, .depth = 75 / 16.0, .resolution = 368};
  const phi_fit paper = fit_phi(b7, 224, {.alpha = 1.27, .beta = 1.16, .gamma = 1.08});
  CHECK_THAT(paper.from_depth, WithinAbs(6.46, 0.01));
  CHECK_THAT(paper.from_resolution, WithinAbs(6.45, 0.01));
  const phi_fit supplement = fit_phi(b7, 224, {.alpha = 1.29, .beta = 1.16, .gamma = 1.07});
  CHECK_THAT(supplement.from_depth, WithinAbs(6.07, 0.01));
  CHECK_THAT(supplement.from_resolution, WithinAbs(7.34, 0.01));
}

TEST_CASE("the printed triples lead to the dimensions that the notes give for B7") {
  const dimensions gpu = published::efficientnet_x_gpu_coefficients.at(6.46, 224);
  CHECK(static_cast<int>(16 * gpu.depth) == 78);
  CHECK(gpu.resolution == 347);
  const dimensions tpu = published::efficientnet_x_tpu_coefficients.at(6.46, 224);
  CHECK(static_cast<int>(16 * tpu.depth) == 67);
  CHECK(tpu.resolution == 391);
}

TEST_CASE("the law of the published family is within 0.20 points of each level, and nearly the best of its form") {
  const auto squares = [](const published::accuracy_law& law) {
    double sum = 0;
    for (const auto& [ms, top1] : published::efficientnet_x_v100) sum += std::pow(law.top1(ms) - top1, 2);
    return sum;
  };
  const auto law = published::efficientnet_x_law;
  double largest = 0;
  for (const auto& [ms, top1] : published::efficientnet_x_v100)
    largest = std::max(largest, std::abs(law.top1(ms) - top1));
  CHECK_THAT(largest, WithinAbs(0.20, 0.01));
  double best = squares(law);
  for (int floor = -40; floor <= 40; ++floor)
    for (int gain = -40; gain <= 40; ++gain)
      for (int power = -10; power <= 10; ++power)
        best = std::min(
            best, squares({law.floor + .01 * floor, law.gain + .01 * gain, law.power + .01 * power, law.base_ms}));
  CHECK(squares(law) < 1.02 * best);
}

TEST_CASE("coefficients and exponents that make no sense are refused with a sentence") {
  CHECK(refusal([] { compound_coefficients{.alpha = .9}.check(); }) ==
        "nascent: compound_coefficients.alpha: found 0.9; allowed: 1 up to 1e6");
  CHECK(refusal([] { compound_coefficients{.beta = std::nan("")}.check(); }) ==
        "nascent: compound_coefficients.beta: found nan; allowed: 1 up to 1e6");
  CHECK(refusal([] {
          compound_coefficients{1, 1, 1}.check();
        }) == "nascent: compound_coefficients: found 1, 1, 1; allowed: at least one above 1, or nothing grows");
  CHECK(refusal([] { compound_coefficients{}.at(-1, 224); }) ==
        "nascent: compound_coefficients, phi: found -1; allowed: 0 up to 1e6");
  CHECK(refusal([] { compound_coefficients{}.at(1, 0); }) ==
        "nascent: compound_coefficients, base resolution: found 0; allowed: 1 or more");
  CHECK(refusal([] { compound_coefficients{}.at(1, 224, 0); }) ==
        "nascent: compound_coefficients, resolution step: found 0; allowed: 1 or more");
  CHECK(refusal([] {
          compound_coefficients{}.at(500, 224);
        }).starts_with("nascent: compound_coefficients, resolution: found "));
  CHECK(refusal([] { fit_phi({.width = 1, .depth = 0, .resolution = 224}, 224, {}); }) ==
        "nascent: fit_phi, depth and width: found 0; allowed: above 0");
  CHECK(refusal([] { fit_coefficients({}, 224, 1.07); }) ==
        "nascent: fit_coefficients, levels above the base's resolution: found 0; allowed: 1 or more");
}

}  // namespace
