// expect: "stage 1, field stride"}.*"found independent\(...\)"}.*"allowed: a stride, or a choice"}.*only the first
// A stride that every layer chooses.
#include <nascent/block/block.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 224)
#ifdef CONTROL
      .stage("1", conv{.filters = 16})
      .stride(one_of(1, 2))
#else
      .stage("1", conv{.filters = 16})
      .stride(independent(one_of(1, 2)))
#endif
      .head(global_pool{}, dense{10});
});
