// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/counting.hpp"

#include <map>

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace test;

namespace {

/// Walks through all stages of a space, each as a set of its own.
template <class Space>
void check_stages(const Space&) {
  using F = typename Space::declaration_type;
  nascent::detail::for_each_stage<F>([](auto i) {
    using counter = nascent::detail::stage_counter<F, i()>;
    using layout = nascent::detail::stage_layout<F, i()>;
    constexpr auto slots = static_cast<std::size_t>(layout::slot_count) + 1;
    const auto size = static_cast<std::uint64_t>(layout::size.value);
    std::map<std::array<digit, slots>, std::uint64_t> ranks;
    for (std::uint64_t r = 0; r < size; ++r) {
      std::array<digit, slots> d{};
      d.fill(77);  // unrank decides every slot, inactive ones too
      d.back() = 0;
      counter::unrank(r, d.data());
      CHECK(counter::rank(d.data()) == r);
      for (const digit decision : d) CHECK(decision != 77);
      ranks[d] = r;
    }
    CHECK(ranks.size() == size);
    // The same, drawn.
    random_engine rng(i() + 1);
    std::vector<int> seen(size);
    for (std::uint64_t n = 0; n < 100 * size; ++n) {
      std::array<digit, slots> d{};
      counter::sample(rng, d.data());
      REQUIRE(ranks.contains(d));
      ++seen[ranks[d]];
    }
    if (size > 1) CHECK(chi_square_excess(seen, 100. * static_cast<double>(size)) < 5);
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a stage ranks and draws its own configurations", "", small_spaces) {
  check_stages(TestType::space);
}

TEST_CASE("a stage's order: layer count, shared fields, stride, then layer by layer, the last field fastest") {
  constexpr const auto& space = growing::space;
  const auto layers = space.find("1.layers");
  int before = 0;
  for (const auto& c : all_candidates(space)) {
    CHECK(c.digits[layers] >= before);
    before = c.digits[layers];
  }
  // 15 configurations of stage 2 follow each other first.
  CHECK(vector_of(space.unrank(0)) == std::vector<int>{-1, -1, -1, -1, 0, 0, -1, 0, -1, 0});
  CHECK(vector_of(space.unrank(15)) == std::vector<int>{0, 0, -1, -1, 1, 0, -1, 0, -1, 0});
  CHECK(vector_of(space.unrank(30)) == std::vector<int>{0, 1, -1, -1, 1, 0, -1, 0, -1, 0});
  CHECK(vector_of(space.unrank(45)) == std::vector<int>{1, 0, -1, -1, 1, 0, -1, 0, -1, 0});
}

TEST_CASE("ranks use 64 bits where a stage and a layer fit them") {
  using F = std::remove_cvref_t<decltype(growing::space)>::declaration_type;
  STATIC_CHECK(std::is_same_v<nascent::detail::stage_counter<F, 1>::rank_type, std::uint64_t>);
  constexpr auto large = define([] {
    return search_space("large")
        .input(3, 32)
        .stage("1", mbconv{.filters = range(8, 15), .kernel = one_of(3, 5)})
        .layers(independent(20));
  });  // 16^20 = 2^80
  using G = std::remove_cvref_t<decltype(large)>::declaration_type;
  STATIC_CHECK(std::is_same_v<nascent::detail::stage_counter<G, 1>::rank_type, uint128>);
  STATIC_CHECK(std::is_same_v<nascent::detail::stage_counter<G, 1>::layer_rank, std::uint64_t>);
  STATIC_CHECK(large.size() == uint128{1} << 80);
}
