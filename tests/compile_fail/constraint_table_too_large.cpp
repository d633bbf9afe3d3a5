// expect: "space tiny"}.*"found [0-9]* states"}.*"allowed: at most 65536 states"}.*constraints
// What stages 1 and 2 chose must be kept in mind until stage 3 is decided: 300 times 300 states.
#include <nascent/block/block.hpp>
#include <nascent/space/constraint.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = range(1, 300), .kernel = one_of(1, 3, 5, 7)})
      .stage("2", conv{.filters = range(1, 300)})
      .stage("3", conv{.filters = range(1, 300)})
#ifdef CONTROL
      .require("1.kernel", "2.filters", [](int a, int b) { return a <= b; })
#else
      .require("1.filters", "2.filters", "3.filters", [](int a, int b, int c) { return a + b <= c; })
#endif
      .head(global_pool{}, dense{10});
});
