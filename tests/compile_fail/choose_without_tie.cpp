// expect: "choice width"}.*"found no certain tie"}.*"allowed: a tie in a sure stage"}.*must be the source of a tie in
// A choice that changes nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .choose("width", one_of(16, 24))
#ifdef CONTROL
      .stage("1", conv{.filters = tied_to("width")})
#else
      .stage("1", conv{.filters = one_of(16, 24)})
#endif
      .head(global_pool{}, dense{10});
});
