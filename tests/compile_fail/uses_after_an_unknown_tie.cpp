// expect: "stage 1, field filters"}.*"found stem.filter"}.*"allowed: a path"}.*"did you mean stem.filters."}.*needs the path of a
// What uses the space adds no errors, though its blocks cannot be built.
#include <nascent/block/block.hpp>
#include <nascent/cost/bounds.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("stem", conv{.filters = one_of(16, 24)})
#ifdef CONTROL
      .stage("1", conv{.filters = tied_to("stem.filters")})
#else
      .stage("1", conv{.filters = tied_to("stem.filter")})
#endif
      .head(global_pool{}, dense{10});
});

constexpr auto some = tiny.unrank(0);
static_assert(tiny.rank(some) == 0);
static_assert(count(some).macs >= 0);
static_assert(max_macs(tiny) >= 0);
auto sample(random_engine rng) { return count(tiny.sample(rng)).macs; }
