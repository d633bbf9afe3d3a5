// expect: "stage 1"}.*"found 16 against 32"}.*"allowed: a gate of 1x1"}.*net.multiply takes a gate
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

template <class Filters = int>
struct squared {
  Filters filters;
  struct roles {
    role::width filters;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.conv(input, {.filters = filters, .stride = stride});
#ifdef CONTROL
    return net.multiply(x, net.global_pool(x));
#else
    return net.multiply(x, net.max_pool(x, {}));
#endif
  }
};

inline constexpr auto tiny = define(
    [] { return search_space("tiny").input(3, 32).stage("1", squared{.filters = 8}).head(global_pool{}, dense{10}); });
