// expect: rellu
// One error: define() adds none of its own where the body of its lambda has one.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr auto rellu = relu;
#endif
inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 32).stage("1", conv{.filters = 8, .act = rellu}).head(global_pool{}, dense{10});
});
static_assert(tiny.size() == 1);
