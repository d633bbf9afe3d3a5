// expect: "stage 1"}.*"found 1"}.*"allowed: a new name"}.*two stages have the same name
// Two stages of one name.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .stage("2", conv{.filters = 16})
#else
      .stage("1", conv{.filters = 16})
#endif
      .head(global_pool{}, dense{10});
});
