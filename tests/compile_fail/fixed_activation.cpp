// expect: nascent: fixed\(\) found no whole number; allowed: a whole number, a choice of them, or a tie
// A mark on something that never scales.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
#ifdef CONTROL
      .stage("1", conv{.filters = fixed(16), .act = relu6})
#else
      .stage("1", conv{.filters = 16, .act = fixed(relu6)})
#endif
      .head(global_pool{}, dense{10});
});
