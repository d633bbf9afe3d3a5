// expect: "stage 1"}.*"found 54 bits"}.*larger than can be counted
// A convolution of 2^53 multiply-adds and more: the sums over a network would not fit into 64 bits.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int filters = 64;
#else
constexpr int filters = 1 << 20;
#endif

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(64, 4096)
      .stage("1", conv{.filters = filters, .kernel = 3})
      .head(global_pool{}, dense{10});
});
