// expect: nascent: .require\(\) found no constraint; allowed: paths and then a predicate of as many values
// A predicate of nothing.
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
      .require("1.filters", [](int a) { return a > 8; })
#else
      .require([](int a) { return a > 8; })
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
