// expect: "stage 1, field filters"}.*"found shared\(...\)"}.*"allowed: a choice"}.*elsewhere layers share every
// All layers of this stage share everything.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = shared(one_of(16, 24))})
      .layers(independent(3))
#else
      .stage("1", conv{.filters = shared(one_of(16, 24))})
      .layers(3)
#endif
      .head(global_pool{}, dense{10});
});
