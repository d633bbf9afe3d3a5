// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "literature.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_lite.hpp"
#include "nascent/zoo/spaces.hpp"

using namespace nascent;
using namespace test;
using Catch::Matchers::Message;

namespace {

constexpr auto start = search_space("s").input(3, 32);

/// Separable convolution, as a user writes it in ten lines; the width is called as the user likes.
template <class Channels = int, class Kernel = int>
struct separable {
  Channels channels;
  Kernel kernel{3};
  struct roles {
    role::width channels;
    role::count kernel;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.depthwise_conv(input, {.kernel = kernel, .stride = stride, .act = relu});
    return net.conv(x, {.filters = channels, .act = relu});
  }
};

/// The same without a word on what its fields mean; a kernel of 0 is no convolution at all.
template <class Channels = int, class Kernel = int>
struct silent {
  Channels channels;
  Kernel kernel{3};
  constexpr auto operator()(auto& net, auto input, int stride) const {
    if (kernel == 0) return net.conv(input, {.filters = channels, .stride = stride});
    return net.conv(input, {.filters = channels, .kernel = kernel, .stride = stride});
  }
};

/// A block that changes no channels, and says so.
struct halve {
  struct roles {};
  constexpr auto operator()(auto& net, auto input, int) const {
    return net.average_pool(input, {.kernel = 2, .stride = 2});
  }
};

/// Channels of all layers that have weights.
template <class Candidate>
std::vector<int> widths(const Candidate& c) {
  std::vector<int> all;
  const network graph = to_network(c);
  for (const layer& l : graph.layers())
    if (params(l) > 0) all.push_back(l.output.channels);
  return all;
}
using ints = std::vector<int>;

}  // namespace

TEST_CASE("scales of 1 change nothing, in every space of the zoo") {
  constexpr std::uint64_t seed = 12;
  CAPTURE(seed);
  random_engine rng(seed);
  const auto check = [&](const auto& space) {
    CAPTURE(space.name());
    for (int i = 0; i < 30; ++i) {
      const auto c = space.sample(rng);
      const counts own = count(c);
      const counts same = count(scaled(c, {}));
      REQUIRE(same.params == own.params);
      REQUIRE(same.macs == own.macs);
      REQUIRE(same.layers == own.layers);
      REQUIRE(to_network(scaled(c, {.width = 1, .depth = 1})).layers() == to_network(c).layers());
      // None of them refuses to be scaled.
      REQUIRE(count(scaled(c, {.width = 1.5})).params > own.params);
    }
  };
  zoo::for_each_space([&](std::string_view, const auto& space) { check(space); });
  check(zoo::efficientnet_b0);
  check(zoo::efficientnet_x_b0);
  check(zoo::efficientnet_lite0);
  check(accel_nasbench);
}

TEST_CASE("a width that is no multiple of the divisor stays at scale 1") {
  constexpr auto space = define([] {
    return start.stage("1", conv{.filters = 13})
        .stage("2", mbconv{.filters = 27})
        .layers(3)
        .head(global_pool{}, dense{10});
  });
  STATIC_CHECK(count(scaled(space.only(), {})).params == count(space.only()).params);
  CHECK(widths(scaled(space.only(), {.depth = 2})) != widths(space.only()));
  CHECK(widths(scaled(space.only(), {.resolution = 64})) == widths(space.only()));
  CHECK(widths(scaled(space.only(), {.width = 2}))[0] == 24);  // 26 to a multiple of 8, 92 % of it
}

TEST_CASE("a user's block scales the field that it calls a width") {
  constexpr auto space =
      define([] { return start.stage("1", separable{.channels = 24}).head(global_pool{}, dense{10}); });
  CHECK(widths(scaled(space.only(), {.width = 2})) == ints{3, 48, 10});
  STATIC_CHECK(count(scaled(space.only(), {.width = 2})).params == (3 * 9 + 2 * 3) + (3 * 48 + 2 * 48) + (480 + 10));
}

TEST_CASE("a block that has not said what scales refuses by name, unless the width is 1") {
  constexpr auto space = define([] { return start.stage("1", silent{.channels = 24}).head(global_pool{}, dense{10}); });
  constexpr auto c = space.only();
  CHECK_THROWS_MATCHES(scaled(c, {.width = 2}), space_error,
                       Message("nascent: space 's', stage 1: found the block silent without roles; allowed: blocks "
                               "with `struct roles { role::width filters; };`, or width 1"));
  CHECK(widths(scaled(c, {.depth = 2, .resolution = 48})) == widths(c));
  // An aggregate that nobody checked is refused when it is built.
  CHECK_THROWS_AS(count(scaled_candidate<decltype(c)::space_type>{c, {.width = 2}}), space_error);
}

TEST_CASE("the place of use may say it for such a block") {
  constexpr auto space = define([] {
    return start.stage("1", silent{.channels = scaled(24)})
        .stage("2", silent{.channels = fixed(24)})
        .head(global_pool{}, dense{10});
  });
  CHECK(widths(scaled(space.only(), {.width = 2})) == ints{48, 24, 10});
}

TEST_CASE("only blocks that a candidate has can refuse") {
  constexpr auto space = define([] {
    return start.stage("1", either(conv{.filters = 8}, silent{.channels = 16}))
        .layers(range(0, 1))
        .stage("2", halve{})
        .stage("3", either(conv{.filters = 8}, silent{.channels = 8}))
        .layers(independent(2));
  });
  const auto refuses = [&](std::vector<int> vector) {
    try {
      scaled(space.decode(vector), {.width = 2});
      return std::string();
    } catch (const space_error& e) {
      return std::string(e.what());
    }
  };
  CHECK(refuses({-1, 0, 0, 0}).empty());
  CHECK(refuses({0, 1, 0, 0}).empty());
  CHECK(refuses({1, 1, 0, 0}).starts_with("nascent: space 's', stage 1: found the block silent"));
  CHECK(refuses({0, 1, 0, 1}).starts_with("nascent: space 's', stage 3: found the block silent"));
}

TEST_CASE("a field called kernel may be 0 where nobody says that it is a kernel") {
  constexpr auto space = define(
      [] { return start.stage("1", silent{.channels = 24, .kernel = one_of(0, 3)}).head(global_pool{}, dense{10}); });
  STATIC_CHECK(space.size() == 2);
  STATIC_CHECK(count(space.unrank(0)).params == (3 * 24 + 2 * 24) + 240 + 10);
}

TEST_CASE("dense layers: the last is the classes, a hidden one says whether it scales") {
  constexpr auto says = define([] {
    return start.stage("1", conv{.filters = 16})
        .head(global_pool{}, dense{.units = scaled(1280), .act = relu}, dense{.units = fixed(100)}, dense{10});
  });
  CHECK(widths(scaled(says.only(), {.width = 1.2})) == ints{24, 1536, 100, 10});
  constexpr auto silent_one =
      define([] { return start.stage("1", conv{.filters = 16}).head(global_pool{}, dense{1280}, dense{10}); });
  CHECK_THROWS_MATCHES(scaled(silent_one.only(), {.width = 1.2}), space_error,
                       Message("nascent: space 's', stage head.dense, field units: found a number that may be a width "
                               "or not; allowed: fixed(...) or scaled(...), or width 1"));
}

TEST_CASE("what is fixed stays: widths, choices of them, layers") {
  constexpr auto space = define([] {
    return start.stage("stem", conv{.filters = fixed(one_of(20, 32))})
        .stage("1", conv{.filters = 16})
        .layers(fixed(2))
        .stage("2", either(conv{.filters = fixed(24)}, mbconv{.filters = 24, .expand = 1}))
        .layers(fixed(independent(2)))
        .stage("3", conv{.filters = 8})
        .layers(range(1, 2))
        .head(conv{.filters = fixed(1280), .kernel = 1}, global_pool{}, dense{10});
  });
  const auto c = space.decode(std::array{0, 0, 1, 1});
  CHECK(widths(scaled(c, {.width = 2, .depth = 2})) == ints{20, 32, 32, 24, 24, 48, 16, 16, 16, 16, 1280, 10});
}

TEST_CASE("a tie does as its source does") {
  constexpr auto space = define([] {
    return start.choose("free", one_of(8, 16))
        .choose("kept", fixed(one_of(8, 16)))
        .stage("stem", conv{.filters = fixed(one_of(24, 32))})
        .stage("1", conv{.filters = tied_to("stem.filters")})
        .stage("2", conv{.filters = one_of(24, 32)})
        .stage("3", conv{.filters = tied_to("2.filters"), .groups = tied_to("2.filters")})
        .stage("4", conv{.filters = tied_to("free")})
        .stage("5", conv{.filters = tied_to("kept")})
        .stage("6", conv{.filters = fixed(tied_to("2.filters"))})
        .head(global_pool{}, dense{10});
  });
  const auto c = space.decode(std::array{0, 0, 0, 0});
  const network graph = to_network(scaled(c, {.width = 2}));
  CHECK(widths(scaled(c, {.width = 2})) == ints{24, 24, 48, 48, 16, 8, 24, 10});
  CHECK(graph.layers()[3].groups == 48);
}

TEST_CASE("rounding is the space's: any divisor, with or without the 10 % rule") {
  constexpr auto fours = define(
      [] { return start.stage("1", conv{.filters = 18}).round_widths({.divisor = 4}).head(global_pool{}, dense{10}); });
  constexpr auto halves_up =
      define([] { return search_space("s").input(3, 32).round_widths({.limit = 0}).stage("1", conv{.filters = 18}); });
  constexpr auto whole =
      define([] { return start.stage("1", conv{.filters = 18}).round_widths({.divisor = 1, .limit = 0}); });
  for (int tenths = 1; tenths <= 40; ++tenths) {
    const double width = tenths / 10.;
    if (tenths == 10) continue;
    CAPTURE(width);
    const double exact = width * 18;
    int four = 4;  // the largest multiple that is at most 2 above, then the next where that is below 90 %
    while (four + 4 <= exact + 2) four += 4;
    if (four < .9 * exact) four += 4;
    CHECK(widths(scaled(fours.only(), {.width = width}))[0] == four);
    int eight = 8;
    while (eight + 8 <= exact + 4) eight += 8;
    CHECK(widths(scaled(halves_up.only(), {.width = width}))[0] == eight);
    CHECK(widths(scaled(whole.only(), {.width = width}))[0] == std::max(1, static_cast<int>(std::lround(exact))));
  }
}

TEST_CASE("dimensions that no network has are refused") {
  constexpr auto c = zoo::efficientnet_b0.only();
  CHECK_THROWS_MATCHES(
      scaled(c, {.width = 0}), space_error,
      Message("nascent: space 'EfficientNet-B0', scaling, width: found 0; allowed: above 0, up to 10000"));
  CHECK_THROWS_AS(scaled(c, {.width = -1}), space_error);
  CHECK_THROWS_AS(scaled(c, {.width = std::numeric_limits<double>::quiet_NaN()}), space_error);
  CHECK_THROWS_AS(scaled(c, {.width = std::numeric_limits<double>::infinity()}), space_error);
  CHECK_THROWS_MATCHES(
      scaled(c, {.depth = -.5}), space_error,
      Message("nascent: space 'EfficientNet-B0', scaling, depth: found -0.5; allowed: above 0, up to 10000"));
  CHECK_THROWS_MATCHES(scaled(c, {.resolution = -1}), space_error,
                       Message("nascent: space 'EfficientNet-B0', scaling, resolution: found -1; allowed: 1 to 65536, "
                               "or 0 for the candidate's own"));
  CHECK_THROWS_AS(scaled(c, {.resolution = 65537}), space_error);
}
