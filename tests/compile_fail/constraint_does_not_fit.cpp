// expect: "constraint 0"}.*"found relu"}.*"allowed: numbers"}.*asks of choices what their values can answer
// Activations cannot be added.
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
      .require(all_equal("1.act", "1.act"))
#else
      .require(sum("1.filters", "1.act") <= 64)
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
