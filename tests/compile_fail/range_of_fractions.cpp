// expect: range\(\) found fractions; allowed: whole numbers
// Ratios are no whole numbers; this would have been 0, 1.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", mbconv{.filters = 16, .se = one_of(.25, .5)})
#else
      .stage("1", mbconv{.filters = 16, .se = range(.25, 1)})
#endif
      .head(global_pool{}, dense{10});
});
