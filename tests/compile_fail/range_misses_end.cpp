// expect: "stage 1, field filters"}.*"found 32 to 80 by 20"}.*"allowed: last = first \+ n \* step"}.*the last value
// The last value is not reached.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = range(32, 72, 20)})
#else
      .stage("1", conv{.filters = range(32, 80, 20)})
#endif
      .head(global_pool{}, dense{10});
});
