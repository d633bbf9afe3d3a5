// expect: "stage 1"}.*"found plain with int stride"}.*"allowed: strides stride"}.*a block is an aggregate with
// A stride for rows and one for columns, for a block that takes one number.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

template <class Filters = int>
struct plain {
  Filters filters;

#ifdef CONTROL
  constexpr auto operator()(auto& net, auto input, strides stride) const {
#else
  constexpr auto operator()(auto& net, auto input, int stride) const {
#endif
      return net.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
}
}
;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 64)
      .stage("1", plain{.filters = one_of(8, 16)})
      .stride({2, 1})
      .head(global_pool{}, dense{10});
});
