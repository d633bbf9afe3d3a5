// expect: "space tiny, field divisor"}.*"found 0"}.*"allowed: 1 to 4096"}.*a field holds a value that no network can have
// Widths rounded to multiples of nothing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
#ifdef CONTROL
      .round_widths({.divisor = 1})
#else
      .round_widths({.divisor = 0})
#endif
      .stage("1", conv{.filters = 16});
});
