// expect: "stage 1"}.*"found alternatives"}.*"allowed: a block"}.*a block is an aggregate with
// Alternatives do not nest.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", either(conv{.filters = 16}, mbconv{.filters = 16}, fused_mbconv{.filters = 16}))
#else
      .stage("1", either(conv{.filters = 16}, either(mbconv{.filters = 16}, fused_mbconv{.filters = 16})))
#endif
      .head(global_pool{}, dense{10});
});
