// SPDX-License-Identifier: Apache-2.0
#include "nascent/erased/any_space.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "../space/run_time_space.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/erased/any_executor.hpp"
#include "nascent/erased/any_searcher.hpp"
#if __has_include(<Eigen/Core>)
#include "nascent/executor/reference.hpp"
#endif
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/scaling/compound.hpp"
#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"
#include "nascent/search/search.hpp"
#include "nascent/space/describe.hpp"
#include "nascent/space/features.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/mnasnet.hpp"

using namespace nascent;

namespace {

static_assert(space<any_space> && network_space<any_space> && scalable_space<any_space>);
static_assert(described_space<any_space> && layered_space<any_space> && placeable_space<any_space>);

constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
      .stage("a", conv{.filters = one_of(8, 16), .kernel = 3})
      .layers(range(0, 2))
      .stage("b", mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = one_of(3, 6)})
      .layers(independent(range(1, 2)))
      .head(conv{.filters = 64}, global_pool{}, dense{.units = 10});
});

template <class Space>
candidate<any_space> erased_from(const candidate<Space>& c) {
  return {{c.digits.begin(), c.digits.end()}};
}

/// A space that can do no more than networks.
class one_network {
 public:
  using digits_type = std::vector<digit>;
  using candidate_type = candidate<one_network>;
  static constexpr std::size_t slot_count = 1;
  static constexpr std::size_t stage_count = 1;
  const char* name() const { return "one"; }
  uint128 size() const { return 1; }
  uint128 rank(const candidate_type& /*c*/) const { return 0; }
  candidate_type unrank(uint128 /*position*/) const { return undecided(); }
  candidate_type sample(random_engine& /*rng*/) const { return undecided(); }
  candidate_type sample_decisions(random_engine& /*rng*/) const { return undecided(); }
  candidate_type undecided() const { return {{0}}; }
  std::vector<int> encode(const candidate_type& /*c*/) const { return {0}; }
  candidate_type decode(std::span<const int> /*v*/) const { return undecided(); }
  void validate(const candidate_type& /*c*/) const {}
  bool is_active(const candidate_type& /*c*/, std::size_t /*k*/) const { return true; }
  slot_info slot(std::size_t /*k*/) const { return {short_text{}.add("k"), slot_role::field, 1, -1}; }
  std::size_t find(std::string_view path) const { return path == "k" ? 0 : 1; }
  typed_value value(std::size_t /*k*/, int /*option*/) const { return typed_value::of_integer(3); }
  candidate_type mutate(const candidate_type& c, random_engine& /*rng*/) const { return c; }
  candidate_type crossover(const candidate_type& a, const candidate_type& /*b*/, random_engine& /*rng*/) const {
    return a;
  }
  template <class Visit>
  void for_each_neighbour(const candidate_type& /*c*/, Visit /*visit*/) const {}
  short_text stage(std::size_t /*i*/) const { return short_text{}.add("input"); }
  template <class Interpreter>
  tensor build(const candidate_type& /*c*/, net<Interpreter>& n) const {
    return n.conv(n.input(4, 4, 3), {.filters = 2, .kernel = 3});
  }
};

}  // namespace

TEST_CASE("an erased space is the space inside, candidate by candidate") {
  const any_space s = tiny;
  REQUIRE(s.size() == tiny.size());
  REQUIRE(std::string(s.name()) == "tiny");
  REQUIRE(s.slot_count == tiny.slot_count);
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    CHECK(s.slot(k).path == tiny.slot(k).path.view());
    CHECK(s.slot(k).parent == tiny.slot(k).parent);
    CHECK(s.find(tiny.slot(k).path.view()) == k);
    for (int o = 0; o < s.slot(k).options; ++o) CHECK(s.value(k, o) == tiny.value(k, o));
  }
  CHECK(s.find("a.kernels") == s.slot_count);
  for (uint128 r = 0; r < s.size(); ++r) {
    const auto own = tiny.unrank(r);
    const auto c = s.unrank(r);
    REQUIRE(c == erased_from(own));
    CHECK(s.rank(c) == r);
    CHECK(s.decode(s.encode(c)) == c);
    CHECK(count(s, c) == count(own));
    CHECK(cost(s, c, {.batch = 4}) == cost(own, {.batch = 4}));
    CHECK(describe(s, c) == describe(tiny, own));
    std::vector<std::vector<digit>> near, own_near;
    s.for_each_neighbour(c, [&](const candidate<any_space>& n) { near.push_back(n.digits); });
    tiny.for_each_neighbour(own, [&](const auto& n) { own_near.push_back(erased_from(n).digits); });
    CHECK(near == own_near);
  }
}

TEST_CASE("an erased space draws what the space inside draws") {
  const any_space s = tiny;
  random_engine a(7), b(7);
  for (int i = 0; i < 200; ++i) {
    const auto c = s.sample(a);
    CHECK(c == erased_from(tiny.sample(b)));
    const auto own = tiny.unrank(s.rank(c));
    CHECK(s.mutate(c, a) == erased_from(tiny.mutate(own, b)));
    CHECK(s.crossover(c, s.unrank(0), a) == erased_from(tiny.crossover(own, tiny.unrank(0), b)));
    CHECK(s.sample_decisions(a) == erased_from(tiny.sample_decisions(b)));
  }
  std::vector<digit> rows(50 * s.slot_count);
  random_engine many(11), single(11);
  s.sample(many, rows);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto c = s.sample(single);
    CHECK(std::equal(c.digits.begin(), c.digits.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * s.slot_count)));
  }
  CHECK_THROWS_AS(s.sample(many, std::span(rows).first(s.slot_count + 1)), space_error);
}

TEST_CASE("networks, scaled ones and kernels of an erased space are those of the space inside") {
  const any_space s = tiny;
  random_engine rng(3);
  for (int i = 0; i < 20; ++i) {
    const auto c = s.sample(rng);
    const auto own = tiny.unrank(s.rank(c));
    const network erased = to_network(s, c);
    const network direct = to_network(own);
    CHECK(erased.layers() == direct.layers());
    REQUIRE(erased.blocks().size() == direct.blocks().size());
    for (std::size_t k = 0; k < erased.blocks().size(); ++k) {
      CHECK(erased.blocks()[k].name == direct.blocks()[k].name);
      CHECK(erased.stage_of(erased.blocks()[k]) == direct.stage_of(direct.blocks()[k]));
    }
    const dimensions by{.width = 1.5, .depth = 2, .resolution = 48};
    CHECK(to_network(s, scaled(c, by)).layers() == to_network(scaled(own, by)).layers());
  }
  const kernel_trellis<any_space> erased(s);
  const kernel_trellis direct(tiny);
  CHECK(erased.networks() == direct.networks());
  CHECK(erased.kernels().size() == direct.kernels().size());
}

TEST_CASE("spaces of different types lie in one list, and searchers take any of them") {
  const std::vector<any_space> spaces{tiny, zoo::mnasnet, test::make_listed_space()};
  for (const any_space& s : spaces) {
    CAPTURE(s.name());
    random_search draws(s, {.seed = 5});
    const auto fewest_macs = [&](const candidate<any_space>& c) { return -static_cast<double>(count(s, c).macs); };
    const auto result = search(draws, fewest_macs, {.trials = 20});
    CHECK(result.history.size() == 20);
    CHECK(result.best().reward == fewest_macs(result.best().candidate));
    CHECK(candidate_features(s).size() >= s.slot_count);
  }
}

TEST_CASE("what does not fit an erased space is refused as by the space inside") {
  const any_space s = tiny;
  CHECK_THROWS_AS(s.unrank(s.size()), space_error);
  CHECK_THROWS_AS(s.rank(candidate<any_space>{{0, 1}}), space_error);
  std::vector<int> vector = s.encode(s.unrank(0));
  vector[0] = 99;
  CHECK_THROWS_AS(s.decode(vector), space_error);
  const std::vector<digit> foreign(s.slot_count, digit{99});
  CHECK_THROWS_AS(s.check(foreign), space_error);
  CHECK_NOTHROW(s.check(s.unrank(1).digits));
}

TEST_CASE("what the space inside cannot do is refused by name") {
  const any_space s = one_network{};
  CHECK(count(s, s.unrank(0)).params == 3 * 3 * 3 * 2 + 4);
  CHECK_THROWS_AS(view_of(s), space_error);
  const std::vector<std::uint64_t> point(1);
  CHECK_THROWS_AS(s.place(point), space_error);
  try {
    to_network(s, scaled(s.unrank(0), {.width = 2}));
    FAIL("taken");
  } catch (const space_error& e) {
    CHECK(e.code() == "space.lacks");
    CHECK(e.allowed().find("scaled_candidate") != std::string_view::npos);
  }
}

TEST_CASE("an erased searcher asks for what the searcher inside asks for, and a copy goes on by itself") {
  const auto worth = [](const auto& c) { return static_cast<double>(c.digits[0] * 3 - c.digits[1]); };
  const auto check = [&](auto inside) {
    any_searcher erased = inside;
    static_assert(recorded_searcher<any_searcher> && searcher<any_searcher>);
    CHECK(erased.space().size() == tiny.size());
    CHECK(erased.description().name == inside.description().name);
    for (int i = 0; i < 12; ++i) {
      const auto expected = inside.ask();
      const auto found = erased.ask();
      REQUIRE(expected.has_value() == found.has_value());
      if (!expected) break;
      REQUIRE(*found == erased_from(*expected));
      CHECK(erased.tell(*found, worth(*found)) == inside.tell(*expected, worth(*expected)));
    }
    any_searcher copy = erased;
    any_searcher other = copy;
    const auto next = erased.ask();
    if (next) {
      erased.tell(*next, 1e6);
      CHECK(copy.ask() == next);
      CHECK(other.ask() == next);
    }
    CHECK_THROWS_AS(erased.tell({{0, 0}}, 1), space_error);
    CHECK_THROWS_AS(erased.tell({std::vector<digit>(tiny.slot_count, 99)}, 1), space_error);
  };
  check(random_search<std::remove_const_t<decltype(tiny)>>(tiny, {.seed = 3}));
  check(regularized_evolution<std::remove_const_t<decltype(tiny)>>(tiny, {.population = 4, .sample = 2, .seed = 3}));
  check(local_search<any_space>(any_space(tiny), {.seed = 3}));
}

#if __has_include(<Eigen/Core>)
TEST_CASE("an erased executor runs what the executor inside runs") {
  const network graph = to_network(tiny, tiny.unrank(7));
  const weights values = random_weights(graph, 5);
  any_executor erased = reference::executor();
  static_assert(executor<any_executor>);
  CHECK(erased.description() == reference::executor().description());
  any_compiled_network through = erased.compile(graph, values, 2);
  auto direct = reference::executor().compile(graph, values, 2);
  CHECK(through.batch() == 2);
  CHECK(through.kernels().size() == std::span(direct.kernels()).size());
  std::vector<float> image(2 * 32 * 32 * 3);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 17) / 17;
  std::vector<float> found(20);
  std::vector<float> expected(20);
  through.run(image, found);
  direct.run(image, expected);
  CHECK(found == expected);
  CHECK_THROWS_AS(erased.compile(graph, random_weights(to_network(tiny, tiny.unrank(0)), 5)), executor_error);
  any_executor same = erased;  // shares what is inside
  CHECK(same.compile(graph, values, 1).batch() == 1);
}
#endif
