// expect: "stage inverted_bottleneck_part"}.*"field filters"}.*"found 0"}.*"allowed: 1 or more"}.*a field holds a
// A long place is printed in full.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("inverted_bottleneck_part", conv{.filters = 1})
#else
      .stage("inverted_bottleneck_part", conv{.filters = 0})
#endif
      .head(global_pool{}, dense{10});
});
