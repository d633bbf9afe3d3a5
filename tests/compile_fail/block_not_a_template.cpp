// expect: "stage 1"}.*"found plain"}.*"allowed: template <class...>"}.*a block whose fields hold choices is a
// The field cannot hold what was chosen, because it is a range.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
template <class Filters>
struct plain {
  Filters filters;
#else
struct plain {
  int_range filters;
#endif
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

inline constexpr auto tiny = define(
    [] { return search_space("tiny").input(3, 224).stage("1", plain{range(8, 16)}).head(global_pool{}, dense{10}); });
