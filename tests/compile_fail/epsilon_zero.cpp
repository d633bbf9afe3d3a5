// expect: "stage 1, field epsilon_digits"}.*"found 0"}.*"allowed: 1 to 12"}
// A normalisation without an epsilon would divide by zero where a map is constant.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int digits = 6;
#else
constexpr int digits = 0;
#endif

template <class Filters = int>
struct normalized_conv {
  Filters filters;
  struct roles {
    role::width filters;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    const auto x = net.conv(input, {.filters = filters, .kernel = 3, .stride = stride, .bias = true});
    return net.layer_norm(x, {.epsilon_digits = digits, .act = gelu});
  }
};

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", normalized_conv{.filters = one_of(16, 24)})
      .head(global_pool{}, dense{10});
});
