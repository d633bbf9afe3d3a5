// expect: .layers.* before any stage; allowed: after .stage\(name, block\)
// Layers of the input.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifndef CONTROL
      .layers(2)
#endif
      .stage("1", conv{.filters = 16})
      .head(global_pool{}, dense{10});
});
