// expect: "stage 1, field filters"}.*"found 96 to 32 by 16"}.*"allowed: first <= last, step >= 1"}.*a range goes up
// A range that goes down.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = range(32, 96, 16)})
#else
      .stage("1", conv{.filters = range(96, 32, 16)})
#endif
      .head(global_pool{}, dense{10});
});
