// expect: "stage 1, field stride"}.*"found 3"}.*"allowed: 1, 2 or 4"}.*strides are 1, 2 or 4
// A stride of 3.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
      .stride(4)
#else
      .stage("1", conv{.filters = 16})
      .stride(3)
#endif
      .head(global_pool{}, dense{10});
});
