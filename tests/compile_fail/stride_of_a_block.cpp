// expect: "stage 1, field stride"}.*"found 2"}.*"allowed: 1 in later layers"}.*only the first layer of a stage may
// A block with a stride of its own, more than once.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct halve {
  int filters;
  int stride;

  struct roles {
    role::width filters;
    role::stride stride;
  };

  constexpr auto operator()(auto& net, auto input, int /*stride*/) const {
    return net.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
  }
};

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", halve{16, 2})
#else
      .stage("1", halve{16, 2})
      .layers(3)
#endif
      .head(global_pool{}, dense{10});
});
