// expect: space "}.*found no name"}.*allowed: 1 to 24 characters"}.*every space has a name
// A space without a name.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

#ifdef CONTROL
constexpr auto name = "tiny";
#else
constexpr auto name = "";
#endif

inline constexpr auto tiny = define([] { return search_space(name).input(3, 224).stage("1", conv{.filters = 16}); });
