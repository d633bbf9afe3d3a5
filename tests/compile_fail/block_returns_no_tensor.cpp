// expect: "stage 1"}.*"found plain returns int"}.*"allowed: a tensor"}.*a block is an aggregate with
// The block returns a number.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct plain {
  int filters;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.conv(input, {.filters = filters, .stride = stride});
#ifdef CONTROL
    return x;
#else
    return x.channels;
#endif
  }
};

inline constexpr auto tiny =
    define([] { return search_space("tiny").input(3, 224).stage("1", plain{16}).head(global_pool{}, dense{10}); });
