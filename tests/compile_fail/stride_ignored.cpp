// expect: "stage 1"}.*"found 64 after plain"}.*"allowed: a map of 32"}.*a block does not divide its map by the stride of its stage
// The block forgets the stride that it is given.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

template <class Filters = int>
struct plain {
  Filters filters;

  constexpr auto operator()(auto& net, auto input, [[maybe_unused]] int stride) const {
#ifdef CONTROL
    return net.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
#else
    return net.conv(input, {.filters = filters, .kernel = 3});
#endif
  }
};

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 64)
      .stage("1", plain{.filters = one_of(8, 16)})
      .stride(2)
      .head(global_pool{}, dense{10});
});
