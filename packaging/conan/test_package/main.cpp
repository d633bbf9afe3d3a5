// SPDX-License-Identifier: Apache-2.0
#include <nascent/nascent.hpp>

using namespace nascent;

inline constexpr auto tiny = define([] {
  return search_space("tiny").input(3, 32).stage("stem", conv{.filters = one_of(8, 16)}).head(global_pool{}, dense{10});
});

int main() { return tiny.size() == 2 ? 0 : 1; }
