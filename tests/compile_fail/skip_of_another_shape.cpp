// expect: "stage 2"}.*"found 16 against 24"}.*"allowed: equal shapes"}.*project, or factors and groups
// Both outputs are to be added as they are.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
      .stage("2", conv{.filters = 24})
#ifdef CONTROL
      .skip("1", residual::project)
#else
      .skip("1", residual::identity)
#endif
      .head(global_pool{}, dense{10});
});
