// expect: one_of\(\) found values of different kinds; allowed: values of one type
// A choice between an activation and a number.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16, .act = one_of(relu, relu6)})
#else
      .stage("1", conv{.filters = 16, .act = one_of(relu, 6)})
#endif
      .head(global_pool{}, dense{10});
});
