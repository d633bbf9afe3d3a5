// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/vision_transformer_spaces.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "member.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/vision_transformer.hpp"

using namespace nascent;

namespace {

/// One digit a layer: heads, and twice the ratio of the hidden layer.
template <class Space>
auto transformer(const Space& space, int width, const std::string& heads, const std::string& twice_expand) {
  named_numbers choices{{"patches.filters", width}, {"layers.layers", static_cast<double>(heads.size())}};
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::string layer = "layers[" + std::to_string(i) + "]";
    choices.emplace_back(layer + ".heads", heads[i] - '0');
    choices.emplace_back(layer + ".expand", (twice_expand[i] - '0') / 2.);
  }
  return member(space, choices);
}

std::uint64_t power(std::uint64_t base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

}  // namespace

TEST_CASE("AutoFormer's spaces: a width, and 12 to 14 layers that choose on their own") {
  CHECK(zoo::autoformer_t.size() == 3 * (power(6, 12) + power(6, 13) + power(6, 14)));
  CHECK(zoo::autoformer_s.size() == 3 * (power(9, 12) + power(9, 13) + power(9, 14)));
}

TEST_CASE("DeiT-Ti and ViT-S/16 are members of AutoFormer's spaces, layer by layer") {
  const auto tiny = transformer(zoo::autoformer_t, 192, "333333333333", "888888888888");
  CHECK(to_network(tiny).layers() == to_network(zoo::deit_ti).layers());
  const auto small = transformer(zoo::autoformer_s, 384, "666666666666", "888888888888");
  CHECK(to_network(small).layers() == to_network(zoo::vit_s_16).layers());
  // timm 1.0.31: deit_tiny_patch16_224, deit_small_patch16_224.
  CHECK(count(tiny).params == 5'717'416);
  CHECK(count(tiny).macs == 1'253'683'200);
  CHECK(count(small).params == 22'050'664);
  CHECK(count(small).macs == 4'598'882'304);
}

TEST_CASE("AutoFormer-T is a member, with the parameters of a count by hand and the printed multiply-adds") {
  // microsoft/Cream, AutoFormer/experiments/subnet/AutoFormer-T.yaml: 13 layers of width 192.
  const auto c = transformer(zoo::autoformer_t, 192, "3333333333433", "7767668878787");
  // By hand: patches, class token and positions, layers, normalisation, classifier.
  const std::int64_t width = 192;
  std::int64_t params = 768 * width + width + width + 197 * width + 2 * width + width * 1000 + 1000;
  const std::array<int, 13> heads{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3};
  const std::array<double, 13> ratios{3.5, 3.5, 3, 3.5, 3, 3, 4, 4, 3.5, 4, 3.5, 4, 3.5};
  for (std::size_t i = 0; i < 13; ++i) {
    const std::int64_t inner = 64 * heads[i];
    const auto hidden = static_cast<std::int64_t>(width * ratios[i]);
    params += 3 * (width * inner + inner) + inner * width + width;
    params += width * hidden + hidden + hidden * width + width + 4 * width;
  }
  CHECK(count(c).params == params);
  // The paper prints 5.7 M, below the file's network without its relative positions (5.77 M) and with their tables of
  // 30 rows and 30 columns for keys and values in every layer (5.87 M).
  CHECK(std::lround(static_cast<double>(params) / 1e4) == 577);
  CHECK(std::lround(static_cast<double>(params + 13 * 2 * 2 * 30 * 64) / 1e4) == 587);
  CHECK(std::lround(static_cast<double>(count(c).macs) / 1e8) == 13);  // printed: 1.3 G
  CHECK(zoo::autoformer_t.unrank(zoo::autoformer_t.rank(c)) == c);
}

TEST_CASE("the three MobileViTs are members of the space") {
  CHECK(zoo::mobilevit.size() == std::uint64_t{2 * 2} * (3 * 2 * 3) * power(3 * 2 * 3 * 4, 3) * 3);
  struct published {
    int expand;
    std::array<int, 5> filters;
    std::array<int, 3> widths;
    int head;
    std::int64_t params, macs;
  };
  // timm 1.0.31: mobilevit_xxs, mobilevit_xs, mobilevit_s at 256 px, products of attention among the multiply-adds.
  for (const published& p : {published{2, {16, 24, 48, 64, 80}, {64, 80, 96}, 320, 1'272'024, 407'364'096},
                             published{4, {32, 48, 64, 80, 96}, {96, 120, 144}, 384, 2'317'848, 1'025'911'808},
                             published{4, {32, 64, 96, 128, 160}, {144, 192, 240}, 640, 5'578'632, 2'000'831'488}}) {
    named_numbers choices{{"head.conv.filters", p.head}, {"2.layers", 3}};
    const std::array<int, 3> layers{2, 4, 3};
    for (std::size_t i = 0; i < 5; ++i) {
      const std::string stage = std::to_string(i + 1);
      choices.emplace_back(stage + ".filters", p.filters[i]);
      choices.emplace_back(stage + ".expand", p.expand);
      if (i < 2) continue;
      choices.emplace_back(stage + "_transformer.width", p.widths[i - 2]);
      choices.emplace_back(stage + "_transformer.layers", layers[i - 2]);
    }
    const auto c = member(zoo::mobilevit, choices);
    CAPTURE(p.head);
    CHECK(count(c).params == p.params);
    CHECK(count(c).macs == p.macs);
    CHECK(zoo::mobilevit.unrank(zoo::mobilevit.rank(c)) == c);
    if (p.head == 640) CHECK(to_network(c).layers() == to_network(zoo::mobilevit_s).layers());
  }
}

TEST_CASE("spaces of vision transformers: ranks, and bounds around samples") {
  constexpr std::uint64_t seed = 31;
  CAPTURE(seed);
  random_engine rng(seed);
  const auto check = [&](const auto& s) {
    const std::int64_t most = max_macs(s);
    const std::int64_t least = min_macs(s);
    for (int i = 0; i < 50; ++i) {
      const auto c = s.sample(rng);
      CHECK(s.unrank(s.rank(c)) == c);
      CHECK(count(c).macs <= most);
      CHECK(count(c).macs >= least);
    }
  };
  check(zoo::autoformer_t);
  check(zoo::autoformer_s);
  check(zoo::mobilevit);
  const auto largest = transformer(zoo::autoformer_t, 240, "44444444444444", "88888888888888");
  CHECK(max_macs(zoo::autoformer_t) == count(largest).macs);
}
