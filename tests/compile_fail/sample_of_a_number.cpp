// expect: sample.. found a number; allowed: a random engine, which goes on from draw to draw: random_engine rng.7.; space.sample.rng.
// A seed in place of the engine that it begins.
#include <nascent/base/random.hpp>
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}).head(global_pool{}, dense{10});
});

auto draw() {
#ifdef CONTROL
  random_engine rng(7);
  return tiny.sample(rng);
#else
  return tiny.sample(7);
#endif
}
