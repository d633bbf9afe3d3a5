// SPDX-License-Identifier: Apache-2.0
#include <nascent/nascent.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
      .stage("stem", conv{.filters = one_of(8, 16), .kernel = 3})
      .head(global_pool{}, dense{10});
});
static_assert(tiny.size() == 2);

int main() {}
