// expect: pareto_front: found a price that is not two sums over the paths of a trellis.*function of networks
// A gain that looks at a whole network, where a sum is meant.
#include <nascent/block/block.hpp>
#include <nascent/search/exact_front.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 224).stage("1", mbconv{.filters = one_of(8, 16)}).head(global_pool{}, dense{10});
});

void find() {
  const kernel_trellis trellis(tiny);
#ifdef CONTROL
  pareto_front(trellis, price{.cost = macs_sum(trellis), .gain = params_sum(trellis)});
#else
  pareto_front(trellis,
               price{.cost = macs_sum(trellis), .gain = [](const decltype(tiny)::candidate_type&) { return 1.0; }});
#endif
}
