// expect: "stage 1, field layers"}.*"found 0"}.*"allowed: 1 or more"}.*a stage has at least 1 layer, or a choice of
// A stage that no network has.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
      .layers(range(0, 1))
#else
      .stage("1", conv{.filters = 16})
      .layers(0)
#endif
      .head(global_pool{}, dense{10});
});
