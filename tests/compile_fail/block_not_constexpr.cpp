// expect: "stage 1"}.*"found plain, not constexpr"}.*"allowed: constexpr operator..?"?}
// A block that the compiler cannot build.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct plain {
  int filters;
#ifdef CONTROL
  constexpr
#endif
      auto
      operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("stem", conv{.filters = 16})
      .stride(2)
      .stage("1", plain{16})
      .stride(2)
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() == 1);
