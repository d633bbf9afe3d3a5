// SPDX-License-Identifier: Apache-2.0
/// \file
/// Small spaces that each show one way to choose. Each is written twice: as a declaration, and as plain conditions over
/// the vector of decisions (`holds`). The conditions share nothing with the library's counting.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <catch2/catch_tostring.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

namespace Catch {

template <>
struct StringMaker<nascent::uint128> {
  static std::string convert(nascent::uint128 value) { return nascent::to_decimal(value).c_str(); }
};

template <class Space>
struct StringMaker<nascent::candidate<Space>> {
  static std::string convert(const nascent::candidate<Space>& c) {
    std::string text = "(";
    for (const nascent::digit d : c.digits) text += (text.size() > 1 ? " " : "") + std::to_string(d);
    return text + ")";
  }
};

}  // namespace Catch

namespace test {

using namespace nascent;

/// The decisions of a vector by name; -1 is none.
template <class Space>
struct decisions {
  const std::vector<int>& vector;
  int operator()(std::string_view path) const { return vector.at(Space{}.find(path)); }
};

/// A slot that takes part exactly if `active`.
constexpr bool fits(int decision, bool active) { return active == (decision >= 0); }

/// Stages without layers, a searched stride, a searched resolution.
struct depths {
  static constexpr auto space = define([] {
    return search_space("depths")
        .input(3, one_of(16, 32))
        .stage("1", conv{.filters = one_of(8, 16), .kernel = 3})
        .stride(one_of(1, 2))
        .layers(range(0, 2))
        .stage("2", mbconv{.filters = 16, .kernel = one_of(3, 5, 7)})
        .layers(one_of(2, 1));
  });
  static constexpr int size = 2 * (1 + 2 * (2 * 2)) * (3 * 2);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    const bool any = d("1.layers") > 0;
    return fits(d("input.resolution"), true) && fits(d("1.layers"), true) && fits(d("1.filters"), any) &&
           fits(d("1.stride"), any) && fits(d("2.kernel"), true) && fits(d("2.layers"), true);
  }
};

/// Alternatives of block type, in a stage that may have no layers; equal layers.
struct alternating {
  static constexpr auto space = define([] {
    return search_space("alternating")
        .input(3, 16)
        .stage("1", either(conv{.filters = one_of(8, 16)}, mbconv{.filters = 8, .kernel = one_of(3, 5, 7)},
                           depthwise_conv{}))
        .layers(range(0, 2))
        .stage("2", either(conv{.filters = 8}, fused_mbconv{.filters = 8, .kernel = one_of(3, 5)}));
  });
  static constexpr int size = (1 + 2 * (2 + 3 + 1)) * (1 + 2);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    return fits(d("1.layers"), true) && fits(d("1.block"), d("1.layers") > 0) &&
           fits(d("1.conv.filters"), d("1.block") == 0) && fits(d("1.mbconv.kernel"), d("1.block") == 1) &&
           fits(d("2.block"), true) && fits(d("2.fused_mbconv.kernel"), d("2.block") == 1);
  }
};

/// Layers that choose on their own or are skipped, with shared filters: the form of TuNAS.
struct skipping {
  static constexpr auto space = define([] {
    return search_space("skipping")
        .input(3, 16)
        .stage("1", either(mbconv{.filters = shared(one_of(8, 16)), .kernel = one_of(3, 5)}, skip{}))
        .stride(2)
        .layers(independent(3))
        .stage("2", conv{.filters = 8});
  });
  static constexpr int size = 2 * 2 * (3 * 3);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    return fits(d("1.filters"), true) && d("1[0].block") == 0 && fits(d("1[0].kernel"), true) &&
           fits(d("1[1].block"), true) && fits(d("1[1].kernel"), d("1[1].block") == 0) && fits(d("1[2].block"), true) &&
           fits(d("1[2].kernel"), d("1[2].block") == 0);
  }
};

/// A searched number of layers that choose on their own, 0 allowed: the form of Once-for-All.
struct growing {
  static constexpr auto space = define([] {
    return search_space("growing")
        .input(3, 16)
        .stage("1", mbconv{.filters = shared(one_of(8, 16)), .kernel = one_of(3, 5)})
        .layers(independent(range(0, 3)))
        .stage("2", either(conv{.filters = 8}, depthwise_conv{.kernel = one_of(3, 5)}, skip{}))
        .layers(independent(one_of(2, 1)));
  });
  static constexpr int size = (1 + 2 * (2 + 4 + 8)) * (3 * 4 + 3);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    const int layers = d("1.layers");
    const bool second = d("2.layers") == 0;
    return fits(layers, true) && fits(d("1.filters"), layers > 0) && fits(d("1[0].kernel"), layers > 0) &&
           fits(d("1[1].kernel"), layers > 1) && fits(d("1[2].kernel"), layers > 2) && fits(d("2.layers"), true) &&
           fits(d("2[0].block"), true) && fits(d("2[0].depthwise_conv.kernel"), d("2[0].block") == 1) &&
           fits(d("2[1].block"), second) && fits(d("2[1].depthwise_conv.kernel"), d("2[1].block") == 1);
  }
};

/// Ties to a choice of its own and to another stage's field.
struct tied {
  static constexpr auto space = define([] {
    return search_space("tied")
        .input(3, 16)
        .choose("width", one_of(8, 16, 24))
        .stage("1", conv{.filters = tied_to("width"), .kernel = one_of(3, 5)})
        .stage("2", mbconv{.filters = tied_to("width"), .kernel = tied_to("1.kernel"), .expand = one_of(1, 3)})
        .layers(range(0, 1));
  });
  static constexpr int size = 3 * 2 * (1 + 2);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    return fits(d("width"), true) && fits(d("1.kernel"), true) && fits(d("2.layers"), true) &&
           fits(d("2.expand"), d("2.layers") > 0);
  }
};

/// Searched connections between stages.
struct connected {
  static constexpr auto space = define([] {
    return search_space("connected")
        .input(3, 16)
        .stage("1", conv{.filters = one_of(8, 16)})
        .stage("2", conv{.filters = 16})
        .stride(2)
        .skip(one_of("none", "1"))
        .stage("3", conv{.filters = 16})
        .layers(range(0, 1))
        .skip(one_of("1", "none", "2"), residual::strided);
  });
  static constexpr int size = 2 * 2 * (1 + 3);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    return fits(d("1.filters"), true) && fits(d("2.skip"), true) && fits(d("3.layers"), true) &&
           fits(d("3.skip"), d("3.layers") > 0);
  }
};

/// Constraints over one, two and three choices, some of them inactive at times, and stages that no constraint touches.
struct constrained {
  static constexpr auto space = define([] {
    return search_space("constrained")
        .input(3, one_of(16, 32))
        .stage("1", conv{.filters = range(1, 4)})
        .stage("2", conv{.filters = range(1, 4), .kernel = one_of(3, 5)})
        .layers(range(0, 2))
        .stage("free", either(conv{.filters = one_of(8, 16)}, depthwise_conv{}))
        .stage("3", conv{.filters = range(1, 4)})
        .require("1.filters", "2.filters", [](int a, int b) { return a < b; })
        .require("1.filters", "2.filters", "3.filters", [](int a, int b, int c) { return a + b + c <= 8; })
        .require("3.filters", [](int c) { return c != 2; })
        .require("2.layers", "2.kernel", [](int layers, int kernel) { return layers == 1 || kernel == 3; });
  });
  static constexpr int size = [] {
    int n = 0;
    for (int a = 1; a <= 4; ++a)
      for (int c = 1; c <= 4; ++c) {
        if (c == 2) continue;
        n += 1;  // no layers in stage 2
        for (int b = a + 1; b <= 4; ++b) n += a + b + c <= 8 ? 2 + 1 : 0;
      }
    return n * 2 * 3;
  }();
  template <class Decisions>
  static bool holds(const Decisions& d) {
    const int a = d("1.filters") + 1;
    const int b = d("2.filters") + 1;
    const int c = d("3.filters") + 1;
    const bool any = d("2.layers") > 0;
    if (!fits(d("input.resolution"), true) || !fits(a - 1, true) || !fits(c - 1, true) || !fits(d("2.layers"), true))
      return false;
    if (!fits(b - 1, any) || !fits(d("2.kernel"), any)) return false;
    if (!fits(d("free.block"), true) || !fits(d("free.conv.filters"), d("free.block") == 0)) return false;
    if (c == 2) return false;
    return !any || (a < b && a + b + c <= 8 && (d("2.layers") == 1 || d("2.kernel") == 0));
  }
};

/// Constraints between layers that choose on their own, and between a stride and a depth.
struct constrained_layers {
  static constexpr auto space = define([] {
    return search_space("constrained layers")
        .input(3, 16)
        .stage("1", mbconv{.filters = 8, .kernel = one_of(3, 5, 7)})
        .layers(independent(range(1, 3)))
        .stride(one_of(1, 2))
        .require("1[0].kernel", "1[1].kernel", [](int a, int b) { return a <= b; })
        .require("1[1].kernel", "1[2].kernel", [](int a, int b) { return a <= b; })
        .require("1.stride", "1.layers", [](int stride, int layers) { return stride == 1 || layers > 1; });
  });
  // Chains of 1, 2, 3 kernels that do not fall: 3, 6, 10. A stride of 2 needs two layers.
  static constexpr int size = 3 + 2 * (6 + 10);
  template <class Decisions>
  static bool holds(const Decisions& d) {
    const int layers = d("1.layers") + 1;
    const int k0 = d("1[0].kernel");
    const int k1 = d("1[1].kernel");
    const int k2 = d("1[2].kernel");
    return layers > 0 && fits(k0, true) && fits(k1, layers > 1) && fits(k2, layers > 2) && fits(d("1.stride"), true) &&
           (layers < 2 || k0 <= k1) && (layers < 3 || k1 <= k2) && (d("1.stride") == 0 || layers > 1);
  }
};

using small_spaces =
    std::tuple<depths, alternating, skipping, growing, tied, connected, constrained, constrained_layers>;

/// Every vector with digits from -1 up that meets the conditions.
template <class Described>
std::vector<std::vector<int>> brute_force() {
  constexpr const auto& space = Described::space;
  using space_type = std::remove_cvref_t<decltype(space)>;
  std::vector<std::vector<int>> found;
  std::vector<int> v(space.slot_count, -1);
  for (;;) {
    if (Described::holds(decisions<space_type>{v})) found.push_back(v);
    std::size_t k = 0;
    while (k < v.size() && ++v[k] == space.slot(k).options) v[k++] = -1;
    if (k == v.size()) return found;
  }
}

/// All candidates of a small space, by rank.
template <class Space>
auto all_candidates(const Space& space) {
  std::vector<typename Space::candidate_type> all;
  for (uint128 r = 0; r < space.size(); ++r) all.push_back(space.unrank(r));
  return all;
}

template <class Candidate>
std::vector<int> vector_of(const Candidate& c) {
  const auto v = typename Candidate::space_type{}.encode(c);
  return {v.begin(), v.end()};
}

/// The chi-square statistic of draws over equally probable cells, in standard deviations above its mean: below 5 for
/// any sane generator.
inline double chi_square_excess(const std::vector<int>& seen, double draws) {
  const double expected = draws / static_cast<double>(seen.size());
  double sum = 0;
  for (const int n : seen) sum += (n - expected) * (n - expected) / expected;
  const double freedom = static_cast<double>(seen.size()) - 1;
  return (sum - freedom) / std::sqrt(2 * freedom);
}

}  // namespace test
