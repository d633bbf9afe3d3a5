// expect: "space tiny"}.*"found over 3.4e38"}.*"allowed: below 2\^128"}.*128 networks or more
// 15 choices in each of 34 layers: 15^34 is more than 2^128.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = range(1, 15)})
      .layers(independent(32))
#else
      .stage("1", conv{.filters = range(1, 15)})
      .layers(independent(34))
#endif
      .head(global_pool{}, dense{10});
});
