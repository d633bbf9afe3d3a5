// expect: "constraint 0"}.*"found another signature"}.*"allowed: bool\(int, int, int, int\)"}.*calls the predicate with one
// Four paths, three parameters.
#include <nascent/block/block.hpp>
#include <nascent/space/constraint.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = range(8, 64, 8), .act = one_of(relu, swish)})
      .stage("2", conv{.filters = range(8, 64, 8), .kernel = tied_to("1.filters")})
#ifdef CONTROL
      .require("1.filters", "2.filters", "1.filters", "2.filters", [](int a, int b, int, int) { return a <= b; })
#else
      .require("1.filters", "2.filters", "1.filters", "2.filters", [](int a, int b, int) { return a <= b; })
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
