// expect: "stage 1, field chanels"}.*"found a role"}.*"allowed: a field of plain"}.*names fields of the block
// A role whose name is misspelt.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct plain {
  int channels;
  struct roles {
#ifdef CONTROL
    role::width channels;
#else
    role::width chanels;
#endif
  };

  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = channels, .kernel = 3, .stride = stride});
  }
};

inline constexpr auto tiny = define([] { return search_space("tiny").input(3, 32).stage("1", plain{16}); });
