// expect: "stage 1, field layers"}.*"found 100"}.*"allowed: at most 64"}.*a choice has at most 32767 values, and a
// More layer counts than a slot can hold.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
      .layers(range(37, 100))
#else
      .stage("1", conv{.filters = 16})
      .layers(range(1, 100))
#endif
      .head(global_pool{}, dense{10});
});
