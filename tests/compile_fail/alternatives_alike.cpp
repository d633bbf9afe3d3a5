// expect: "choice 1.conv.filters"}.*"found twice"}.*"allowed: one choice a path"}.*alternatives of one type that
// Two blocks of one type choose their filters: "1.conv.filters" could be either.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", either(conv{.filters = one_of(16, 24)}, conv{.filters = 32, .kernel = 1}))
#else
      .stage("1", either(conv{.filters = one_of(16, 24)}, conv{.filters = one_of(32, 40), .kernel = 1}))
#endif
      .head(global_pool{}, dense{10});
});
