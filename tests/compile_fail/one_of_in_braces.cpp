// expect: deduction|expected '}'
// Braces after one_of.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16, .kernel = one_of(3, 5)})
#else
      .stage("1", conv{.filters = 16, .kernel = one_of{3, 5}})
#endif
      .head(global_pool{}, dense{10});
});
