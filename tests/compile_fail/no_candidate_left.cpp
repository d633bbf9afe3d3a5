// expect: "space tiny"}.*"found 0 networks"}.*"allowed: 1 or more"}.*the constraints leave no network
// Each constraint can be kept, but not both.
#include <nascent/block/block.hpp>
#include <nascent/space/constraint.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = range(8, 64, 8)})
      .stage("2", conv{.filters = range(8, 64, 8)})
      .require("1.filters", "2.filters", [](int a, int b) { return a <= b; })
#ifdef CONTROL
      .require("1.filters", "2.filters", [](int a, int b) { return a >= b; })
#else
      .require("1.filters", "2.filters", [](int a, int b) { return a > b; })
#endif
      .head(global_pool{}, dense{10});
});
