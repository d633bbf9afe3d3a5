// expect: define\(\) found no lambda without captures that returns a declaration; allowed: define
// The lambda is missing.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr auto tiny = define([] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = 16}); });
#else
constexpr auto tiny = define(search_space("tiny").input(3, 224).stage("1", conv{.filters = 16}));
#endif
