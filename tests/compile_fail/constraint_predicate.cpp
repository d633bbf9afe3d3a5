// expect: "constraint 0"}.*"found another signature"}.*"allowed: bool\(int, int\)"}.*calls the predicate with one
// A predicate of one value for two choices.
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
      .require("1.filters", "2.filters", [](int a) { return a > 8; })
#endif
      .head(global_pool{}, dense{10});
});
