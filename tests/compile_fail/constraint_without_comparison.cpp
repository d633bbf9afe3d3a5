// expect: nascent: .require\(\) found a number without a comparison; allowed: sum\(...\) <= 14
// How much it may be is not said.
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
      .require(sum("1.filters", "2.filters") <= 64)
#else
      .require(sum("1.filters", "2.filters"))
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
