// expect: "stage 1"}.*"found 9"}.*"allowed: divisors of 224"}
// Windows of 9 pixels on a map of 224.
#include <nascent/block/block.hpp>
#include <nascent/block/transformer.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int window = 7;
#else
constexpr int window = 9;
#endif

struct window_attention {
  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    const auto x = place(net, attention{.heads = 1}, net.windows(input, window));
    return net.join_windows(x, input.height, input.width);
  }
};

inline constexpr auto tiny = define(
    [] { return search_space("tiny").input(3, 224).stage("1", window_attention{}).head(global_pool{}, dense{10}); });
