// SPDX-License-Identifier: Apache-2.0
// A module of two spaces, as a user writes one.
#include "nascent/erased/space_module.hpp"
#include "nascent/nascent.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"

using namespace nascent;

namespace {

constexpr auto tiny = define([] {
  return search_space("tiny")
      .input(3, 32)
      .stage("a", conv{.filters = one_of(8, 16), .kernel = 3})
      .layers(range(0, 2))
      .stage("b", mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = one_of(3, 6)})
      .head(conv{.filters = 64}, global_pool{}, dense{.units = 10});
});

}  // namespace

extern "C" const nascent_module* nascent_module_entry() {
  static const space_module mine{tiny, zoo::nas_bench_macro};
  return mine.table();
}
