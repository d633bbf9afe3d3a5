// expect: "stage 3"}.*"found 4"}.*"allowed: a map of 7"}.*in the smallest network the map would shrink below 1x1
// At resolution 64 the map has 4x4 pixels, into which a window of 7 without padding does not fit.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, one_of(64, 256))
      .stage("1", conv{.filters = 16})
      .stride(4)
      .stage("2", conv{.filters = 16})
      .stride(4)
#ifdef CONTROL
      .stage("3", conv{.filters = 16, .kernel = 7})
#else
      .stage("3", conv{.filters = 16, .kernel = 7, .pad = padding::valid})
#endif
      .head(global_pool{}, dense{10});
});
