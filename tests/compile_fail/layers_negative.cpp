// expect: "stage 1, field layers"}.*"found -1"}.*"allowed: 0 or more"}.*a stage has at least 1 layer, or a choice of
// A negative number of layers.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
      .layers(range(0, 2))
#else
      .stage("1", conv{.filters = 16})
      .layers(range(-1, 2))
#endif
      .head(global_pool{}, dense{10});
});
