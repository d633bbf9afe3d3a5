// expect: random generator must give 32 or 64 uniform bits
// A generator of 16 bits.
#include <cstdint>

#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct generator {
#ifdef CONTROL
  using result_type = std::uint32_t;
#else
  using result_type = std::uint16_t;
#endif
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return static_cast<result_type>(~0U); }
  constexpr result_type operator()() { return state = static_cast<result_type>(state * 5 + 1); }
  result_type state = 0;
};

inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}).head(global_pool{}, dense{10});
});

auto sample(generator rng) { return tiny.sample(rng); }
