// expect: "stage input, field channels"}.*"found 0"}.*"allowed: 1 or more"}.*a field holds a value that no network
// An image without colours.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
#ifdef CONTROL
      .input(1, 224)
#else
      .input(0, 224)
#endif
      .stage("1", conv{.filters = 16})
      .head(global_pool{}, dense{10});
});
