// expect: "stage 2, field skip"}.*"found 2"}.*"allowed: an earlier stage"}.*needs a stage that comes earlier
// A connection of a stage with itself.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
      .stage("2", conv{.filters = 16})
#ifdef CONTROL
      .skip("1")
#else
      .skip("2")
#endif
      .head(global_pool{}, dense{10});
});
