// expect: only\(\) found a space of more than 1 network; allowed: exactly 1
// Which of them?
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
#else
      .stage("1", conv{.filters = one_of(16, 24)})
#endif
      .head(global_pool{}, dense{10});
});

auto network() { return tiny.only(); }
