// expect: "stage 2, field skip"}.*"found 0"}.*"allowed: a stage.*s name"}.*needs the name of a stage of this space
// No stage has this name.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
      .stage("2", conv{.filters = 16})
#ifdef CONTROL
      .skip("1")
#else
      .skip("0")
#endif
      .head(global_pool{}, dense{10});
});
