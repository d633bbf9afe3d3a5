// expect: "constraint 0"}.*"found 3.filters"}.*"allowed: a path"}.*"did you mean 1.filters[?]"}.*needs paths of choices of this
// No choice has this path.
#include <nascent/block/block.hpp>
#include <nascent/space/constraint.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = range(8, 64, 8)})
      .stage("2", conv{.filters = range(8, 64, 8)})
#ifdef CONTROL
      .require("1.filters", "2.filters", [](int a, int b) { return a <= b; })
#else
      .require("1.filters", "3.filters", [](int a, int b) { return a <= b; })
#endif
      .head(global_pool{}, dense{10});
});
