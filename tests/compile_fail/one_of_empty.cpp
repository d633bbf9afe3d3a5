// expect: one_of\(\) found 0 values; allowed: 1 or more
// A choice of nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = one_of(16)})
#else
      .stage("1", conv{.filters = one_of()})
#endif
      .head(global_pool{}, dense{10});
});
