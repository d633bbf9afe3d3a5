// expect: "stage 1, field expand"}.*"found 0"}.*"allowed: above 0"}.*a field holds a value that no network can have
// An expansion to nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", mbconv{.filters = 16, .expand = one_of(1, 6)})
#else
      .stage("1", mbconv{.filters = 16, .expand = one_of(0, 6)})
#endif
      .head(global_pool{}, dense{10});
});
