// expect: stage 1".*the block plain without roles"
// A block that does not say which of its fields is a width, scaled by width.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct plain {
  int channels;
#ifdef CONTROL
  struct roles {
    role::width channels;
  };
#endif

  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = channels, .kernel = 3, .stride = stride});
  }
};

inline constexpr auto tiny = define([] { return search_space("tiny").input(3, 32).stage("1", plain{16}); });
inline constexpr auto twice = scaled(tiny.only(), {.width = 2});
