// expect: \.stride\(\) found no whole number; allowed: 1, 2, 4
// Half a stride.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = 16})
#ifdef CONTROL
      .stride(one_of(1, 2))
#else
      .stride(one_of(1, 1.5))
#endif
      .head(global_pool{}, dense{10});
});
