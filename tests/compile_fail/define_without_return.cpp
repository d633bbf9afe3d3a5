// expect: define\(\) found a lambda that returns nothing; allowed: return search_space
// The lambda makes a declaration and does not return it.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr auto tiny = define([] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = 16}); });
#else
constexpr auto tiny = define([] { search_space("tiny").input(3, 224).stage("1", conv{.filters = 16}); });
#endif
static_assert(tiny.size() == 1);
