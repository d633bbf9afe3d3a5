// expect: "stage 2, field skip"}.*"found 3"}.*"allowed: an earlier stage"}.*needs a stage that comes earlier
// A connection that goes backwards.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
      .stage("2", conv{.filters = 16})
#ifdef CONTROL
      .skip(one_of("none", "1"))
#else
      .skip(one_of("none", "1", "3"))
#endif
      .stage("3", conv{.filters = 16})
      .head(global_pool{}, dense{10});
});
