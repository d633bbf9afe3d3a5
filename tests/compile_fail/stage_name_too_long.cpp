// expect: "stage number 1"}.*"found 25 characters"}.*"allowed: 1 to 24"}.*every space has a name, and every stage one
// A name of 25 characters.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("inverted_bottleneck_part", conv{.filters = 16})
#else
      .stage("inverted_bottleneck_stage", conv{.filters = 16})
#endif
      .head(global_pool{}, dense{10});
});
