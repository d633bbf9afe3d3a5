// expect: stage head.dense, field units".*a number that may be a width or not"
// A hidden dense layer that does not say whether it scales, scaled by width.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .head(global_pool{}, dense{.units = scaled(64)}, dense{10});
#else
      .head(global_pool{}, dense{.units = 64}, dense{10});
#endif
});
inline constexpr auto twice = scaled(tiny.only(), {.width = 2});
