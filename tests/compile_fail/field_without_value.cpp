// expect: error: (missing template arguments before|expected '=' or another designator)
// A field that is named and not given a value.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .head(global_pool{}, dense{.units = 10});
#else
      .head(global_pool{}, dense{.classes});
#endif
});
