// expect: sample\(\) found an unfinished declaration; allowed: a defined space
// The declaration was not given to define().
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

constexpr auto declare = [] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}); };

#ifdef CONTROL
constexpr auto tiny = define(declare);
#else
constexpr auto tiny = declare();
#endif

auto sample(random_engine rng) { return tiny.sample(rng); }
