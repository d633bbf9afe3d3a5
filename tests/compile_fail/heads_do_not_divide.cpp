// expect: "stage 2"}.*"found 5 groups"}.*"allowed: dividing 96 and filters"}
// Heads of an attention share the channels of a map.
#include <nascent/block/block.hpp>
#include <nascent/block/transformer.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int heads = 3;
#else
constexpr int heads = 5;
#endif

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 96, .kernel = 16})
      .stride(4)
      .stage("2", transformer_block{.heads = heads, .expand = one_of(3, 4)})
      .head(global_pool{}, dense{10});
});
