// expect: "stage 1"}.*"found plain"}.*"allowed: a block"}.*a block is an aggregate with
// The function that builds the block is missing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct plain {
  int filters;
#ifdef CONTROL
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .stride = stride});
  }
#endif
};

inline constexpr auto tiny =
    define([] { return search_space("tiny").input(3, 224).stage("1", plain{16}).head(global_pool{}, dense{10}); });
