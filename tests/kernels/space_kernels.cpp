// SPDX-License-Identifier: Apache-2.0
#include "nascent/kernels/space_kernels.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "spaces.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/mnasnet.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

using kernel_counts = std::map<std::string, int>;

kernel_counts count_kernels(const network& graph) {
  kernel_counts counts;
  for (const kernel& k : fuse(graph)) ++counts[k.signature()];
  return counts;
}

template <class Space>
kernel_counts count_kernels(const kernel_trellis<Space>& trellis, const candidate<Space>& c) {
  kernel_counts counts;
  const bool possible = trellis.walk(c, [&](std::int32_t group, int times) {
    for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)])
      counts[trellis.kernels()[static_cast<std::size_t>(k)].signature] += times;
  });
  CHECK(possible);
  return counts;
}

/// Builds every network of a space, and expects what the trellis says.
template <class Space>
void check_against_all(const Space& space) {
  CAPTURE(space.name());
  const kernel_trellis trellis(space);
  kernel_counts all;
  std::uint64_t networks = 0;
  for (uint128 r = 0; r < space.size(); ++r, ++networks) {
    const auto c = space.unrank(r);
    const kernel_counts counts = count_kernels(to_network(c));
    if (counts != count_kernels(trellis, c)) {
      CAPTURE(static_cast<std::uint64_t>(r));
      REQUIRE(counts == count_kernels(trellis, c));
    }
    for (const auto& [signature, n] : counts) all[signature] += n;
  }
  CHECK(static_cast<std::uint64_t>(trellis.networks()) == networks);
  REQUIRE(trellis.kernels().size() == all.size());
  double before = 1e300;
  for (const space_kernel& k : trellis.kernels()) {
    REQUIRE(all.contains(k.signature));
    CHECK(k.what.signature() == k.signature);
    CHECK(k.per_network == Approx(all[k.signature] / static_cast<double>(networks)).epsilon(1e-12));
    CHECK(k.per_network <= before);
    before = k.per_network;
  }
}

/// Goes all ways through the trellis: they make every network once, by the decisions and the kernels that they say.
template <class Space>
void check_paths(const Space& space) {
  CAPTURE(space.name());
  const kernel_trellis trellis(space);
  std::vector<trellis_path> paths;
  std::set<std::uint64_t> ranks;
  const auto go_on = [&](const auto& self, std::size_t step, std::size_t state) -> void {
    if (step == trellis.steps()) {
      const auto c = trellis.candidate_of(paths);
      space.validate(c);
      REQUIRE(ranks.insert(static_cast<std::uint64_t>(space.rank(c))).second);
      std::map<std::int32_t, int> groups;
      std::map<std::int32_t, int> walked;
      for (const trellis_path& path : paths) {
        ++groups[path.first];
        if (path.repeats > 0) groups[path.repeat] += path.repeats;
      }
      trellis.walk(c, [&](std::int32_t group, int times) { walked[group] += times; });
      groups.erase(0);
      walked.erase(0);
      REQUIRE(groups == walked);
      std::size_t here = 0;
      for (std::size_t p = 0; p < paths.size(); here = paths[p++].to) {
        const auto& state_here = trellis.states(p)[here];
        for (std::size_t i = 0; i < trellis.live_slots(p).size(); ++i)
          REQUIRE(state_here.live[i] == c.digits[static_cast<std::size_t>(trellis.live_slots(p)[i])]);
      }
      return;
    }
    trellis.for_each_path(step, state, [&](const trellis_path& path) {
      if (trellis.completions(step + 1, path.to) == 0) return;
      paths.push_back(path);
      self(self, step + 1, path.to);
      paths.pop_back();
    });
  };
  go_on(go_on, 0, 0);
  CHECK(ranks.size() == static_cast<std::uint64_t>(trellis.networks()));
}

TEST_CASE("the ways through a trellis are the networks of its space") {
  check_paths(test::plain);
  check_paths(test::tied);
  check_paths(test::independent_layers);
  check_paths(test::connected);
  check_paths(test::constrained);
  check_paths(test::unequal);
}

/// Random networks have kernels of the list only, and those that the trellis says. Gives how many kernels there are.
template <class Space>
std::size_t check_samples(const Space& space, int count) {
  CAPTURE(space.name());
  const kernel_trellis trellis(space);
  CHECK(trellis.networks() == space.size());
  random_engine rng(20260131);
  double sampled = 0;
  for (int i = 0; i < count; ++i) {
    const auto c = space.sample(rng);
    const kernel_counts counts = count_kernels(to_network(c));
    REQUIRE(count_kernels(trellis, c) == counts);
    for (const auto& [signature, n] : counts) sampled += n;
  }
  double expected = 0;
  for (const space_kernel& k : trellis.kernels()) expected += k.per_network;
  CHECK(sampled / count == Approx(expected).epsilon(0.05));
  return trellis.kernels().size();
}

TEST_CASE("constraints that are data leave the same networks to the trellis as to the counting") {
  check_against_all(test::summed);
  check_against_all(test::priced_parts);
  check_against_all(test::multiplied);
  check_against_all(test::equal_kernels);
  check_against_all(test::rising);
  check_against_all(test::falling);
  check_against_all(test::counted);
  check_against_all(test::compared);
  check_against_all(test::tabled);
}

TEST_CASE("the kernels of a space are those of all its networks, as often as they occur") {
  check_against_all(test::plain);
  check_against_all(test::tied);
  check_against_all(test::independent_layers);
  check_against_all(test::connected);
  check_against_all(test::constrained);
  check_against_all(test::unequal);
}

TEST_CASE("a named network is a space of one") { check_against_all(zoo::efficientnet_x_b0); }

TEST_CASE("every network of the spaces of the literature has kernels of the list only") {
  check_samples(zoo::efficientnet_x, 200);
  check_samples(zoo::proxylessnas, 200);
  check_samples(zoo::proxylessnas_enlarged, 200);
  check_samples(zoo::mobilenet_v3_like, 200);
  check_samples(zoo::once_for_all, 200);
}

TEST_CASE("GPUNet's 1.3e24 networks have 25,476 kernels") { CHECK(check_samples(zoo::gpunet, 200) == 25476); }

TEST_CASE("GPUNet's encoded networks have 25,416 kernels", "[long]") {
  CHECK(kernels_of(zoo::gpunet_encoded).size() == 25416);
}

/// Shrinks the map below 1x1 where too many layers are stacked.
inline constexpr auto shrinking = define([] {
  return search_space("shrinking")
      .input(3, 5)
      .stage("1", conv{.filters = 8, .kernel = one_of(1, 3, 5), .pad = padding::valid})
      .layers(range(1, 3))
      .head(global_pool{}, dense{10});
});

TEST_CASE("networks that cannot be built are left out") {
  const kernel_trellis trellis(shrinking);
  kernel_counts all;
  int possible = 0;
  for (uint128 r = 0; r < shrinking.size(); ++r) {
    const auto c = shrinking.unrank(r);
    network graph;
    bool exists = true;
    try {
      graph = to_network(c);
    } catch (const network_error&) {
      exists = false;
    }
    CHECK(trellis.walk(c, [](std::int32_t, int) {}) == exists);
    if (!exists) continue;
    ++possible;
    for (const auto& [signature, n] : count_kernels(graph)) all[signature] += n;
  }
  CHECK(possible < static_cast<int>(shrinking.size()));
  CHECK(trellis.networks() == static_cast<unsigned>(possible));
  CHECK(trellis.kernels().size() == all.size());
}

inline constexpr auto nothing_made = define([] {
  return search_space("nothing made")
      .input(3, 8)
      .stage("1", conv{.filters = 3})
      .choose("c", one_of(1, 2))
      .stage("2", max_pool{.kernel = tied_to("c")})
      .head(global_pool{}, dense{10});
});

TEST_CASE("a named choice has no kernels of its own") { check_against_all(nothing_made); }

inline constexpr auto too_many = define([] {
  return search_space("too many")
      .input(3, range(32, 8192, 32))
      .stage("1", mbconv{.filters = range(8, 4000, 8),
                         .kernel = one_of(3, 5, 7),
                         .expand = range(1, 50),
                         .se = one_of(0, .25),
                         .act = one_of(relu, swish)})
      .head(global_pool{}, dense{10});
});

TEST_CASE("a space with too many decisions in a stage is refused by name") {
  std::string message;
  try {
    kernels_of(too_many);
  } catch (const space_error& e) {
    message = e.what();
  }
  CHECK(message.find("'too many'") != std::string::npos);
  CHECK(message.find("stage 1") != std::string::npos);
}

}  // namespace
