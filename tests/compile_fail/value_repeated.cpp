// expect: "stage 1, field kernel"}.*"found 3"}.*"allowed: each value once"}.*a choice offers each value once, or
// Every network with kernel 3 would count twice.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16, .kernel = one_of(3, 5, 7)})
#else
      .stage("1", conv{.filters = 16, .kernel = one_of(3, 5, 3)})
#endif
      .head(global_pool{}, dense{10});
});
