// expect: "stage 1, field act"}.*"found 0"}.*"allowed: activation"}.*a field holds a value of another type than it
// A number where an activation belongs.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16, .act = one_of(identity, relu6)})
#else
      .stage("1", conv{.filters = 16, .act = one_of(0, 6)})
#endif
      .head(global_pool{}, dense{10});
});
