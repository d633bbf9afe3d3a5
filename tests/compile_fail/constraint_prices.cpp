// expect: "constraint 0"}.*"found 3 prices for 8 options"}.*"allowed: a price for each option"}.*asks of choices what
// A price is missing for most options.
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
      .require(sum(priced("1.filters", 1, 2, 3, 4, 5, 6, 7, 8)) <= 8)
#else
      .require(sum(priced("1.filters", 1, 2, 3)) <= 8)
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
