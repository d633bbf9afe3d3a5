// expect: an algorithm found a type that is no space; allowed: define
// A class that lacks most of what a space has.
#include <nascent/block/block.hpp>
#include <nascent/search/local_search.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr auto tiny =
    define([] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}); });
#else
struct numbers {
  uint128 size() const { return 10; }
  int unrank(uint128 r) const { return static_cast<int>(r); }
};
constexpr numbers tiny{};
#endif

bool asked() {
  local_search climb{tiny, {.seed = 7}};
  const auto first = climb.ask();
  return first && climb.tell(*first, 1);
}
