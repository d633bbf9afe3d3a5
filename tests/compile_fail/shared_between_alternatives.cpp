// expect: "stage 1"}.*"found shared\(...\)"}.*"allowed: in stages of one block type"}.*in a stage of several block
// Where no layer chooses the block, its shared choice takes part in nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", either(conv{.filters = 16, .kernel = one_of(3, 5)}, mbconv{.filters = 16}))
#else
      .stage("1", either(conv{.filters = 16, .kernel = shared(one_of(3, 5))}, mbconv{.filters = 16}))
#endif
      .layers(independent(2))
      .head(global_pool{}, dense{10});
});
