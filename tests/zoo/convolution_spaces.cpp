// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/convolution_spaces.hpp"

#include <array>
#include <cstdint>
#include <string>

#include "member.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/convnext.hpp"
#include "nascent/zoo/mobilenet_v4.hpp"

using namespace nascent;

namespace {

auto convnext_member(int width, int most_layers, int third_layers) {
  named_numbers choices{{"stem.filters", width}};
  for (int stage = 1; stage <= 4; ++stage) {
    const std::string name = std::to_string(stage);
    if (stage > 1) choices.emplace_back(name + ".filters", width << (stage - 1));
    choices.emplace_back(name + ".kernel", 7);
    choices.emplace_back(name + ".expand", 4);
    choices.emplace_back(name + ".layers", stage == 3 ? third_layers : most_layers);
  }
  return member(zoo::convnext, choices);
}

}  // namespace

// Every stage: 5 kernels and 3 expansions; 7 widths each, that of the first is the stem's; 2, 2, 22 and 2 depths.
static_assert(zoo::convnext.size() == 2401ULL * 50625 * (2 * 2 * 22 * 2));

TEST_CASE("the published ConvNeXts are members of the space, with the counts of timm's modules") {
  // timm 1.0.31: convnext_atto to convnext_large; multiply-adds as PyTorch's FlopCounterMode sees them.
  struct published {
    int width, layers, third_layers;
    std::int64_t params, macs;
  };
  for (const published& p : {published{40, 2, 6, 3'695'520, 547'332'480},
                             {48, 2, 6, 5'217'784, 779'629'824},
                             {64, 2, 6, 9'045'672, 1'367'055'360},
                             {80, 2, 8, 15'593'560, 2'445'528'320},
                             {96, 3, 9, 28'589'128, 4'455'531'264},
                             {96, 3, 27, 50'223'688, 8'683'712'256},
                             {128, 3, 27, 88'591'464, 15'354'729'472},
                             {192, 3, 27, 197'767'336, 34'361'433'600}}) {
    const auto c = convnext_member(p.width, p.layers, p.third_layers);
    CAPTURE(p.width, p.third_layers);
    CHECK(count(c).params == p.params);
    CHECK(count(c).macs == p.macs);
    CHECK(zoo::convnext.unrank(zoo::convnext.rank(c)) == c);
  }
  CHECK(to_network(convnext_member(96, 3, 9)).layers() == to_network(zoo::convnext_t).layers());
}

TEST_CASE("MobileNetV4-Conv-S is a member of its space, layer by layer") {
  // MobileNetV4 paper, Table 11: filters, then start kernel, kernel and expansion of each block.
  struct row {
    int start, kernel, expand;
  };
  struct stage {
    int filters;
    std::array<row, 6> rows;
  };
  named_numbers choices;
  int number = 3;
  for (const stage& s : {stage{96, {{{5, 5, 3}, {0, 3, 2}, {0, 3, 2}, {0, 3, 2}, {0, 3, 2}, {3, 0, 4}}}},
                         stage{128, {{{3, 3, 6}, {5, 5, 4}, {0, 5, 4}, {0, 5, 3}, {0, 3, 4}, {0, 3, 4}}}}}) {
    const std::string name = std::to_string(number++);
    choices.emplace_back(name + ".filters", s.filters);
    for (std::size_t i = 0; i < s.rows.size(); ++i) {
      const std::string layer = i == 0 ? name : name + "_more[" + std::to_string(i - 1) + "]";
      choices.emplace_back(layer + ".start_kernel", s.rows[i].start);
      choices.emplace_back(layer + ".kernel", s.rows[i].kernel);
      choices.emplace_back(layer + ".expand", s.rows[i].expand);
    }
    choices.emplace_back(name + "_more.layers", 5);
  }
  const auto c = member(zoo::mobilenet_v4, choices);
  CHECK(to_network(c).layers() == to_network(zoo::mobilenet_v4_conv_s).layers());
  // timm 1.0.31, mobilenetv4_conv_small.
  CHECK(count(c).params == 3'774'024);
  CHECK(count(c).macs == 186'005'568);
  CHECK(zoo::mobilenet_v4.unrank(zoo::mobilenet_v4.rank(c)) == c);
}

TEST_CASE("MobileNetV4: 3 widths, 24 first blocks and 1 to 5 of 36 more, twice") {
  std::uint64_t more = 0;
  std::uint64_t power = 1;
  for (int i = 0; i < 5; ++i) more += power *= 36;
  const std::uint64_t stage = 3 * 24 * more;
  CHECK(zoo::mobilenet_v4.size() == uint128(stage) * stage);
}

TEST_CASE("today's convolutional spaces: ranks, and bounds around samples") {
  constexpr std::uint64_t seed = 27;
  CAPTURE(seed);
  random_engine rng(seed);
  const auto check = [&](const auto& s) {
    const std::int64_t most = max_macs(s);
    const std::int64_t least = min_macs(s);
    for (int i = 0; i < 100; ++i) {
      const auto c = s.sample(rng);
      CHECK(s.unrank(s.rank(c)) == c);
      CHECK(count(c).macs <= most);
      CHECK(count(c).macs >= least);
    }
  };
  check(zoo::convnext);
  check(zoo::mobilenet_v4);
}

TEST_CASE("ConvNeXt's bounds are its smallest and its largest network") {
  named_numbers smallest{{"stem.filters", 40}};
  named_numbers largest{{"stem.filters", 192}};
  for (int stage = 1; stage <= 4; ++stage) {
    const std::string name = std::to_string(stage);
    const auto take = [&](named_numbers& to, int width, int kernel, int expand, int layers) {
      if (stage > 1) to.emplace_back(name + ".filters", width << (stage - 1));
      to.emplace_back(name + ".kernel", kernel);
      to.emplace_back(name + ".expand", expand);
      to.emplace_back(name + ".layers", layers);
    };
    take(smallest, 40, 3, 2, stage == 3 ? 6 : 2);
    take(largest, 192, 11, 4, stage == 3 ? 27 : 3);
  }
  CHECK(min_macs(zoo::convnext) == count(member(zoo::convnext, smallest)).macs);
  CHECK(max_macs(zoo::convnext) == count(member(zoo::convnext, largest)).macs);
}
