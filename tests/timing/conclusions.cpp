// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/conclusions.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinRel;

namespace {

constexpr roofs under{.bytes_per_s = 10e9, .ops_per_s = 100e9};  // ridge at 10 operations per byte

explained_kernel made(const char* stage, kernel_group group, double mmacs, double mbytes, double ms) {
  return {.stage = stage,
          .signature = "k",
          .group = group,
          .at = {.work = {2e6 * mmacs, 1e6 * mbytes}, .under = under, .latency_ms = ms}};
}

/// 104 MMACs in 10 ms, of which depthwise kernels take 4.1 with 4; 200 MMACs in 8 ms.
const explained_network thin{
    .name = "thin",
    .kernels = {made("1", kernel_group::pointwise, 100, 10, 5.9), made("2", kernel_group::depthwise, 4, 20, 4.1)},
    .whole = {.median_ms = 10}};
const explained_network dense{
    .name = "dense", .kernels = {made("1", kernel_group::convolution, 200, 10, 8)}, .whole = {.median_ms = 8}};

bool says(const std::vector<std::string>& sentences, const std::string& words) {
  for (const std::string& s : sentences)
    if (s.find(words) != std::string::npos) return true;
  UNSCOPED_INFO("missing: " << words);
  for (const std::string& s : sentences) UNSCOPED_INFO(s);
  return false;
}

}  // namespace

TEST_CASE("the factors of equation 1 make the ratio of times") {
  const time_factors f = factors_of(sum_of(thin), sum_of(dense));
  CHECK_THAT(f.work, WithinRel(104. / 200, 1e-12));
  // At best: 2 ms (100 MMACs at the peak) + 2 ms (20 MB) against 4 ms.
  CHECK_THAT(f.ideal_rate, WithinRel(4. / 4 / .52, 1e-12));
  CHECK_THAT(f.efficiency, WithinRel((4. / 8) / (4. / 10), 1e-12));
  CHECK_THAT(f.product(), WithinRel(10. / 8, 1e-12));
}

TEST_CASE("slower in spite of fewer MACs: the sentences say by what") {
  const std::vector<std::string> sentences =
      conclusions(thin, dense, {.median = .8, .low = .79, .high = .81, .rounds = 50});
  CHECK(says(sentences,
             "thin takes 1.25 times the time of dense (95 %: 1.23 to 1.27) in spite of 0.520 times the MACs."));
  CHECK(says(sentences,
             "equation 1 makes 1.25 times the time of 0.520 times the work, 1.92 for the ideal rate (6.93 against 40.0 "
             "operations per byte), "
             "and 1.25 for the efficiency (40 % against 50 %)"));
  CHECK(says(sentences, "thin does 10.4 GMAC/s, dense 25.0: more than its MACs make up for."));
  CHECK(says(sentences, "Kernels bound by memory take 41 % of the time of thin and 0 % of that of dense."));
  CHECK(says(sentences,
             "In thin, depthwise convolutions take 41 % of the time with 4 % of the MACs: 0.976 GMAC/s against 16.9 in "
             "all others; "
             "100 % of their time is bound by memory, at an efficiency of 49 %."));
  CHECK(says(sentences,
             "Of the 2.00 ms between the two: -8.00 ms in full convolutions, +5.90 ms in 1x1 convolutions, +4.10 ms in "
             "depthwise convolutions."));
  CHECK(says(sentences, "By stage, of the 2.00 ms between the two: +4.10 ms in stage 2, -2.10 ms in stage 1."));
}

TEST_CASE("the order of the two does not matter, and what is not measured is not claimed") {
  CHECK(conclusions(dense, thin, {.median = 1.25, .low = 1 / .81, .high = 1 / .79, .rounds = 50}) ==
        conclusions(thin, dense, {.median = .8, .low = .79, .high = .81, .rounds = 50}));
  CHECK(says(conclusions(dense, thin, {.median = 1.01, .low = .98, .high = 1.04}),
             "which of them is slower is not decided"));
  const explained_network slow_and_dense{
      .name = "heavy", .kernels = {made("1", kernel_group::convolution, 200, 10, 12)}, .whole = {.median_ms = 12}};
  const std::vector<std::string> sentences =
      conclusions(thin, slow_and_dense, {.median = 1.2, .low = 1.19, .high = 1.21});
  CHECK(says(sentences, "heavy takes 1.20 times the time of thin (95 %: 1.19 to 1.21) with 1.92 times the MACs."));
  CHECK(says(sentences, "MACs say which of the two is slower, not by how much: heavy does 16.7 GMAC/s, thin 10.4."));
}
