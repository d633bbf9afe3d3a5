// expect: "stage 1"}.*"found int"}.*"allowed: a block"}.*a block is an aggregate with
// A number where a block belongs.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
#else
      .stage("1", 16)
#endif
      .head(global_pool{}, dense{10});
});
