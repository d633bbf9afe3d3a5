// expect: "stage number 1"}.*"found 0 characters"}.*"allowed: 1 to 24"}.*every space has a name, and every stage one
// A stage without a name.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
#else
      .stage("", conv{.filters = 16})
#endif
      .head(global_pool{}, dense{10});
});
