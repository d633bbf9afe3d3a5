// expect: "stage 1, field se"}.*"found 4"}.*"allowed: 0 to 1"}.*a field holds a value that no network can have
// A reduction of 4 where a ratio is meant.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", mbconv{.filters = 16, .se = one_of(0, .25)})
#else
      .stage("1", mbconv{.filters = 16, .se = one_of(0, 4)})
#endif
      .head(global_pool{}, dense{10});
});
