// expect: "constraint 0"}.*"found \*.layers"}.*"allowed: a pattern of choices"}.*"e.g. \*.layers"}.*needs paths of choices of this
// No stage chooses its layers.
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
      .require(sum("*.filters") <= 64)
#else
      .require(sum("*.layers") <= 64)
#endif
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
