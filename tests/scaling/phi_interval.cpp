// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/phi_interval.hpp"

#include <array>
#include <cmath>
#include <span>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/scaling/published.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr double two_decimals = .005;

/// B1 to B7 of a column, "y" where the coefficients can yield it, "n" where no exponent does.
std::string yields(const compound_coefficients& by, std::span<const printed_dimensions> column, double rounding) {
  std::string text;
  for (const printed_dimensions& d : column.subspan(1)) text += phis_that_yield(by, d, rounding).is_empty() ? 'n' : 'y';
  return text;
}

}  // namespace

TEST_CASE("the exponents that give a printed number") {
  const compound_coefficients by{.alpha = 2, .beta = 1, .gamma = 1.5};
  const phi_interval layers = phis_of_layers(by, {.layers = 32});
  CHECK_THAT(layers.low, WithinRel(1, 1e-12));
  CHECK_THAT(layers.high, WithinRel(std::log2(33. / 16), 1e-12));
  const phi_interval pixels = phis_of_resolution(by, {.resolution = 336});
  CHECK(pixels.low < 1);
  CHECK(pixels.high > 1);
  CHECK_FALSE(phis_that_yield(by, {32, 336}).is_empty());
  CHECK(phis_that_yield(by, {30, 336}).is_empty());
  CHECK_FALSE(phis_that_yield(by, {30, 336}, .05).is_empty());
  // Wherever coefficients lead, they can have come from.
  for (const double phi : {0., .3, 1., 4.4, 6.5}) {
    const dimensions d = published::efficientnet_x_gpu_coefficients.at(phi, 224);
    const phi_interval found =
        phis_that_yield(published::efficientnet_x_gpu_coefficients, {static_cast<int>(16 * d.depth), d.resolution});
    CHECK(found.low <= phi);
    CHECK(phi <= found.high);
  }
  CHECK_THROWS_AS(phis_between(1.004, 1, 2, .005), scaling_error);
  CHECK_THROWS_AS(phis_between(1.1, 2, 1), scaling_error);
}

TEST_CASE("printed layers are floor(16 x depth) of the public families, for TPUs from B3 on of the GPU's") {
  using published::family_member;
  const auto check = [](std::span<const family_member> family, std::span<const printed_dimensions> column,
                        std::size_t first, std::size_t last) {
    for (std::size_t level = first; level <= last; ++level) {
      CAPTURE(level, family[level].name);
      CHECK(static_cast<int>(16 * family[level].scale.depth + 1e-9) == column[level].layers);
    }
  };
  check(std::span(published::efficientnet).first(8), published::printed_efficientnet_x, 0, 7);
  check(published::efficientnet_x_tpu, published::printed_efficientnet_x_tpu, 0, 2);
  check(published::efficientnet_x_gpu, published::printed_efficientnet_x_tpu, 3, 7);
  for (std::size_t level = 0; level < 8; ++level)
    CHECK(published::efficientnet[level].scale.resolution == published::printed_efficientnet_x[level].resolution);
}

TEST_CASE("Table 2's coefficients cannot yield the families") {
  // (1.28, 1.17, 1.07) on GPUs: at most B1 to B3, even if each coefficient is only known to two decimals.
  CHECK(yields(published::efficientnet_x_gpu_coefficients, published::printed_efficientnet_x_gpu, 0) == "yynnnnn");
  CHECK(yields(published::efficientnet_x_gpu_coefficients, published::printed_efficientnet_x_gpu, two_decimals) ==
        "yyynnnn");
  // (1.25, 1.17, 1.09) on TPUs: at most B1 and B2.
  CHECK(yields(published::efficientnet_x_tpu_coefficients, published::printed_efficientnet_x_tpu, 0) == "ynnnnnn");
  CHECK(yields(published::efficientnet_x_tpu_coefficients, published::printed_efficientnet_x_tpu, two_decimals) ==
        "yynnnnn");
  // EfficientNet's own (1.2, 1.1, 1.15): its larger levels are no powers of them.
  CHECK(yields(published::efficientnet_coefficients, published::printed_efficientnet_x, 0) == "yynnnnn");
  CHECK(yields(published::efficientnet_coefficients, published::printed_efficientnet_x, two_decimals) == "yyynnnn");
  // At B7 on GPUs layers want an exponent of 6.5, the resolution one of 7.3; on TPUs 7.6 and 6.5.
  const phi_interval layers =
      phis_of_layers(published::efficientnet_x_gpu_coefficients, published::printed_efficientnet_x_gpu[7]);
  const phi_interval pixels =
      phis_of_resolution(published::efficientnet_x_gpu_coefficients, published::printed_efficientnet_x_gpu[7]);
  CHECK(layers.high < 6.53);
  CHECK(pixels.low > 7.31);
  CHECK(phis_of_layers(published::efficientnet_x_tpu_coefficients, published::printed_efficientnet_x_tpu[7]).low >
        7.58);
  CHECK(phis_of_resolution(published::efficientnet_x_tpu_coefficients, published::printed_efficientnet_x_tpu[7]).high <
        6.48);
}

TEST_CASE("what does yield them: alpha 1.28 and gamma 1.08 on GPUs, 1.30 and 1.09 on TPUs, at the same exponents") {
  constexpr compound_coefficients gpu{.alpha = 1.28, .beta = 1.17, .gamma = 1.08};
  constexpr compound_coefficients tpu{.alpha = 1.30, .beta = 1.17, .gamma = 1.09};
  CHECK(yields(gpu, published::printed_efficientnet_x_gpu, 0) == "yyyynyn");
  CHECK(yields(gpu, published::printed_efficientnet_x_gpu, two_decimals) == "yyyyyyy");
  CHECK(yields(tpu, published::printed_efficientnet_x_tpu, 0) == "yyyyyyy");
  // The coefficients that the arXiv text's Table 5 gives at the level of B1 do so too.
  CHECK(yields(published::lacs_ablation[0].by, published::printed_efficientnet_x_gpu, two_decimals) == "yyyyyyy");
  constexpr std::array<double, 7> common{.27, .95, 1.86, 3.31, 4.53, 5.54, 6.46};
  for (std::size_t level = 1; level < 8; ++level) {
    CAPTURE(level);
    const dimensions on_gpu = gpu.at(common[level - 1], 224);
    const dimensions on_tpu = tpu.at(common[level - 1], 224);
    CHECK(std::abs(on_gpu.resolution - published::printed_efficientnet_x_gpu[level].resolution) <= 1);
    CHECK(std::abs(on_tpu.resolution - published::printed_efficientnet_x_tpu[level].resolution) <= 1);
    CHECK_THAT(16 * on_gpu.depth, WithinAbs(published::printed_efficientnet_x_gpu[level].layers + .5, .9));
    CHECK_THAT(16 * on_tpu.depth, WithinAbs(published::printed_efficientnet_x_tpu[level].layers + .5, .9));
  }
}

TEST_CASE("the ablation study: the arXiv text's rows can be, one of the supplement's cannot") {
  CHECK_FALSE(phis_that_yield(published::lacs_ablation[0].by, published::lacs_ablation[0].b7).is_empty());
  CHECK(phis_that_yield(published::lacs_ablation[1].by, published::lacs_ablation[1].b7).is_empty());
  CHECK_FALSE(phis_that_yield(published::lacs_ablation[1].by, published::lacs_ablation[1].b7, two_decimals).is_empty());
  CHECK(phis_that_yield(published::lacs_ablation_supplement[0].by, published::lacs_ablation_supplement[0].b7,
                        two_decimals)
            .is_empty());
  CHECK(
      phis_that_yield(published::lacs_ablation_supplement[1].by, published::lacs_ablation_supplement[1].b7).is_empty());
  CHECK_FALSE(phis_that_yield(published::lacs_ablation_supplement[1].by, published::lacs_ablation_supplement[1].b7,
                              two_decimals)
                  .is_empty());
  // Table 2's GPU coefficients are those at the level of B7, not of B1; the printed B7 mixes the layers of one row with
  // the pixels of the other.
  CHECK(published::lacs_ablation[1].by == published::efficientnet_x_gpu_coefficients);
  CHECK(published::printed_efficientnet_x_gpu[7] ==
        printed_dimensions{published::lacs_ablation[1].b7.layers, published::lacs_ablation[0].b7.resolution});
}
