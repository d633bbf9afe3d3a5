// expect: "stage 2, field filters"}.*"found 1.filter"}.*"allowed: a path"}.*"did you mean 1.filters[?]"}.*needs the path of a
// A letter is missing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = one_of(16, 24)})
      .stage("2", conv{.filters = tied_to("1.filters")})
#else
      .stage("1", conv{.filters = one_of(16, 24)})
      .stage("2", conv{.filters = tied_to("1.filter")})
#endif
      .head(global_pool{}, dense{10});
});
