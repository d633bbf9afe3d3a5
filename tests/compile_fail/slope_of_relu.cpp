// expect: "stage 1, field act"}.*"found 1 numbers"}.*"allowed: 0"}.*a value that no network can have
// A slope said of an activation that has none.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct sloped {
  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
#ifdef CONTROL
    return net.conv(input, {.filters = 16, .stride = stride, .act = {leaky_relu, 0.1}});
#else
    return net.conv(input, {.filters = 16, .stride = stride, .act = {relu, 0.1}});
#endif
  }
};

inline constexpr auto tiny =
    define([] { return search_space("tiny").input(3, 224).stage("1", sloped{}).head(global_pool{}, dense{10}); });
