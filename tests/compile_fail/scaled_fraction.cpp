// expect: nascent: scaled\(\) found no whole number; allowed: a whole number, a choice of them, or a tie
// A fraction where a number of units is meant.
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
      .head(global_pool{}, mbconv{.filters = 16, .se = scaled(.25)}, dense{10});
#endif
});
