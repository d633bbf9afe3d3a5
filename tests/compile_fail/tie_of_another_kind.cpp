// expect: "stage 1, field filters"}.*"found relu"}.*"allowed: numbers"}.*a field holds a value of another type than
// Filters that would be an activation.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("stem", conv{.filters = one_of(16, 24), .act = one_of(relu, swish)})
#ifdef CONTROL
      .stage("1", conv{.filters = tied_to("stem.filters")})
#else
      .stage("1", conv{.filters = tied_to("stem.act")})
#endif
      .head(global_pool{}, dense{10});
});
