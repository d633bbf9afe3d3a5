// expect: "stage 2, field filters"}.*"found 1.filters"}.*"allowed: a choice always made"}.*needs a choice that every
// Stage 1 may be empty: then there is nothing to be tied to.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = one_of(16, 24)})
#ifdef CONTROL
      .layers(range(1, 2))
#else
      .layers(range(0, 2))
#endif
      .stage("2", conv{.filters = tied_to("1.filters")})
      .head(global_pool{}, dense{10});
});
