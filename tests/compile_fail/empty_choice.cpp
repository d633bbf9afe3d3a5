// expect: "stage 1, field filters"}.*"found 0"}.*"allowed: 1 value or more"}.*a choice needs at least one value
// A choice of one's own that came out empty.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

struct nothing_found {
  using value_type = int;
#ifdef CONTROL
  constexpr std::size_t size() const { return 1; }
#else
  constexpr std::size_t size() const { return 0; }
#endif
  constexpr int operator[](std::size_t) const { return 16; }
};

inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 224).stage("1", conv{.filters = nothing_found{}}).head(global_pool{}, dense{10});
});
