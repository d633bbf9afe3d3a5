// expect: \.layers\(\) found no whole number; allowed: a number
// Half a layer.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .layers(2)
#else
      .layers(2.5)
#endif
      .head(global_pool{}, dense{10});
});
