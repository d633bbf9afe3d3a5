// expect: "constraint 0"}.*"found 1.kernel, fixed"}.*"allowed: a field with a choice"}.*is about choices; what is fixed
// The kernel of stage 1 is 3, always.
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
      .require(value_of("1.filters") <= 32)
#else
      .require(value_of("1.kernel") <= 3)
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
