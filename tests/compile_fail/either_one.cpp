// expect: either\(\) found fewer than 2 blocks; allowed: 2 or more
// An alternative to nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", either(conv{.filters = 16}, mbconv{.filters = 16}))
#else
      .stage("1", either(conv{.filters = 16}))
#endif
      .head(global_pool{}, dense{10});
});
