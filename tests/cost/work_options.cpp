// SPDX-License-Identifier: Apache-2.0
// What the roles of blocks promise is so: bounds of cost rely on it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/block/library.hpp"
#include "nascent/cost/bounds.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/zoo/spaces.hpp"

using namespace nascent;

namespace {

struct drawn {
  random_engine& rng;
  int below(int n) { return static_cast<int>(random_below(rng, static_cast<std::uint64_t>(n))); }

  void set(bool& f, const field_role&) { f = below(2) == 1; }
  void set(activation& f, const field_role&) { f = below(2) == 1 ? relu : swish; }
  void set(residual& f, const field_role&) { f = static_cast<residual>(below(4)); }
  void set(padding& f, const field_role&) { f = static_cast<padding>(below(4)); }
  void set(se_reference& f, const field_role&) { f = static_cast<se_reference>(below(3)); }
  void set(se_activation& f, const field_role&) { f = static_cast<se_activation>(below(2)); }
  void set(int& f, const field_role& r) {
    f = r.scaling != width_scaling::none ? 8 * (1 + below(6))
        : r.work == work_effect::window  ? 1 + below(7)
                                         : 1 + below(2);
  }
  void set(double& f, const field_role& r) {
    f = r.rule.most == 1                         ? .125 * below(9)
        : r.work == work_effect::rising_from_one ? 1 + .25 * below(20)
                                                 : .25 * (1 + below(4));
  }
};

template <class Block>
void draw(Block& b, random_engine& rng) {
  drawn d{rng};
  std::size_t j = 0;
  with_fields(b, [&](auto&... fields) { (d.set(fields, detail::roles_of<Block>[j++]), ...); });
}

struct outcome {
  tensor out{};
  counts total{};
  bool possible = false;
};
template <class Block>
outcome build_on(const Block& b, int size, int channels, int stride) {
  layer_counter counter;
  net<layer_counter> n(counter);
  outcome o{.out = b(n, n.input(size, size, channels), stride)};
  o.total = counter.total();
  o.possible = !n.failed();
  return o;
}
bool is_less(const counts& a, const counts& b) { return a.macs < b.macs || a.params < b.params; }

/// Changes field j alone, by a larger value or another activation.
template <class Block>
Block with_more(const Block& b, std::size_t j, random_engine& rng) {
  Block more = b;
  Block other = b;
  draw(other, rng);
  std::size_t k = 0;
  with_fields(more, [&](auto&... to) {
    with_fields(other, [&](auto&... from) {
      [[maybe_unused]] const auto one = [&](auto& mine, auto& others) {
        if (k++ != j) return;
        if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(mine)>>) mine = std::max(mine, others);
        else mine = others;
      };
      (one(to, from), ...);
    });
  });
  return more;
}

template <class Block>
void set_same_padding(Block& b) {
  with_fields(b, [](auto&... fields) {
    [[maybe_unused]] const auto one = [](auto& f) {
      if constexpr (std::is_same_v<decltype(f), padding&>) f = padding::same;
    };
    (one(fields), ...);
  });
}

}  // namespace

TEST_CASE("a larger value of a field that only adds work never takes less, and leaves the map alone") {
  random_engine rng(14);
  int compared = 0;
  for_each_block([&](const auto& block) {
    using block_type = std::remove_cvref_t<decltype(block)>;
    for (int i = 0; i < 400; ++i) {
      block_type b = block;
      draw(b, rng);
      const int size = 1 + static_cast<int>(random_below(rng, std::uint64_t{20}));
      const int channels = 8 * (1 + static_cast<int>(random_below(rng, std::uint64_t{6})));
      const int stride = 1 + static_cast<int>(random_below(rng, std::uint64_t{2}));
      for (std::size_t j = 0; j < field_count<block_type>; ++j) {
        const work_effect effect = detail::roles_of<block_type>[j].work;
        if (effect == work_effect::unknown) continue;
        if (effect == work_effect::window) set_same_padding(b);
        const outcome less = build_on(b, size, channels, stride);
        const outcome more = build_on(with_more(b, j, rng), size, channels, stride);
        INFO(block_name<block_type> << " field " << j << " size " << size << " channels " << channels << " stride "
                                    << stride);
        REQUIRE(less.possible == more.possible);
        if (!less.possible) continue;
        ++compared;
        REQUIRE(more.out.same_shape(less.out));
        REQUIRE_FALSE(is_less(more.total, less.total));
        if (effect == work_effect::none) REQUIRE(more.total == less.total);
      }
    }
  });
  CHECK(compared > 5000);
}

TEST_CASE("a larger map never takes less of a block that grows with it") {
  random_engine rng(15);
  int compared = 0;
  for_each_block([&](const auto& block) {
    using block_type = std::remove_cvref_t<decltype(block)>;
    if constexpr (detail::grows_with_map<block_type>) {
      for (int i = 0; i < 1000; ++i) {
        block_type b = block;
        draw(b, rng);
        const int size = 1 + static_cast<int>(random_below(rng, std::uint64_t{20}));
        const int larger = size + static_cast<int>(random_below(rng, std::uint64_t{20}));
        const int channels = 8 * (1 + static_cast<int>(random_below(rng, std::uint64_t{6})));
        const int stride = 1 + static_cast<int>(random_below(rng, std::uint64_t{2}));
        const outcome less = build_on(b, size, channels, stride);
        const outcome more = build_on(b, larger, channels, stride);
        if (!less.possible || !more.possible) continue;
        ++compared;
        INFO(block_name<block_type> << " size " << size << " and " << larger << " channels " << channels << " stride "
                                    << stride);
        REQUIRE(more.out.channels == less.out.channels);
        REQUIRE(more.out.height >= less.out.height);
        REQUIRE_FALSE(is_less(more.total, less.total));
      }
    }
  });
  CHECK(compared > 5000);
}

TEST_CASE("bounds of the literature's spaces are the same when every option is tried") {
  zoo::for_each_space([]<class F>(std::string_view key, const defined_space<F>& s) {
    INFO(key);
    const detail::declared_bounds<F> space;
    const auto set = detail::constraints_to_keep<F>(true);
    const std::array<digit, defined_space<F>::slot_count + 1> every = [] {
      std::array<digit, defined_space<F>::slot_count + 1> d{};
      d.fill(inactive);
      return d;
    }();
    for (const bool largest : {false, true}) {
      const auto macs = detail::bound_search(space, set, detail::measured::macs, largest, every.data()).run();
      CHECK(macs.value == (largest ? max_macs(s) : min_macs(s)));
      const auto params = detail::bound_search(space, set, detail::measured::params, largest, every.data()).run();
      CHECK(params.value == (largest ? max_params(s) : min_params(s)));
    }
  });
}
