// expect: "stage input, field resolution"}.*"found 100x0"}.*"allowed: 1 to 65536"}.*a field holds a value that no network can have
// An aspect that makes no whole number of columns of 100 rows.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr int rows = 90;
#else
constexpr int rows = 100;
#endif

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, with_aspect(one_of(rows, 120), 4, 3))
      .stage("1", conv{.filters = one_of(8, 16)})
      .head(global_pool{}, dense{10});
});
