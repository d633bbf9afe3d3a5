// expect: nascent: .require\(\) found no constraints; allowed: after #include <nascent/space/constraint.hpp>
// Constraints are in a header of their own.
#include <nascent/block/block.hpp>
#ifdef CONTROL
#include <nascent/space/constraint.hpp>
#endif
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
      .stage("1", conv{.filters = range(8, 64, 8)})
      .require("1.filters", [](int a) { return a > 8; })
      .head(global_pool{}, dense{10});
});
