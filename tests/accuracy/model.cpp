// SPDX-License-Identifier: Apache-2.0
#include "nascent/accuracy/model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

#include "held_out.hpp"
#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/reward/rank_correlation.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;

namespace {

constexpr accuracy_model model;

accuracy_estimate estimate(const test_plan& p) { return model(features_of(p)); }

accuracy_estimate estimate_x(double width, double depth, int resolution) {
  accuracy_collector collector;
  build_efficientnet_x(width, depth, resolution, collector);
  return model(collector);
}

/// The network that the 28 digits of Accel-NASBench stand for.
test_plan bench_plan(const char* digits) {
  test_plan p = efficientnet(1, 1, 224);
  for (std::size_t i = 0; i < p.stages.size(); ++i) {
    const char* d = digits + 4 * i;
    p.stages[i].expand = d[0] - '0';
    p.stages[i].kernel = d[1] - '0';
    p.stages[i].layers = d[2] - '0';
    p.stages[i].se = d[3] == '1' ? 0.25 : 0;
  }
  return p;
}

std::string_view reason(const accuracy_estimate& e) { return e.outside ? e.outside : ""; }

TEST_CASE("top-1 is the sum of its terms") {
  for (const double width : {0.8, 1.0, 1.4})
    for (const int resolution : {128, 224, 380}) {
      const accuracy_features f = features_of(efficientnet(width, 1.2, resolution));
      const accuracy_estimate e = model(f);
      double score = 0;
      for (std::size_t i = 0; i < accuracy_features::levels; ++i)
        score += accuracy_model::level_score(i, f.capacity[i]);
      CHECK_THAT(accuracy_model::best + accuracy_model::shape_points(score) +
                     accuracy_model::width_points(std::log(accuracy_model::relative_width(f))) +
                     accuracy_model::resolution_points(f.height, f.width) + e.prior,
                 WithinAbs(e.top1, 1e-9));
      CHECK_THAT(accuracy_model::best + accuracy_model::shape_points(score),
                 WithinAbs(100 - detail::accuracy_fit::base_error -
                               detail::accuracy_fit::proxy_slope *
                                   (detail::accuracy_fit::ceiling - accuracy_model::proxy_top1(f)),
                           1e-9));
    }
}

}  // namespace

TEST_CASE("the stated error and rank correlation hold on networks that no fit has seen") {
  static_assert(held_out_networks.size() == accuracy_model::held_out_count);
  std::vector<double> truth, guess;
  double absolute = 0, squared = 0;
  for (const held_out_network& row : held_out_networks) {
    const double proxy = accuracy_model::proxy_top1(features_of(bench_plan(row.digits)));
    REQUIRE_THAT(proxy, WithinAbs(row.predicted, 2e-3));
    truth.push_back(row.top1);
    guess.push_back(proxy);
    absolute += std::abs(proxy - row.top1);
    squared += (proxy - row.top1) * (proxy - row.top1);
  }
  const auto n = static_cast<double>(truth.size());
  const double mean = std::accumulate(truth.begin(), truth.end(), 0.0) / n;
  double variance = 0;
  for (const double t : truth) variance += (t - mean) * (t - mean);
  CHECK_THAT(absolute / n, WithinAbs(accuracy_model::held_out_mae, 1e-3));
  CHECK_THAT(std::sqrt(squared / n), WithinAbs(accuracy_model::held_out_rmse, 1e-3));
  CHECK_THAT(1 - squared / variance, WithinAbs(accuracy_model::held_out_r2, 1e-3));
  CHECK_THAT(rank_correlation(truth, guess).value(), WithinAbs(accuracy_model::held_out_spearman, 1e-3));
  STATIC_REQUIRE(accuracy_model::held_out_spearman > 0.958);  // an additive model with one coefficient for each choice
  STATIC_REQUIRE(accuracy_model::held_out_r2 > 0.90);
}

TEST_CASE("the EfficientNet family comes out as published") {
  struct published {
    double width, depth;
    int resolution;
    double paper, tensorflow;  // EfficientNet paper, Table 2; tf_efficientnet, recipe aa
  };
  const std::array<published, 8> family{{{1.0, 1.0, 224, 77.1, 76.88},
                                         {1.0, 1.1, 240, 79.1, 78.84},
                                         {1.1, 1.2, 260, 80.1, 80.07},
                                         {1.2, 1.4, 300, 81.6, 81.65},
                                         {1.4, 1.8, 380, 82.9, 83.04},
                                         {1.6, 2.2, 456, 83.6, 83.70},
                                         {1.8, 2.6, 528, 84.0, 84.12},
                                         {2.0, 3.1, 600, 84.3, 84.42}}};
  for (const published& b : family) {
    const accuracy_estimate e = estimate(efficientnet(b.width, b.depth, b.resolution));
    INFO("resolution " << b.resolution);
    CHECK_THAT(e.top1, WithinAbs(b.paper, 0.35));
    CHECK_THAT(e.top1, WithinAbs(b.tensorflow, 0.2));
    CHECK(e.in_domain);
    CHECK(e.prior == 0);
    CHECK(e.standard_error > 0.5);
    CHECK(e.standard_error < 1.2);
  }
}

TEST_CASE("the EfficientNet-X family comes out as published") {
  struct published {
    double width, depth;
    int resolution;
    double paper;  // EfficientNet-X paper, Table 3; not used in any fit
  };
  const std::array<published, 5> family{{{1.0, 1.0, 224, 77.3},
                                         {1.0, 1.1, 240, 79.4},
                                         {1.1, 1.2, 260, 80.0},
                                         {1.2, 1.4, 300, 81.4},
                                         {1.4, 1.8, 380, 83.0}}};
  for (const published& b : family) {
    const accuracy_estimate e = estimate_x(b.width, b.depth, b.resolution);
    INFO("resolution " << b.resolution);
    CHECK_THAT(e.top1, WithinAbs(b.paper, 0.7));
    CHECK(e.in_domain);
    CHECK(e.prior > 0);
  }
}

TEST_CASE("the steps of the EfficientNet-X ablation are the stated priors") {
  test_plan p = efficientnet(1, 1, 224);
  const accuracy_estimate base = estimate(p);
  p.stages[1].fused = p.stages[2].fused = true;
  const accuracy_estimate fused = estimate(p);
  CHECK_THAT(fused.top1 - base.top1, WithinAbs(0.3, 1e-9));
  CHECK(fused.standard_error > base.standard_error);
  for (test_stage& s : p.stages) s.act = relu;
  const accuracy_estimate rectified = estimate(p);
  CHECK_THAT(rectified.top1 - fused.top1, WithinAbs(-0.5, 1e-9));
  CHECK(rectified.standard_error > fused.standard_error);
  CHECK_THAT(rectified.prior, WithinAbs(-0.2, 1e-9));
  CHECK(rectified.in_domain);
}

TEST_CASE("top-1 rises with resolution, width and depth, ever more slowly, and has a ceiling") {
  double before = 0;
  for (int resolution = 106; resolution <= 600; resolution += 2) {
    const double top1 = estimate(efficientnet(1, 1, resolution)).top1;
    REQUIRE(top1 > before);
    before = top1;
  }
  before = 0;
  for (double width = 0.5; width <= 2.0; width += 0.1) {
    const double top1 = estimate(efficientnet(width, 1, 224)).top1;
    REQUIRE(top1 >= before);
    before = top1;
  }
  before = 0;
  for (double depth = 0.25; depth <= 3.1; depth += 0.05) {
    const double top1 = estimate(efficientnet(1, depth, 224)).top1;
    REQUIRE(top1 >= before);
    before = top1;
  }
  const double base = estimate(efficientnet(1, 1, 224)).top1;
  CHECK(estimate(efficientnet(1, 1, 448)).top1 - estimate(efficientnet(1, 1, 336)).top1 <
        estimate(efficientnet(1, 1, 336)).top1 - base);
  CHECK(estimate(efficientnet(2, 1, 224)).top1 - estimate(efficientnet(1.5, 1, 224)).top1 <
        estimate(efficientnet(1.5, 1, 224)).top1 - base);
  CHECK(estimate(efficientnet(1, 3, 224)).top1 - estimate(efficientnet(1, 2, 224)).top1 <
        estimate(efficientnet(1, 2, 224)).top1 - base);
  CHECK(estimate(efficientnet(2, 3.1, 600)).top1 < 85);
  // One dimension alone gains less than all three together (EfficientNet paper, Table 7).
  const double compound = estimate(efficientnet(1.2, 1.4, 291)).top1;
  CHECK(estimate(efficientnet(1, 4, 224)).top1 < compound - 1);
  CHECK(estimate(efficientnet(2, 1, 224)).top1 < compound - 1);
  CHECK(estimate(efficientnet(1, 1, 448)).top1 < compound - 1);
}

TEST_CASE("no single choice of a stage lowers top-1 when it adds capacity") {
  const test_plan base = efficientnet(1, 1, 224);
  for (std::size_t i = 0; i < base.stages.size(); ++i) {
    INFO("stage " << i + 1);
    const auto top1_with = [&](auto change) {
      test_plan p = base;
      change(p.stages[i]);
      return estimate(p).top1;
    };
    CHECK(top1_with([](test_stage& s) { s.expand = 3; }) <= top1_with([](test_stage& s) { s.expand = 6; }));
    CHECK(top1_with([](test_stage& s) { s.expand = 1; }) < top1_with([](test_stage& s) { s.expand = 3; }));
    CHECK(top1_with([](test_stage& s) { s.kernel = 3; }) < top1_with([](test_stage& s) { s.kernel = 5; }));
    CHECK(top1_with([](test_stage& s) { s.kernel = 5; }) < top1_with([](test_stage& s) { s.kernel = 7; }));
    CHECK(top1_with([](test_stage& s) { s.se = 0; }) < top1_with([](test_stage& s) { s.se = 0.125; }));
    CHECK(top1_with([](test_stage& s) { s.se = 0.125; }) < top1_with([](test_stage& s) { s.se = 0.25; }));
    CHECK(top1_with([](test_stage& s) { s.se = 0.25; }) == top1_with([](test_stage& s) { s.se = 1; }));
    CHECK(top1_with([](test_stage&) {}) < top1_with([](test_stage& s) { ++s.layers; }));
    CHECK(top1_with([](test_stage& s) { s.filters -= 8; }) <= top1_with([](test_stage&) {}));
    CHECK(top1_with([](test_stage& s) { s.act = relu; }) < top1_with([](test_stage&) {}));
  }
}

TEST_CASE("top-1 never falls as a stage gets wider, also where widths of neighbours meet") {
  const test_plan base = efficientnet(1, 1, 224);
  for (std::size_t i = 0; i < base.stages.size(); ++i) {
    double before = 0;
    for (int filters = base.stages[i].filters / 16 * 8; filters <= 2 * base.stages[i].filters; filters += 8) {
      test_plan p = base;
      p.stages[i].filters = filters;
      const double top1 = estimate(p).top1;
      INFO("stage " << i + 1 << ", " << filters << " filters");
      REQUIRE(top1 > before);
      before = top1;
    }
  }
}

TEST_CASE("networks outside the domain are flagged, with a reason and a larger error") {
  const test_plan base = efficientnet(1, 1, 224);
  CHECK(estimate(base).in_domain);
  const auto flagged = [&](auto change) {
    test_plan p = base;
    change(p);
    const accuracy_estimate e = estimate(p);
    CHECK(e.in_domain == (e.outside == nullptr));
    CHECK((e.in_domain || e.standard_error > 3));
    CHECK(std::isfinite(e.top1));
    CHECK(e.top1 >= 0);
    CHECK(e.top1 < 100);
    return reason(e);
  };
  CHECK(flagged([](test_plan& p) { p.resolution = 96; }) == "a resolution outside 106 to 600");
  CHECK(flagged([](test_plan& p) { p.resolution = 608; }) == "a resolution outside 106 to 600");
  CHECK(flagged([](test_plan& p) { p.depth = 5; }) == "more blocks at a resolution than any trained network");
  CHECK(flagged([](test_plan& p) { p.stages[6].filters = 1600; }) ==
        "a width outside 0.45 to 2.2 of EfficientNet-B0's");
  CHECK(flagged([](test_plan& p) { p.stages[2].filters = 16; }) == "a width outside 0.45 to 2.2 of EfficientNet-B0's");
  CHECK(flagged([](test_plan& p) { p.width = 0.3; }) == "a head outside 640 to 2560 channels");
  CHECK(flagged([](test_plan& p) { p.stages[3].expand = 8; }) == "an expansion outside 1 to 6");
  CHECK(flagged([](test_plan& p) { p.stages[3].kernel = 9; }) == "a kernel larger than 7x7");
  CHECK(flagged([](test_plan& p) { p.stages[6].stride = 2; }) == "a map smaller than 1/32 of the input");
  CHECK(flagged([](test_plan& p) { p.stages[5].stride = 1; }) ==
        "no blocks at one of the last resolutions, or at several");
  CHECK(flagged([](test_plan& p) { p.sum = residual::none; }) == "blocks without their residual sum");
}

/// What the model says of EfficientNet-B0's features with a change.
accuracy_estimate changed(auto change) {
  accuracy_features f = features_of(efficientnet(1, 1, 224));
  change(f);
  return model(f);
}

TEST_CASE("the standard error is what docs/accuracy.md adds up") {
  // Recipe 0.25, shape 0.790 x 0.631, size 0.455, and 15 % of what the shape adds to the base's.
  const auto expected = [](double proxy) {
    return std::sqrt(.25 * .25 + .790 * .631 * .790 * .631 + .4545 * .4545 + std::pow(.15 * .790 * (proxy - 66.27), 2));
  };
  for (const double depth : {.5, 1., 3.}) {
    const accuracy_features f = features_of(efficientnet(1, depth, 224));
    const double proxy = accuracy_model::proxy_top1(f);
    CAPTURE(depth, proxy);
    CHECK_THAT(model(f).standard_error, WithinAbs(expected(proxy), 1e-3));
    CHECK((depth == 1 || std::abs(model(f).standard_error - expected(66.27)) > 4e-3));  // the last term counts here
  }
  // Three points more outside the domain, whatever the reason.
  const double inside = changed([](accuracy_features&) {}).standard_error;
  const double outside = changed([](accuracy_features& f) { f.classes = 10; }).standard_error;
  CHECK_THAT(outside * outside - inside * inside, WithinAbs(9, 1e-9));
}

TEST_CASE("each prior counts for as much as there is of it, with its error") {
  const accuracy_estimate base = changed([](accuracy_features&) {});
  // So much of a prior of so many points, give or take so many.
  const auto check = [&](auto change, double amount, double points, double error) {
    const accuracy_estimate e = changed(change);
    CAPTURE(amount, points, error);
    CHECK_THAT(e.prior, WithinAbs(amount * points, 1e-12));
    CHECK_THAT(e.top1 - base.top1, WithinAbs(amount * points, 1e-9));
    CHECK_THAT(e.standard_error * e.standard_error - base.standard_error * base.standard_error,
               WithinAbs(amount * amount * error * error, 1e-9));
    CHECK(e.in_domain);
  };
  check([](accuracy_features& f) { f.space_to_depth = true; }, 1, .2, .2);
  for (int n = 1; n <= 5; ++n) check([&](accuracy_features& f) { f.fused_early = n; }, n < 4 ? n / 4. : 1, .3, .3);
  // EfficientNet-B0 has 16 blocks, 11 of them at 1/16 and 1/32.
  for (const int n : {1, 11}) check([&](accuracy_features& f) { f.fused_late = n; }, n / 11., 0, .6);
  for (const int n : {1, 7, 16}) {
    check([&](accuracy_features& f) { f.rectified = n; }, n / 16., -.5, .3);
    check([&](accuracy_features& f) { f.other_activation = n; }, n / 16., -.1, .3);
    check([&](accuracy_features& f) { f.kernel_7 = n; }, n / 16., 0, .5);
    check([&](accuracy_features& f) { f.small_se = n; }, n / 16., 0, .3);
  }
  const accuracy_estimate skipped = changed([](accuracy_features& f) { f.blocks[1] = 0; });
  CHECK_THAT(skipped.prior, WithinAbs(-.5, 1e-12));
  CHECK_THAT(skipped.standard_error * skipped.standard_error - base.standard_error * base.standard_error,
             WithinAbs(.25, 1e-9));
  CHECK(model(accuracy_features{}).prior == 0);
}

TEST_CASE("the domain ends where docs/accuracy.md says, and not before") {
  const auto of = [](auto change) { return reason(changed(change)); };
  // The last value inside and the first outside, on either side.
  const auto check = [&](int accuracy_features::*field, int least, int most, std::string_view why) {
    for (const int inside : {least, most}) CHECK(of([&](accuracy_features& f) { f.*field = inside; }).empty());
    for (const int outside : {least - 1, most + 1}) CHECK(of([&](accuracy_features& f) { f.*field = outside; }) == why);
  };
  check(&accuracy_features::classes, 1000, 1001, "no classifier of the 1000 classes of ImageNet");
  check(&accuracy_features::stem, 16, 64, "a stem outside 16 to 64 channels");
  check(&accuracy_features::head, 640, 2560, "a head outside 640 to 2560 channels");
  for (const int resolution : {106, 600})
    CHECK(of([&](accuracy_features& f) { f.height = f.width = resolution; }).empty());
  for (const int resolution : {105, 601})
    CHECK(of([&](accuracy_features& f) { f.height = f.width = resolution; }) == "a resolution outside 106 to 600");
  CHECK(of([](accuracy_features& f) { f.width = 225; }) == "an input that is not square");
  CHECK(of([](accuracy_features& f) { f.height = 225; }) == "an input that is not square");
  CHECK(of([](accuracy_features& f) { f.missing_sums = 1; }) == "blocks without their residual sum");
  CHECK(of([](accuracy_features& f) { f.outside = "a reason of its own"; }) == "a reason of its own");
  constexpr std::array most{4, 7, 7, 20, 17};
  for (std::size_t i = 0; i < most.size(); ++i) {
    CAPTURE(i);
    CHECK(of([&](accuracy_features& f) { f.blocks[i] = most[i]; }).empty());
    CHECK(of([&](accuracy_features& f) { f.blocks[i] = most[i] + 1; }) ==
          "more blocks at a resolution than any trained network");
    const auto as_wide = [&](double factor) {
      return of([&](accuracy_features& f) {
        f.narrowest[i] *= factor / 2;  // it is the geometric mean of the two that counts
        f.widest[i] *= factor * 2;
      });
    };
    for (const double factor : {.46, 2.19}) CHECK(as_wide(factor).empty());
    for (const double factor : {.44, 2.21})
      CHECK(as_wide(factor) == "a width outside 0.45 to 2.2 of EfficientNet-B0's");
  }
  const std::string_view no_blocks = "no blocks at one of the last resolutions, or at several";
  for (const std::size_t i : {0UL, 1UL, 2UL, 3UL}) CHECK(of([&](accuracy_features& f) { f.blocks[i] = 0; }).empty());
  CHECK(of([](accuracy_features& f) { f.blocks[4] = 0; }) == no_blocks);
  CHECK(of([](accuracy_features& f) { f.blocks[0] = f.blocks[2] = 0; }) == no_blocks);
}

TEST_CASE("a stride of 4 is judged by a prior") {
  test_plan p = efficientnet(1, 1, 224);
  p.stages[1].stride = 4;
  p.stages[2].stride = 1;
  const accuracy_estimate e = estimate(p);
  CHECK(e.in_domain);
  CHECK(e.prior == -0.5);
  CHECK(e.top1 < estimate(efficientnet(1, 1, 224)).top1);
  CHECK(e.standard_error > estimate(efficientnet(1, 1, 224)).standard_error);
}

TEST_CASE("a network and the stream of its layers give the same estimate") {
  network graph("b0", {1, 224, 224, 3});
  build_plan(efficientnet(1, 1, 224), graph);
  const accuracy_estimate from_graph = model(graph);
  const accuracy_estimate from_stream = estimate(efficientnet(1, 1, 224));
  CHECK(from_graph.top1 == from_stream.top1);
  CHECK(from_graph.standard_error == from_stream.standard_error);
  CHECK_FALSE(model(network{}).in_domain);
}
