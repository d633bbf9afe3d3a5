// expect: declaration_of_constants
// A number that is only known when the program runs.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int width = 16;
#else
int width = 16;
#endif

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("stem", conv{.filters = width})
      .stride(2)
      .stage("1", mbconv{.filters = one_of(24, 32), .kernel = one_of(3, 5)})
      .layers(range(1, 3))
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() > 0);
static_assert(tiny.rank(tiny.unrank(0)) == 0);
auto sample(random_engine rng) { return tiny.sample(rng); }
