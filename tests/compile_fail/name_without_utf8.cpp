// expect: "stage number 1"}.*"found no UTF-8"}.*"allowed: UTF-8"}.*every space has a name, and every stage one
// A name of bytes that are no text: it could not stand in JSON.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("gr\xc3\xb6\xc3\x9f", conv{.filters = 16})
#else
      .stage("gr\xf6\xdf", conv{.filters = 16})
#endif
      .head(global_pool{}, dense{10});
});
