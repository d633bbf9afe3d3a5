// expect: "stage 1, field stride"}.*"found 3"}.*"allowed: 1, 2 or 4"}.*strides are 1, 2 or 4
// What uses the space adds no errors.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = one_of(16, 24)})
#ifdef CONTROL
      .stride(2)
#else
      .stride(3)
#endif
      .head(global_pool{}, dense{10});
});

static_assert(tiny.size() == 2);
static_assert(tiny.rank(tiny.unrank(1)) == 1);
auto sample(random_engine rng) { return tiny.sample(rng); }
