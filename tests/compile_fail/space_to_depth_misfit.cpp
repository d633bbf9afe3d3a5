// expect: "stage 1"}.*"found 3"}.*"allowed: divisors of 224"}.*project, or factors and groups that divide
// 3 does not divide 224.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", space_to_depth_copy{.factor = 4})
#else
      .stage("1", space_to_depth_copy{.factor = 3})
#endif
      .head(global_pool{}, dense{10});
});
