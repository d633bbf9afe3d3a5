// expect: "stage 4"}.*"found 1"}.*"allowed: a map of 4"}.*in the smallest network the map would shrink below 1x1
// At resolution 64 the map has one pixel left, to which a stride of 4 does not apply.
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
      .stage("3", conv{.filters = 16})
      .stride(4)
#ifdef CONTROL
      .stage("4", conv{.filters = 16})
      .stride(1)
#else
      .stage("4", conv{.filters = 16})
      .stride(one_of(2, 4))
#endif
      .head(global_pool{}, dense{10});
});
