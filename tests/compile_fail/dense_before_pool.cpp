// expect: "stage head.dense"}.*"found 224 rows or columns"}.*"allowed: a map of 1x1"}.*put global_pool
// Dense layers take maps of 1x1.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .head(global_pool{}, dense{10});
#else
      .head(dense{10});
#endif
});
