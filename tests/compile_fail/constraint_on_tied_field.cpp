// expect: "constraint 0"}.*"found 2.kernel, tied"}.*"allowed: the choice it is tied to"}.*is about choices; what is fixed
// A tie has no choice of its own.
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
      .require("2.filters", [](int filters) { return filters > 8; })
#else
      .require("2.kernel", [](int kernel) { return kernel > 8; })
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
