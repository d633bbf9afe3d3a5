// expect: "stage 2"}.*"found 3 groups"}.*"allowed: dividing 16 and filters"}.*project, or factors and groups that
// 16 channels in 3 groups.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .stage("2", conv{.filters = 24, .groups = 8})
#else
      .stage("2", conv{.filters = 24, .groups = 3})
#endif
      .head(global_pool{}, dense{10});
});
