// expect: define\(\) found no lambda without captures that returns a declaration; allowed: define
// What the lambda captures is not known to the compiler.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

auto space(int filters) {
#ifdef CONTROL
  return define([] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = one_of(16, 24)}); })
      .unrank(static_cast<unsigned>(filters));
#else
  return define([filters] { return search_space("tiny").input(3, 224).stage("1", conv{.filters = filters}); })
      .unrank(0);
#endif
}
