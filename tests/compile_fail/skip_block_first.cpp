// expect: "stage 1"}.*"found skip{}"}.*"allowed: last, of independent layers"}.*comes last in either
// skip{} before another block.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", either(conv{.filters = 16}, skip{}))
      .layers(independent(3))
#else
      .stage("1", either(skip{}, conv{.filters = 16}))
      .layers(independent(3))
#endif
      .head(global_pool{}, dense{10});
});
