// expect: "stage 1, field filters"}.*"found 0"}.*"allowed: 1 or more"}.*a field holds a value that no network can
// A convolution without filters.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 1})
#else
      .stage("1", conv{.filters = 0})
#endif
      .head(global_pool{}, dense{10});
});
