// expect: an algorithm found a type that is no space; allowed: define
// The declaration was not given to define().
#include <nascent/block/block.hpp>
#include <nascent/search/search.hpp>

using namespace nascent;

constexpr auto declare = [] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}); };

#ifdef CONTROL
constexpr auto tiny = define(declare);
#else
constexpr auto tiny = declare();
#endif

auto searched() {
  return search(tiny, [](const network& graph) { return graph.layers().size(); }, {.trials = 2});
}
