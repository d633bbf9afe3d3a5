// expect: "stage 1, field filters"}.*"found double 16.5"}.*"allowed: whole numbers"}.*a field holds a value of
// Half a filter.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
#else
      .stage("1", conv{.filters = 16.5})
#endif
      .head(global_pool{}, dense{10});
});
