// expect: "space tiny"}.*"found no input"}.*"allowed: .input\(3, 224\) first"}.*a space begins with
// The input comes first.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
#ifndef CONTROL
      .stage("1", conv{.filters = 16})
#endif
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
#else
      .stage("2", conv{.filters = 16})
#endif
      .head(global_pool{}, dense{10});
});
